//! The pool: what waits, what replaces what, and what is taken out.

use std::time::{Duration, Instant};

use alloy::primitives::{Address, B256, U256};
use alloy::providers::Provider;
use serde_json::{Value, json};
use stylus_devnode::{Config, config::Mining};

use crate::rig::{DEV, Rig};

const ALICE: Address = Address::repeat_byte(0xa1);
const BOB: Address = stylus_devnode::TEST_ACCOUNTS[1];

async fn manual() -> Rig {
    let config = Config {
        mining: Mining::Manual,
        ..Config::default()
    };
    Rig::with(config).await
}

fn payment(from: Address, nonce: u64, gwei: u64) -> Value {
    let price = U256::from(gwei) * U256::from(1_000_000_000);
    json!([{
        "from": from, "to": ALICE, "value": "0x1", "gas": "0x5208",
        "nonce": U256::from(nonce), "maxFeePerGas": price, "maxPriorityFeePerGas": "0x0",
    }])
}

async fn pay(rig: &Rig, from: Address, nonce: u64, gwei: u64) -> B256 {
    let hash = rig.rpc("eth_sendTransaction", payment(from, nonce, gwei));
    serde_json::from_value(hash.await).unwrap()
}

async fn status(rig: &Rig) -> (Value, Value) {
    let status = rig.rpc("txpool_status", json!([])).await;
    (status["pending"].clone(), status["queued"].clone())
}

fn parts(pending: u64, queued: u64) -> (Value, Value) {
    (json!(U256::from(pending)), json!(U256::from(queued)))
}

#[tokio::test]
async fn what_offers_more_replaces_what_has_its_nonce() {
    let rig = manual().await;
    let first = pay(&rig, DEV, 0, 2).await;
    for (gwei, reason) in [
        (2, "already known"),
        (1, "replacement transaction underpriced"),
    ] {
        let (code, message) = rig
            .rpc_error("eth_sendTransaction", payment(DEV, 0, gwei))
            .await;
        assert_eq!((code, message.as_str()), (-32000, reason));
    }
    let second = pay(&rig, DEV, 0, 3).await;
    let gone = rig.rpc("eth_getTransactionByHash", json!([first])).await;
    assert_eq!(gone, Value::Null);
    rig.rpc("evm_mine", json!([])).await;
    let receipt = rig.client.get_transaction_receipt(second).await.unwrap();
    assert!(receipt.unwrap().status());
    let (_, message) = rig
        .rpc_error("eth_sendTransaction", payment(DEV, 0, 9))
        .await;
    assert!(message.starts_with("nonce too low: "), "{message}");
}

#[tokio::test]
async fn what_lacks_a_predecessor_is_queued() {
    let rig = manual().await;
    pay(&rig, DEV, 0, 1).await;
    let queued = pay(&rig, DEV, 2, 1).await;
    pay(&rig, BOB, 1, 1).await;
    assert_eq!(status(&rig).await, parts(1, 2));
    let content = rig.rpc("txpool_content", json!([])).await;
    let sender = format!("{DEV:#x}");
    assert_eq!(content["queued"][&sender]["2"]["hash"], json!(queued));
    assert_eq!(content["pending"][&sender]["0"]["blockHash"], Value::Null);
    let from = rig.rpc("txpool_contentFrom", json!([DEV])).await;
    assert_eq!(from["queued"]["2"]["hash"], json!(queued));
    let inspect = rig.rpc("txpool_inspect", json!([])).await;
    assert_eq!(
        inspect["pending"][&sender]["0"],
        json!(format!("{ALICE}: 1 wei + 21000 gas × 1000000000 wei"))
    );
    // Only what can be mined is.
    rig.rpc("evm_mine", json!([])).await;
    assert_eq!(status(&rig).await, parts(0, 2));
    pay(&rig, DEV, 1, 1).await;
    assert_eq!(status(&rig).await, parts(2, 1));
    rig.rpc("evm_mine", json!([])).await;
    assert_eq!(rig.client.get_transaction_count(DEV).await.unwrap(), 3);
    assert_eq!(status(&rig).await, parts(0, 1));
}

