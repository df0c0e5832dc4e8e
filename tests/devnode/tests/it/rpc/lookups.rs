//! Transactions, code and storage found by what they are rather than where: the bytes of what was sent,
//! the transaction behind a nonce, the code behind a hash, slots of many accounts at once.

use alloy::{
    eips::Decodable2718,
    primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256},
    providers::Provider,
};
use serde_json::{Value, json};
use stylus_devnode::{Config, config::Mining};

use crate::{
    fork::rig::fork,
    rig::{DEV, PROXY, Rig},
};

const ALICE: Address = Address::repeat_byte(0xa1);
const SENDERS: [Address; 2] = [
    stylus_devnode::TEST_ACCOUNTS[0],
    stylus_devnode::TEST_ACCOUNTS[1],
];

async fn manual() -> Rig {
    let config = Config {
        mining: Mining::Manual,
        ..Config::default()
    };
    Rig::with(config).await
}

async fn pay(rig: &Rig, from: Address, value: u64) -> Value {
    let payment =
        json!([{ "from": from, "to": ALICE, "value": U256::from(value), "gas": "0x5208" }]);
    rig.rpc("eth_sendTransaction", payment).await
}

#[tokio::test]
async fn the_bytes_of_a_transaction_are_found_by_its_place() {
    let rig = manual().await;
    let hashes = [pay(&rig, DEV, 1).await, pay(&rig, SENDERS[0], 2).await];
    rig.rpc("evm_mine", json!([])).await;
    let block = rig.rpc("eth_getBlockByNumber", json!(["0x1", false])).await;
    for (method, id) in [
        ("eth_getRawTransactionByBlockNumberAndIndex", &json!("0x1")),
        ("eth_getRawTransactionByBlockHashAndIndex", &block["hash"]),
    ] {
        for (index, hash) in block["transactions"].as_array().unwrap().iter().enumerate() {
            let raw = rig.rpc(method, json!([id, U256::from(index)])).await;
            let bytes: Bytes = serde_json::from_value(raw.clone()).unwrap();
            assert_eq!(json!(keccak256(&bytes)), *hash, "{method}");
            alloy::consensus::TxEnvelope::decode_2718_exact(&bytes).unwrap();
            assert!(hashes.contains(hash));
            let by_hash = rig.rpc("eth_getRawTransactionByHash", json!([hash])).await;
            assert_eq!(by_hash, raw, "{method}");
        }
        let none = rig.rpc(method, json!([id, "0x2"])).await;
        assert_eq!(none, Value::Null, "{method}");
    }
    for (method, id) in [
        ("eth_getUncleByBlockNumberAndIndex", &json!("0x1")),
        ("eth_getUncleByBlockHashAndIndex", &block["hash"]),
    ] {
        assert_eq!(rig.rpc(method, json!([id, "0x0"])).await, Value::Null);
        rig.rpc_error(method, json!([id])).await;
    }
}

#[tokio::test]
async fn a_transaction_is_found_by_its_sender_and_nonce() {
    let rig = manual().await;
    let find = async |sender: Address, nonce: u64| {
        let params = json!([sender, U256::from(nonce)]);
        rig.rpc("eth_getTransactionBySenderAndNonce", params).await
    };
    let mut sent = Vec::new();
    for round in 0..3 {
        for sender in SENDERS {
            sent.push((sender, round, pay(&rig, sender, round).await));
        }
        rig.rpc("evm_mine", json!([])).await;
    }
    let waiting = pay(&rig, SENDERS[0], 7).await;
    for (sender, nonce, hash) in &sent {
        let found = find(*sender, *nonce).await;
        assert_eq!(&found["hash"], hash);
        let by_hash = rig.rpc("eth_getTransactionByHash", json!([hash])).await;
        assert_eq!(found, by_hash);
        assert_eq!(found["blockNumber"], json!(U256::from(nonce + 1)));
    }
    let found = find(SENDERS[0], 3).await;
    assert_eq!(
        (&found["hash"], &found["blockHash"]),
        (&waiting, &Value::Null)
    );
    assert_eq!(find(SENDERS[1], 3).await, Value::Null);
    assert_eq!(find(ALICE, 0).await, Value::Null);

    // Of two with the same nonce it is the later one.
    rig.rpc("anvil_setNonce", json!([SENDERS[1], "0x0"])).await;
    let again = pay(&rig, SENDERS[1], 99).await;
    assert_eq!(find(SENDERS[1], 0).await["hash"], again);
    rig.rpc("evm_mine", json!([])).await;
    assert_eq!(find(SENDERS[1], 0).await["hash"], again);
    // What was taken back was not sent.
    rig.rpc("anvil_rollback", json!([1])).await;
    assert_eq!(find(SENDERS[1], 0).await["hash"], sent[1].2);
}

