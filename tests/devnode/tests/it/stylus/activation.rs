//! ArbWasm: what activation costs, checks and remembers.

use alloy::{
    primitives::{Address, U256, keccak256},
    providers::Provider,
    sol_types::{SolCall, SolError},
};
use serde_json::json;
use stylus_devnode::stylus::{self, Rules};

use crate::rig::{ARB_WASM, ArbWasm, FEE, Rig, compress, event};

const ECHO: &str = include_str!("../wat/write-args.wat");
const PROXY: &str = crate::rig::PROXY;
const DAY: u64 = 86_400;

/// {gas} What a transaction pays for its calldata.
fn calldata_gas(data: &[u8]) -> u64 {
    data.iter()
        .map(|byte| if *byte == 0 { 4 } else { 16 })
        .sum()
}

/// 21,000 + calldata + 1,748,626 + the work that the program's size calls for.
#[tokio::test]
async fn the_first_activation_costs_what_the_rules_say() {
    let rig = Rig::new().await;
    for wat in [ECHO, PROXY] {
        let program = rig.deploy(&compress(wat)).await;
        let receipt = rig.activate(program).await;
        let wasm = wat::parse_str(wat).unwrap();
        let expected = stylus::activate(
            &wasm,
            &Rules {
                debug: true,
                ..Rules::default()
            },
            128,
        )
        .unwrap();
        let input = ArbWasm::activateProgramCall { program }.abi_encode();
        // The data pricer's demand is not zero again before the second: writes cost 20,000 each.
        let gas = 21_000 + calldata_gas(&input) + 1_748_626 + expected.activation_gas.total();
        assert_eq!(receipt.gas_used, gas);

        let activated: ArbWasm::ProgramActivated = event(&receipt);
        assert_eq!((activated.program, activated.version), (program, 3));
        assert_eq!(activated.codehash, rig.code_hash(program).await);
        let size = ArbWasm::codehashAsmSizeCall {
            codehash: activated.codehash,
        };
        let size = rig.arb_wasm(size).await.unwrap();
        assert_eq!(size, expected.asm_estimate.div_ceil(1024) * 1024);
    }
}

/// Demand after the first program is its size; the price rises by e^(demand / 21,360,419).
#[tokio::test]
async fn the_data_fee_is_taken_and_the_rest_returned() {
    let rig = Rig::new().await;
    let program = rig.deploy(&compress(ECHO)).await;
    let receipt = rig.activate(program).await;
    let wasm = wat::parse_str(ECHO).unwrap();
    let size = u64::from(
        stylus::activate(&wasm, &Rules::default(), 128)
            .unwrap()
            .asm_estimate,
    );
    let exponent = 10_000 * size / 21_360_419;
    let mut factor = 10_000 + exponent / 12;
    for term in (1..12).rev() {
        factor = 10_000 + factor * exponent / (term * 10_000);
    }
    let fee = U256::from(size) * U256::from(82_928_201 * factor / 10_000);
    assert_eq!(event::<ArbWasm::ProgramActivated>(&receipt).dataFee, fee);
    // The network fee account is the zero address; it got the fee, and every transaction's gas.
    let balance = rig.client.get_balance(Address::ZERO).await.unwrap();
    let block = rig
        .client
        .get_balance(Address::ZERO)
        .block_id(1.into())
        .await
        .unwrap();
    assert_eq!(
        balance - block,
        fee + U256::from(receipt.gas_used) * U256::from(100_000_000)
    );
    assert_eq!(rig.client.get_balance(ARB_WASM).await.unwrap(), U256::ZERO);
}

#[tokio::test]
async fn activation_fails_by_name() {
    let rig = Rig::new().await;
    let evm = rig.deploy(&[0x00]).await;
    for address in [evm, Address::repeat_byte(9)] {
        let (_, data) = rig
            .arb_wasm(ArbWasm::activateProgramCall { program: address })
            .await
            .unwrap_err();
        assert_eq!(data, ArbWasm::ProgramNotWasm {}.abi_encode());
    }
    let program = rig.deploy(&compress(ECHO)).await;
    let (_, data) = rig
        .arb_wasm(ArbWasm::activateProgramCall { program })
        .await
        .unwrap_err();
    let error = ArbWasm::ProgramInsufficientValue::abi_decode(&data).unwrap();
    assert_eq!(error.have, U256::ZERO);
    assert!(error.want > U256::ZERO);
    let (_, data) = rig
        .arb_wasm(ArbWasm::programVersionCall { program })
        .await
        .unwrap_err();
    assert_eq!(data, ArbWasm::ProgramNotActivated {}.abi_encode());
}

