//! What calls between programs and EVM contracts cost, and how much gas they pass on.

use alloy::primitives::{Address, U256};
use serde_json::json;

use crate::{
    gas::measure::{Case, WORD, call, escaped},
    rig::{ArbWasm, Rig},
};

/// {ink} `call_contract` with at most 32 bytes: 83,193 + 2 * 16,381.
const CALL: u64 = 83_193 + 2 * 16_381;

/// {ink/gas}
const PRICE: u64 = 10_000;

/// EVM code that returns the gas it sees. `GAS` takes 2 before it looks.
const SEE_GAS: &[u8] = &[0x5a, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3];

/// A program that returns the ink it sees: entry block 2,450 + constant 1 + call 3,800, then the host
/// call's 8,400.
const SEE_INK: &str = r#"(module
    (import "vm_hooks" "evm_ink_left" (func $ink (result i64)))
    (import "vm_hooks" "write_result" (func $write (param i32 i32)))
    (memory (export "memory") 1 1)
    (func (export "user_entrypoint") (param i32) (result i32)
        (i64.store (i32.const 0) (call $ink))
        (call $write (i32.const 0) (i32.const 8))
        (i32.const 0)))"#;
const SEEN: u64 = 2_450 + 1 + 3_800 + 8_400;

/// A program that calls an address with all its gas, and returns the ink that it saw before and what
/// the callee returned.
fn caller(to: Address) -> String {
    format!(
        r#"(module
        (import "vm_hooks" "evm_ink_left" (func $ink (result i64)))
        (import "vm_hooks" "write_result" (func $write (param i32 i32)))
        (import "vm_hooks" "read_return_data" (func $read (param i32 i32 i32) (result i32)))
        (import "vm_hooks" "call_contract"
            (func $call (param i32 i32 i32 i32 i64 i32) (result i32)))
        (memory (export "memory") 1 1)
        (data (i32.const 64) "{}")
        (func (export "user_entrypoint") (param i32) (result i32) (local $before i64)
            (local.set $before (call $ink))
            (drop (call $call (i32.const 64) (i32.const 0) (i32.const 0) (i32.const 128)
                (i64.const -1) (i32.const 256)))
            (drop (call $read (i32.const 8) (i32.const 0) (i32.const 32)))
            (i64.store (i32.const 0) (local.get $before))
            (call $write (i32.const 0) (i32.const 40))
            (i32.const 0)))"#,
        escaped(to.as_slice())
    )
}

/// {ink} Between the reading and the host call: block 2,450, `local.set` 210, six constants, `call`.
const TO_CALL: u64 = 2_450 + 210 + 6 + 3_800;

fn little_endian(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes[..8].try_into().unwrap())
}

async fn start_gas(rig: &Rig, program: Address) -> u64 {
    let start = rig.arb_wasm(ArbWasm::programInitGasCall { program });
    start.await.unwrap().gas
}

/// `floor((floor(ink / price) - 2,600) * 63 / 64)`: the form that keeps the fraction, not `g - g / 64`.
fn passed_on(before: u64) -> u64 {
    let gas = (before - TO_CALL - CALL) / PRICE;
    (gas - 2_600) * 63 / 64
}

#[tokio::test]
async fn a_program_passes_63_of_64_parts_to_a_contract() {
    let rig = Rig::new().await;
    let callee = rig.deploy(SEE_GAS).await;
    let caller = rig.program(&caller(callee)).await;
    for limit in [1_000_000_u64, 1_000_001, 1_000_037, 1_000_063] {
        let ask = json!([{ "to": caller, "gas": U256::from(limit) }, "latest"]);
        let seen: alloy::primitives::Bytes =
            serde_json::from_value(rig.rpc("eth_call", ask).await).unwrap();
        let callee_saw = U256::from_be_slice(&seen[8..]);
        let expected = passed_on(little_endian(&seen)) - 2;
        assert_eq!(callee_saw, U256::from(expected), "limit {limit}");
    }
}

