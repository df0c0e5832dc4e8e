//! What goes wrong with an upstream is told, leaves no wrong state, and passes when it passes.

use std::time::{Duration, Instant};

use alloy::{
    primitives::{Address, U256, address},
    providers::Provider,
    sol,
};
use serde_json::json;
use stylus_devnode::{
    Config,
    fork::{Reason, Settings, StateError},
};

use super::{
    proxy::{Mode, Proxy},
    rig::{config, refusal, set_slot, settings, slot},
};
use crate::rig::{DEV, Rig};

sol! {
    function setL1PricePerUnit(uint256 price) external;
    function scheduleArbOSUpgrade(uint64 version, uint64 timestamp) external;
}

const ALICE: Address = Address::repeat_byte(0xa1);

/// Where the fees for L1 data lie.
const POSTERS: Address = address!("0xA4B00000000000000000000000000000000000f6");

struct Scene {
    upstream: Rig,
    proxy: Proxy,
    local: Rig,
}

/// A fork through a proxy. Slot `n` of Alice holds `n + 100`, and nothing of her was read yet.
async fn scene() -> Scene {
    let upstream = Rig::new().await;
    for number in 0..10 {
        set_slot(&upstream, ALICE, number, number + 100).await;
    }
    upstream.rpc("evm_mine", json!([])).await;
    let proxy = Proxy::before(upstream.node.url()).await;
    let local = Rig::with(config(settings(&proxy.url))).await;
    Scene {
        upstream,
        proxy,
        local,
    }
}

impl Scene {
    /// The message with which reading a slot fails.
    async fn failure(&self, slot: u64) -> String {
        let slot = U256::from(slot);
        let params = json!([ALICE, slot, "latest"]);
        let (code, message) = self.local.rpc_error("eth_getStorageAt", params).await;
        assert_eq!(code, -32000, "{message}");
        assert!(
            message.starts_with(&format!("fork of {}: cannot read ", self.proxy.url)),
            "{message}"
        );
        message
    }

    async fn works(&self, number: u64) {
        self.proxy.set(Mode::Pass);
        assert_eq!(
            slot(&self.local, ALICE, number).await,
            U256::from(number + 100)
        );
    }
}

