//! What runs of programs cost, to the gas unit, and where they end.

use alloy::primitives::{Address, Bytes, U256};
use serde_json::json;
use stylus_devnode::Config;

use crate::rig::{ArbWasm, Rig};

const PRICE: u64 = 10_000;

fn program(body: &str) -> String {
    format!(
        r#"(module
          (import "vm_hooks" "write_result" (func $write (param i32 i32)))
          (memory (export "memory") 1 1)
          (func (export "user_entrypoint") (param i32) (result i32) {body}))"#
    )
}

async fn start_gas(rig: &Rig, program: Address) -> u64 {
    let start = rig.arb_wasm(ArbWasm::programInitGasCall { program });
    start.await.unwrap().gas
}

/// The words of a failing call with that much gas; none if it succeeds.
async fn failure(rig: &Rig, to: Address, gas: u64) -> Option<String> {
    let ask = json!([{ "to": to, "gas": U256::from(gas) }, "latest"]);
    let result: Result<Bytes, _> =
        alloy::providers::Provider::raw_request(&rig.client, "eth_call".into(), ask).await;
    let error = result.err()?;
    Some(error.as_error_resp().unwrap().message.to_string())
}

/// `unreachable` alone: 2,450 + 1 + 1 ink, of which a gas unit is lost.
#[tokio::test]
async fn a_trap_costs_its_block() {
    let rig = Rig::new().await;
    let trap = rig.program(&program("unreachable")).await;
    let receipt = rig.send(trap.into(), vec![], 0).await;
    assert!(!receipt.status());
    assert_eq!(receipt.gas_used, 21_000 + start_gas(&rig, trap).await + 1);
}

/// Nitro's `write-args` with 4 bytes: 69,631 ink, 7 gas when rounded up.
#[tokio::test]
async fn echoing_costs_the_published_figure() {
    let rig = Rig::new().await;
    let echo = rig.program(include_str!("../wat/write-args.wat")).await;
    let gas = rig.call(echo, vec![1; 4]).await.gas_used;
    assert_eq!(gas, 21_000 + 4 * 16 + start_gas(&rig, echo).await + 7);
}

/// Ten rounds of a loop, then `memory.fill` of 100 bytes, `memory.copy` of 50, and two pages more.
#[tokio::test]
async fn loops_and_memory_operations_compose() {
    let rig = Rig::new().await;
    let wat = r#"(module
        (import "vm_hooks" "pay_for_memory_grow" (func $pay (param i32)))
        (memory (export "memory") 1)
        (func (export "user_entrypoint") (param i32) (result i32) (local $i i32)
            (loop $again
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $again (i32.lt_u (local.get $i) (i32.const 10))))
            (memory.fill (i32.const 0) (i32.const 7) (i32.const 100))
            (memory.copy (i32.const 200) (i32.const 0) (i32.const 50))
            (drop (memory.grow (i32.const 2)))
            (i32.const 0)))"#;
    let program = rig.program(wat).await;
    let entry = 2_450 + 1;
    // Get, add, set, get, compare, branch, two constants.
    let round = 2_450 + 75 + 1 + 70 + 210 + 75 + 1 + 170 + 765;
    // The loop's `end` is a block; then 950 for each operation and 100 per byte.
    let operations = 2_450 + 1 + 2_450 + 3 + 950 + 3 + 950 + 100 * 150;
    // 1 + 2 open pages, 2 of them free: 1,000 gas. The result is dropped; a constant; the end.
    let growing = 1 + 8_050 + PRICE * 1_000 + 9 + 1 + 1;
    let ink: u64 = entry + 10 * round + operations + growing;
    let gas = rig.call(program, vec![]).await.gas_used;
    assert_eq!(
        gas,
        21_000 + start_gas(&rig, program).await + ink.div_ceil(PRICE)
    );
}

/// Recursion with frames of 8 words (2 operands, 2 locals, 4) from an entry of 6: the stack of 22,000
/// ends after 6,251 + 2,749 * 6,396 = 17,588,855 ink, if they are there.
#[tokio::test]
async fn endless_recursion_ends_where_it_was_published() {
    let rig = Rig::new().await;
    let wat = r#"(module
        (memory (export "memory") 1 1)
        (func $dive (param i32) (local i32 i32)
            (call $dive (i32.add (local.get 0) (i32.const 1))))
        (func (export "user_entrypoint") (param i32) (result i32)
            (call $dive (i32.const 0)) (i32.const 0)))"#;
    let dive = rig.program(wat).await;
    let before = 21_000 + start_gas(&rig, dive).await;
    let ink: u64 = 6_251 + 2_749 * 6_396;
    let enough = before + ink.div_ceil(PRICE);
    let message = failure(&rig, dive, enough).await;
    assert_eq!(message.as_deref(), Some("max call depth exceeded"));
    let message = failure(&rig, dive, enough - 1).await;
    assert_eq!(message.as_deref(), Some("out of gas"));
}

