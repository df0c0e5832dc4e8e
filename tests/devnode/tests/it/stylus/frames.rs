//! Programs and EVM contracts calling and creating each other.

use alloy::{
    eips::eip7702::Authorization,
    network::TransactionBuilder7702,
    primitives::{Address, Bytes, TxKind, U256, keccak256},
    providers::Provider,
    rpc::types::TransactionRequest,
    signers::{SignerSync, local::PrivateKeySigner},
};
use serde_json::json;

use crate::rig::{DEV, Kind, PROXY, Rig, evm_proxy, init_code, via_evm, via_program};

const CONTEXT: &str = include_str!("../wat/context.wat");
const CREATE: &str = include_str!("../wat/create.wat");
const STORAGE: &str = include_str!("../wat/storage.wat");

/// Calls like [`evm_proxy`], then reverts with the callee's output whatever it did.
fn evm_regret() -> Vec<u8> {
    let mut code = evm_proxy(0xF1);
    let len = code.len();
    code[len - 1] = 0xfd;
    code
}

fn word(number: u64) -> [u8; 32] {
    U256::from(number).to_be_bytes()
}

#[tokio::test]
async fn calls_go_both_ways() {
    let rig = Rig::new().await;
    let (program, evm) = (rig.program(PROXY).await, rig.deploy(&evm_proxy(0xF1)).await);
    let storage = rig.program(STORAGE).await;
    // Program, EVM contract, program, EVM contract, program.
    let inner = via_evm(storage, &word(7));
    let inner = via_program(Kind::Call, evm, 0, &inner);
    let inner = via_evm(program, &inner);
    rig.call(program, via_program(Kind::Call, evm, 0, &inner))
        .await;
    let read = via_program(Kind::Static, storage, 0, &[]);
    assert_eq!(rig.view(program, read.clone()).await, Bytes::from(word(7)));
    assert_eq!(
        rig.view(evm, via_evm(program, &read)).await,
        Bytes::from(word(7))
    );
}

#[tokio::test]
async fn a_reverted_frame_undoes_what_the_frames_above_it_did() {
    let rig = Rig::new().await;
    let (program, regret) = (rig.program(PROXY).await, rig.deploy(&evm_regret()).await);
    let storage = rig.program(STORAGE).await;
    let evm = rig.deploy(&evm_proxy(0xF1)).await;
    rig.call(storage, word(1)).await;
    // The program reverts because the contract that it called regrets.
    let inner = via_evm(storage, &word(2));
    let outer = via_program(Kind::Call, regret, 0, &inner);
    assert!(!rig.send(program.into(), outer.clone(), 0).await.status());
    assert!(
        !rig.send(evm.into(), via_evm(program, &outer), 0)
            .await
            .status()
    );
    assert_eq!(rig.view(storage, vec![]).await, Bytes::from(word(1)));
}

#[tokio::test]
async fn revert_data_passes_through_every_kind_of_frame() {
    let rig = Rig::new().await;
    let (program, evm) = (rig.program(PROXY).await, rig.deploy(&evm_proxy(0xF1)).await);
    // Reverts with its input.
    let parrot = rig
        .deploy(&[0x36, 0x60, 0, 0x60, 0, 0x37, 0x36, 0x60, 0, 0xfd])
        .await;
    let inner = via_program(Kind::Static, parrot, 0, b"polly");
    let outer = via_program(Kind::Call, evm, 0, &via_evm(program, &inner));
    let (message, data) = rig.try_view(program, outer).await.unwrap_err();
    assert_eq!(
        (message.as_str(), data),
        ("execution reverted", Bytes::from("polly"))
    );
}

#[tokio::test]
async fn value_goes_with_calls() {
    let rig = Rig::new().await;
    let program = rig.program(PROXY).await;
    let receiver = Address::repeat_byte(0x77);
    let input = via_program(Kind::Call, receiver, 300, &[]);
    // More than it has: the call fails, and with it the program.
    assert!(!rig.send(program.into(), input.clone(), 200).await.status());
    assert!(rig.send(program.into(), input, 500).await.status());
    assert_eq!(
        rig.client.get_balance(receiver).await.unwrap(),
        U256::from(300)
    );
    assert_eq!(
        rig.client.get_balance(program).await.unwrap(),
        U256::from(200)
    );
}

#[tokio::test]
async fn static_calls_change_nothing() {
    let rig = Rig::new().await;
    let (program, storage) = (rig.program(PROXY).await, rig.program(STORAGE).await);
    let write = via_program(Kind::Static, storage, 0, &word(5));
    assert!(!rig.send(program.into(), write, 0).await.status());
    // A static frame makes the frames above it static.
    let inner = via_program(Kind::Call, storage, 0, &word(5));
    let outer = via_program(Kind::Static, program, 0, &inner);
    assert!(!rig.send(program.into(), outer, 0).await.status());
    assert_eq!(rig.view(storage, vec![]).await, Bytes::from(word(0)));
}

