//! When blocks are made: at once, on request, at intervals.

use std::time::{Duration, Instant};

use alloy::{
    consensus::BlockHeader,
    eips::BlockId,
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, U256},
    providers::Provider,
    rpc::types::TransactionRequest,
};
use serde_json::{Value, json};
use stylus_devnode::{Config, config::Mining};

use crate::rig::process::until;
use crate::rig::{DEV, Rig};

const ALICE: Address = Address::repeat_byte(0xa1);

async fn manual() -> Rig {
    let config = Config {
        mining: Mining::Manual,
        ..Config::default()
    };
    Rig::with(config).await
}

/// Sends ether to Alice from an unlocked account.
async fn pay(rig: &Rig, from: Address, wei: u64) -> B256 {
    let tx = json!([{ "from": from, "to": ALICE, "value": U256::from(wei), "gas": "0x5208" }]);
    serde_json::from_value(rig.rpc("eth_sendTransaction", tx).await).unwrap()
}

async fn pending_nonce(rig: &Rig, address: Address) -> u64 {
    let count = rig.client.get_transaction_count(address);
    count.pending().await.unwrap()
}

#[tokio::test]
async fn without_mining_transactions_wait_and_show_as_pending() {
    let rig = manual().await;
    let other = stylus_devnode::TEST_ACCOUNTS[0];
    let hashes = [
        pay(&rig, DEV, 5).await,
        pay(&rig, other, 7).await,
        pay(&rig, DEV, 11).await,
    ];
    let client = &rig.client;
    assert_eq!(client.get_block_number().await.unwrap(), 0);
    assert_eq!(client.get_transaction_count(DEV).await.unwrap(), 0);
    assert_eq!(pending_nonce(&rig, DEV).await, 2);
    let tx = rig
        .rpc("eth_getTransactionByHash", json!([hashes[2]]))
        .await;
    assert_eq!(tx["nonce"], json!("0x1"));
    for place in ["blockHash", "blockNumber", "transactionIndex"] {
        assert_eq!(tx[place], Value::Null, "{place}");
    }
    let receipt = client.get_transaction_receipt(hashes[0]).await.unwrap();
    assert!(receipt.is_none());
    // What is to come can be asked for, in order of arrival.
    let block = client.get_block(BlockId::pending()).await.unwrap().unwrap();
    assert_eq!(block.header.number, 1);
    let pending: Vec<_> = block.transactions.hashes().collect();
    assert_eq!(pending, hashes);
    assert_eq!(block.header.gas_used(), 3 * 21_000);
    let balance = |block| rig.client.get_balance(ALICE).block_id(block);
    assert_eq!(balance(BlockId::pending()).await.unwrap(), U256::from(23));
    assert_eq!(balance(BlockId::latest()).await.unwrap(), U256::ZERO);
}

#[tokio::test]
async fn a_block_holds_what_waited_with_places_in_order() {
    let rig = manual().await;
    rig.rpc("anvil_setAutomine", json!([true])).await;
    // Logs its first word.
    let logger = rig
        .deploy(&[0x5f, 0x35, 0x5f, 0x52, 0x60, 0x2a, 0x60, 0x20, 0x5f, 0xa1])
        .await;
    rig.rpc("evm_setAutomine", json!([false])).await;
    let mut hashes = Vec::new();
    for word in 0..3_u64 {
        let data = Bytes::from(U256::from(word).to_be_bytes::<32>());
        let tx = json!([{ "from": DEV, "to": logger, "input": data, "gas": "0x186a0" }]);
        let hash: B256 = serde_json::from_value(rig.rpc("eth_sendTransaction", tx).await).unwrap();
        hashes.push(hash);
    }
    rig.rpc("evm_mine", json!([])).await;
    assert_eq!(rig.client.get_block_number().await.unwrap(), 2);
    let mut cumulative = 0;
    for (index, hash) in hashes.iter().enumerate() {
        let receipt = rig.client.get_transaction_receipt(*hash).await;
        let receipt = receipt.unwrap().unwrap();
        cumulative += receipt.gas_used;
        let index = Some(index as u64);
        assert_eq!(receipt.transaction_index, index);
        assert_eq!(receipt.inner.cumulative_gas_used(), cumulative);
        let logs = receipt.logs();
        assert_eq!((logs.len(), logs[0].log_index), (1, index));
        assert_eq!(logs[0].transaction_index, index);
        let by_index = rig
            .rpc(
                "eth_getTransactionByBlockNumberAndIndex",
                json!(["0x2", index]),
            )
            .await;
        assert_eq!(by_index["hash"], json!(hash));
    }
    let count = rig.rpc("eth_getBlockTransactionCountByNumber", json!(["0x2"]));
    assert_eq!(count.await, json!("0x3"));
    let receipts = rig.client.get_block_receipts(2.into()).await.unwrap();
    assert_eq!(receipts.unwrap().len(), 3);
    let logs = rig
        .rpc("eth_getLogs", json!([{ "fromBlock": "0x0" }]))
        .await;
    let places: Vec<_> = logs
        .as_array()
        .unwrap()
        .iter()
        .map(|log| &log["logIndex"])
        .collect();
    assert_eq!(places, [&json!("0x0"), &json!("0x1"), &json!("0x2")]);
}

