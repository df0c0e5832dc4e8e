//! `eth_subscribe` over a real WebSocket.

use alloy::{
    primitives::{Address, B256, TxKind, U256},
    providers::{DynProvider, Provider, ProviderBuilder, WsConnect},
    rpc::types::{Filter, Log},
};
use serde_json::{Value, json};

use crate::rig::{DEV, Rig, socket::Socket};

const ALICE: Address = Address::repeat_byte(0xa1);

/// EVM code that logs the first word of its input as a topic: `LOG1(0, 0, calldataload(0))`.
pub(crate) const LOGGER: [u8; 9] = [0x60, 0, 0x35, 0x60, 0, 0x60, 0, 0xa1, 0x00];

pub(crate) fn word(number: u64) -> B256 {
    U256::from(number).into()
}

async fn alloy_client(rig: &Rig) -> DynProvider {
    let url = WsConnect::new(rig.node.ws_url());
    let client = ProviderBuilder::new().connect_ws(url).await.unwrap();
    client.erased()
}

fn number(head: &Value) -> u64 {
    serde_json::from_value::<U256>(head["number"].clone())
        .unwrap()
        .to()
}

#[tokio::test]
async fn every_head_comes_once_and_in_order() {
    let rig = Rig::new().await;
    let mut socket = Socket::new(&rig).await;
    let id = socket.subscribe(json!(["newHeads"])).await;
    rig.rpc("anvil_mine", json!([300])).await;
    let receipt = rig.send(ALICE.into(), vec![], 1).await;
    let mut parent = None;
    for expected in 1..=301 {
        let head = socket.next(&id).await;
        assert_eq!(number(&head), expected);
        if let Some(parent) = parent {
            assert_eq!(head["parentHash"], parent);
        }
        parent = Some(head["hash"].clone());
    }
    assert_eq!(parent, Some(json!(receipt.block_hash.unwrap())));
    socket.quiet().await;
}

#[tokio::test]
async fn a_head_is_its_block_without_the_body() {
    let rig = Rig::new().await;
    let mut socket = Socket::new(&rig).await;
    let id = socket.subscribe(json!(["newHeads"])).await;
    rig.send(ALICE.into(), vec![], 1).await;
    let head = socket.next(&id).await;
    let mut block = rig.rpc("eth_getBlockByNumber", json!(["0x1", false])).await;
    for body in ["transactions", "uncles"] {
        block.as_object_mut().unwrap().remove(body).unwrap();
    }
    assert_eq!(head, block);
}

#[tokio::test]
async fn heads_come_again_after_a_revert() {
    let rig = Rig::new().await;
    rig.rpc("anvil_mine", json!([2])).await;
    let mut socket = Socket::new(&rig).await;
    let id = socket.subscribe(json!(["newHeads"])).await;
    let snapshot = rig.rpc("evm_snapshot", json!([])).await;
    rig.rpc("anvil_mine", json!([2])).await;
    let third = socket.next(&id).await;
    assert_eq!(number(&socket.next(&id).await), 4);
    rig.rpc("evm_revert", json!([snapshot])).await;
    socket.quiet().await;
    rig.rpc("evm_increaseTime", json!([1_000])).await;
    rig.rpc("anvil_mine", json!([3])).await;
    let again = socket.next(&id).await;
    assert_eq!(again["parentHash"], third["parentHash"]);
    assert_ne!(again["hash"], third["hash"]);
    for expected in [4, 5] {
        assert_eq!(number(&socket.next(&id).await), expected);
    }
}

#[tokio::test]
async fn heads_go_on_with_a_chain_that_was_loaded() {
    let (rig, other) = (Rig::new().await, Rig::new().await);
    other.rpc("evm_increaseTime", json!([1_000])).await;
    other.rpc("anvil_mine", json!([7])).await;
    let dump = other.rpc("anvil_dumpState", json!([])).await;
    let mut socket = Socket::new(&rig).await;
    let id = socket.subscribe(json!(["newHeads"])).await;
    rig.rpc("evm_mine", json!([])).await;
    assert_eq!(number(&socket.next(&id).await), 1);
    rig.rpc("anvil_loadState", json!([dump])).await;
    assert_eq!(number(&socket.next(&id).await), 7);
    rig.rpc("evm_mine", json!([])).await;
    assert_eq!(number(&socket.next(&id).await), 8);
}

#[tokio::test]
async fn logs_come_if_they_match_and_go_with_their_block() {
    let rig = Rig::new().await;
    let (one, other) = (rig.deploy(&LOGGER).await, rig.deploy(&LOGGER).await);
    let client = alloy_client(&rig).await;
    let mut filter = Filter::new().address(one);
    filter.topics[0] = vec![word(1), word(2)].into();
    let mut logs = client.subscribe_logs(&filter).await.unwrap();
    let mut socket = Socket::new(&rig).await;
    let all = socket.subscribe(json!(["logs"])).await;
    let snapshot = rig.rpc("evm_snapshot", json!([])).await;
    for (to, topic) in [(one, 1), (other, 1), (one, 3), (one, 2)] {
        rig.call(to, word(topic).to_vec()).await;
    }
    let mut seen = Vec::new();
    for topic in [1, 2] {
        let log: Log = logs.recv().await.unwrap();
        assert_eq!((log.address(), log.topics()), (one, &[word(topic)][..]));
        assert!(!log.removed);
        seen.push(log);
    }
    for topic in [1, 1, 3, 2] {
        let log = socket.next(&all).await;
        assert_eq!(log["topics"], json!([word(topic)]));
    }
    rig.rpc("evm_revert", json!([snapshot])).await;
    for log in seen {
        let gone = logs.recv().await.unwrap();
        let expected = Log {
            removed: true,
            ..log
        };
        assert_eq!(gone, expected);
    }
    rig.call_anew(one, word(2).to_vec()).await;
    let log = logs.recv().await.unwrap();
    assert!(!log.removed && log.topics() == [word(2)]);
}