#[tokio::test]
async fn transactions_can_be_taken_out() {
    let rig = manual().await;
    let hash = pay(&rig, DEV, 0, 1).await;
    pay(&rig, BOB, 0, 1).await;
    pay(&rig, BOB, 1, 1).await;
    let drop = rig.rpc("anvil_dropTransaction", json!([hash]));
    assert_eq!(drop.await, json!(hash));
    let again = rig.rpc("anvil_dropTransaction", json!([hash]));
    assert_eq!(again.await, Value::Null);
    assert_eq!(status(&rig).await, parts(2, 0));
    // Hardhat's answer is whether it was there.
    let hash = pay(&rig, DEV, 0, 2).await;
    for was_there in [true, false] {
        let drop = rig.rpc("hardhat_dropTransaction", json!([hash]));
        assert_eq!(drop.await, json!(was_there));
    }
    assert_eq!(status(&rig).await, parts(2, 0));
    rig.rpc("anvil_removePoolTransactions", json!([BOB])).await;
    assert_eq!(status(&rig).await, parts(0, 0));
    pay(&rig, DEV, 0, 1).await;
    rig.rpc("anvil_dropAllTransactions", json!([])).await;
    rig.rpc("evm_mine", json!([])).await;
    assert_eq!(rig.client.get_transaction_count(DEV).await.unwrap(), 0);
}

#[tokio::test]
async fn what_became_invalid_is_dropped_and_hinders_nobody() {
    let rig = manual().await;
    let poor = pay(&rig, DEV, 0, 1).await;
    let stale = pay(&rig, BOB, 0, 1).await;
    let good = pay(&rig, BOB, 1, 1).await;
    rig.rpc("anvil_setBalance", json!([DEV, "0x1"])).await;
    rig.rpc("anvil_setNonce", json!([BOB, "0x1"])).await;
    rig.rpc("evm_mine", json!([])).await;
    let block = rig.client.get_block_by_number(1.into()).await;
    let mined: Vec<_> = block.unwrap().unwrap().transactions.hashes().collect();
    assert_eq!(mined, [good]);
    assert_eq!(status(&rig).await, parts(0, 0));
    for hash in [poor, stale] {
        let gone = rig.rpc("eth_getTransactionByHash", json!([hash])).await;
        assert_eq!(gone, Value::Null);
    }
}

#[tokio::test]
async fn what_can_never_run_does_not_enter() {
    let rig = manual().await;
    for (change, reason) in [
        (
            json!({ "gas": "0x5207" }),
            "intrinsic gas too low: have 20999, want 21000",
        ),
        (
            json!({ "value": "0xffffffffffffffffffffffff" }),
            "insufficient funds",
        ),
        (
            json!({ "maxFeePerGas": "0x1" }),
            "max fee per gas less than block base fee",
        ),
    ] {
        let mut tx = payment(DEV, 0, 1);
        let fields = tx[0].as_object_mut().unwrap();
        fields.extend(change.as_object().unwrap().clone());
        let (_, message) = rig.rpc_error("eth_sendTransaction", tx).await;
        assert!(message.starts_with(reason), "{message}");
    }
    assert_eq!(status(&rig).await, parts(0, 0));
}

#[tokio::test]
async fn snapshots_bring_the_pool_back() {
    let rig = manual().await;
    let hash = pay(&rig, DEV, 0, 1).await;
    let id = rig.rpc("evm_snapshot", json!([])).await;
    pay(&rig, DEV, 1, 1).await;
    rig.rpc("evm_mine", json!([])).await;
    assert_eq!(status(&rig).await, parts(0, 0));
    assert_eq!(rig.rpc("evm_revert", json!([id])).await, json!(true));
    assert_eq!(status(&rig).await, parts(1, 0));
    rig.rpc("evm_mine", json!([])).await;
    let receipt = rig.client.get_transaction_receipt(hash).await.unwrap();
    assert_eq!(receipt.unwrap().block_number, Some(1));
}

#[tokio::test]
async fn with_automatic_mining_a_gap_is_an_error_after_a_second() {
    let rig = Rig::new().await;
    let started = Instant::now();
    let (_, message) = rig
        .rpc_error("eth_sendTransaction", payment(DEV, 3, 1))
        .await;
    assert_eq!(
        message,
        format!("nonce too high: address {DEV}, tx: 3 state: 0")
    );
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(status(&rig).await, parts(0, 0));
}

