//! Nobody waits for what another client reads of a slow upstream, and what is attempted again
//! happens once.

use std::time::Duration;

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    providers::Provider,
};
use serde_json::{Value, json};
use stylus_devnode::{Config, TEST_ACCOUNTS, fork::Settings};

use super::{
    proxy::{Mode, Proxy},
    rig::{config, set_slot, settings, slot},
};
use crate::rig::{DEV, Rig, socket::Socket};

const ALICE: Address = Address::repeat_byte(0xa1);
const BOB: Address = Address::repeat_byte(0xb0);
const TOKEN: Address = Address::repeat_byte(0xc0);

/// Stores the sum of slots 1 to 3 in slot 0.
const STORE: &str = "0x60035460025460015401015f55";
/// Returns the sum of slots 1 to 3.
const SUM: &str = "0x600354600254600154010160005260206000f3";
/// Returns slot 7.
const BALANCE: &str = "0x60075460005260206000f3";

struct Scene {
    upstream: Rig,
    proxy: Proxy,
    local: Rig,
}

/// A fork through a proxy. Slot `n` of Alice and Bob holds `n + 100`, of which nothing was read, while
/// whatever simple transactions need was.
async fn scene() -> Scene {
    let upstream = Rig::new().await;
    for (address, code) in [(ALICE, STORE), (BOB, SUM), (TOKEN, BALANCE)] {
        upstream.rpc("anvil_setCode", json!([address, code])).await;
        for number in 0..10 {
            set_slot(&upstream, address, number, number + 100).await;
        }
    }
    upstream.rpc("evm_mine", json!([])).await;
    let proxy = Proxy::before(upstream.node.url()).await;
    let patient = Settings {
        timeout: Duration::from_secs(20),
        ..settings(&proxy.url)
    };
    let local = Rig::with(config(patient)).await;
    local.send(DEV.into(), vec![], 0).await;
    Scene {
        upstream,
        proxy,
        local,
    }
}

fn request(from: Address, to: Address) -> Value {
    json!([{ "from": from, "to": to, "gas": "0x30d40" }])
}

impl Scene {
    async fn head(&self) -> u64 {
        self.local.client.get_block_number().await.unwrap()
    }
}

#[tokio::test]
async fn a_slow_read_holds_up_nobody_else() {
    const READS: usize = 4;

    let scene = scene().await;
    let local = &scene.local;
    let (gate, asked) = (scene.proxy.hold(), scene.proxy.requests());
    let slow = async {
        let params = request(TEST_ACCOUNTS[0], ALICE);
        let hash = local.rpc("eth_sendTransaction", params).await;
        local.rpc("eth_getTransactionReceipt", json!([hash])).await
    };
    let look = async {
        let sum = local.view(BOB, vec![]).await;
        assert_eq!(U256::from_be_slice(&sum), U256::from(306));
    };
    // Account and three slots, one after the other: at each of them others are answered before it is.
    let others = async {
        for read in 1..=READS {
            scene.proxy.asked(asked + read).await;
            scene.head().await;
            let receipt = local.send(DEV.into(), vec![], 0).await;
            assert!(receipt.status());
            gate.add_permits(1);
        }
        gate.close();
    };
    let before = scene.head().await;
    let (receipt, (), ()) = tokio::join!(slow, look, others);
    assert_eq!(receipt["status"], json!("0x1"));
    assert_eq!(scene.head().await, before + READS as u64 + 1);
    assert_eq!(slot(local, ALICE, 0).await, U256::from(306));
}

#[tokio::test]
async fn a_fork_is_left_for_another_while_others_go_on() {
    let scene = scene().await;
    let local = &scene.local;
    let (gate, asked) = (scene.proxy.hold(), scene.proxy.requests());
    let forking = json!([{ "forking": { "blockNumber": 0 } }]);
    let reset = local.rpc("anvil_reset", forking);
    let others = async {
        scene.proxy.asked(asked + 1).await;
        assert!(local.send(DEV.into(), vec![], 0).await.status());
        assert_eq!(scene.head().await, 3);
        gate.close();
    };
    tokio::join!(reset, others);
    assert_eq!(scene.head().await, 0);
}

