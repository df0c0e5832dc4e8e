//! What looking at accounts and changing them costs, where programs, delegations and precompiles meet.

use alloy::{
    primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256},
    providers::Provider,
    sol_types::SolCall,
};
use serde_json::json;

use crate::{
    gas::measure::{ADDRESS, Case, call, escaped, i32s},
    rig::{ARB_DEBUG, ARB_WASM, ArbWasm, FEE, Rig, becomeChainOwnerCall, compress},
};

/// {ink} A call's price without its gas: 83,193 and 2 * 16,381 for reading no input.
const CALL: u64 = 115_955;
const PRICE: u64 = 10_000;

const STRANGER: Address = Address::repeat_byte(0xc0);

/// Code that pushes an address, then does what follows.
fn with_address(address: Address, then: &[u8]) -> Vec<u8> {
    [&[0x73][..], address.as_slice(), then].concat()
}

/// PUSH20 3 and SELFDESTRUCT 5,000; 2,600 for a cold beneficiary, and 25,000 if it comes to be. Then it
/// reverts, with the gas that is left and as if nothing had been.
#[tokio::test]
async fn a_program_pays_for_the_destruction_that_it_cannot_have() {
    let rig = Rig::new().await;
    let callee = rig.deploy(&with_address(STRANGER, &[0xff])).await;
    let case = call("delegate", callee, 0);
    let program = rig.program(&case.wat()).await;
    for (balance, creation) in [(0, 0), (7, 25_000)] {
        let balance = U256::from(balance);
        rig.rpc("anvil_setBalance", json!([program, balance])).await;
        let ink = case.measure_at(&rig, program).await;
        let gas = 2_600 + 3 + 5_000 + 2_600 + creation;
        assert_eq!(ink, CALL + PRICE * gas, "balance {balance}");
        assert_eq!(rig.client.get_balance(program).await.unwrap(), balance);
        let stranger = rig.client.get_balance(STRANGER).await.unwrap();
        assert_eq!(stranger, U256::ZERO);
    }
}

/// An account that delegates to code of 1,000 JUMPDESTs.
async fn delegating(rig: &Rig) -> (Address, Address) {
    let delegate = rig.deploy(&[0x5b; 1_000]).await;
    let account = Address::repeat_byte(0xd0);
    let code = [&[0xef, 0x01, 0x00][..], delegate.as_slice()].concat();
    rig.rpc("anvil_setCode", json!([account, Bytes::from(code)]))
        .await;
    (account, delegate)
}

/// 2,600 for the account, nothing for the delegate, which stays cold.
#[tokio::test]
async fn a_program_does_not_pay_for_a_delegate() {
    let rig = Rig::new().await;
    let (account, delegate) = delegating(&rig).await;
    for kind in ["call", "delegate", "static"] {
        let ink = call(kind, account, 0).measure(&rig).await;
        assert_eq!(ink, CALL + PRICE * (2_600 + 1_000), "{kind}");
    }
    let looking = Case {
        hook: "account_balance",
        signature: "(param i32 i32)",
        args: i32s(&[ADDRESS, 128]),
        imports: r#"(import "vm_hooks" "static_call_contract"
            (func $static (param i32 i32 i32 i64 i32) (result i32)))"#,
        setup: "(drop (call $static (i32.const 256) (i32.const 0) (i32.const 0)
            (i64.const -1) (i32.const 128)))"
            .into(),
        address: delegate,
        data: format!(
            r#"(data (i32.const 256) "{}")"#,
            escaped(account.as_slice())
        ),
        ..Case::default()
    };
    assert_eq!(looking.measure(&rig).await, 78_153 + PRICE * 2_600);
}

/// EIP-7702: 2,600 for the account and 2,600 for the delegate, which is warm then: 100.
#[tokio::test]
async fn a_contract_pays_for_a_delegate() {
    let rig = Rig::new().await;
    let (account, delegate) = delegating(&rig).await;
    for (call, arguments) in [(0xf1, 5), (0xf2, 5), (0xf4, 4), (0xfa, 4)] {
        let mut code = vec![0x5f; arguments];
        code.extend(with_address(account, &[0x5a, call]));
        let plain = rig.deploy(&code).await;
        code.extend(with_address(delegate, &[0x31]));
        let looking = rig.deploy(&code).await;
        let used = rig.call(plain, vec![]).await.gas_used;
        let pushes = 2 * arguments as u64 + 3 + 2;
        let expected = 21_000 + pushes + 2_600 + 2_600 + 1_000;
        assert_eq!(used, expected, "opcode {call:x}");
        let used = rig.call(looking, vec![]).await.gas_used;
        assert_eq!(used, expected + 3 + 100, "opcode {call:x}");
    }
}