/// A function left by a branch to its own label does not give its frame back. With frames of 6 words
/// (2 operands of the ink meter, 4) and an entry of `e`, the stack of 22,000 lasts for `n` calls where
/// `22,000 - e - 6 (n - 1) > 6`.
#[tokio::test]
async fn branches_out_of_a_function_leak_its_frame() {
    let rig = Rig::new().await;
    let wat = |calls: u32| {
        format!(
            r#"(module
            (memory (export "memory") 1 1)
            (func $leak (br_if 0 (i32.const 1)))
            (func (export "user_entrypoint") (param i32) (result i32) (local $i i32)
                (loop $again
                    (call $leak)
                    (local.set $i (i32.add (local.get $i) (i32.const 1)))
                    (br_if $again (i32.lt_u (local.get $i) (i32.const {calls}))))
                (i32.const 0)))"#
        )
    };
    // Entry: two operands, one local and 4.
    let entry = 2 + 1 + 4;
    let most = (22_000 - entry - 6 - 1) / 6 + 1;
    let fits = rig.program(&wat(most)).await;
    assert_eq!(failure(&rig, fits, 40_000_000).await, None);
    let leaks = rig.program(&wat(most + 1)).await;
    let message = failure(&rig, leaks, 40_000_000).await;
    assert_eq!(message.as_deref(), Some("max call depth exceeded"));
}

/// Floats may be named but not executed: the block that has one is out of ink. Computing with one is
/// no program at all.
#[tokio::test]
async fn floats_do_not_run() {
    let rig = Rig::new().await;
    let named = rig
        .program(&program("(drop (f64.const 1)) (i32.const 0)"))
        .await;
    let receipt = rig.send(named.into(), vec![], 0).await;
    assert!(!receipt.status());
    assert_eq!(receipt.gas_used, crate::rig::GAS);
    // Beside the path that is taken it does no harm.
    let beside = program("(if (i32.const 0) (then (drop (f64.const 1)))) (i32.const 0)");
    let beside = rig.program(&beside).await;
    assert!(rig.send(beside.into(), vec![], 0).await.status());
    let added = program("(drop (f64.add (f64.const 1) (f64.const 2))) (i32.const 0)");
    let added = rig.deploy(&crate::rig::compress(&added)).await;
    assert!(!rig.activate(added).await.status());
}

/// `w` returned words cost at least `3w + w^2 / 512` from the frame's first gas on, reverted or not;
/// before ArbOS 31 they did not.
#[tokio::test]
async fn returned_words_have_a_floor_price() {
    let words = 65_000_u64.div_ceil(32);
    let floor = 3 * words + words * words / 512;
    for arbos_version in [30, 61] {
        let rig = Rig::with(Config {
            arbos_version,
            ..Config::default()
        })
        .await;
        for (len, status) in [(65_000_u64, 0), (65_000, 1), (320, 0)] {
            let body =
                format!("(call $write (i32.const 0) (i32.const {len})) (i32.const {status})");
            let program = rig.program(&program(&body)).await;
            // Block, two constants and call; 8,400 and twice the reading; block and constant.
            let reading = 2 * (16_381 + 55 * (len - 32));
            let ink = 2_450 + 2 + 3_800 + 8_400 + reading + 2_450 + 1;
            let run = start_gas(&rig, program).await + u64::div_ceil(ink, PRICE);
            let price = match arbos_version >= 31 && len == 65_000 {
                true => floor,
                false => run,
            };
            let receipt = rig.send(program.into(), vec![], 0).await;
            assert_eq!(receipt.status(), status == 0);
            let case = format!("{len} bytes at ArbOS {arbos_version}");
            assert_eq!(receipt.gas_used, 21_000 + price, "{case}");
            if price == floor && status == 0 {
                assert_eq!(failure(&rig, program, 21_000 + floor).await, None);
                let message = failure(&rig, program, 21_000 + floor - 1).await;
                assert_eq!(message.as_deref(), Some("out of gas"));
            }
        }
    }
}