/// Nobody asks an upstream by nonce: what it has is refused, and not said to be missing.
#[tokio::test]
async fn a_fork_finds_what_was_sent_on_it() {
    let upstream = Rig::new().await;
    upstream.send(ALICE.into(), vec![], 1).await;
    let there = upstream
        .rpc("eth_getBlockByNumber", json!(["0x1", false]))
        .await;
    let local = fork(&upstream).await;
    let own = local.send(ALICE.into(), vec![], 2).await;
    let method = "eth_getTransactionBySenderAndNonce";
    let found = local.rpc(method, json!([DEV, "0x1"])).await;
    assert_eq!(found["hash"], json!(own.transaction_hash));
    assert_eq!(local.rpc(method, json!([DEV, "0x2"])).await, Value::Null);
    let (_, message) = local.rpc_error(method, json!([DEV, "0x0"])).await;
    assert!(message.contains("was sent before the fork"), "{message}");
    // By its place it is the upstream's.
    for (method, id) in [
        ("eth_getRawTransactionByBlockNumberAndIndex", &json!("0x1")),
        ("eth_getRawTransactionByBlockHashAndIndex", &there["hash"]),
    ] {
        let params = json!([id, "0x0"]);
        let raw = local.rpc(method, params.clone()).await;
        assert!(raw.is_string());
        assert_eq!(raw, upstream.rpc(method, params).await, "{method}");
    }
}

#[tokio::test]
async fn code_is_found_by_its_hash() {
    let rig = Rig::new().await;
    let by_hash = async |hash: B256| rig.rpc("debug_codeByHash", json!([hash])).await;
    let (program, contract) = (rig.program(PROXY).await, rig.deploy(&[0x60, 0x01]).await);
    for address in [program, contract] {
        let code = rig.client.get_code_at(address).await.unwrap();
        assert_eq!(by_hash(keccak256(&code)).await, json!(code));
    }
    // Code that no account has any more is still there.
    let hash = rig.code_hash(contract).await;
    rig.rpc("anvil_setCode", json!([contract, "0x"])).await;
    assert_eq!(by_hash(hash).await, json!("0x6001"));
    for nothing in [KECCAK256_EMPTY, B256::repeat_byte(1)] {
        assert_eq!(by_hash(nothing).await, json!("0x"));
    }
    let later = json!([hash, "0x99"]);
    let (_, message) = rig.rpc_error("debug_codeByHash", later).await;
    assert_eq!(message, "header not found");
}

#[tokio::test]
async fn slots_of_many_accounts_are_one_answer() {
    let rig = Rig::new().await;
    let word = |value: u64| json!(B256::from(U256::from(value)));
    for (address, slot, value) in [(ALICE, 1, 10), (ALICE, 2, 20), (DEV, 1, 30)] {
        let params = json!([address, U256::from(slot), word(value)]);
        rig.rpc("anvil_setStorageAt", params).await;
    }
    rig.rpc("evm_mine", json!([])).await;
    rig.rpc("anvil_setStorageAt", json!([DEV, "0x1", word(31)]))
        .await;
    rig.rpc("evm_mine", json!([])).await;
    let asked = json!({ ALICE.to_string(): ["0x2", "0x1"], DEV.to_string(): ["0x1", word(5)] });
    for (block, dev) in [("0x1", 30), ("latest", 31)] {
        let params = json!([asked, block]);
        let answer = rig.rpc("eth_getStorageValues", params).await;
        let of = |address: Address| &answer[address.to_string().to_lowercase()];
        assert_eq!(*of(ALICE), json!([word(20), word(10)]));
        assert_eq!(*of(DEV), json!([word(dev), word(0)]), "{block}");
        assert_eq!(answer.as_object().unwrap().len(), 2);
    }
    let slots =
        |count: u64| json!([{ ALICE.to_string(): (0..count).map(U256::from).collect::<Vec<_>>() }]);
    rig.rpc("eth_getStorageValues", slots(1_024)).await;
    let (_, message) = rig.rpc_error("eth_getStorageValues", slots(1_025)).await;
    assert!(message.contains("more than 1024 slots"), "{message}");
}
