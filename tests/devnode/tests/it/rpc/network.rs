//! What a node says of itself, its network and its prices, and what it counts.

use alloy::{
    primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256},
    providers::Provider,
};
use serde_json::{Value, json};
use stylus_devnode::{Config, config::Mining};

use crate::rig::{DEV, Rig};

const CONTRACT: Address = Address::repeat_byte(0xc0);
const NOBODY: Address = Address::repeat_byte(0x0b);

/// The sequencer, as every Arbitrum chain names it.
const SEQUENCER: &str = "0xa4b000000000000000000073657175656e636572";

#[tokio::test]
async fn a_node_of_one_says_so() {
    let rig = Rig::new().await;
    let version = concat!("stylus-devnode/v", env!("CARGO_PKG_VERSION"));
    for (method, answer) in [
        ("net_version", json!("412346")),
        ("eth_chainId", json!("0x64aba")),
        ("net_listening", json!(true)),
        ("net_peerCount", json!("0x0")),
        ("eth_syncing", json!(false)),
        ("eth_mining", json!(false)),
        ("eth_hashrate", json!("0x0")),
        ("eth_protocolVersion", json!("0x41")),
        ("eth_coinbase", json!(SEQUENCER)),
        ("web3_clientVersion", json!(version)),
    ] {
        assert_eq!(rig.rpc(method, json!([])).await, answer, "{method}");
    }
    let genesis = rig.rpc("eth_getBlockByNumber", json!(["0x0", false])).await;
    let time = rig.rpc("anvil_getGenesisTime", json!([])).await;
    assert_eq!(
        json!(U256::from(time.as_u64().unwrap())),
        genesis["timestamp"]
    );
    let hash = rig.rpc("web3_sha3", json!(["0x68656c6c6f"])).await;
    assert_eq!(hash, json!(keccak256("hello")));
}

/// A price asked for is the one that a transaction pays; there are neither tips nor blobs.
#[tokio::test]
async fn prices_are_what_a_transaction_pays() {
    let rig = Rig::new().await;
    let fee = json!(["0x12a05f200"]);
    rig.rpc("anvil_setNextBlockBaseFeePerGas", fee.clone())
        .await;
    let price = rig.rpc("eth_gasPrice", json!([])).await;
    assert_eq!(price, fee[0]);
    let payment = json!([{ "from": DEV, "to": NOBODY, "value": "0x1" }]);
    let hash = rig.rpc("eth_sendTransaction", payment).await;
    let receipt = rig.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["effectiveGasPrice"], price);
    for method in ["eth_maxPriorityFeePerGas", "eth_blobBaseFee"] {
        assert_eq!(rig.rpc(method, json!([])).await, json!("0x0"), "{method}");
    }
}

#[tokio::test]
async fn an_account_is_told_whole_and_in_parts() {
    let rig = Rig::new().await;
    let code = Bytes::from_static(&[0x60, 0x01]);
    rig.rpc("anvil_setCode", json!([CONTRACT, code])).await;
    rig.rpc("anvil_setBalance", json!([CONTRACT, "0x64"])).await;
    rig.rpc("evm_mine", json!([])).await;
    rig.rpc("anvil_setNonce", json!([CONTRACT, "0x9"])).await;
    rig.rpc("evm_mine", json!([])).await;

    let told = |method, block| rig.rpc(method, json!([CONTRACT, block]));
    assert_eq!(told("eth_getCode", "latest").await, json!(code));
    assert_eq!(told("eth_getCode", "earliest").await, json!("0x"));
    for (block, nonce) in [("latest", "0x9"), ("0x1", "0x0")] {
        let info = json!({ "balance": "0x64", "nonce": nonce, "code": code });
        assert_eq!(told("eth_getAccountInfo", block).await, info, "{block}");
        let proof = rig.rpc("eth_getProof", json!([CONTRACT, [], block])).await;
        let account = json!({
            "balance": "0x64",
            "nonce": nonce,
            "codeHash": keccak256(&code),
            "storageRoot": proof["storageHash"],
        });
        assert_eq!(told("eth_getAccount", block).await, account, "{block}");
    }
    // One that does not exist has no account, but the information of an empty one.
    let nobody = json!([NOBODY, "latest"]);
    assert_eq!(rig.rpc("eth_getAccount", nobody.clone()).await, Value::Null);
    let empty = json!({ "balance": "0x0", "nonce": "0x0", "code": "0x" });
    assert_eq!(rig.rpc("eth_getAccountInfo", nobody).await, empty);
    let info = rig.client.get_account_info(NOBODY).await.unwrap();
    assert_eq!(info.code_hash(), KECCAK256_EMPTY);
}

#[tokio::test]
async fn a_block_counts_its_transactions_and_no_uncles() {
    let config = Config {
        mining: Mining::Manual,
        ..Config::default()
    };
    let rig = Rig::with(config).await;
    for value in 1..=3 {
        let payment = json!([{ "from": DEV, "to": NOBODY, "value": U256::from(value) }]);
        rig.rpc("eth_sendTransaction", payment).await;
    }
    rig.rpc("evm_mine", json!([])).await;
    let block = rig.rpc("eth_getBlockByNumber", json!(["0x1", false])).await;
    for (method, block) in [
        ("eth_getTransactionByBlockHashAndIndex", &block["hash"]),
        ("eth_getTransactionByBlockNumberAndIndex", &json!("0x1")),
    ] {
        let second = rig.rpc(method, json!([block, "0x1"])).await;
        let place = ["value", "blockNumber", "transactionIndex"].map(|field| &second[field]);
        assert_eq!(place, ["0x2", "0x1", "0x1"], "{method}");
        let none = rig.rpc(method, json!([block, "0x3"])).await;
        assert_eq!(none, Value::Null, "{method}");
    }
    let (known, unknown) = (block["hash"].clone(), json!(B256::repeat_byte(1)));
    for (method, known, unknown, count) in [
        (
            "eth_getBlockTransactionCountByHash",
            &known,
            &unknown,
            "0x3",
        ),
        ("eth_getUncleCountByBlockHash", &known, &unknown, "0x0"),
        (
            "eth_getBlockTransactionCountByNumber",
            &json!("0x1"),
            &json!("0x2"),
            "0x3",
        ),
        (
            "eth_getUncleCountByBlockNumber",
            &json!("0x1"),
            &json!("0x2"),
            "0x0",
        ),
    ] {
        assert_eq!(rig.rpc(method, json!([known])).await, json!(count));
        assert_eq!(
            rig.rpc(method, json!([unknown])).await,
            Value::Null,
            "{method}"
        );
    }
}
