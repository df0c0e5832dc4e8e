//! Pages over nested frames, and starts of programs that ran before.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, U256},
    providers::Provider,
    rpc::types::TransactionRequest,
    sol,
};
use serde_json::json;
use stylus_devnode::Config;

use crate::{
    gas::measure::{Case, call},
    rig::{ArbWasm, DEV, Rig},
};

const PRICE: u64 = 10_000;

/// {ink} `call_contract` with at most 32 bytes.
const CALL: u64 = 83_193 + 2 * 16_381;

sol! {
    function setWasmBlockCacheSize(uint16 count) external;
    function setWasmFreePages(uint16 pages) external;
}

/// A program that only returns: 2,451 ink, one gas when rounded up.
fn idle(pages: u32) -> String {
    format!(
        r#"(module (memory (export "memory") {pages} {pages})
        (func (export "user_entrypoint") (param i32) (result i32) (i32.const 0)))"#
    )
}

struct Start {
    address: Address,
    gas: u64,
    cached: u64,
}

async fn start(rig: &Rig, wat: &str) -> Start {
    let address = rig.program(wat).await;
    let gas = rig.arb_wasm(ArbWasm::programInitGasCall { program: address });
    let gas = gas.await.unwrap();
    Start {
        address,
        gas: gas.gas,
        cached: gas.gasWhenCached,
    }
}

/// A case that makes its call `times` times before it measures it.
fn repeated(to: Address, times: usize) -> Case {
    let case = call("call", to, 0);
    let args: String = case.args.iter().map(|arg| format!("({arg})")).collect();
    Case {
        setup: format!("(drop (call $hook {args}))").repeat(times),
        ..case
    }
}

/// `(open + new - 2) * 1,000`, at least 0, less what is open, and the ramp `E(open + new) - E(ever)`.
/// The measuring program has one page.
#[tokio::test]
async fn pages_are_priced_by_what_is_open_and_ever_was() {
    let rig = Rig::new().await;
    // E(101) = 833,067 and E(1) = 1; E is 1 up to 5 pages.
    for (pages, linear, ramp) in [
        (1, 0, 0),
        (2, 1_000, 0),
        (4, 3_000, 0),
        (100, 99_000, 833_066),
    ] {
        let callee = start(&rig, &idle(pages)).await;
        let ink = call("call", callee.address, 0).measure(&rig).await;
        let gas = 2_600 + callee.gas + linear + ramp + 1;
        assert_eq!(ink, CALL + PRICE * gas, "{pages} pages");
        // The pages were closed, and so are paid again; the ramp is not, nor is a cold start.
        let ink = repeated(callee.address, 1).measure(&rig).await;
        let gas = 100 + callee.cached + linear + 1;
        assert_eq!(ink, CALL + PRICE * gas, "{pages} pages again");
    }
}

/// Alone in a transaction: 4 pages, of which 2 are free.
#[tokio::test]
async fn a_transaction_pays_for_its_programs_pages() {
    let rig = Rig::new().await;
    for (pages, memory) in [(2, 0), (3, 1_000), (4, 2_000), (101, 99_000 + 833_066)] {
        let program = start(&rig, &idle(pages)).await;
        let gas = rig.call(program.address, vec![]).await.gas_used;
        assert_eq!(gas, 21_000 + program.gas + memory + 1, "{pages} pages");
    }
}

/// A grown page is closed with its frame too: the second program that grows by 3 pays 3,000 again.
#[tokio::test]
async fn grown_pages_are_closed_with_their_frame() {
    let rig = Rig::new().await;
    let grow = r#"(module
        (import "vm_hooks" "pay_for_memory_grow" (func $pay (param i32)))
        (memory (export "memory") 1)
        (func (export "user_entrypoint") (param i32) (result i32)
            (call $pay (i32.const 3)) (i32.const 0)))"#;
    let callee = start(&rig, grow).await;
    for (times, expected) in [(0, 2_600 + callee.gas), (1, 100 + callee.cached)] {
        let ink = repeated(callee.address, times).measure(&rig).await;
        // 2 pages open before, 5 after; blocks 2 * 2,450, constants and call: 1 gas.
        let gas = expected + 3_000 + 1;
        assert_eq!(ink, CALL + PRICE * gas);
    }
}

