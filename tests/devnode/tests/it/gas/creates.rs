//! What creating contracts costs a program.

use alloy::primitives::U256;

use crate::{
    gas::measure::{Case, WORD, escaped},
    rig::{Rig, init_code},
};

const PRICE: u64 = 10_000;

/// A creation by a program: kind 1 or 2, with init code at 1024.
fn create(kind: u8, init: &[u8]) -> Case {
    let len = init.len();
    let mut args = crate::gas::measure::i32s(&[1024, len as u32, WORD]);
    let (hook, signature) = match kind {
        1 => ("create1", "(param i32 i32 i32 i32 i32)"),
        _ => {
            args.push(format!("i32.const {WORD}"));
            ("create2", "(param i32 i32 i32 i32 i32 i32)")
        }
    };
    args.extend(crate::gas::measure::i32s(&[128, 160]));
    Case {
        hook,
        signature,
        args,
        data: format!(r#"(data (i32.const 1024) "{}")"#, escaped(init)),
        ..Case::default()
    }
}

/// {ink} Reading the init code, twice.
fn read(len: usize) -> u64 {
    2 * (16_381 + 55 * (len as u64).saturating_sub(32))
}

/// {gas} What cargo-stylus's init code takes: PUSH32, DUP1 and three more at 3, CODECOPY 3 and 3 per
/// word, memory 3 per word, RETURN 0, deposit 200 per byte.
fn construction(code: &[u8]) -> u64 {
    let words = code.len().div_ceil(32) as u64;
    5 * 3 + 3 + 3 * words + 3 * words + 200 * code.len() as u64
}

/// 32,000 and the construction; no EIP-3860 words. `create2` hashes: 6 per word of init code.
#[tokio::test]
async fn creations_cost_their_construction() {
    let rig = Rig::new().await;
    let code = [0x00; 100];
    let init = init_code(&code);
    let words = init.len().div_ceil(32) as u64;
    let gas = 32_000 + construction(&code);
    let ink = create(1, &init).measure(&rig).await;
    assert_eq!(ink, 83_193 + read(init.len()) + PRICE * gas);
    let ink = create(2, &init).measure(&rig).await;
    assert_eq!(ink, 88_233 + read(init.len()) + PRICE * (gas + 6 * words));
}

/// The EVM's CREATE pays 2 gas per word of init code besides.
#[tokio::test]
async fn a_contract_pays_for_the_words_too() {
    let rig = Rig::new().await;
    let code = [0x00; 100];
    let init = init_code(&code);
    let words = init.len().div_ceil(32) as u64;
    // CALLDATACOPY of the init code, CREATE, STOP.
    let factory = rig
        .deploy(&[0x36, 0x5f, 0x5f, 0x37, 0x36, 0x5f, 0x5f, 0xf0, 0x00])
        .await;
    let gas = rig.call(factory, init.clone()).await.gas_used;
    let calldata: u64 = init
        .iter()
        .map(|byte| if *byte == 0 { 4 } else { 16 })
        .sum();
    // Six pushes at 2, CALLDATACOPY 3 and 3 per word, memory 3 per word.
    let copying = 6 * 2 + 3 + 3 * words + 3 * words;
    let creating = 32_000 + 2 * words + construction(&code);
    assert_eq!(gas, 21_000 + calldata + copying + creating);
}

/// What fails costs what it used; a revert keeps the rest, and reserved code all that was passed on.
#[tokio::test]
async fn failed_creations_cost_what_they_used() {
    let rig = Rig::new().await;
    // PUSH0 PUSH0 REVERT: 4 gas.
    let case = create(1, &[0x5f, 0x5f, 0xfd]);
    assert_eq!(
        case.measure(&rig).await,
        83_193 + read(3) + PRICE * (32_000 + 4)
    );
    // A program that creates a program pays as for any code.
    let program = crate::rig::compress(include_str!("../wat/write-args.wat"));
    let init = init_code(&program);
    let ink = create(1, &init).measure(&rig).await;
    let gas = 32_000 + construction(&program);
    assert_eq!(ink, 83_193 + read(init.len()) + PRICE * gas);
}

/// A 64th is held back from the construction: with `g` gas after the 32,000 it gets `g - g / 64`, here
/// seen through `GAS` in init code that reverts with it.
#[tokio::test]
async fn a_64th_is_held_back_from_constructions() {
    let rig = Rig::new().await;
    // GAS PUSH0 MSTORE PUSH1 32 PUSH0 REVERT.
    let init = [0x5a, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xfd];
    let wat = format!(
        r#"(module
        (import "vm_hooks" "evm_ink_left" (func $ink (result i64)))
        (import "vm_hooks" "write_result" (func $write (param i32 i32)))
        (import "vm_hooks" "read_return_data" (func $read (param i32 i32 i32) (result i32)))
        (import "vm_hooks" "create1" (func $create (param i32 i32 i32 i32 i32)))
        (memory (export "memory") 1 1)
        (data (i32.const 1024) "{}")
        (func (export "user_entrypoint") (param i32) (result i32) (local $before i64)
            (local.set $before (call $ink))
            (call $create (i32.const 1024) (i32.const 7) (i32.const 128) (i32.const 256)
                (i32.const 288))
            (drop (call $read (i32.const 8) (i32.const 0) (i32.const 32)))
            (i64.store (i32.const 0) (local.get $before))
            (call $write (i32.const 0) (i32.const 40))
            (i32.const 0)))"#,
        escaped(&init)
    );
    let program = rig.program(&wat).await;
    let seen = rig.view(program, vec![]).await;
    let before = u64::from_le_bytes(seen[..8].try_into().unwrap());
    // Block 2,450, `local.set` 210, five constants, `call` 3,800; then the host call's own.
    let ink = before - (2_450 + 210 + 5 + 3_800) - 83_193 - read(7);
    let gas = ink / PRICE - 32_000;
    let expected = gas - gas / 64 - 2;
    assert_eq!(U256::from_be_slice(&seen[8..]), U256::from(expected));
}
