//! Methods of test nodes, and the state file.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, Bytes, U256, keccak256},
    providers::Provider,
    rpc::types::TransactionRequest,
};
use serde_json::{Value, json};
use stylus_devnode::Config;

use crate::rig::{DEV, Rig};

const ALICE: Address = Address::repeat_byte(0xa1);

async fn time(rig: &Rig) -> u64 {
    rig.client
        .get_block_by_number(Default::default())
        .await
        .unwrap()
        .unwrap()
        .header
        .timestamp
}

#[tokio::test]
async fn snapshots_bring_everything_back() {
    let rig = Rig::new().await;
    rig.send(ALICE.into(), vec![], 1).await;
    let id = rig.rpc("evm_snapshot", json!([])).await;
    let receipt = rig.send(ALICE.into(), vec![], 2).await;
    rig.rpc("anvil_setCode", json!([ALICE, "0x60"])).await;
    rig.rpc("evm_increaseTime", json!([1_000_000])).await;
    assert_eq!(rig.rpc("evm_revert", json!([id])).await, json!(true));
    assert_eq!(rig.client.get_balance(ALICE).await.unwrap(), U256::ONE);
    assert_eq!(rig.client.get_block_number().await.unwrap(), 1);
    assert!(rig.client.get_code_at(ALICE).await.unwrap().is_empty());
    let gone = rig
        .client
        .get_transaction_receipt(receipt.transaction_hash)
        .await
        .unwrap();
    assert!(gone.is_none());
    rig.rpc("evm_mine", json!([])).await;
    assert!(time(&rig).await < receipt.block_number.unwrap() + 5_000_000_000);
    // It is used up.
    assert_eq!(rig.rpc("evm_revert", json!([id])).await, json!(false));
}

#[tokio::test]
async fn time_moves_as_told() {
    let rig = Rig::new().await;
    let start = time(&rig).await;
    rig.rpc("evm_increaseTime", json!([900])).await;
    rig.rpc("evm_mine", json!([])).await;
    assert!((start + 900..start + 910).contains(&time(&rig).await));
    rig.rpc("evm_setNextBlockTimestamp", json!([start + 5_000]))
        .await;
    let receipt = rig.send(ALICE.into(), vec![], 0).await;
    assert_eq!(time(&rig).await, start + 5_000);
    assert_eq!(receipt.block_number, Some(2));
    let (code, _) = rig
        .rpc_error("evm_setNextBlockTimestamp", json!([start]))
        .await;
    assert_eq!(code, -32602);
    rig.rpc("anvil_mine", json!(["0xa", "0x3c"])).await;
    assert_eq!(rig.client.get_block_number().await.unwrap(), 12);
    assert!(time(&rig).await >= start + 5_000 + 9 * 60);
}

#[tokio::test]
async fn time_does_not_go_back() {
    let rig = Rig::new().await;
    let last = time(&rig).await + 5_000;
    rig.rpc("evm_mine", json!([last])).await;
    let early = last - 1;
    for (method, params) in [
        ("evm_mine", json!([early])),
        ("evm_mine", json!([{ "timestamp": early }])),
        ("evm_setTime", json!([early])),
        ("evm_setNextBlockTimestamp", json!([early])),
    ] {
        let (code, message) = rig.rpc_error(method, params).await;
        assert_eq!(code, -32602, "{method}");
        assert_eq!(
            message,
            format!("invalid params: timestamp {early} is lower than the last block's, {last}")
        );
    }
    // Nothing was mined and the clock still runs from the last block on.
    assert_eq!(rig.client.get_block_number().await.unwrap(), 1);
    rig.rpc("evm_increaseTime", json!([100])).await;
    rig.rpc("evm_mine", json!([])).await;
    assert!((last + 100..last + 110).contains(&time(&rig).await));
    rig.rpc("evm_setTime", json!([last + 500])).await;
    rig.rpc("evm_mine", json!([])).await;
    assert!((last + 500..last + 510).contains(&time(&rig).await));
}