#[tokio::test]
async fn faults_are_told_and_pass() {
    let scene = scene().await;
    for (number, (mode, says)) in [
        (Mode::Drop, "the connection failed"),
        (
            Mode::Delay(Duration::from_secs(30)),
            "no answer within 1500 ms",
        ),
        (Mode::TooMany("0", 1_000), "limits our rate (HTTP 429)"),
        (Mode::Truncate, "the connection failed"),
        (Mode::Say("<html>busy</html>"), "the answer makes no sense"),
        (Mode::Say("{}"), "neither result nor error"),
        (
            Mode::Say(r#"{"jsonrpc":"2.0","id":0,"result":"zz"}"#),
            "the answer makes no sense",
        ),
        (
            Mode::Say(r#"{"jsonrpc":"2.0","id":0,"result":null}"#),
            "the answer makes no sense",
        ),
        (
            Mode::Refuse(-32601, "no such method"),
            "the upstream refuses: no such method (code -32601)",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let number = number as u64;
        scene.proxy.set(mode.clone());
        let before = scene.proxy.requests();
        let message = scene.failure(number).await;
        assert!(message.contains(says), "{mode:?}: {message}");
        assert!(message.contains("slot "), "{message}");
        let asked = scene.proxy.requests() - before;
        assert!((1..=3).contains(&asked), "{mode:?}: {asked} requests");
        scene.works(number).await;
    }
}

#[tokio::test]
async fn a_short_refusal_is_waited_for() {
    let scene = scene().await;
    scene.proxy.set(Mode::TooMany("1", 1));
    let (start, before) = (Instant::now(), scene.proxy.requests());
    assert_eq!(slot(&scene.local, ALICE, 1).await, U256::from(101));
    assert!(
        start.elapsed() >= Duration::from_millis(950),
        "Retry-After was not honoured"
    );
    assert_eq!(scene.proxy.requests() - before, 2);
    // An hour is not waited for.
    scene.proxy.set(Mode::TooMany("3600", 1_000));
    let start = Instant::now();
    assert!(scene.failure(2).await.contains("limits our rate"));
    assert!(start.elapsed() < Duration::from_secs(600));
    scene.works(2).await;
}

#[tokio::test]
async fn pruned_state_says_what_to_do() {
    let scene = scene().await;
    let head = scene.local.client.get_block_number().await.unwrap();
    for (number, (code, message)) in [
        (
            -32000,
            "missing trie node 5a0b (path ) state 0x5a0b is not available, not found",
        ),
        (-32000, "historical state 5a0b is not available"),
        (
            -32603,
            "BlockOutOfRangeError: block height is 9 but requested was 2",
        ),
        (-32000, "state at block #2 is pruned"),
    ]
    .into_iter()
    .enumerate()
    {
        scene.proxy.set(Mode::Refuse(code, message));
        let says = scene.failure(number as u64).await;
        let advice = format!(
            "the upstream has pruned the state of block {head}; use an archive endpoint or a newer --fork-block-number"
        );
        assert!(says.ends_with(&advice), "{says}");
        scene.works(number as u64).await;
    }
    // At the start as well.
    scene
        .proxy
        .set(Mode::Refuse(-32000, "missing trie node 5a0b"));
    let error = refusal(settings(&scene.proxy.url)).await;
    assert_eq!(error.reason, Reason::Pruned { block: head });
}

#[tokio::test]
async fn a_transaction_that_cannot_read_leaves_nothing() {
    let scene = scene().await;
    let rig = &scene.local;
    // Code that copies slot 0 to slot 1.
    rig.rpc("anvil_setCode", json!([ALICE, "0x5f54600155"]))
        .await;
    // What every transaction reads.
    rig.send(DEV.into(), vec![], 0).await;
    let (head, nonce) = (
        rig.client.get_block_number().await.unwrap(),
        rig.client.get_transaction_count(DEV).await.unwrap(),
    );
    scene.proxy.set(Mode::Drop);
    let request = json!([{ "from": DEV, "to": ALICE, "gas": "0x30d40" }]);
    let (code, message) = rig.rpc_error("eth_sendTransaction", request.clone()).await;
    assert_eq!(code, -32000);
    assert!(message.contains("cannot read slot 0x0 of"), "{message}");
    for method in ["eth_call", "eth_estimateGas"] {
        let (_, message) = rig.rpc_error(method, json!([request[0], "latest"])).await;
        assert!(
            message.contains("cannot read slot 0x0 of"),
            "{method}: {message}"
        );
    }
    assert_eq!(rig.client.get_block_number().await.unwrap(), head);
    assert_eq!(rig.client.get_transaction_count(DEV).await.unwrap(), nonce);
    // It works as if nothing had been.
    scene.proxy.set(Mode::Pass);
    let receipt = rig.call(ALICE, vec![]).await;
    assert_eq!(receipt.block_number, Some(head + 1));
    assert_eq!(slot(rig, ALICE, 1).await, U256::from(100));
    assert_eq!(slot(&scene.upstream, ALICE, 1).await, U256::from(101));
}

#[tokio::test]
async fn an_upstream_that_loses_the_block_is_noticed() {
    let upstream = Rig::new().await;
    let snapshot = upstream.rpc("evm_snapshot", json!([])).await;
    set_slot(&upstream, ALICE, 1, 101).await;
    upstream.rpc("evm_mine", json!([])).await;
    let proxy = Proxy::before(upstream.node.url()).await;
    let local = Rig::with(config(settings(&proxy.url))).await;
    assert_eq!(slot(&local, ALICE, 1).await, U256::from(101));
    let hash = local.node.fork().unwrap().block_hash;

    // Another block takes the place of the forked one.
    upstream.rpc("evm_revert", json!([snapshot])).await;
    set_slot(&upstream, ALICE, 2, 666).await;
    upstream.rpc("evm_increaseTime", json!([1_000])).await;
    upstream.rpc("evm_mine", json!([])).await;
    let reads = [
        ("eth_getStorageAt", json!([ALICE, "0x2", "latest"])),
        ("eth_getBlockByNumber", json!(["0x0", false])),
    ];
    for (method, params) in &reads {
        let (_, message) = local.rpc_error(method, params.clone()).await;
        let says = format!("no longer has block 1 with hash {hash}");
        assert!(message.contains(&says), "{method}: {message}");
    }
    // What was read is still right.
    assert_eq!(slot(&local, ALICE, 1).await, U256::from(101));

    // Another chain behind the same URL.
    let other = Config {
        chain_id: 4_242,
        ..Config::default()
    };
    let other = Rig::with(other).await;
    proxy.turn(other.node.url());
    for (method, params) in &reads {
        let (_, message) = local.rpc_error(method, params.clone()).await;
        let says = "the upstream is chain 4242 and not 412346";
        assert!(message.ends_with(says), "{method}: {message}");
    }
}

#[tokio::test]
async fn another_chain_is_refused() {
    let upstream = Rig::new().await;
    let proxy = Proxy::before(upstream.node.url()).await;
    let want = stylus_devnode::CHAIN_ID;
    let expecting = Settings {
        upstream_chain_id: Some(want),
        ..settings(&proxy.url)
    };
    proxy.set(Mode::ChainId(10));
    let StateError {
        reason, upstream, ..
    } = refusal(expecting.clone()).await;
    assert_eq!(reason, Reason::ChainId { have: 10, want });
    assert_eq!(upstream, proxy.url);
    proxy.set(Mode::Pass);
    let local = Rig::with(config(expecting)).await;
    assert_eq!(local.client.get_chain_id().await.unwrap(), want);
    // The fork may go by another id.
    let renamed = Settings {
        chain_id: Some(777),
        ..settings(&proxy.url)
    };
    let local = Rig::with(config(renamed)).await;
    assert_eq!(local.client.get_chain_id().await.unwrap(), 777);
    assert_eq!(local.node.chain_id(), 777);
    assert!(local.call(ALICE, vec![]).await.status());
}

#[tokio::test]
async fn no_upstream_is_an_error_at_once() {
    let gone = settings("http://127.0.0.1:9");
    let error = refusal(gone).await;
    assert_eq!(error.upstream, "http://127.0.0.1:9");
    assert!(matches!(error.reason, Reason::Connection(_)), "{error}");
    let upstream = Rig::new().await;
    let future = Settings {
        block_number: Some(1_000),
        ..settings(&upstream.node.url())
    };
    let error = refusal(future).await;
    assert_eq!(error.reason, Reason::NoBlock);
    assert!(
        error.to_string().contains("cannot read block 1000 to fork"),
        "{error}"
    );
}

/// A transaction that pays for L1 needs nothing after it ran: what the counters are then, blocks have read.
#[tokio::test]
async fn what_l1_takes_is_counted_without_the_upstream() {
    let upstream = Rig::owner().await;
    let price = U256::from(1_000_000_000);
    upstream.set(setL1PricePerUnitCall { price }).await;
    let proxy = Proxy::before(upstream.node.url()).await;
    let local = Rig::with(config(settings(&proxy.url))).await;
    let request = json!({ "from": DEV, "to": ALICE, "value": "0x1", "gas": "0x7a120" });
    // Reads what running takes.
    local.rpc("eth_estimateGas", json!([request])).await;
    for receiver in [POSTERS, Address::ZERO] {
        local.client.get_balance(receiver).await.unwrap();
    }
    let nonce = local.client.get_transaction_count(DEV);
    let nonce = nonce.await.unwrap();
    proxy.set(Mode::Drop);
    let hash = local.rpc("eth_sendTransaction", json!([request])).await;
    let receipt = local.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["status"], "0x1");
    assert_ne!(receipt["gasUsedForL1"], "0x0");
    let after = local.client.get_transaction_count(DEV);
    assert_eq!(after.await.unwrap(), nonce + 1);
}

/// With all that was before it: blocks, clock, snapshots and what they keep of the pool.
#[tokio::test]
async fn a_reorganisation_that_cannot_read_leaves_everything() {
    let scene = scene().await;
    let rig = &scene.local;
    rig.rpc("evm_setAutomine", json!([false])).await;
    rig.rpc("evm_mine", json!([])).await;
    let payment = json!([{ "from": DEV, "to": DEV, "gas": "0x30d40" }]);
    let hash = rig.rpc("eth_sendTransaction", payment).await;
    let snapshot = rig.rpc("evm_snapshot", json!([])).await;
    rig.rpc("evm_mine", json!([])).await;
    let head = rig
        .rpc("eth_getBlockByNumber", json!(["latest", true]))
        .await;
    assert_eq!(head["transactions"][0]["hash"], hash);

    scene.proxy.set(Mode::Drop);
    let cold = json!({ "from": DEV, "to": ALICE, "gas": "0x30d40" });
    let (code, message) = rig.rpc_error("anvil_reorg", json!([2, [[cold, 0]]])).await;
    assert_eq!(code, -32000);
    assert!(message.contains("cannot read account"), "{message}");
    let after = rig
        .rpc("eth_getBlockByNumber", json!(["latest", true]))
        .await;
    assert_eq!(after, head);
    assert_eq!(rig.rpc("evm_revert", json!([snapshot])).await, json!(true));
    let status = rig.rpc("txpool_status", json!([])).await;
    assert_eq!(status["pending"], "0x1");
}

/// The clock is set, so that nothing else changes between the two.
#[tokio::test]
async fn a_pending_block_without_what_could_not_be_read_is_not_kept() {
    let Scene {
        upstream: _upstream,
        proxy,
        local,
    } = scene().await;
    local.rpc("evm_setAutomine", json!([false])).await;
    let next = time(&local, "latest").await + 1_000;
    local.rpc("evm_setNextBlockTimestamp", json!([next])).await;
    proxy.set(Mode::Drop);
    let tx = json!([{ "from": DEV, "to": ALICE, "value": "0x1", "gas": "0x5208", "nonce": "0x0" }]);
    let hash = local.rpc("eth_sendTransaction", tx).await;
    let pending = async || {
        let params = json!(["pending", false]);
        local.rpc("eth_getBlockByNumber", params).await["transactions"].clone()
    };
    assert_eq!(pending().await, json!([]));
    proxy.set(Mode::Pass);
    assert_eq!(pending().await, json!([hash]));
}

/// An upgrade that the block would make needs state that was not read yet.
#[tokio::test]
async fn a_block_that_cannot_be_mined_keeps_no_time() {
    let upstream = Rig::with(Config {
        arbos_version: 51,
        ..Config::default()
    })
    .await;
    upstream.own().await;
    let now = time(&upstream, "latest").await;
    let timestamp = now + 100_000;
    let upgrade = scheduleArbOSUpgradeCall {
        version: 61,
        timestamp,
    };
    upstream.set(upgrade).await;
    let proxy = Proxy::before(upstream.node.url()).await;
    let local = Rig::with(config(settings(&proxy.url))).await;
    let head = local.rpc("eth_blockNumber", json!([])).await;

    proxy.set(Mode::Drop);
    for (method, params) in [
        ("evm_mine", json!([timestamp])),
        ("evm_mine", json!([{ "timestamp": timestamp, "blocks": 3 }])),
        ("evm_mine_detailed", json!([timestamp])),
    ] {
        let (code, message) = local.rpc_error(method, params).await;
        assert_eq!(code, -32000, "{message}");
        assert!(message.contains("cannot read"), "{message}");
        assert_eq!(local.rpc("eth_blockNumber", json!([])).await, head);
        let next = time(&local, "pending").await;
        assert!((now..timestamp).contains(&next), "{next}");
    }
    local.rpc("evm_mine", json!([])).await;
    assert!((now..timestamp).contains(&time(&local, "latest").await));
    proxy.set(Mode::Pass);
    local.rpc("evm_mine", json!([timestamp])).await;
    assert_eq!(time(&local, "latest").await, timestamp);
}

async fn time(rig: &Rig, block: &str) -> u64 {
    let block = rig.rpc("eth_getBlockByNumber", json!([block, false])).await;
    let time: U256 = serde_json::from_value(block["timestamp"].clone()).unwrap();
    time.to()
}