/// The program whose place in the recent cache another one took starts cold.
#[tokio::test]
async fn the_recent_cache_holds_so_many_programs() {
    let rig = Rig::owner().await;
    let (a, b) = (start(&rig, &idle(1)).await, start(&rig, &idle(2)).await);
    let case = repeated(a.address, 1);
    let other = call("call", b.address, 0);
    let mut setup = case.setup.clone();
    // The other's address goes to 2048, its call between the two.
    for (at, byte) in b.address.iter().enumerate() {
        setup += &format!("(i32.store8 (i32.const {}) (i32.const {byte}))", 2048 + at);
    }
    let args: String = other.args[1..]
        .iter()
        .map(|arg| format!("({arg})"))
        .collect();
    setup += &format!("(drop (call $hook (i32.const 2048) {args}))");
    let case = Case { setup, ..case };
    let warm = CALL + PRICE * (100 + a.cached + 1);
    let cold = CALL + PRICE * (100 + a.gas + 1);
    for (count, expected) in [(32, warm), (2, warm), (1, cold)] {
        rig.set(setWasmBlockCacheSizeCall { count }).await;
        assert_eq!(case.measure(&rig).await, expected, "{count} places");
    }
}

/// Transactions of one block share the recent cache, those of two do not.
#[tokio::test]
async fn transactions_of_a_block_share_the_recent_cache() {
    let rig = Rig::new().await;
    let program = start(&rig, &idle(1)).await;
    let nonce = rig.client.get_transaction_count(DEV).await.unwrap();
    rig.rpc("evm_setAutomine", json!([false])).await;
    let mut pending = Vec::new();
    for index in 0..2 {
        let tx = TransactionRequest::default()
            .with_from(DEV)
            .with_to(program.address)
            .with_nonce(nonce + index)
            .with_gas_limit(1_000_000);
        pending.push(rig.client.send_transaction(tx).await.unwrap());
    }
    rig.rpc("evm_mine", json!([])).await;
    let mut used = Vec::new();
    let mut blocks = Vec::new();
    for pending in pending {
        let receipt = pending.get_receipt().await.unwrap();
        used.push(receipt.gas_used);
        blocks.push(receipt.block_number);
    }
    assert_eq!(blocks[0], blocks[1]);
    assert_eq!(
        used,
        [21_000 + program.gas + 1, 21_000 + program.cached + 1]
    );
    rig.rpc("evm_setAutomine", json!([true])).await;
    let again = TransactionRequest::default()
        .with_from(DEV)
        .with_to(program.address)
        .with_nonce(nonce + 2)
        .with_value(U256::ZERO)
        .with_gas_limit(1_000_000);
    let receipt = rig.client.send_transaction(again).await.unwrap();
    let receipt = receipt.get_receipt().await.unwrap();
    assert_eq!(receipt.gas_used, 21_000 + program.gas + 1);
}

/// Where every page is free and no limit binds, the memories of a transaction still have 4 GiB together.
#[tokio::test]
async fn free_pages_are_counted_over_all_programs() {
    let rig = Rig::with(Config {
        arbos_version: 40,
        ..Config::default()
    })
    .await;
    rig.own().await;
    rig.set(setWasmFreePagesCall { pages: u16::MAX }).await;
    let grow = |pages: [u32; 2]| {
        format!(
            r#"(module
            (import "vm_hooks" "pay_for_memory_grow" (func $pay (param i32)))
            (memory (export "memory") 1)
            (func (export "user_entrypoint") (param i32) (result i32)
                (call $pay (i32.const {})) (call $pay (i32.const {})) (i32.const 0)))"#,
            pages[0], pages[1]
        )
    };
    let ample = rig.program(&grow([40_000, 25_534])).await;
    assert!(rig.try_view(ample, vec![]).await.is_ok());
    let beyond = rig.program(&grow([40_000, 25_535])).await;
    assert!(rig.try_view(beyond, vec![]).await.is_err());
}
