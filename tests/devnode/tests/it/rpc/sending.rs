//! Sending and signing beside plain `eth_sendRawTransaction`.

use std::time::{Duration, Instant};

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope, transaction::SignerRecoverable},
    eips::{Decodable2718, Encodable2718},
    primitives::{Address, B256, Bytes, Signature, TxKind, U256},
    providers::Provider,
    signers::{SignerSync, local::PrivateKeySigner},
};
use serde_json::{Value, json};
use stylus_devnode::{CHAIN_ID, Config, config::Mining};

use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::rig::{DEV, KEY, Rig, process::until};

const ALICE: Address = Address::repeat_byte(0xa1);

/// A signed transfer of 1 wei from the dev account.
fn transfer(nonce: u64) -> (B256, Bytes) {
    let key: PrivateKeySigner = KEY.parse().unwrap();
    let transfer = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 1_000_000_000,
        to: TxKind::Call(ALICE),
        value: U256::ONE,
        ..Default::default()
    };
    let signature = key.sign_hash_sync(&transfer.signature_hash()).unwrap();
    let tx = TxEnvelope::from(transfer.into_signed(signature));
    (*tx.tx_hash(), tx.encoded_2718().into())
}

async fn with(mining: Mining) -> Rig {
    let config = Config {
        mining,
        ..Config::default()
    };
    Rig::with(config).await
}

#[tokio::test]
async fn sending_can_wait_for_the_receipt() {
    let rig = with(Mining::Auto).await;
    let (hash, raw) = transfer(0);
    let receipt = rig.rpc("eth_sendRawTransactionSync", json!([raw])).await;
    assert_eq!(receipt["transactionHash"], json!(hash));
    assert_eq!(receipt["blockNumber"], json!("0x1"));

    rig.rpc("evm_setIntervalMining", json!([0.3])).await;
    let (_, raw) = transfer(1);
    let receipt = rig.client.send_raw_transaction_sync(&raw).await.unwrap();
    let second = receipt.block_number.unwrap();
    assert!(second >= 2);

    // So does one that the node signs.
    let payment = json!([{ "from": DEV, "to": ALICE, "value": "0x1" }]);
    let receipt = rig.rpc("eth_sendTransactionSync", payment).await;
    let third: U256 = serde_json::from_value(receipt["blockNumber"].clone()).unwrap();
    assert!(third > U256::from(second));
    let stranger = json!([{ "from": ALICE, "to": DEV }]);
    let (_, message) = rig.rpc_error("eth_sendTransactionSync", stranger).await;
    assert_eq!(message, "unknown account");

    rig.rpc("evm_setIntervalMining", json!([0])).await;
    let (hash, raw) = transfer(3);
    let started = Instant::now();
    let answer: Result<Value, _> = rig
        .client
        .raw_request("eth_sendRawTransactionSync".into(), json!([raw, 200]))
        .await;
    let error = answer.unwrap_err().as_error_resp().unwrap().clone();
    assert!(started.elapsed() >= Duration::from_millis(200));
    assert_eq!(error.code, 4);
    let data: B256 = error.try_data_as().unwrap().unwrap();
    assert_eq!(data, hash);
    // It waits in the pool all the same.
    let status = rig.rpc("txpool_status", json!([])).await;
    assert_eq!(status["pending"], json!("0x1"));
}

#[tokio::test]
async fn conditions_must_hold_when_a_transaction_is_mined() {
    let rig = with(Mining::Auto).await;
    let slot = U256::from(7);
    let set = |value: u64| {
        let params = json!([ALICE, slot, B256::from(U256::from(value))]);
        rig.rpc("anvil_setStorageAt", params)
    };
    set(5).await;
    let (_, raw) = transfer(0);
    let proof = rig.rpc("eth_getProof", json!([ALICE, [], "latest"])).await;
    let root = &proof["storageHash"];
    for (conditions, reason) in [
        (
            json!({ "knownAccounts": { ALICE.to_string(): { slot.to_string(): "0x6" } } }),
            "storage slot 7 of",
        ),
        (
            json!({ "knownAccounts": { ALICE.to_string(): B256::ZERO } }),
            "storage root of",
        ),
        (json!({ "timestampMax": "0x5" }), "timestamp "),
        (
            json!({ "blockNumberMin": "0x1" }),
            "block number 0 is not within 1..=",
        ),
    ] {
        let (code, message) = rig
            .rpc_error(
                "eth_sendRawTransactionConditional",
                json!([raw, conditions]),
            )
            .await;
        assert_eq!(code, -32003, "{message}");
        assert!(
            message.starts_with(&format!("condition not met: {reason}")),
            "{message}"
        );
    }
    let many: serde_json::Map<_, _> = (0..1_001)
        .map(|slot: u64| (U256::from(slot).to_string(), json!("0x0")))
        .collect();
    let conditions = json!({ "knownAccounts": { ALICE.to_string(): many } });
    let (code, _) = rig
        .rpc_error(
            "eth_sendRawTransactionConditional",
            json!([raw, conditions]),
        )
        .await;
    assert_eq!(code, -32005);
    let conditions = json!({
        "knownAccounts": { ALICE.to_string(): root, DEV.to_string(): { "0x0": "0x0" } },
        "timestampMin": "0x5",
        "blockNumberMax": "0x0",
    });
    rig.rpc(
        "eth_sendRawTransactionConditional",
        json!([raw, conditions]),
    )
    .await;
    assert_eq!(rig.client.get_transaction_count(DEV).await.unwrap(), 1);

    // What holds when it is sent must still hold when its block is made.
    rig.rpc("evm_setAutomine", json!([false])).await;
    let (hash, raw) = transfer(1);
    let conditions = json!({ "knownAccounts": { ALICE.to_string(): { slot.to_string(): "0x5" } } });
    rig.rpc(
        "eth_sendRawTransactionConditional",
        json!([raw, conditions]),
    )
    .await;
    set(6).await;
    rig.rpc("evm_mine", json!([])).await;
    let gone = rig.rpc("eth_getTransactionByHash", json!([hash])).await;
    assert_eq!(gone, Value::Null);
    assert_eq!(rig.client.get_transaction_count(DEV).await.unwrap(), 1);
}

