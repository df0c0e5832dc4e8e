//! Filters that a client polls.

use alloy::{
    primitives::{B256, U256},
    providers::Provider,
    rpc::types::{Filter, Log},
};
use serde_json::{Value, json};

use crate::{
    rig::{DEV, Rig},
    rpc::subscriptions::{LOGGER, word},
};

#[tokio::test]
async fn logs_are_given_once_and_the_whole_range_on_request() {
    let rig = Rig::new().await;
    let logger = rig.deploy(&LOGGER).await;
    rig.call(logger, word(1).to_vec()).await;
    let filter = Filter::new().address(logger).from_block(0);
    let id: U256 = rig.client.new_filter(&filter).await.unwrap();
    let changes = || rig.client.get_filter_changes::<Log>(id);
    assert!(changes().await.unwrap().is_empty());
    let snapshot = rig.rpc("evm_snapshot", json!([])).await;
    for topic in [2, 3] {
        rig.call(logger, word(topic).to_vec()).await;
    }
    let topics = |logs: Vec<Log>| -> Vec<(B256, bool)> {
        let topic = |log: &Log| (log.topics()[0], log.removed);
        logs.iter().map(topic).collect()
    };
    let new = [(word(2), false), (word(3), false)];
    assert_eq!(topics(changes().await.unwrap()), new);
    assert!(changes().await.unwrap().is_empty());
    let all: Value = rig.rpc("eth_getFilterLogs", json!([id])).await;
    let all: Vec<Log> = serde_json::from_value(all).unwrap();
    assert_eq!(all, rig.client.get_logs(&filter).await.unwrap());
    assert_eq!(all.len(), 3);
    rig.rpc("evm_revert", json!([snapshot])).await;
    rig.call_anew(logger, word(4).to_vec()).await;
    let gone = [(word(2), true), (word(3), true), (word(4), false)];
    assert_eq!(topics(changes().await.unwrap()), gone);
}

#[tokio::test]
async fn bounds_of_a_range_hold_for_changes() {
    let rig = Rig::new().await;
    let logger = rig.deploy(&LOGGER).await;
    let filter = Filter::new().address(logger).from_block(3).to_block(3);
    let id = rig.client.new_filter(&filter).await.unwrap();
    for topic in [2, 3, 4] {
        rig.call(logger, word(topic).to_vec()).await;
    }
    let logs = rig.client.get_filter_changes::<Log>(id).await.unwrap();
    assert_eq!(logs.len(), 1);
    assert_eq!(
        (logs[0].block_number, logs[0].topics()[0]),
        (Some(3), word(3))
    );
}

#[tokio::test]
async fn blocks_and_transactions_are_given_by_hash() {
    let rig = Rig::new().await;
    let blocks = rig.client.new_block_filter().await.unwrap();
    let pending = |params| rig.rpc("eth_newPendingTransactionFilter", params);
    let hashes = pending(json!([])).await;
    let whole = pending(json!([true])).await;
    let first = rig.send(DEV.into(), vec![], 1).await;
    rig.rpc("anvil_mine", json!([2])).await;
    let changes = rig.client.get_filter_changes::<B256>(blocks).await.unwrap();
    assert_eq!(changes.len(), 3);
    assert_eq!(Some(changes[0]), first.block_hash);
    let hashes = rig.rpc("eth_getFilterChanges", json!([hashes])).await;
    assert_eq!(hashes, json!([first.transaction_hash]));
    let whole = rig.rpc("eth_getFilterChanges", json!([whole])).await;
    assert_eq!(whole[0]["hash"], json!(first.transaction_hash));
    assert_eq!(whole[0]["blockHash"], Value::Null);
    let (code, message) = rig.rpc_error("eth_getFilterLogs", json!([blocks])).await;
    assert_eq!((code, message.as_str()), (-32000, "filter not found"));
}

#[tokio::test]
async fn a_filter_that_is_uninstalled_is_gone() {
    let rig = Rig::new().await;
    let id = rig.client.new_block_filter().await.unwrap();
    assert_eq!(
        rig.rpc("eth_uninstallFilter", json!([id])).await,
        json!(true)
    );
    assert_eq!(
        rig.rpc("eth_uninstallFilter", json!([id])).await,
        json!(false)
    );
    let (code, message) = rig.rpc_error("eth_getFilterChanges", json!([id])).await;
    assert_eq!((code, message.as_str()), (-32000, "filter not found"));
}

#[tokio::test]
async fn filters_are_bounded_in_number_and_size() {
    let rig = Rig::new().await;
    let addresses: Vec<_> = (0..1_001_u64)
        .map(|i| json!(format!("{i:#042x}")))
        .collect();
    let large = json!([{ "address": addresses }]);
    for method in ["eth_newFilter", "eth_getLogs"] {
        let (code, message) = rig.rpc_error(method, large.clone()).await;
        assert_eq!(code, -32000);
        assert_eq!(
            message,
            "exceed max addresses or topics per search position: 1000"
        );
    }
    for _ in 0..1_024 {
        rig.client.new_block_filter().await.unwrap();
    }
    let (_, message) = rig.rpc_error("eth_newBlockFilter", json!([])).await;
    assert_eq!(
        message,
        "more than 1024 filters: uninstall some, or wait until they expire"
    );
}

/// ethers polls with such bounds when blocks come faster than it looks, and dies of an error.
#[tokio::test]
async fn bounds_the_wrong_way_round_name_no_block() {
    let rig = Rig::new().await;
    let logger = rig.deploy(&LOGGER).await;
    for topic in [2, 3, 4] {
        rig.call(logger, word(topic).to_vec()).await;
    }
    for (from, to, count) in [("0x4", "0x2", 0), ("0x3", "0x1", 0), ("0x2", "0x4", 3)] {
        let range = json!([{ "fromBlock": from, "toBlock": to }]);
        let logs = rig.rpc("eth_getLogs", range).await;
        assert_eq!(logs.as_array().unwrap().len(), count, "{from} to {to}");
    }
}