/// A program's init price falls when it ran earlier in the block: the transactions of a block share
/// Nitro's cache of recent programs, those of different blocks do not.
#[tokio::test]
async fn programs_stay_warm_within_a_block() {
    let rig = Rig::new().await;
    let program = rig.program(include_str!("../wat/storage.wat")).await;
    let word = U256::from(3).to_be_bytes::<32>();
    // The second writes what is there already, and so do those that follow.
    rig.call(program, word).await;
    let alone = rig.call(program, word).await.gas_used;
    rig.rpc("evm_setAutomine", json!([false])).await;
    for _ in 0..2 {
        let tx = TransactionRequest::default()
            .with_from(DEV)
            .with_to(program)
            .with_input(word.to_vec())
            .with_gas_limit(1_000_000);
        let _ = rig.client.send_transaction(tx).await.unwrap();
    }
    rig.rpc("evm_mine", json!([])).await;
    let receipts = rig.client.get_block_receipts(BlockId::latest()).await;
    let gas: Vec<_> = receipts
        .unwrap()
        .unwrap()
        .iter()
        .map(|receipt| receipt.gas_used)
        .collect();
    assert_eq!(gas[0], alone);
    let prices = crate::rig::ArbWasm::programInitGasCall { program };
    let prices = rig.arb_wasm(prices).await.unwrap();
    assert_eq!(alone - gas[1], prices.gas - prices.gasWhenCached);
}

#[tokio::test]
async fn automatic_mining_takes_up_what_waited() {
    let rig = manual().await;
    assert_eq!(rig.rpc("anvil_getAutomine", json!([])).await, json!(false));
    pay(&rig, DEV, 1).await;
    pay(&rig, DEV, 2).await;
    rig.rpc("evm_setAutomine", json!([true])).await;
    assert_eq!(rig.client.get_block_number().await.unwrap(), 1);
    assert_eq!(rig.client.get_balance(ALICE).await.unwrap(), U256::from(3));
    pay(&rig, DEV, 4).await;
    assert_eq!(rig.client.get_block_number().await.unwrap(), 2);
    assert_eq!(rig.rpc("anvil_getAutomine", json!([])).await, json!(true));
}

#[tokio::test]
async fn interval_mining_makes_blocks_until_it_is_switched_off() {
    let config = Config {
        mining: Mining::Interval(Duration::from_secs(3_600)),
        ..Config::default()
    };
    let rig = Rig::with(config).await;
    let hash = pay(&rig, DEV, 1).await;
    let receipt = rig.client.get_transaction_receipt(hash).await.unwrap();
    assert!(receipt.is_none());
    let height = async || rig.client.get_block_number().await.unwrap();
    let started = Instant::now();
    rig.rpc("evm_setIntervalMining", json!([0.15])).await;
    let interval = rig.rpc("anvil_getIntervalMining", json!([])).await;
    assert_eq!(interval, json!(0.15));
    // Empty blocks follow.
    until("there are three blocks", async || height().await >= 3).await;
    let most = started.elapsed().as_millis() / 150;
    assert!(u128::from(height().await) <= most + 1, "{most}");
    let receipt = rig.client.get_transaction_receipt(hash).await.unwrap();
    assert_eq!(receipt.unwrap().block_number, Some(1));

    rig.rpc("evm_setIntervalMining", json!([0])).await;
    let interval = rig.rpc("anvil_getIntervalMining", json!([])).await;
    assert_eq!(interval, Value::Null);
    let number = rig.client.get_block_number().await.unwrap();
    pay(&rig, DEV, 1).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(rig.client.get_block_number().await.unwrap(), number);
    let started = Instant::now();
    rig.rpc("anvil_setIntervalMining", json!([1])).await;
    until("there is another block", async || height().await > number).await;
    assert!(started.elapsed() >= Duration::from_secs(1));
    let (code, _) = rig.rpc_error("evm_setIntervalMining", json!([-1])).await;
    assert_eq!(code, -32602);
}

