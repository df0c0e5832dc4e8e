//! What activating costs, by arithmetic of its own.

use alloy::{
    primitives::{Address, U256},
    sol,
    sol_types::SolCall,
};
use serde_json::json;

use crate::rig::{ARB_WASM, ArbWasm, FEE, Rig, compress, event};

/// A program that only returns. Two operators: a constant and `end`.
const IDLE: &str = r#"(module (memory (export "memory") 1 1)
    (func (export "user_entrypoint") (param i32) (result i32) (i32.const 0)))"#;

sol! {
    event ProgramLifetimeExtended(bytes32 indexed codehash, uint256 dataFee);
}

/// {gas} Everything but what depends on the program: stylus-vm's fixed part of a first activation.
const FIXED: u64 = 1_748_626;

fn calldata_gas(data: &[u8]) -> u64 {
    data.iter()
        .map(|byte| if *byte == 0 { 4 } else { 16 })
        .sum()
}

/// {wei} The fee for `bytes` of native code that make the demand `demand`.
fn data_fee(bytes: u64, demand: u64) -> U256 {
    let exponent = 10_000 * demand / 21_360_419;
    let mut factor = 10_000 + exponent / 12;
    for term in (1..12).rev() {
        factor = 10_000 + factor * exponent / (term * 10_000);
    }
    U256::from(bytes) * U256::from(82_928_201 * factor / 10_000)
}

/// {gas} of an activation without its calldata.
async fn activation_gas(rig: &Rig, program: Address) -> u64 {
    let receipt = rig.activate(program).await;
    assert!(receipt.status(), "{receipt:?}");
    let input = ArbWasm::activateProgramCall { program }.abi_encode();
    receipt.gas_used - 21_000 - calldata_gas(&input)
}

/// One function of type `(i32) -> i32`, one page, no data. The ink meter adds 12 operators to its one
/// block, the depth checker 12 before and 5 at the end: 31 in all.
#[tokio::test]
async fn the_smallest_program_costs_what_can_be_counted() {
    let rig = Rig::new().await;
    let len = wat::parse_str(IDLE).unwrap().len() as u64;
    let program = rig.deploy(&compress(IDLE)).await;
    let receipt = rig.activate(program).await;
    let input = ArbWasm::activateProgramCall { program }.abi_encode();
    let functions = 1;
    let microseconds =
        len * 31_733 / 100_000 + functions * 17_263 / 100_000 + 2_217 + 31 * 535 / 1_000;
    let gas = 21_000 + calldata_gas(&input) + FIXED + 28 * microseconds;
    assert_eq!(receipt.gas_used, gas);

    let init = functions * 8_252 / 1_000 + 2 * 1_059 / 1_000 + len * 1_286 / 10_000;
    // Four globals of the meters, one page.
    let cached = functions * 13_420 / 100_000 + len * 122 / 100_000 + 4 * 1_628 / 1_000 + 5;
    let start = rig.arb_wasm(ArbWasm::programInitGasCall { program });
    let start = start.await.unwrap();
    assert_eq!(start.gasWhenCached, 352 + cached);
    assert_eq!(start.gas, 8_832 + init + 352 + cached);

    let asm = 512_000 + functions * 996_829 / 1_000 + 2 * 11_416 / 1_000 + len * 62_628 / 10_000;
    let activated: ArbWasm::ProgramActivated = event(&receipt);
    assert_eq!(activated.dataFee, data_fee(asm, asm));
    let size = ArbWasm::codehashAsmSizeCall {
        codehash: activated.codehash,
    };
    assert_eq!(
        u64::from(rig.arb_wasm(size).await.unwrap()),
        asm.div_ceil(1_024) * 1_024
    );
}

/// Demand drains by 34,865 bytes a second, and what is left makes the next program dearer.
#[tokio::test]
async fn demand_drains_with_time() {
    let rig = Rig::new().await;
    let asm = |wat: &str| {
        let wasm = wat::parse_str(wat).unwrap();
        let activation = stylus_devnode::stylus::activate(&wasm, &Default::default(), 128);
        u64::from(activation.unwrap().asm_estimate)
    };
    let other = IDLE.replace("i32.const 0", "i32.const 7");
    let (first, second) = (
        rig.deploy(&compress(IDLE)).await,
        rig.deploy(&compress(&other)).await,
    );
    assert!(rig.activate(first).await.status());
    let block = rig
        .rpc("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    let time: U256 = serde_json::from_value(block["timestamp"].clone()).unwrap();
    let next: u64 = time.to::<u64>() + 5;
    rig.rpc("evm_setNextBlockTimestamp", json!([next])).await;
    let activated: ArbWasm::ProgramActivated = event(&rig.activate(second).await);
    let left = asm(IDLE) - 5 * 34_865;
    assert_eq!(activated.dataFee, data_fee(asm(&other), left + asm(&other)));
}

/// A longer life costs the data fee again, for the rounded size that is stored: by now all demand has
/// drained but its own.
#[tokio::test]
async fn keeping_alive_costs_the_data_fee_again() {
    let rig = Rig::new().await;
    let program = rig.program(IDLE).await;
    let codehash = rig.code_hash(program).await;
    let size = rig.arb_wasm(ArbWasm::codehashAsmSizeCall { codehash });
    let size = u64::from(size.await.unwrap());
    rig.rpc("evm_increaseTime", json!([32 * 86_400])).await;
    let keepalive = ArbWasm::codehashKeepaliveCall { codehash }.abi_encode();
    let receipt = rig.send(ARB_WASM.into(), keepalive.clone(), FEE).await;
    assert!(receipt.status(), "{receipt:?}");
    let extended: ProgramLifetimeExtended = event(&receipt);
    assert_eq!(extended.dataFee, data_fee(size, size));
}

/// A root and its fragments.
async fn root(rig: &Rig, wat: &str, parts: usize) -> (Address, Vec<usize>) {
    let wasm_len = wat::parse_str(wat).unwrap().len() as u32;
    let code = compress(wat);
    let stream = &code[4..];
    let mut root = vec![0xEF, 0xF0, 0x02, 0x00];
    root.extend(wasm_len.to_be_bytes());
    let mut lens = Vec::new();
    for part in stream.chunks(stream.len().div_ceil(parts)) {
        let fragment = [&[0xEF, 0xF0, 0x01][..], part].concat();
        lens.push(fragment.len());
        root.extend(rig.deploy(&fragment).await);
    }
    assert_eq!(lens.len(), parts);
    (rig.deploy(&root).await, lens)
}

/// Each fragment is a cold account, 2,600, and a copy, 3 per word; a second activation of the same
/// fragments in one transaction would find them warm. Four are the most.
#[tokio::test]
async fn fragments_cost_their_reading() {
    let rig = Rig::new().await;
    let wat = include_str!("../wat/write-args.wat");
    let classic = rig.deploy(&compress(wat)).await;
    let classic = activation_gas(&rig, classic).await;
    for parts in [1, 2, 3, 4] {
        let (program, lens) = root(&rig, wat, parts).await;
        let words: usize = lens.iter().map(|len| len.div_ceil(32)).sum();
        let reading = parts as u64 * 2_600 + 3 * words as u64;
        assert_eq!(
            activation_gas(&rig, program).await,
            classic + reading,
            "{parts} fragments"
        );
        assert_eq!(rig.view(program, vec![5]).await[..], [5]);
    }
    let (program, _) = root(&rig, wat, 5).await;
    let receipt = rig.activate(program).await;
    assert!(!receipt.status());
    assert!(receipt.gas_used < crate::rig::GAS);
}