/// With an interval a chain's times do not depend on how fast the test runs.
#[tokio::test]
async fn blocks_can_be_a_fixed_time_apart() {
    let rig = Rig::new().await;
    rig.rpc("anvil_setBlockTimestampInterval", json!([3])).await;
    let start = time(&rig).await;
    for _ in 0..2 {
        rig.send(ALICE.into(), vec![], 0).await;
    }
    rig.rpc("evm_increaseTime", json!([100])).await;
    rig.rpc("evm_mine", json!([])).await;
    assert_eq!(time(&rig).await, start + 109);
    // Without it the wall clock counts again, which the chain is ahead of.
    let hour = json!([3_600]);
    rig.rpc("anvil_setBlockTimestampInterval", hour).await;
    rig.rpc("anvil_removeBlockTimestampInterval", json!([]))
        .await;
    rig.rpc("evm_mine", json!([])).await;
    assert!((start + 109..start + 1_000).contains(&time(&rig).await));
}

#[tokio::test]
async fn accounts_can_be_edited() {
    let rig = Rig::new().await;
    rig.rpc("anvil_setBalance", json!([ALICE, "0x64"])).await;
    rig.rpc("hardhat_setNonce", json!([ALICE, "0x7"])).await;
    rig.rpc("anvil_setCode", json!([ALICE, "0x6001"])).await;
    rig.rpc(
        "anvil_setStorageAt",
        json!([ALICE, "0x1", alloy::primitives::B256::from(U256::from(9))]),
    )
    .await;
    let client = &rig.client;
    assert_eq!(client.get_balance(ALICE).await.unwrap(), U256::from(100));
    assert_eq!(client.get_transaction_count(ALICE).await.unwrap(), 7);
    assert_eq!(
        client.get_code_at(ALICE).await.unwrap(),
        Bytes::from(vec![0x60, 0x01])
    );
    assert_eq!(
        client.get_storage_at(ALICE, U256::ONE).await.unwrap(),
        U256::from(9)
    );
}

#[tokio::test]
async fn any_account_can_be_impersonated() {
    let rig = Rig::new().await;
    rig.rpc("anvil_setBalance", json!([ALICE, "0xde0b6b3a7640000"]))
        .await;
    let send = json!([{ "from": ALICE, "to": DEV, "value": "0x5" }]);
    let (_, message) = rig.rpc_error("eth_sendTransaction", send.clone()).await;
    assert_eq!(message, "unknown account");
    rig.rpc("anvil_impersonateAccount", json!([ALICE])).await;
    let hash: Value = rig.rpc("eth_sendTransaction", send.clone()).await;
    let receipt = rig.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(
        (&receipt["status"], &receipt["from"]),
        (&json!("0x1"), &json!(ALICE))
    );
    // The same transaction of another account is another one.
    let other = json!([{ "from": DEV, "to": DEV, "value": "0x5" }]);
    assert_ne!(rig.rpc("eth_sendTransaction", other).await, hash);
    rig.rpc("anvil_stopImpersonatingAccount", json!([ALICE]))
        .await;
    assert_eq!(
        rig.rpc_error("eth_sendTransaction", send).await.1,
        "unknown account"
    );
}

#[tokio::test]
async fn the_state_file_keeps_the_chain() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        state: Some(folder.path().join("state.json")),
        ..Config::default()
    };
    let rig = Rig::with(config.clone()).await;
    let program = rig.program(include_str!("../wat/storage.wat")).await;
    let word = U256::from(3).to_be_bytes::<32>();
    let receipt = rig.call(program, word).await;
    rig.rpc("evm_increaseTime", json!([86_400])).await;
    rig.rpc("evm_mine", json!([])).await;
    let (number, last) = (
        rig.client.get_block_number().await.unwrap(),
        time(&rig).await,
    );
    rig.node.shutdown().await.unwrap();

    let rig = Rig::with(config).await;
    assert_eq!(rig.client.get_block_number().await.unwrap(), number);
    assert_eq!(rig.view(program, vec![]).await, Bytes::from(word));
    let hash = receipt.transaction_hash;
    assert_eq!(
        rig.client.get_transaction_receipt(hash).await.unwrap(),
        Some(receipt)
    );
    // The clock stays moved, and older states stay reachable.
    rig.rpc("evm_mine", json!([])).await;
    assert!((last..last + 60).contains(&time(&rig).await));
    let old = rig
        .client
        .get_storage_at(program, U256::ZERO)
        .block_id(2.into())
        .await
        .unwrap();
    assert_eq!(old, U256::ZERO);
    rig.send(ALICE.into(), vec![], 1).await;
}