#[tokio::test]
async fn the_node_signs_for_its_accounts() {
    let rig = with(Mining::Auto).await;
    let account = stylus_devnode::TEST_ACCOUNTS[3];
    let message = b"some words".as_slice();
    let data = Bytes::from(message);
    for (method, params) in [
        ("eth_sign", json!([account, data])),
        ("personal_sign", json!([data, account])),
    ] {
        let signature: Signature = rig
            .rpc(method, params)
            .await
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let signer = signature.recover_address_from_msg(message).unwrap();
        assert_eq!(signer, account, "{method}");
    }
    let (code, reason) = rig.rpc_error("eth_sign", json!([ALICE, data])).await;
    assert_eq!((code, reason.as_str()), (-32000, "unknown account"));

    let request = json!([{ "from": account, "to": ALICE, "value": "0x9" }]);
    let raw = rig.rpc("eth_signTransaction", request.clone()).await;
    let bytes: Bytes = serde_json::from_value(raw.clone()).unwrap();
    let tx = TxEnvelope::decode_2718_exact(&bytes).unwrap();
    assert_eq!(tx.recover_signer().unwrap(), account);
    let hash = rig.rpc("eth_sendRawTransaction", json!([raw])).await;
    assert_eq!(hash, json!(tx.tx_hash()));
    assert_eq!(rig.client.get_balance(ALICE).await.unwrap(), U256::from(9));

    // What it sends for them is signed as well.
    let hash = rig.rpc("eth_sendTransaction", request.clone()).await;
    let raw = rig.rpc("eth_getRawTransactionByHash", json!([hash])).await;
    let bytes: Bytes = serde_json::from_value(raw).unwrap();
    let tx = TxEnvelope::decode_2718_exact(&bytes).unwrap();
    assert_eq!(tx.recover_signer().unwrap(), account);

    let filled = rig.rpc("eth_fillTransaction", request).await;
    let tx = &filled["tx"];
    assert_eq!(
        (&tx["nonce"], &tx["gas"], &tx["from"], &tx["chainId"]),
        (
            &json!("0x2"),
            &json!("0x5208"),
            &json!(account),
            &json!(U256::from(CHAIN_ID))
        )
    );
    assert_eq!(rig.client.get_transaction_count(account).await.unwrap(), 2);
}

#[tokio::test]
async fn anyone_can_be_made_to_send() {
    let rig = with(Mining::Auto).await;
    rig.rpc("anvil_setBalance", json!([ALICE, "0xde0b6b3a7640000"]))
        .await;
    let request = json!([{ "from": ALICE, "to": DEV, "value": "0x5" }]);
    let hash = rig.rpc("eth_sendUnsignedTransaction", request).await;
    let receipt = rig.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(
        (&receipt["status"], &receipt["from"]),
        (&json!("0x1"), &json!(ALICE))
    );
}

/// Two requests without a nonce that arrive together get two nonces.
#[tokio::test]
async fn nonces_are_given_one_by_one() {
    let rig = with(Mining::Auto).await;
    let sends = (0..20).map(|_| {
        let request = json!([{ "from": DEV, "to": ALICE, "value": "0x1" }]);
        rig.rpc("eth_sendTransaction", request)
    });
    futures::future::join_all(sends).await;
    assert_eq!(rig.client.get_transaction_count(DEV).await.unwrap(), 20);
}

/// Nobody hears that its predecessor never came, and it may be sent again.
#[tokio::test]
async fn a_transaction_is_given_up_without_its_client() {
    let rig = with(Mining::Auto).await;
    let (_, tx) = transfer(1);
    let body =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": [tx] });
    let body = body.to_string();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut client = TcpStream::connect(rig.node.address()).await.unwrap();
    client.write_all(request.as_bytes()).await.unwrap();
    let queued = async || rig.rpc("txpool_status", json!([])).await["queued"].clone();
    until("it waits", async || queued().await == "0x1").await;
    drop(client);
    until("it is given up", async || queued().await == "0x0").await;
}
