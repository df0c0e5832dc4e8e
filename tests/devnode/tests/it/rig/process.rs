//! The program, as its users start it.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use alloy::{
    primitives::{Address, Bytes},
    providers::{Provider, ProviderBuilder},
    sol_types::SolCall,
};
use serde_json::{Value, json};

use crate::rig::{ARB_WASM, ArbWasm, DEV, FEE, compress, init_code};

/// How long anything may take that is not slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// Without the settings of whoever runs the tests.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stylus-devnode"));
    command
        .env_remove("STYLUS_DEVNODE_MNEMONIC")
        .env_remove("RUST_LOG");
    command
}

/// Stopped when dropped.
pub(crate) struct Process {
    pub(crate) child: Child,
    /// What it printed when it had started.
    pub(crate) started: Value,
}

impl Process {
    /// On a free port, unless the flags name one.
    pub(crate) fn start(flags: &[&str]) -> Self {
        Self::start_with(flags, &[])
    }

    /// With environment variables.
    pub(crate) fn start_with(flags: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = command();
        // What is mined would be told among the tests' results.
        command
            .env("RUST_LOG", "warn")
            .envs(environment.iter().copied());
        Self::start_as(command, flags)
    }

    /// As a command that was prepared.
    pub(crate) fn start_as(mut command: Command, flags: &[&str]) -> Self {
        if !flags.contains(&"--port") {
            command.args(["--port", "0"]);
        }
        command.arg("--json").args(flags);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let started = serde_json::from_str(&line).unwrap();
        Self { child, started }
    }

    pub(crate) fn url(&self) -> &str {
        self.started["url"].as_str().unwrap()
    }

    pub(crate) async fn rpc(&self, method: &'static str, params: Value) -> Value {
        ask(self.url(), method, params).await.unwrap()
    }

    /// Sends a transaction from the dev account, which must succeed; its receipt.
    pub(crate) async fn send(&self, mut tx: Value) -> Value {
        tx["from"] = json!(DEV);
        let hash = self.rpc("eth_sendTransaction", json!([tx])).await;
        let receipt = self.rpc("eth_getTransactionReceipt", json!([hash])).await;
        assert_eq!(receipt["status"], "0x1", "{receipt}");
        receipt
    }

    /// Deploys a program, activates it and calls it, for which it is compiled.
    pub(crate) async fn program(&self, wat: &str) {
        let code = Bytes::from(init_code(&compress(wat)));
        let receipt = self.send(json!({ "input": code })).await;
        let program: Address = serde_json::from_value(receipt["contractAddress"].clone()).unwrap();
        let call = Bytes::from(ArbWasm::activateProgramCall { program }.abi_encode());
        let value = format!("{FEE:#x}");
        self.send(json!({ "to": ARB_WASM, "input": call, "value": value }))
            .await;
        self.send(json!({ "to": program })).await;
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Waits for the end, which must come in time.
    pub(crate) fn end(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let kill = Command::new("kill").args([name, &id]).status();
    assert!(kill.unwrap().success());
}

/// Asks a program to end.
pub(crate) fn terminate(child: &Child) {
    signal(child, "-TERM");
}

/// An answer, or why there is none.
pub(crate) async fn ask(url: &str, method: &'static str, params: Value) -> Result<Value, String> {
    let client = ProviderBuilder::new().connect_http(url.parse().unwrap());
    let answer = client.raw_request(method.into(), params).await;
    answer.map_err(|error| error.to_string())
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < PATIENCE, "not so in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What a program says that ends by itself, and whether it ended well.
pub(crate) fn refusal(flags: &[&str]) -> (bool, String) {
    let output = command().args(flags).output().unwrap();
    (
        output.status.success(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// How many files lie in a folder and those in it; none if there is no folder.
pub(crate) fn files(folder: &Path) -> usize {
    let entries = folder.read_dir().into_iter().flatten();
    entries
        .map(|entry| match entry.unwrap().path() {
            path if path.is_dir() => files(&path),
            _ => 1,
        })
        .sum()
}

/// All that a child prints to a pipe until it ends.
pub(crate) fn text(pipe: Option<impl Read>) -> String {
    let mut text = String::new();
    pipe.unwrap().read_to_string(&mut text).unwrap();
    text
}