/// The snapshot is taken while the sender still waits.
#[tokio::test]
async fn what_was_refused_does_not_come_back() {
    let rig = Rig::new().await;
    let snapshot = async {
        while status(&rig).await != parts(0, 1) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let dump = rig.rpc("anvil_dumpState", json!([])).await;
        (rig.rpc("evm_snapshot", json!([])).await, dump)
    };
    let refused = rig.rpc_error("eth_sendTransaction", payment(DEV, 1, 1));
    let ((id, dump), (_, message)) = tokio::join!(snapshot, refused);
    assert!(message.starts_with("nonce too high: "), "{message}");
    assert_eq!(rig.rpc("evm_revert", json!([id])).await, json!(true));
    assert_eq!(status(&rig).await, parts(0, 0));
    rig.rpc("anvil_loadState", json!([dump])).await;
    assert_eq!(status(&rig).await, parts(0, 0));
}

/// Through all that can happen to a transaction after a snapshot.
#[tokio::test]
async fn going_back_restores_what_was_there_in_its_order() {
    let rig = manual().await;
    let mined = pay(&rig, DEV, 0, 1).await;
    let replaced = pay(&rig, DEV, 1, 1).await;
    let dropped = pay(&rig, BOB, 0, 1).await;
    let stays = pay(&rig, BOB, 1, 1).await;
    let early = rig.rpc("evm_snapshot", json!([])).await;
    rig.rpc("anvil_dropTransaction", json!([dropped])).await;
    pay(&rig, DEV, 1, 2).await;
    let late = rig.rpc("evm_snapshot", json!([])).await;
    rig.rpc("evm_mine", json!([])).await;
    rig.rpc("anvil_dropAllTransactions", json!([])).await;
    pay(&rig, BOB, 0, 5).await;
    rig.rpc("anvil_rollback", json!([1])).await;
    assert_eq!(rig.rpc("evm_revert", json!([late])).await, json!(true));
    assert_eq!(status(&rig).await, parts(2, 1));
    assert_eq!(rig.rpc("evm_revert", json!([early])).await, json!(true));
    assert_eq!(status(&rig).await, parts(4, 0));
    rig.rpc("evm_mine", json!([])).await;
    let block = rig.client.get_block_by_number(1.into()).await;
    let hashes: Vec<_> = block.unwrap().unwrap().transactions.hashes().collect();
    assert_eq!(hashes, [mined, replaced, dropped, stays]);
}

/// Test suites take a snapshot before each test.
#[tokio::test]
async fn thousands_of_snapshots_can_be_gone_back_to() {
    let rig = manual().await;
    for nonce in 0..20 {
        pay(&rig, DEV, nonce, 1).await;
    }
    let first = rig.rpc("evm_snapshot", json!([])).await;
    rig.rpc("evm_mine", json!([])).await;
    for _ in 0..2_000 {
        rig.rpc("evm_snapshot", json!([])).await;
    }
    assert_eq!(rig.rpc("evm_revert", json!([first])).await, json!(true));
    assert_eq!(status(&rig).await, parts(20, 0));
}

/// The usual order of test helpers: impersonate, send, stop impersonating; the block comes later.
#[tokio::test]
async fn a_contract_that_was_impersonated_when_it_sent_is_mined() {
    let rig = Rig::new().await;
    let contract = rig.deploy(&[0x00]).await;
    rig.rpc("anvil_setBalance", json!([contract, "0xde0b6b3a7640000"]))
        .await;
    rig.rpc("evm_setAutomine", json!([false])).await;
    rig.rpc("anvil_impersonateAccount", json!([contract])).await;
    let tx = json!([{ "from": contract, "to": DEV, "gas": "0x5208" }]);
    let hash = rig.rpc("eth_sendTransaction", tx.clone()).await;
    rig.rpc("anvil_stopImpersonatingAccount", json!([contract]))
        .await;
    rig.rpc("anvil_mine", json!([])).await;
    let receipt = rig.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["status"], json!("0x1"));
    let (_, message) = rig.rpc_error("eth_sendTransaction", tx).await;
    assert_eq!(message, "unknown account");
}

/// As wallets do, the node leaves room for a base fee that rises; only the base fee is paid.
#[tokio::test]
async fn a_fee_that_was_filled_in_outlives_a_rise() {
    let rig = manual().await;
    let payment = json!([{ "from": DEV, "to": ALICE, "value": "0x1" }]);
    let hash = rig.rpc("eth_sendTransaction", payment).await;
    let risen = u64::try_from(rig.client.get_gas_price().await.unwrap()).unwrap() * 3 / 2;
    let fee = json!([U256::from(risen)]);
    rig.rpc("anvil_setNextBlockBaseFeePerGas", fee).await;
    rig.rpc("evm_mine", json!([])).await;
    let receipt = rig.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["effectiveGasPrice"], json!(U256::from(risen)));
}