#[tokio::test]
async fn what_is_attempted_again_happens_once() {
    let scene = scene().await;
    let local = &scene.local;
    let before = scene.head().await;
    let requests = scene.proxy.requests();
    let params = request(TEST_ACCOUNTS[0], ALICE);
    let hash = local.rpc("eth_sendTransaction", params).await;
    // The account, and three slots and the one that is written; each is asked for once.
    assert_eq!(scene.proxy.requests() - requests, 5);
    let receipt = local.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(
        (&receipt["status"], &receipt["transactionIndex"]),
        (&json!("0x1"), &json!("0x0"))
    );
    assert_eq!(scene.head().await, before + 1);
    let nonce = local.client.get_transaction_count(TEST_ACCOUNTS[0]);
    assert_eq!(nonce.await.unwrap(), 1);
    // The upstream's contract, here and there, costs the same.
    let there = request(TEST_ACCOUNTS[0], ALICE);
    let hash = scene.upstream.rpc("eth_sendTransaction", there).await;
    let there = scene
        .upstream
        .rpc("eth_getTransactionReceipt", json!([hash]));
    assert_eq!(there.await["gasUsed"], receipt["gasUsed"]);
}

#[tokio::test]
async fn blocks_on_request_are_as_many_as_asked_for() {
    let scene = scene().await;
    let local = &scene.local;
    local.rpc("evm_setAutomine", json!([false])).await;
    let mut hashes = Vec::new();
    for (from, to) in [
        (TEST_ACCOUNTS[0], ALICE),
        (TEST_ACCOUNTS[1], DEV),
        (TEST_ACCOUNTS[0], TOKEN),
        (TEST_ACCOUNTS[2], BOB),
    ] {
        let params = request(from, to);
        hashes.push(local.rpc("eth_sendTransaction", params).await);
    }
    let before = scene.head().await;
    let blocks = local
        .rpc("evm_mine_detailed", json!([{ "blocks": 3 }]))
        .await;
    let blocks = blocks.as_array().unwrap();
    let mined: Vec<_> = blocks
        .iter()
        .map(|block| block["transactions"].as_array().unwrap().len())
        .collect();
    assert_eq!(mined, [4, 0, 0]);
    assert_eq!(scene.head().await, before + 3);
    let order = blocks[0]["transactions"].as_array().unwrap().iter();
    let order: Vec<_> = order.map(|tx| tx["hash"].clone()).collect();
    assert_eq!(order, hashes);
    assert_eq!(slot(local, ALICE, 0).await, U256::from(306));
    let status = local.rpc("txpool_status", json!([])).await;
    assert_eq!(status, json!({ "pending": "0x0", "queued": "0x0" }));
}

#[tokio::test]
async fn what_cannot_be_read_stays_in_the_pool_and_the_rest_is_mined() {
    let scene = scene().await;
    let local = &scene.local;
    local.rpc("evm_setAutomine", json!([false])).await;
    let stuck = request(TEST_ACCOUNTS[0], ALICE);
    let stuck = local.rpc("eth_sendTransaction", stuck).await;
    let plain = request(TEST_ACCOUNTS[1], DEV);
    let plain = local.rpc("eth_sendTransaction", plain).await;
    scene.proxy.set(Mode::Refuse(-32000, "not today"));
    local.rpc("anvil_mine", json!([])).await;
    let receipt = async |hash: &Value| {
        let params = json!([hash]);
        local.rpc("eth_getTransactionReceipt", params).await["status"].clone()
    };
    assert_eq!(receipt(&plain).await, json!("0x1"));
    assert_eq!(
        local.rpc("txpool_status", json!([])).await["pending"],
        json!("0x1")
    );
    scene.proxy.set(Mode::Pass);
    local.rpc("anvil_mine", json!([])).await;
    assert_eq!(receipt(&stuck).await, json!("0x1"));
}

/// However long it takes: what came after it does not give up.
#[tokio::test]
async fn a_predecessor_that_waits_for_the_upstream_is_waited_for() {
    let scene = scene().await;
    let local = &scene.local;
    let before = scene.head().await;
    let (gate, asked) = (scene.proxy.hold(), scene.proxy.requests());
    let send = async |nonce: u64, to: Address| {
        let from = TEST_ACCOUNTS[0];
        let tx = json!([{ "from": from, "to": to, "gas": "0x30d40", "nonce": U256::from(nonce) }]);
        local.rpc("eth_sendTransaction", tx).await
    };
    let hold = async {
        scene.proxy.asked(asked + 1).await;
        // Of the account's nonce, which the later one needs too.
        gate.add_permits(1);
        scene.proxy.asked(asked + 2).await;
        // Longer than a gap is waited for.
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        gate.close();
    };
    let early = send(0, ALICE);
    let late = async {
        scene.proxy.asked(asked + 2).await;
        send(1, DEV).await
    };
    let (early, late, ()) = tokio::join!(early, late, hold);
    for (hash, number) in [(early, before + 1), (late, before + 2)] {
        let receipt = local.rpc("eth_getTransactionReceipt", json!([hash])).await;
        assert_eq!(receipt["status"], json!("0x1"));
        assert_eq!(receipt["blockNumber"], json!(U256::from(number)));
    }
}

