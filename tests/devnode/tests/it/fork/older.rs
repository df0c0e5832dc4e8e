//! What was before the fork: the upstream tells it, and only that.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, Bytes, U256},
    providers::Provider,
    rpc::types::{Filter, TransactionRequest},
};
use serde_json::json;

use super::rig::{fork, set_slot};
use crate::rig::{DEV, Rig};

const ALICE: Address = Address::repeat_byte(0xa1);
/// Logs its first input word with one topic, and keeps it in slot 0.
const LOGGER: &str = "0x5f35805f555f52602a60205fa100";

fn word(value: u64) -> Vec<u8> {
    U256::from(value).to_be_bytes_vec()
}

#[tokio::test]
async fn the_past_is_the_upstreams() {
    let upstream = Rig::new().await;
    upstream.rpc("anvil_setCode", json!([ALICE, LOGGER])).await;
    let mut receipts = Vec::new();
    for value in 1..=3 {
        receipts.push(upstream.call(ALICE, word(value)).await);
    }
    let local = fork(&upstream).await;
    let later = upstream.call(ALICE, word(4)).await;
    let own = local.call(ALICE, word(5)).await;
    assert_eq!(own.block_number, later.block_number);
    assert_ne!(own.transaction_hash, later.transaction_hash);

    // Blocks, transactions and receipts word for word, the forked block's too.
    for receipt in &receipts {
        let hash = receipt.transaction_hash;
        let number = format!("{:#x}", receipt.block_number.unwrap());
        for (method, params) in [
            ("eth_getTransactionReceipt", json!([hash])),
            ("eth_getTransactionByHash", json!([hash])),
            ("eth_getRawTransactionByHash", json!([hash])),
            ("eth_getBlockByNumber", json!([number, true])),
            ("eth_getBlockByHash", json!([receipt.block_hash, false])),
            ("eth_getBlockReceipts", json!([number])),
            ("eth_getBlockTransactionCountByNumber", json!([number])),
            (
                "eth_getTransactionByBlockNumberAndIndex",
                json!([number, "0x0"]),
            ),
            (
                "eth_getTransactionByBlockHashAndIndex",
                json!([receipt.block_hash, "0x0"]),
            ),
        ] {
            let there = upstream.rpc(method, params.clone()).await;
            assert!(!there.is_null(), "{method}");
            assert_eq!(local.rpc(method, params).await, there, "{method}");
        }
    }
    let earliest = json!(["earliest", false]);
    let genesis = upstream.rpc("eth_getBlockByNumber", earliest.clone()).await;
    assert_eq!(local.rpc("eth_getBlockByNumber", earliest).await, genesis);

    // What the upstream did later never happened here.
    for (method, params) in [
        ("eth_getTransactionReceipt", json!([later.transaction_hash])),
        ("eth_getTransactionByHash", json!([later.transaction_hash])),
        ("eth_getBlockByHash", json!([later.block_hash, false])),
    ] {
        assert!(local.rpc(method, params).await.is_null(), "{method}");
    }

    // Logs of both sides of the fork, in order.
    let words = |logs: Vec<alloy::rpc::types::Log>| -> Vec<u8> {
        logs.iter().map(|log| log.inner.data.data[31]).collect()
    };
    let all = Filter::new().address(ALICE).from_block(0);
    assert_eq!(
        words(local.client.get_logs(&all).await.unwrap()),
        [1, 2, 3, 5]
    );
    let first = receipts[0].block_number.unwrap();
    let early = Filter::new().from_block(first).to_block(first + 1);
    assert_eq!(words(local.client.get_logs(&early).await.unwrap()), [1, 2]);
    let late = Filter::new().from_block(first + 3);
    assert_eq!(words(local.client.get_logs(&late).await.unwrap()), [5]);
    let one = Filter::new().at_block_hash(receipts[1].block_hash.unwrap());
    assert_eq!(words(local.client.get_logs(&one).await.unwrap()), [2]);
}

#[tokio::test]
async fn states_before_the_fork_can_be_asked_for() {
    let upstream = Rig::new().await;
    upstream
        .rpc("anvil_setCode", json!([ALICE, "0x5f545f5260205ff3"]))
        .await;
    for value in 1..=3 {
        set_slot(&upstream, ALICE, 0, value).await;
        upstream.send(ALICE.into(), vec![], value).await;
    }
    let local = fork(&upstream).await;
    set_slot(&local, ALICE, 0, 9).await;
    local.rpc("evm_mine", json!([])).await;
    let ask = TransactionRequest::default().with_to(ALICE).with_from(DEV);
    for number in 1..=4_u64 {
        let value = if number == 4 { 9 } else { number };
        let output = local
            .client
            .call(ask.clone())
            .block(number.into())
            .await
            .unwrap();
        assert_eq!(output, Bytes::from(word(value)), "block {number}");
        if number < 4 {
            let balance = local.client.get_balance(ALICE).block_id(number.into());
            let there = upstream.client.get_balance(ALICE).block_id(number.into());
            assert_eq!(balance.await.unwrap(), there.await.unwrap());
        }
    }
    let hash = upstream
        .client
        .get_block(2.into())
        .await
        .unwrap()
        .unwrap()
        .header
        .hash;
    let output = local.client.call(ask).block(hash.into()).await.unwrap();
    assert_eq!(output, Bytes::from(word(2)));
}