#[tokio::test]
async fn an_invalid_program_burns_the_gas() {
    let rig = Rig::new().await;
    let float = r#"(module (memory (export "memory") 1 1)
        (func (export "user_entrypoint") (param i32) (result i32)
            (drop (f32.add (f32.const 1) (f32.const 2))) (i32.const 0)))"#;
    let program = rig.deploy(&compress(float)).await;
    let receipt = rig.activate(program).await;
    assert!(!receipt.status());
    assert_eq!(receipt.gas_used, crate::rig::GAS);
}

/// What cargo-stylus does to learn the fee of code that is not deployed.
#[tokio::test]
async fn the_fee_of_overridden_code_can_be_asked_for() {
    let rig = Rig::new().await;
    let (sender, program) = (Address::repeat_byte(1), Address::repeat_byte(2));
    let input = ArbWasm::activateProgramCall { program }.abi_encode();
    let call = json!({
        "from": sender,
        "to": ARB_WASM,
        "value": "0xde0b6b3a7640000",
        "input": alloy::primitives::Bytes::from(input),
    });
    let overrides = json!({
        sender.to_string(): { "balance": U256::MAX },
        program.to_string(): { "code": alloy::primitives::Bytes::from(compress(ECHO)) },
    });
    let output = rig
        .rpc("eth_call", json!([call, "latest", overrides]))
        .await;
    let output: alloy::primitives::Bytes = serde_json::from_value(output).unwrap();
    let result = ArbWasm::activateProgramCall::abi_decode_returns(&output).unwrap();
    assert_eq!(result.version, 3);
    assert!(result.dataFee > U256::ZERO && result.dataFee < U256::from(FEE));
    let estimate = rig
        .rpc("eth_estimateGas", json!([call, "latest", overrides]))
        .await;
    let estimate: U256 = serde_json::from_value(estimate).unwrap();
    assert!(estimate > U256::from(1_748_626), "{estimate}");
}

#[tokio::test]
async fn programs_expire_and_are_kept_alive() {
    let rig = Rig::new().await;
    let program = rig.program(ECHO).await;
    let codehash = rig.code_hash(program).await;
    let left = rig
        .arb_wasm(ArbWasm::programTimeLeftCall { program })
        .await
        .unwrap();
    assert!((364 * DAY..=365 * DAY).contains(&left));
    let keepalive = ArbWasm::codehashKeepaliveCall { codehash };
    let (_, data) = rig.arb_wasm(keepalive.clone()).await.unwrap_err();
    assert!(ArbWasm::ProgramKeepaliveTooSoon::abi_decode(&data).is_ok());

    rig.rpc("evm_increaseTime", json!([40 * DAY])).await;
    let receipt = rig.send(ARB_WASM.into(), keepalive.abi_encode(), FEE).await;
    assert!(receipt.status(), "{receipt:?}");
    let left = rig
        .arb_wasm(ArbWasm::programTimeLeftCall { program })
        .await
        .unwrap();
    assert!((364 * DAY..=365 * DAY).contains(&left));

    rig.rpc("evm_increaseTime", json!([366 * DAY])).await;
    rig.rpc("evm_mine", json!([])).await;
    let (message, _) = rig.try_view(program, vec![]).await.unwrap_err();
    assert!(message.starts_with("program expired"), "{message}");
    assert!(rig.activate(program).await.status());
    assert!(rig.try_view(program, vec![]).await.is_ok());
}

#[tokio::test]
async fn precompiles_have_code_and_refuse_nonsense() {
    let rig = Rig::new().await;
    for address in [0x64, 0x6b, 0x6c, 0x70, 0x71, 0x72, 0xff].map(Address::with_last_byte) {
        assert_eq!(rig.client.get_code_at(address).await.unwrap()[..], [0xFE]);
        assert!(rig.try_view(address, vec![1, 2, 3]).await.is_err());
        assert!(rig.try_view(address, vec![1, 2, 3, 4]).await.is_err());
    }
    assert_eq!(
        rig.arb_wasm(ArbWasm::stylusVersionCall {}).await.unwrap(),
        3
    );
    let gas = rig.arb_wasm(ArbWasm::minInitGasCall {}).await.unwrap();
    assert_eq!((gas.gas, gas.cached), (8_832, 352));
    let version = rig.view(
        Address::with_last_byte(0x64),
        keccak256("arbOSVersion()")[..4].to_vec(),
    );
    assert_eq!(U256::from_be_slice(&version.await), U256::from(55 + 61));
}