#[tokio::test]
async fn accepted_transactions_come_as_hashes_or_whole() {
    let rig = Rig::new().await;
    let client = alloy_client(&rig).await;
    let mut hashes = client.subscribe_pending_transactions().await.unwrap();
    let whole = client.subscribe_full_pending_transactions().await;
    let mut whole = whole.unwrap();
    for value in 1..4 {
        let receipt = rig.send(ALICE.into(), vec![], value).await;
        assert_eq!(hashes.recv().await.unwrap(), receipt.transaction_hash);
        let tx = whole.recv().await.unwrap();
        assert_eq!(*tx.inner.tx_hash(), receipt.transaction_hash);
        assert_eq!((tx.inner.signer(), tx.block_hash), (DEV, None));
    }
    // One that is refused was never pending.
    let refused = json!([{ "from": Address::ZERO, "to": ALICE }]);
    rig.rpc_error("eth_sendTransaction", refused).await;
    rig.send(ALICE.into(), vec![], 4).await;
    whole.recv().await.unwrap();
    assert!(hashes.recv().await.is_ok() && hashes.is_empty());
}

#[tokio::test]
async fn a_subscription_ends_when_asked_to() {
    let rig = Rig::new().await;
    let mut socket = Socket::new(&rig).await;
    let id = socket.subscribe(json!(["newHeads"])).await;
    assert!(id.starts_with("0x") && id.len() > 2, "{id}");
    rig.rpc("evm_mine", json!([])).await;
    assert_eq!(number(&socket.next(&id).await), 1);
    let end = socket.call("eth_unsubscribe", json!([id])).await;
    assert_eq!(end, Ok(json!(true)));
    let end = socket.call("eth_unsubscribe", json!([id])).await;
    assert_eq!(end, Ok(json!(false)));
    rig.rpc("evm_mine", json!([])).await;
    socket.quiet().await;
}

#[tokio::test]
async fn what_cannot_be_subscribed_to_is_named() {
    let rig = Rig::new().await;
    let mut socket = Socket::new(&rig).await;
    for (params, message) in [
        (
            json!(["newTails"]),
            "invalid params: no \"newTails\" subscription: newHeads, logs, newPendingTransactions \
             or syncing",
        ),
        (
            json!(["logs", { "blockHash": B256::ZERO }]),
            "invalid params: a subscription to logs cannot have a blockHash",
        ),
    ] {
        let error = socket.call("eth_subscribe", params).await.unwrap_err();
        assert_eq!(error, json!({ "code": -32602, "message": message }));
    }
    let (code, message) = rig.rpc_error("eth_subscribe", json!(["newHeads"])).await;
    assert_eq!(code, -32601);
    assert_eq!(message, "notifications not supported");
}

#[tokio::test]
async fn syncing_is_told_once() {
    let rig = Rig::new().await;
    let mut socket = Socket::new(&rig).await;
    let id = socket.subscribe(json!(["syncing"])).await;
    assert_eq!(socket.next(&id).await, json!(false));
    rig.rpc("evm_mine", json!([])).await;
    socket.quiet().await;
}

#[tokio::test]
async fn many_subscribers_see_the_same() {
    let rig = Rig::new().await;
    let mut sockets = Vec::new();
    for _ in 0..200 {
        let mut socket = Socket::new(&rig).await;
        let id = socket.subscribe(json!(["newHeads"])).await;
        sockets.push((socket, id));
    }
    rig.rpc("anvil_mine", json!([5])).await;
    rig.send(TxKind::Call(ALICE), vec![], 1).await;
    for (socket, id) in &mut sockets {
        for expected in 1..=6 {
            assert_eq!(number(&socket.next(id).await), expected);
        }
    }
}

/// It holds up nobody, and when it reads again nothing is missing.
#[tokio::test]
async fn a_subscriber_that_does_not_read_only_waits() {
    let rig = Rig::new().await;
    let mut lazy = Socket::new(&rig).await;
    let id = lazy.subscribe(json!(["newHeads"])).await;
    // Far more than the connection's queue and the buffers of the operating system hold.
    rig.rpc("anvil_mine", json!([20_000])).await;
    let mut eager = Socket::new(&rig).await;
    let other = eager.subscribe(json!(["newHeads"])).await;
    rig.rpc("evm_mine", json!([])).await;
    assert_eq!(number(&eager.next(&other).await), 20_001);
    for expected in 1..=20_001 {
        assert_eq!(number(&lazy.next(&id).await), expected);
    }
}