/// A transaction that came too early needs state, and so do the new blocks of a reorganisation.
#[tokio::test]
async fn waiting_and_reorganised_transactions_are_mined_once() {
    let scene = scene().await;
    let local = &scene.local;
    let before = scene.head().await;
    let send = async |nonce: u64, to: Address| {
        let from = TEST_ACCOUNTS[0];
        let tx = json!([{ "from": from, "to": to, "gas": "0x30d40", "nonce": U256::from(nonce) }]);
        local.rpc("eth_sendTransaction", tx).await
    };
    let (late, _) = tokio::join!(send(1, ALICE), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        send(0, DEV).await
    });
    assert_eq!(scene.head().await, before + 2);
    let receipt = local.rpc("eth_getTransactionReceipt", json!([late])).await;
    assert_eq!(receipt["status"], json!("0x1"));
    assert_eq!(slot(local, ALICE, 0).await, U256::from(306));

    let cold = json!({ "from": TEST_ACCOUNTS[3], "to": BOB, "gas": "0x30d40" });
    local.rpc("anvil_reorg", json!([2, [[cold, 1]]])).await;
    assert_eq!(scene.head().await, before + 2);
    let block = local
        .rpc("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    assert_eq!(block["transactions"].as_array().unwrap().len(), 1);
    // What was replaced has left nothing.
    assert_eq!(slot(local, ALICE, 0).await, U256::from(100));
    let nonce = local.client.get_transaction_count(TEST_ACCOUNTS[0]);
    assert_eq!(nonce.await.unwrap(), 0);
}

#[tokio::test]
async fn a_token_is_given_though_nothing_of_it_was_read() {
    let scene = scene().await;
    let local = &scene.local;
    let deal = json!([ALICE, TOKEN, "0x2a"]);
    local.rpc("anvil_dealERC20", deal).await;
    assert_eq!(slot(local, TOKEN, 7).await, U256::from(42));
    let balance: Bytes = local.view(TOKEN, vec![]).await;
    assert_eq!(balance, Bytes::from(B256::from(U256::from(42)).to_vec()));
    assert_eq!(slot(local, TOKEN, 6).await, U256::from(106));
}

/// More requests wait than there are threads, and whoever needs nothing is answered at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_that_wait_leave_a_thread_for_others() {
    const READERS: u64 = 600;

    let scene = scene().await;
    let (gate, asked) = (scene.proxy.hold(), scene.proxy.requests());
    let mut socket = Socket::new(&scene.local).await;
    for id in 0..READERS {
        let address = Address::from_word(B256::from(U256::from(0xa_0000 + id)));
        let request = json!({
            "jsonrpc": "2.0", "id": id, "method": "eth_getBalance", "params": [address, "latest"],
        });
        socket.write(&request).await;
    }
    scene.proxy.asked(asked + 200).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    scene.head().await;
    assert!(scene.local.send(DEV.into(), vec![], 0).await.status());
    gate.close();
    let mut answered: Vec<_> = Vec::new();
    for _ in 0..READERS {
        let answer = socket.read().await;
        assert_eq!(answer["result"], json!("0x0"), "{answer}");
        answered.push(answer["id"].as_u64().unwrap());
    }
    answered.sort_unstable();
    assert!(answered.into_iter().eq(0..READERS));
}

/// Hashes much, reads the next slot, and so on: each attempt takes longer than the one before it.
#[tokio::test]
async fn the_attempts_of_a_call_share_one_deadline() {
    const READER: &str = "0x5f5b6103e85b6110005f205060019003806005575080545060010160015600";

    let upstream = Rig::new().await;
    upstream.rpc("anvil_setCode", json!([ALICE, READER])).await;
    upstream.rpc("evm_mine", json!([])).await;
    let local = Rig::with(Config {
        call_timeout: Duration::from_secs(3),
        ..config(settings(&upstream.node.url()))
    })
    .await;
    let params = json!([{ "from": DEV, "to": ALICE }, "latest"]);
    let (_, message) = local.rpc_error("eth_call", params).await;
    assert_eq!(message, "execution aborted (timeout = 3s)");
}
