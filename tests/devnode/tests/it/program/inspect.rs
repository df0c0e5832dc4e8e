//! `stylus-devnode inspect`, as a program of its own.

use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use alloy::{
    primitives::{Address, U256},
    sol_types::SolCall,
};
use serde_json::Value;
use stylus_devnode::stylus::{Rules, inspect};

use crate::rig::{ArbWasm, PROXY, Rig, compress, event};

fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_stylus-devnode"))
        .arg("inspect")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A child that does not read its input may be gone.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

/// What the report says of a program is what a chain charges for it.
#[tokio::test]
async fn the_report_is_what_the_chain_charges() {
    let output = run(&["--json", "-"], PROXY.as_bytes());
    assert_eq!(code(&output), Some(0));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema"], "stylus-devnode.inspect/1");
    let costs = &report["costs"];

    let rig = Rig::new().await;
    let program = rig.deploy(&compress(PROXY)).await;
    let receipt = rig.activate(program).await;
    let total = costs["activation_gas_total"].as_u64().unwrap();
    assert_eq!(receipt.gas_used, 21_000 + calldata_gas(program) + total);
    let activated: ArbWasm::ProgramActivated = event(&receipt);
    let fee: U256 = costs["data_fee_wei"].as_str().unwrap().parse().unwrap();
    assert_eq!(activated.dataFee, fee);
}

/// {gas} Of the calldata of `activateProgram(program)`.
fn calldata_gas(program: Address) -> u64 {
    let input = ArbWasm::activateProgramCall { program }.abi_encode();
    let price = |byte: &u8| if *byte == 0 { 4 } else { 16 };
    input.iter().map(price).sum()
}

#[test]
fn the_exit_status_tells_accepted_from_rejected_from_unreadable() {
    let accepted = run(&["-"], PROXY.as_bytes());
    assert_eq!(code(&accepted), Some(0));
    let text = String::from_utf8(accepted.stdout).unwrap();
    assert!(
        text.starts_with("accepted for Stylus 3 (ArbOS 61)\n"),
        "{text}"
    );

    let rejected = run(&["-"], b"(module)");
    assert_eq!(code(&rejected), Some(1));
    let text = String::from_utf8(rejected.stdout).unwrap();
    assert!(
        text.starts_with("rejected: no function is exported as user_entrypoint; "),
        "{text}"
    );

    for (arguments, input) in [
        (&["-"], &b"(module"[..]),
        (&["-"], b"\x7fELF\xff"),
        (&["no/such/file"], b""),
    ] {
        let unreadable = run(arguments, input);
        assert_eq!((code(&unreadable), unreadable.stdout.len()), (Some(2), 0));
        assert!(String::from_utf8_lossy(&unreadable.stderr).starts_with("error: "));
    }
}

#[test]
fn older_chains_have_other_rules() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/panics/panics.wasm");
    let output = run(
        &["--json", "--arbos-version", "31", file.to_str().unwrap()],
        b"",
    );
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&report["stylus_version"], &report["wasm_bytes_max"]),
        (&2.into(), &131_072.into())
    );
    let wasm = std::fs::read(file).unwrap();
    let inspection = inspect::inspect(&wasm, &Rules::default());
    assert_eq!(
        report["parts"]["named_functions"],
        inspection.parts.unwrap().named_functions
    );
    assert_eq!(report["costs"]["activation_gas_parts"]["wasm_bytes"], 0);
}