#[tokio::test]
async fn delegate_calls_act_as_the_caller() {
    let rig = Rig::new().await;
    let (program, storage) = (rig.program(PROXY).await, rig.program(STORAGE).await);
    let evm = rig.deploy(&evm_proxy(0xF4)).await;
    rig.call(program, via_program(Kind::Delegate, storage, 0, &word(5)))
        .await;
    rig.call(evm, via_evm(storage, &word(6))).await;
    let read = |address: Address| rig.client.get_storage_at(address, U256::ZERO);
    assert_eq!(read(storage).await.unwrap(), U256::ZERO);
    assert_eq!(read(program).await.unwrap(), U256::from(5));
    assert_eq!(read(evm).await.unwrap(), U256::from(6));

    let context = rig.program(CONTEXT).await;
    let seen = rig.view(evm, via_evm(context, &[])).await;
    assert_eq!(
        (&seen[1..21], &seen[21..41]),
        (evm.as_slice(), DEV.as_slice())
    );
    let seen = rig
        .view(program, via_program(Kind::Call, context, 0, &[]))
        .await;
    assert_eq!(
        (&seen[1..21], &seen[21..41]),
        (context.as_slice(), program.as_slice())
    );
}

/// `msg_reentrant` counts the frames in which the acting account acts, whatever code runs there.
#[tokio::test]
async fn reentrancy_is_told_truthfully() {
    let rig = Rig::new().await;
    let (program, context) = (rig.program(PROXY).await, rig.program(CONTEXT).await);
    let (evm, delegating) = (
        rig.deploy(&evm_proxy(0xF1)).await,
        rig.deploy(&evm_proxy(0xF4)).await,
    );
    let reentrant = |output: Bytes| output[0] == 1;

    assert!(!reentrant(rig.view(context, vec![]).await));
    // Borrowing the account's code is no second frame of it.
    let borrowed = via_program(Kind::Delegate, context, 0, &[]);
    assert!(!reentrant(rig.view(program, borrowed.clone()).await));
    assert!(!reentrant(
        rig.view(delegating, via_evm(context, &[])).await
    ));
    for kind in [Kind::Call, Kind::Static] {
        // Program, EVM contract, the same program again, which looks with borrowed code.
        let outer = via_program(kind, evm, 0, &via_evm(program, &borrowed));
        assert!(reentrant(rig.view(program, outer).await));
        // Without anything between.
        let outer = via_program(kind, program, 0, &borrowed);
        assert!(reentrant(rig.view(program, outer).await));
    }
    // An EVM account that is re-entered counts as well.
    let again = via_evm(context, &[]);
    let outer = via_evm(program, &via_program(Kind::Call, delegating, 0, &again));
    assert!(reentrant(rig.view(delegating, outer).await));
    // Calls one after the other do not nest.
    rig.call(context, vec![]).await;
    assert!(!reentrant(rig.view(evm, via_evm(context, &[])).await));
}

#[tokio::test]
async fn programs_create_contracts() {
    let rig = Rig::new().await;
    let factory = rig.program(CREATE).await;
    let runtime = [0x60, 0x2a, 0x60, 0x00, 0x52, 0x60, 0x20, 0x60, 0x00, 0xf3];
    let init = init_code(&runtime);

    let by_nonce = [&[1][..], &init].concat();
    // The first byte only chooses the kind.
    let expected = factory.create(1);
    assert_eq!(
        rig.view(factory, by_nonce.clone()).await,
        Bytes::from(expected.to_vec())
    );
    assert!(rig.send(factory.into(), by_nonce, 9).await.status());
    assert_eq!(
        rig.client.get_balance(expected).await.unwrap(),
        U256::from(9)
    );
    assert_eq!(rig.view(expected, vec![]).await, Bytes::from(word(42)));

    let by_salt = [&[2][..], &init].concat();
    rig.call(factory, by_salt.clone()).await;
    let expected = factory.create2([0; 32], keccak256(&init));
    assert_eq!(rig.view(expected, vec![]).await, Bytes::from(word(42)));
    // It exists now: a failed creation is address zero.
    assert_eq!(rig.view(factory, by_salt).await, Bytes::from(vec![0; 20]));
}

