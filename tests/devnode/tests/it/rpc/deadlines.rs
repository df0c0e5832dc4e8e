//! Requests that would take long: each ends in time, and says so.

use std::time::{Duration, Instant};

use alloy::primitives::{Address, Bytes, hex};
use serde_json::{Value, json};
use stylus_devnode::{Config, config::Mining};

use crate::rig::{DEV, Rig};

/// A deadline that any endless work misses.
const TIMEOUT: Duration = Duration::from_millis(50);
const TIMED_OUT: &str = "execution aborted (timeout = 50ms)";

/// Everything has ended by then, in a debug build on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// For ever: call nobody.
const CALLER: &[u8] = &hex!("5b5f5f5f5f5f5f5af1505f56");
/// For ever: hash 4 KiB, in one frame.
const HASHER: &[u8] = &hex!("5b6110005f20505f56");
/// Wants gas, of which it leaves the most: hashes 4 KiB until some is used.
fn miser(wants: u32, uses: u32) -> Vec<u8> {
    let (wants, uses) = (wants.to_be_bytes(), uses.to_be_bytes());
    let tail = hex!("5a035b6110005f2050805a11601257005bfe");
    [
        &[0x63][..],
        &wants,
        &hex!("5a1061002057"),
        &[0x63],
        &uses,
        &tail,
    ]
    .concat()
}

/// For ever: loads a transient slot, which the host asks of the EVM.
const PROGRAM: &str = r#"(module
    (import "vm_hooks" "transient_load_bytes32" (func $load (param i32 i32)))
    (memory (export "memory") 1 1)
    (func (export "user_entrypoint") (param i32) (result i32)
        (loop (call $load (i32.const 0) (i32.const 32)) (br 0)) i32.const 0))"#;

/// For ever: loads from where the last load says, all over 1 MiB.
const CHASER: &str = r#"(module
    (memory (export "memory") 16 16)
    (func (export "user_entrypoint") (param i32) (result i32) (local $a i32)
        (loop (local.set $a (i32.and (i32.add (i32.load (local.get $a))
            (i32.add (i32.mul (local.get $a) (i32.const 1664525)) (i32.const 1013904223)))
            (i32.const 0xffffc)))
            (br 0)) i32.const 0))"#;

async fn hurried() -> Rig {
    Rig::with(Config {
        call_timeout: TIMEOUT,
        ..Config::default()
    })
    .await
}

async fn install(rig: &Rig, code: &[u8]) -> Address {
    let at = Address::repeat_byte(0x77);
    rig.rpc("anvil_setCode", json!([at, Bytes::copy_from_slice(code)]))
        .await;
    at
}

async fn assert_timed_out(rig: &Rig, method: &'static str, params: Value) {
    let start = Instant::now();
    let (code, message) = rig.rpc_error(method, params).await;
    assert_eq!((code, message.as_str()), (-32000, TIMED_OUT), "{method}");
    assert!(start.elapsed() < LIMIT, "{method}");
}

async fn assert_all_time_out(rig: &Rig, to: Address) {
    let call = json!({ "from": DEV, "to": to });
    for method in ["eth_call", "eth_estimateGas", "eth_createAccessList"] {
        assert_timed_out(rig, method, json!([call, "latest"])).await;
    }
    for tracer in ["noopTracer", "stylusTracer"] {
        let params = json!([call, "latest", { "tracer": tracer }]);
        assert_timed_out(rig, "debug_traceCall", params).await;
    }
    assert_timed_out(rig, "trace_call", json!([call, ["trace"]])).await;
    let calls = json!([[[call, ["trace"]], [call, []]]]);
    assert_timed_out(rig, "trace_callMany", calls).await;
    // With gas for a moment it is the gas that ends it.
    let poor = json!({ "from": DEV, "to": to, "gas": "0x7530" });
    let (_, message) = rig.rpc_error("eth_call", json!([poor, "latest"])).await;
    assert_eq!(message, "out of gas");
}

#[tokio::test]
async fn code_that_calls_for_ever_is_ended() {
    let rig = hurried().await;
    let to = install(&rig, CALLER).await;
    assert_all_time_out(&rig, to).await;
}

#[tokio::test]
async fn a_program_that_asks_for_ever_is_ended() {
    let rig = hurried().await;
    let to = rig.program(PROGRAM).await;
    assert_all_time_out(&rig, to).await;
}