#[tokio::test]
async fn a_program_passes_63_of_64_parts_to_a_program() {
    let rig = Rig::new().await;
    let callee = rig.program(SEE_INK).await;
    let caller = rig.program(&caller(callee)).await;
    let start = start_gas(&rig, callee).await;
    let seen = rig.view(caller, vec![]).await;
    let expected = (passed_on(little_endian(&seen)) - start) * PRICE - SEEN;
    assert_eq!(little_endian(&seen[8..]), expected);
}

/// `g - floor(g / 64)` of what is left after the cold access: the EVM's form.
#[tokio::test]
async fn a_contract_passes_63_of_64_parts_to_a_program() {
    let rig = Rig::new().await;
    let callee = rig.program(SEE_INK).await;
    let start = start_gas(&rig, callee).await;
    // Stores GAS at 0, calls with it, returns both.
    let mut code = vec![0x60, 0x20, 0x60, 0x20, 0x5f, 0x5f, 0x5f, 0x73];
    code.extend(callee);
    code.extend([0x5a, 0x80, 0x5f, 0x52, 0xf1, 0x60, 0x40, 0x5f, 0xf3]);
    let caller = rig.deploy(&code).await;
    let seen = rig.view(caller, vec![]).await;
    let gas: u64 = U256::from_be_slice(&seen[..32]).to();
    // DUP1 3, PUSH0 2, MSTORE 3 and a word of memory 3; the call's own word 3 and access 2,600.
    let left = gas - 11 - 3 - 2_600;
    let passed = left - left / 64;
    let expected = (passed - start) * PRICE - SEEN;
    assert_eq!(little_endian(&seen[32..]), expected);
}

/// A program pays for the stipend that its callee uses, an EVM contract does not.
#[tokio::test]
async fn the_stipend_is_free_for_contracts_only() {
    let rig = Rig::new().await;
    let callee = rig.deploy(&[0x5b; 1_000]).await;
    let mut case = call("call", callee, 0);
    case.word = U256::from(1);
    // No gas of its own: the callee lives on the 2,300.
    let all = case
        .args
        .iter()
        .position(|arg| arg == "i64.const -1")
        .unwrap();
    case.args[all] = "i64.const 0".into();
    let program = rig.program(&case.wat()).await;
    rig.rpc("anvil_setBalance", json!([program, "0x1"])).await;
    let ink = case.measure_at(&rig, program).await;
    assert_eq!(ink, CALL + PRICE * (2_600 + 9_000 + 1_000));

    // PUSH0 * 4, PUSH1 1, PUSH20, PUSH0, CALL; the EVM gives back what of the stipend is left.
    let mut code = vec![0x5f, 0x5f, 0x5f, 0x5f, 0x60, 0x01, 0x73];
    code.extend(callee);
    code.extend([0x5f, 0xf1, 0x00]);
    let contract = rig.deploy(&code).await;
    rig.rpc("anvil_setBalance", json!([contract, "0x1"])).await;
    let gas = rig.call(contract, vec![]).await.gas_used;
    let pushes = 5 * 2 + 2 * 3;
    assert_eq!(gas, 21_000 + pushes + 2_600 + 9_000 - (2_300 - 1_000));
}

/// 100 + 2,500 cold + 25,000 for the new account + 9,000 for value; nothing runs there.
#[tokio::test]
async fn value_for_a_new_account_costs_its_creation() {
    let rig = Rig::new().await;
    let mut case = call("call", Address::repeat_byte(0x77), 0);
    case.word = U256::from(1);
    let program = rig.program(&case.wat()).await;
    rig.rpc("anvil_setBalance", json!([program, "0x1"])).await;
    let ink = case.measure_at(&rig, program).await;
    assert_eq!(ink, CALL + PRICE * (100 + 2_500 + 25_000 + 9_000));
    // It exists now, and the balance is gone: the access and the value are paid, nothing is sent.
    let ink = case.measure_at(&rig, program).await;
    assert_eq!(ink, CALL + PRICE * (100 + 2_500 + 9_000));
}

