//! Programs: deploying, activating, calling, failing.

use alloy::{
    primitives::{Bytes, U256},
    providers::Provider,
};

use crate::rig::{ArbWasm, GAS, Rig, compress};

const ECHO: &str = include_str!("../wat/write-args.wat");
const STORAGE: &str = include_str!("../wat/storage.wat");

fn program(body: &str) -> String {
    format!(
        r#"(module
          (import "vm_hooks" "write_result" (func $write (param i32 i32)))
          (memory (export "memory") 1 1)
          (data (i32.const 0) "why")
          (func (export "user_entrypoint") (param i32) (result i32) {body}))"#
    )
}

#[tokio::test]
async fn a_program_answers_calls_and_keeps_state() {
    let rig = Rig::new().await;
    let echo = rig.program(ECHO).await;
    assert_eq!(
        rig.view(echo, vec![1, 2, 3]).await,
        Bytes::from(vec![1, 2, 3])
    );

    let storage = rig.program(STORAGE).await;
    let word = U256::from(42).to_be_bytes::<32>();
    rig.call(storage, word).await;
    assert_eq!(rig.view(storage, vec![]).await, Bytes::from(word));
    assert_eq!(
        rig.client
            .get_storage_at(storage, U256::ZERO)
            .await
            .unwrap(),
        U256::from(42)
    );
}

#[tokio::test]
async fn equal_code_needs_no_second_activation() {
    let rig = Rig::new().await;
    rig.program(ECHO).await;
    let twin = rig.deploy(&compress(ECHO)).await;
    assert_eq!(rig.view(twin, vec![9]).await, Bytes::from(vec![9]));
    let again = rig
        .arb_wasm(ArbWasm::activateProgramCall { program: twin })
        .await;
    let (_, data) = again.unwrap_err();
    assert_eq!(
        data,
        alloy::sol_types::SolError::abi_encode(&ArbWasm::ProgramUpToDate {})
    );
}

#[tokio::test]
async fn a_program_that_is_not_active_takes_all_gas() {
    let rig = Rig::new().await;
    let echo = rig.deploy(&compress(ECHO)).await;
    let receipt = rig.send(echo.into(), vec![1], 0).await;
    assert!(!receipt.status());
    assert_eq!(receipt.gas_used, GAS);
    let (message, data) = rig.try_view(echo, vec![1]).await.unwrap_err();
    assert_eq!(
        (message.as_str(), data),
        ("program not activated", Bytes::new())
    );
}

#[tokio::test]
async fn status_one_reverts_with_the_result() {
    let rig = Rig::new().await;
    let body = "(call $write (i32.const 0) (i32.const 3)) (i32.const 1)";
    let program = rig.program(&program(body)).await;
    let (message, data) = rig.try_view(program, vec![]).await.unwrap_err();
    assert_eq!(
        (message.as_str(), data),
        ("execution reverted", Bytes::from("why"))
    );
    let receipt = rig.send(program.into(), vec![], 0).await;
    assert!(
        !receipt.status() && receipt.gas_used < 100_000,
        "{receipt:?}"
    );
}

#[tokio::test]
async fn a_trap_reverts_with_nothing_and_keeps_the_gas() {
    let rig = Rig::new().await;
    let body = "(call $write (i32.const 0) (i32.const 3)) (unreachable)";
    let program = rig.program(&program(body)).await;
    let (message, data) = rig.try_view(program, vec![]).await.unwrap_err();
    assert_eq!(
        (message.as_str(), data),
        ("execution reverted", Bytes::new())
    );
    let receipt = rig.send(program.into(), vec![], 0).await;
    assert!(
        !receipt.status() && receipt.gas_used < 100_000,
        "{receipt:?}"
    );
}

#[tokio::test]
async fn an_endless_loop_runs_out_of_gas() {
    let rig = Rig::new().await;
    let program = rig.program(&program("(loop (br 0)) (unreachable)")).await;
    let receipt = rig.send(program.into(), vec![], 0).await;
    assert!(!receipt.status());
    assert_eq!(receipt.gas_used, GAS);
}

#[tokio::test]
async fn endless_recursion_runs_out_of_stack() {
    let rig = Rig::new().await;
    let wat = r#"(module
        (memory (export "memory") 1 1)
        (func $dive (call $dive))
        (func (export "user_entrypoint") (param i32) (result i32) (call $dive) (i32.const 0)))"#;
    let program = rig.program(wat).await;
    let receipt = rig.send(program.into(), vec![], 0).await;
    assert!(!receipt.status());
    assert_eq!(receipt.gas_used, GAS);
}

/// A value returned by a program costs at least what EVM memory of that size costs.
#[tokio::test]
async fn returned_data_has_a_floor_price() {
    let rig = Rig::new().await;
    let large = rig
        .program(&program(
            "(call $write (i32.const 0) (i32.const 65000)) (i32.const 0)",
        ))
        .await;
    let words: u64 = 65_000_u64.div_ceil(32);
    let floor = 3 * words + words * words / 512;
    let receipt = rig.call(large, vec![]).await;
    let start = rig
        .arb_wasm(ArbWasm::programInitGasCall { program: large })
        .await
        .unwrap();
    // The run itself: start, then reading 65,000 bytes twice at 55 ink, which is more than the floor
    // only together with the start.
    assert!(
        receipt.gas_used >= 21_000 + floor.max(start.gas),
        "{receipt:?}"
    );
}