#[tokio::test]
async fn a_constructor_that_reverts_tells_why() {
    let rig = Rig::new().await;
    let factory = rig.program(CREATE).await;
    let no = [0x60, 0x6e, 0x60, 0x00, 0x53, 0x60, 0x01, 0x60, 0x00, 0xfd];
    let (_, data) = rig
        .try_view(factory, [&[1][..], &no].concat())
        .await
        .unwrap_err();
    assert_eq!(data, Bytes::from("n"));
    // In a static context creating is an error of the program.
    let proxy = rig.program(PROXY).await;
    let input = via_program(
        Kind::Static,
        factory,
        0,
        &[&[1][..], &init_code(&[0])].concat(),
    );
    let (_, data) = rig.try_view(proxy, input).await.unwrap_err();
    assert_eq!(data, Bytes::new());
}

#[tokio::test]
async fn programs_create_programs() {
    let rig = Rig::new().await;
    let factory = rig.program(CREATE).await;
    let code = crate::rig::compress(STORAGE);
    rig.call(factory, [&[1][..], &init_code(&code)].concat())
        .await;
    let created = factory.create(1);
    assert!(rig.activate(created).await.status());
    rig.call(created, word(3)).await;
    assert_eq!(rig.view(created, vec![]).await, Bytes::from(word(3)));
}

/// EIP-3541 stands, but for Stylus prefixes.
#[tokio::test]
async fn other_reserved_code_cannot_be_created() {
    let rig = Rig::new().await;
    for (code, accepted) in [
        (&[0xEF, 0xF0, 0x00, 0x00][..], true),
        (&[0xEF, 0xF0, 0x00], false),
        (&[0xEF, 0xF0, 0x03, 0x00], false),
        (&[0xEF, 0x01], false),
    ] {
        let receipt = rig.send(TxKind::Create, init_code(code), 0).await;
        assert_eq!(receipt.status(), accepted, "{code:?}");
    }
}

#[tokio::test]
async fn a_program_cannot_be_destroyed_by_code_it_borrows() {
    let rig = Rig::new().await;
    let program = rig.program(PROXY).await;
    let bomb = rig.deploy(&[0x33, 0xff]).await;
    let input = via_program(Kind::Delegate, bomb, 0, &[]);
    assert!(!rig.send(program.into(), input, 0).await.status());
}

/// Clearing a slot in a program gives the EVM's refund, capped at a fifth.
#[tokio::test]
async fn refunds_are_the_transactions() {
    let rig = Rig::new().await;
    let storage = rig.program(STORAGE).await;
    rig.call(storage, word(0xff)).await;
    let changed = rig.call(storage, word(0xfe)).await.gas_used;
    let cleared = rig.call(storage, word(0)).await.gas_used;
    // One byte of calldata is zero instead of another: 12 gas less.
    assert_eq!(changed - cleared, 4_800 + 12);
}

#[tokio::test]
async fn an_account_can_delegate_to_a_program() {
    let rig = Rig::new().await;
    let context = rig.program(CONTEXT).await;
    let signer = PrivateKeySigner::random();
    let authorization = Authorization {
        chain_id: U256::from(stylus_devnode::CHAIN_ID),
        address: context,
        nonce: 0,
    };
    let signature = signer
        .sign_hash_sync(&authorization.signature_hash())
        .unwrap();
    let tx = TransactionRequest::default()
        .from(DEV)
        .to(signer.address())
        .with_authorization_list(vec![authorization.into_signed(signature)]);
    let receipt = rig
        .client
        .send_transaction(tx)
        .await
        .unwrap()
        .get_receipt()
        .await
        .unwrap();
    assert!(receipt.status(), "{receipt:?}");
    let seen = rig.view(signer.address(), vec![]).await;
    assert_eq!(&seen[1..21], signer.address().as_slice());
    let proxy = rig.program(PROXY).await;
    let seen = rig
        .view(proxy, via_program(Kind::Call, signer.address(), 0, &[]))
        .await;
    assert_eq!(&seen[1..21], signer.address().as_slice());
}

/// A program that calls itself for ever ends by the 63/64 rule, not by the host's stack.
#[tokio::test]
async fn deep_recursion_ends() {
    let rig = Rig::new().await;
    let wat = r#"(module
        (import "vm_hooks" "contract_address" (func $self (param i32)))
        (import "vm_hooks" "call_contract"
            (func $call (param i32 i32 i32 i32 i64 i32) (result i32)))
        (memory (export "memory") 1 1)
        (func (export "user_entrypoint") (param i32) (result i32)
            (call $self (i32.const 0))
            (drop (call $call (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 32)
                (i64.const -1) (i32.const 64)))
            (i32.const 0)))"#;
    let program = rig.program(wat).await;
    assert!(rig.send(program.into(), vec![], 0).await.status());
    assert_eq!(rig.rpc("eth_blockNumber", json!([])).await, json!("0x3"));
}