/// 30 words of calldata beyond the first: 2 * (16,381 + 55 * 960) ink to read, nothing to the EVM.
#[tokio::test]
async fn calldata_is_read_at_a_price_per_byte() {
    let rig = Rig::new().await;
    let callee = rig.deploy(&[0x00]).await;
    let ink = call("call", callee, 992).measure(&rig).await;
    assert_eq!(ink, 83_193 + 2 * (16_381 + 55 * 960) + PRICE * 2_600);
}

/// A failed callee takes what it was given: with 50,000 gas and `INVALID`, all of it.
#[tokio::test]
async fn what_a_failed_callee_took_is_paid() {
    let rig = Rig::new().await;
    for (code, used) in [
        (&[0xfe][..], 50_000),
        // PUSH0 PUSH0 REVERT: 4 gas.
        (&[0x5f, 0x5f, 0xfd], 4),
    ] {
        let callee = rig.deploy(code).await;
        for kind in ["call", "delegate", "static"] {
            let mut case = call(kind, callee, 0);
            let all = case
                .args
                .iter()
                .position(|arg| arg == "i64.const -1")
                .unwrap();
            case.args[all] = "i64.const 50000".into();
            let ink = case.measure(&rig).await;
            assert_eq!(ink, CALL + PRICE * (2_600 + used), "{kind} {code:?}");
        }
    }
}

/// A program that is not active takes all that it was given.
#[tokio::test]
async fn an_inactive_callee_takes_everything() {
    let rig = Rig::new().await;
    let callee = rig.deploy(&crate::rig::compress(SEE_INK)).await;
    let mut case = call("call", callee, 0);
    let all = case
        .args
        .iter()
        .position(|arg| arg == "i64.const -1")
        .unwrap();
    case.args[all] = "i64.const 70000".into();
    let ink = case.measure(&rig).await;
    assert_eq!(ink, CALL + PRICE * (2_600 + 70_000));
}

/// A slot that an EVM frame has loaded is warm for a program that acts for the same account: 100 and 5
/// instead of 2,100 and 5.
#[tokio::test]
async fn slots_are_warm_across_frames() {
    let rig = Rig::new().await;
    let case = Case {
        hook: "storage_load_bytes32",
        signature: "(param i32 i32)",
        args: crate::gas::measure::i32s(&[WORD, 128]),
        ..Case::default()
    };
    let program = rig.program(&case.wat()).await;
    for (first, gas) in [(&[][..], 2_105), (&[0x5f, 0x54, 0x50], 105)] {
        // SLOAD of slot 0 or nothing, then DELEGATECALL.
        let mut code = first.to_vec();
        code.extend([0x5f, 0x5f, 0x5f, 0x5f, 0x73]);
        code.extend(program);
        code.extend([0x5a, 0xf4, 0x00]);
        let contract = rig.deploy(&code).await;
        let receipt = rig.call(contract, vec![]).await;
        assert_eq!(case.spent(&receipt), 18_480 + PRICE * gas);
    }
}

/// What a reverted frame would have got back is not refunded.
#[tokio::test]
async fn refunds_of_reverted_frames_are_lost() {
    let rig = Rig::new().await;
    // Clears slot 0, then returns or reverts.
    let clear = |end: u8| vec![0x5f, 0x5f, 0x55, 0x5f, 0x5f, end];
    let mut used = Vec::new();
    for end in [0xf3, 0xfd] {
        let callee = rig.deploy(&clear(end)).await;
        let program = rig.program(&call("call", callee, 0).wat()).await;
        let one = alloy::primitives::B256::with_last_byte(1);
        rig.rpc("anvil_setStorageAt", json!([callee, "0x0", one]))
            .await;
        used.push(rig.call(program, vec![]).await.gas_used);
    }
    // 4,800 of more than 24,000 gas: no cap.
    assert_eq!(used[1] - used[0], 4_800);
}