#[tokio::test]
async fn the_block_gas_limit_bounds_what_enters_a_block() {
    let rig = manual().await;
    rig.rpc("evm_setBlockGasLimit", json!(["0xea60"])).await;
    for wei in 1..=5 {
        pay(&rig, DEV, wei).await;
    }
    let too_much = json!([{ "from": DEV, "to": ALICE, "gas": "0xea61" }]);
    let (_, message) = rig.rpc_error("eth_sendTransaction", too_much).await;
    assert_eq!(
        message,
        "exceeds block gas limit: have 60001, want at most 60000"
    );
    rig.rpc("anvil_mine", json!([2])).await;
    let mut counts = Vec::new();
    for number in 1..=2 {
        let block = rig.client.get_block_by_number(number.into()).await;
        let block = block.unwrap().unwrap();
        assert_eq!(block.header.gas_limit, 60_000);
        counts.push(block.transactions.len());
    }
    assert_eq!(counts, [2, 2]);
    assert_eq!(
        rig.rpc("txpool_status", json!([])).await,
        json!({ "pending": "0x1", "queued": "0x0" })
    );
}

/// Whatever a block will have, the pending one has: the root of messages to L1, and who makes it.
#[tokio::test]
async fn the_pending_block_is_the_one_that_is_mined() {
    const ARB_SYS: Address = Address::with_last_byte(0x64);
    let rig = manual().await;
    rig.rpc("anvil_setTime", json!([2_000_000_000])).await;
    rig.rpc("anvil_setBlockTimestampInterval", json!([1])).await;
    let withdraw = [&[0x25, 0xe1, 0x60, 0x63][..], DEV.into_word().as_slice()].concat();
    let tx = json!([{ "from": DEV, "to": ARB_SYS, "data": Bytes::from(withdraw), "value": "0x1" }]);
    rig.rpc("eth_sendTransaction", tx).await;
    let block = async |moment: &str| {
        let block = rig.rpc("eth_getBlockByNumber", json!([moment, false]));
        let block = block.await;
        [
            "sendCount",
            "sendRoot",
            "timestamp",
            "gasUsed",
            "transactions",
        ]
        .map(|field| block[field].clone())
    };
    let miner = async |moment: &str| {
        let block = rig.rpc("eth_getBlockByNumber", json!([moment, false]));
        block.await["miner"].clone()
    };
    let pending = block("pending").await;
    assert_eq!(pending[0], json!("0x1"));
    rig.rpc("anvil_setCoinbase", json!([ALICE])).await;
    assert_eq!(miner("pending").await, json!(ALICE));
    rig.rpc("evm_mine", json!([])).await;
    assert_eq!(block("latest").await, pending);
    assert_eq!(miner("latest").await, json!(ALICE));
}

#[tokio::test]
async fn mined_blocks_are_returned_in_full_when_asked_for() {
    let rig = manual().await;
    let hash = pay(&rig, DEV, 1).await;
    let time = 4_000_000_000_u64;
    let blocks = rig
        .rpc(
            "evm_mine_detailed",
            json!([{ "timestamp": time, "blocks": 2 }]),
        )
        .await;
    assert_eq!(blocks[0]["timestamp"], json!(U256::from(time)));
    assert_eq!(blocks[0]["transactions"][0]["hash"], json!(hash));
    assert_eq!(blocks[1]["number"], json!("0x2"));
    assert_eq!(blocks[1]["transactions"], json!([]));
}