/// A program that calls an account and returns the hash of its code.
fn hash_after(kind: &str) -> String {
    let (hook, parameters, value) = match kind {
        "call" => (
            "call_contract",
            "i32 i32 i32 i32 i64 i32",
            "(i32.const 128)",
        ),
        _ => ("static_call_contract", "i32 i32 i32 i64 i32", ""),
    };
    format!(
        r#"(module
        (import "vm_hooks" "write_result" (func $write (param i32 i32)))
        (import "vm_hooks" "account_codehash" (func $hash (param i32 i32)))
        (import "vm_hooks" "{hook}" (func $call (param {parameters}) (result i32)))
        (memory (export "memory") 1 1)
        (data (i32.const 64) "{}")
        (func (export "user_entrypoint") (param i32) (result i32)
            (drop (call $call (i32.const 64) (i32.const 0) (i32.const 0) {value}
                (i64.const -1) (i32.const 256)))
            (call $hash (i32.const 64) (i32.const 0))
            (call $write (i32.const 0) (i32.const 32))
            (i32.const 0)))"#,
        escaped(STRANGER.as_slice())
    )
}

/// A call without value leaves a missing account missing; a static call makes an empty one, which the
/// EVM's own operator takes for missing.
#[tokio::test]
async fn only_a_static_call_makes_an_empty_account() {
    let rig = Rig::new().await;
    for (kind, hash) in [("call", B256::ZERO), ("static", KECCAK256_EMPTY)] {
        let program = rig.program(&hash_after(kind)).await;
        let seen = rig.view(program, vec![]).await;
        assert_eq!(B256::from_slice(&seen), hash, "{kind}");
    }
    for (call, arguments) in [(0xf1, 5), (0xfa, 4)] {
        let mut code = vec![0x5f; arguments];
        code.extend(with_address(STRANGER, &[0x5a, call]));
        code.extend(with_address(STRANGER, &[0x3f]));
        code.extend([0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3]);
        let contract = rig.deploy(&code).await;
        let seen = rig.view(contract, vec![]).await;
        assert_eq!(B256::from_slice(&seen), B256::ZERO, "opcode {call:x}");
    }
}

/// 800 to open ArbOS state and 800 to look whether the caller is an owner. If it is not, the size of the
/// set is read to find the place and again to be raised, and three words are written.
#[tokio::test]
async fn becoming_an_owner_costs_what_it_stores() {
    let rig = Rig::new().await;
    let call = becomeChainOwnerCall {}.abi_encode();
    let base = 21_000 + 4 * 16 + 800 + 800;
    let first = rig.call(ARB_DEBUG, call.clone()).await.gas_used;
    assert_eq!(first, base + 2 * 800 + 3 * 20_000);
    assert_eq!(rig.call(ARB_DEBUG, call).await.gas_used, base);
}

/// Calls a precompile with its input and value, and logs what looking at an account's balance costs then.
fn looking_after(precompile: Address, account: Address) -> Vec<u8> {
    let mut code = vec![0x36, 0x5f, 0x5f, 0x37, 0x5f, 0x5f, 0x36, 0x5f, 0x34];
    code.extend(with_address(precompile, &[0x5a, 0xf1, 0x50, 0x5a]));
    code.extend(with_address(account, &[0x31, 0x50, 0x5a, 0x90, 0x03]));
    code.extend([0x5f, 0x52, 0x60, 0x20, 0x5f, 0xa0, 0x00]);
    code
}

/// PUSH20 3, BALANCE 2,600, POP 2 and GAS 2: neither ArbOS nor the account that gets the data fee is warm
/// because a precompile wrote or paid there.
#[tokio::test]
async fn what_precompiles_do_makes_no_account_warm() {
    let rig = Rig::new().await;
    let arbos = Address::repeat_byte(0xff);
    let arbos = Address::from_slice(&[&[0xa4, 0xb0, 0x5f][..], &arbos[3..]].concat());
    let program = rig.deploy(&compress(&hash_after("call"))).await;
    let activate = ArbWasm::activateProgramCall { program }.abi_encode();
    let own = becomeChainOwnerCall {}.abi_encode();
    // The network fee account of a fresh chain is none: the zero address.
    for (precompile, account, input, value) in [
        (ARB_DEBUG, arbos, own, 0),
        (ARB_WASM, Address::ZERO, activate, FEE),
    ] {
        let contract = rig.deploy(&looking_after(precompile, account)).await;
        let receipt = rig.send(contract.into(), input, value).await;
        let logs = receipt.inner.logs();
        let last = logs.last().expect("a log");
        assert_eq!(last.address(), contract);
        let spent = U256::from_be_slice(&last.data().data);
        assert_eq!(spent, U256::from(3 + 2_600 + 2 + 2), "{precompile}");
    }
    let active = ArbWasm::programVersionCall { program };
    assert!(rig.arb_wasm(active).await.is_ok());
}