#[tokio::test]
async fn dumps_move_a_chain_to_another_node() {
    let (from, to) = (Rig::new().await, Rig::new().await);
    from.send(ALICE.into(), vec![], 17).await;
    let dump = from.rpc("anvil_dumpState", json!([])).await;
    assert_eq!(to.rpc("anvil_loadState", json!([dump])).await, json!(true));
    assert_eq!(to.client.get_balance(ALICE).await.unwrap(), U256::from(17));
    assert_eq!(to.client.get_block_number().await.unwrap(), 1);
    let (code, _) = to.rpc_error("anvil_loadState", json!(["0x1234"])).await;
    assert_eq!(code, -32000);
}

#[tokio::test]
async fn a_dump_whose_blocks_do_not_fit_together_changes_nothing() {
    let (from, to) = (Rig::new().await, Rig::new().await);
    for value in 1..=2 {
        from.send(ALICE.into(), vec![], value).await;
    }
    let dump = from.rpc("anvil_dumpState", json!([])).await;
    let dump: Bytes = serde_json::from_value(dump).unwrap();
    let dump: Value = serde_json::from_slice(&dump).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    for (field, value, reason) in [
        (
            "/blocks/1/header/number",
            json!("0x7"),
            "state dump has block 7 in the place of block 1",
        ),
        (
            "/blocks/2/header/parentHash",
            json!(keccak256("x")),
            "state dump: the parent of block 2 is not the block before it",
        ),
        (
            "/blocks/2/position",
            json!(0),
            "state dump: block 2 has a wrong position in the undo log",
        ),
        (
            "/blocks/2/position",
            json!(1_000_000),
            "state dump: block 2 has a wrong position in the undo log",
        ),
    ] {
        let mut bad = dump.clone();
        *bad.pointer_mut(field).unwrap() = value;
        let bad = serde_json::to_vec(&bad).unwrap();
        let hex = Bytes::from(bad.clone());
        let (code, message) = to.rpc_error("anvil_loadState", json!([hex])).await;
        assert_eq!((code, message.as_str()), (-32000, reason));

        std::fs::write(&path, bad).unwrap();
        let config = Config {
            state: Some(path.clone()),
            ..Config::default()
        };
        let error = stylus_devnode::spawn(config).await.unwrap_err();
        assert_eq!(error.to_string(), format!("{}: {reason}", path.display()));
    }
    assert_eq!(to.client.get_block_number().await.unwrap(), 0);
    assert_eq!(to.client.get_balance(ALICE).await.unwrap(), U256::ZERO);
}

#[tokio::test]
async fn a_start_time_is_kept() {
    let config = Config {
        timestamp: Some(1_700_000_000),
        ..Config::default()
    };
    let rig = Rig::with(config).await;
    let receipt = rig.send(ALICE.into(), keccak256("x").to_vec(), 0).await;
    assert!(receipt.status());
    assert!((1_700_000_000..1_700_000_060).contains(&time(&rig).await));
    let tx = TransactionRequest::default().with_from(DEV).with_to(ALICE);
    assert!(rig.client.estimate_gas(tx).await.is_ok());
}

#[tokio::test]
async fn a_state_file_that_cannot_be_written_is_an_error_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no/such/folder.json");
    let config = Config {
        state: Some(missing),
        ..Config::default()
    };
    let error = stylus_devnode::spawn(config).await.unwrap_err().to_string();
    assert!(error.contains("folder.json: state file: "), "{error}");

    let garbage = folder.path().join("garbage.json");
    for (content, reason) in [
        ("no JSON", "state dump is not readable: "),
        (
            r#"{"block": {}, "accounts": {}}"#,
            "state dump is anvil's: ",
        ),
        (
            r#"{"block": {}, "alloc": {}}"#,
            "state dump is not of stylus-devnode: ",
        ),
        (
            r#"{"format": "stylus-devnode.state/0"}"#,
            r#"state dump has format "stylus-devnode.state/0""#,
        ),
    ] {
        std::fs::write(&garbage, content).unwrap();
        let config = Config {
            state: Some(garbage.clone()),
            ..Config::default()
        };
        let error = stylus_devnode::spawn(config).await.unwrap_err().to_string();
        let start = format!("{}: {reason}", garbage.display());
        assert!(error.starts_with(&start), "{error}");
        assert_eq!(std::fs::read_to_string(&garbage).unwrap(), content);
    }
}

#[tokio::test]
async fn a_taken_port_is_an_error() {
    let rig = Rig::new().await;
    let config = Config {
        port: rig.node.port(),
        ..Config::default()
    };
    let error = stylus_devnode::spawn(config).await.unwrap_err().to_string();
    assert!(error.starts_with("cannot listen on 127.0.0.1:"), "{error}");
}
