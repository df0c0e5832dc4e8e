//! What the program tells on stderr.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use alloy::{
    primitives::{Address, Bytes},
    sol_types::{Revert, SolCall, SolError},
};
use serde_json::{Value, json};

use crate::rig::{
    ARB_WASM, ArbWasm, DEV, FEE, compress, init_code,
    process::{Process, ask, command},
};

const ECHO: &str = include_str!("../wat/write-args.wat");

/// Prints a word, and burns gas so that the first guess of an estimate does not suffice.
const PRINTER: &str = r#"(module
    (import "console" "log_txt" (func $log (param i32 i32)))
    (memory (export "memory") 1 1)
    (data (i32.const 0) "squawk")
    (func (export "user_entrypoint") (param i32) (result i32)
        (local $i i32)
        (call $log (i32.const 0) (i32.const 6))
        (loop $again
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $i) (i32.const 90000))))
        (i32.const 0)))"#;

/// {s} Longest time until a line is there.
const PATIENCE_S: u64 = 20;

/// A node whose log is read.
struct Logged {
    node: Process,
    lines: Receiver<String>,
}

impl Logged {
    fn start(flags: &[&str]) -> Self {
        let mut command = command();
        command.stderr(Stdio::piped());
        let mut node = Process::start_as(command, flags);
        let log = BufReader::new(node.child.stderr.take().unwrap());
        let (line, lines) = channel();
        thread::spawn(move || {
            log.lines()
                .map_while(Result::ok)
                .try_for_each(|text| line.send(text))
        });
        Self { node, lines }
    }

    /// The next line.
    fn line(&self) -> String {
        let line = self.lines.recv_timeout(Duration::from_secs(PATIENCE_S));
        line.expect("a line in the log")
    }

    async fn send(&self, mut tx: Value) -> Value {
        tx["from"] = json!(DEV);
        tx["gas"] = json!("0x989680");
        self.node.rpc("eth_sendTransaction", json!([tx])).await
    }

    /// Sends a transaction, whose line tells all of these.
    async fn told(&self, tx: Value, parts: &[&str]) {
        let hash = self.send(tx).await;
        let line = self.line();
        for part in [hash.as_str().unwrap()].iter().chain(parts) {
            assert!(line.contains(part), "no {part} in: {line}");
        }
    }
}

#[tokio::test]
async fn mined_transactions_are_told() {
    let log = Logged::start(&[]);
    let from = format!("from={DEV}");
    let to = format!("to={}", Address::ZERO);
    let payment = json!({ "to": Address::ZERO, "value": "0x1" });
    log.told(payment.clone(), &["INFO", "block=1 gas=21000", &from, &to])
        .await;

    let program = DEV.create(1);
    let created = format!("created={program}");
    let code = Bytes::from(init_code(&compress(ECHO)));
    log.told(json!({ "input": code }), &["INFO", "block=2", &created])
        .await;
    let call = Bytes::from(ArbWasm::activateProgramCall { program }.abi_encode());
    let activate = json!({ "to": ARB_WASM, "input": call, "value": format!("{FEE:#x}") });
    log.told(activate.clone(), &["INFO", "block=3"]).await;
    let activated = log.line();
    for part in [
        format!("program {program} activated"),
        "version=3 fee_wei=".into(),
    ] {
        assert!(activated.contains(&part), "{activated}");
    }
    // ProgramUpToDate()
    log.told(activate, &["WARN", "failed", "0xcc944bf2"]).await;

    // Reverts with its input.
    let parrot = Bytes::from(init_code(&[
        0x36, 0x60, 0, 0x60, 0, 0x37, 0x36, 0x60, 0, 0xfd,
    ]));
    log.told(json!({ "input": parrot }), &["created="]).await;
    let parrot = DEV.create(4);
    let words = Bytes::from(Revert::from("too late").abi_encode());
    let late = json!({ "to": parrot, "input": words });
    log.told(late, &["WARN", r#"reason="too late""#]).await;
    log.told(json!({ "to": parrot }), &["WARN", "no revert data"])
        .await;

    // Off, and on again.
    let switch = |on: bool| log.node.rpc("anvil_setLoggingEnabled", json!([on]));
    switch(false).await;
    log.send(payment.clone()).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    switch(true).await;
    log.told(payment, &["block=9"]).await;
}

/// Without the flag requests are not told, and blocks without transactions never.
#[tokio::test]
async fn requests_are_told_on_demand() {
    let usual = Logged::start(&[]);
    usual.node.rpc("evm_mine", json!([])).await;
    usual.told(json!({ "to": DEV }), &["block=2"]).await;

    let verbose = Logged::start(&["--verbose"]);
    verbose.node.rpc("eth_chainId", json!([])).await;
    let line = verbose.line();
    assert!(line.ends_with("eth_chainId"), "{line}");
    let url = verbose.node.url();
    ask(url, "eth_getBalance", json!(["0x12"]))
        .await
        .unwrap_err();
    let line = verbose.line();
    for part in [
        "eth_getBalance failed",
        "code=-32602",
        "invalid string length",
    ] {
        assert!(line.contains(part), "{line}");
    }
}

/// An estimate runs its program many times, which is nobody's business.
#[tokio::test]
async fn what_programs_print_is_told_once_in_an_estimate() {
    let log = Logged::start(&[]);
    log.node.program(PRINTER).await;
    let program = DEV.create(0);
    // Deployed, activated, called; the last of which prints before it is mined.
    while !log.line().contains("block=3") {}
    let call = json!([{ "from": DEV, "to": program }]);
    log.node.rpc("eth_estimateGas", call.clone()).await;
    let line = log.line();
    assert!(
        line.contains("squawk") && line.contains(&program.to_string()),
        "{line}"
    );
    log.told(json!({ "to": DEV }), &["block=4"]).await;
    log.node.rpc("eth_call", call).await;
    assert!(log.line().contains("squawk"));
}

/// The chain says nothing of the reason: an estimate fails without data, and so does the transaction.
#[tokio::test]
async fn why_a_program_cannot_be_activated_is_told() {
    let log = Logged::start(&[]);
    let unknown = r#"(module (import "vm_hooks" "sing" (func)) (memory (export "memory") 1 1)
        (func (export "user_entrypoint") (param i32) (result i32) (i32.const 0)))"#;
    let broken = [&[0xef, 0xf0, 0, 0][..], &[0xaa; 9]].concat();
    for (nonce, code, reason) in [
        (0, compress(unknown), "unknown import vm_hooks.sing"),
        (1, broken, "brotli stream is malformed"),
    ] {
        log.told(
            json!({ "input": Bytes::from(init_code(&code)) }),
            &["created="],
        )
        .await;
        let program = DEV.create(nonce);
        let input = Bytes::from(ArbWasm::activateProgramCall { program }.abi_encode());
        let call = json!([{ "from": DEV, "to": ARB_WASM, "input": input }]);
        let url = log.node.url();
        ask(url, "eth_estimateGas", call).await.unwrap_err();
        let line = log.line();
        for part in ["WARN", reason, &program.to_string()] {
            assert!(line.contains(part), "no {part} in: {line}");
        }
    }
}