/// Each of them alone would have the time.
#[tokio::test]
async fn the_executions_of_an_estimate_share_one_deadline() {
    let code = miser(3_100_000, 1_000_000);
    let patient = Rig::with(Config {
        call_timeout: Duration::from_secs(600),
        ..Config::default()
    })
    .await;
    let to = install(&patient, &code).await;
    let call = json!({ "from": DEV, "to": to });
    let mut once = Duration::MAX;
    for _ in 0..3 {
        let start = Instant::now();
        assert_eq!(patient.rpc("eth_call", json!([call])).await, json!("0x"));
        once = once.min(start.elapsed());
    }
    let gas = patient.rpc("eth_estimateGas", json!([call])).await;
    let gas = u64::from_str_radix(&gas.as_str().unwrap()[2..], 16).unwrap();
    assert!((3_100_000..=3_200_000).contains(&gas), "{gas}");

    let call_timeout = once * 3 / 2;
    let rig = Rig::with(Config {
        call_timeout,
        ..Config::default()
    })
    .await;
    let to = install(&rig, &code).await;
    let call = json!({ "from": DEV, "to": to });
    let (_, message) = rig.rpc_error("eth_estimateGas", json!([call])).await;
    let aborted = format!("execution aborted (timeout = {call_timeout:?})");
    assert_eq!(message, aborted);
}

/// Not even between two frames: one that computes and calls nobody, of either kind.
#[tokio::test]
async fn code_that_computes_for_ever_is_ended() {
    let rig = hurried().await;
    let to = install(&rig, HASHER).await;
    assert_all_time_out(&rig, to).await;
    let to = rig.program(CHASER).await;
    assert_all_time_out(&rig, to).await;
}

/// What is mined takes as long as its gas lasts, whatever the clock says.
#[tokio::test]
async fn mined_transactions_have_no_deadline() {
    let rig = hurried().await;
    let to = install(&rig, CALLER).await;
    let receipt = rig.send(to.into(), vec![], 0).await;
    assert!(!receipt.status());
    assert_eq!(receipt.gas_used, crate::rig::GAS);
}

/// A trace has the time that it asks for, at most that of the node; a block's traces have it together.
#[tokio::test]
async fn the_traces_of_a_block_share_one_deadline() {
    let rig = Rig::with(Config {
        mining: Mining::Manual,
        call_timeout: Duration::from_secs(600),
        ..Config::default()
    })
    .await;
    let to = install(&rig, HASHER).await;
    let mut last = Value::Null;
    for _ in 0..4 {
        let tx = json!({ "from": DEV, "to": to, "gas": "0x1e8480" });
        last = rig.rpc("eth_sendTransaction", json!([tx])).await;
    }
    rig.rpc("anvil_mine", json!([1])).await;
    let tracing = |timeout: &str| json!(["0x1", { "tracer": "noopTracer", "timeout": timeout }]);
    let traces = rig.rpc("debug_traceBlockByNumber", tracing("600s")).await;
    let traces = traces.as_array().unwrap();
    assert_eq!(traces.len(), 4);
    assert!(
        traces.iter().all(|trace| trace["error"].is_null()),
        "{traces:?}"
    );
    let (_, message) = rig
        .rpc_error("debug_traceBlockByNumber", tracing("5ms"))
        .await;
    assert_eq!(message, "execution aborted (timeout = 5ms)");
    // The earlier transactions of its block are executed on the time of the one that is traced.
    let params = json!([last, { "tracer": "noopTracer", "timeout": "5ms" }]);
    let (_, message) = rig.rpc_error("debug_traceTransaction", params).await;
    assert_eq!(message, "execution aborted (timeout = 5ms)");
}

/// A token that reads a hundred slots: one of them could be the balance.
#[tokio::test]
async fn a_token_that_reads_everything_is_not_searched() {
    let rig = Rig::new().await;
    let token = install(&rig, &hex!("60645b600190038054508060025760205ff3")).await;
    let (_, message) = rig
        .rpc_error("anvil_dealERC20", json!([DEV, token, "0x1"]))
        .await;
    assert!(
        message.ends_with("reads 100 storage slots, and at most 64 are tried"),
        "{message}"
    );
}

#[tokio::test]
async fn a_proof_that_takes_long_is_ended() {
    let rig = Rig::with(Config {
        call_timeout: Duration::ZERO,
        ..Config::default()
    })
    .await;
    let (code, message) = rig
        .rpc_error("eth_getProof", json!([DEV, [], "latest"]))
        .await;
    assert_eq!(code, -32000);
    assert_eq!(message, "execution aborted (timeout = 0ns)");
}
