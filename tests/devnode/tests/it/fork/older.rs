//! What was before the fork: the upstream tells it, and only that.

use std::time::Duration;

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, Bytes, U256},
    providers::Provider,
    rpc::types::{Filter, TransactionRequest},
};
use futures::future::join_all;
use serde_json::json;
use stylus_devnode::fork::Settings;
use tokio::time::timeout;

use super::{
    proxy::{Mode, Proxy},
    rig::{config, fork, set_slot, settings},
};
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
    // A filter has them too.
    let id = local.rpc("eth_newFilter", json!([all])).await;
    let logs = local.rpc("eth_getFilterLogs", json!([id])).await;
    assert_eq!(words(serde_json::from_value(logs).unwrap()), [1, 2, 3, 5]);
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

#[tokio::test]
async fn fees_are_told_of_both_sides_of_the_fork() {
    let upstream = Rig::new().await;
    for value in 1..=3 {
        upstream.send(ALICE.into(), vec![0; value * 1_000], 0).await;
    }
    let local = fork(&upstream).await;
    let fee = upstream.client.get_gas_price().await.unwrap();
    local
        .rpc(
            "anvil_setNextBlockBaseFeePerGas",
            json!([U256::from(2 * fee)]),
        )
        .await;
    local.send(ALICE.into(), vec![], 0).await;

    // What is older is the upstream's, the block after it included.
    for (count, newest) in [("0x2", "0x2"), ("0x3", "0x3"), ("0x9", "0x1")] {
        let params = json!([count, newest, [50]]);
        let mut there = upstream.rpc("eth_feeHistory", params.clone()).await;
        if newest == "0x3" {
            there["baseFeePerGas"][3] = json!(format!("{:#x}", 2 * fee));
        }
        let here = local.rpc("eth_feeHistory", params).await;
        assert_eq!(here, there, "{count} up to {newest}");
    }
    let params = json!(["0x4", "latest", [10, 90]]);
    let here = local.rpc("eth_feeHistory", params).await;
    let there = json!(["0x3", "0x3", [10, 90]]);
    let there = upstream.rpc("eth_feeHistory", there).await;
    assert_eq!(here["oldestBlock"], json!("0x1"));
    let ratios = here["gasUsedRatio"].as_array().unwrap();
    assert_eq!(ratios[..3], there["gasUsedRatio"].as_array().unwrap()[..]);
    assert_eq!(ratios.len(), 4);
    let price = |fee: u128| json!(format!("{fee:#x}"));
    // The price that was set is one block's; without a backlog the next has the minimum again.
    let fees = [fee, fee, fee, 2 * fee, fee].map(price);
    assert_eq!(here["baseFeePerGas"], json!(fees));
    assert_eq!(here["reward"], json!(vec![["0x0", "0x0"]; 4]));

    // What was told is not asked again, be it for less; and what cannot be asked is left out.
    upstream.node.shutdown().await.unwrap();
    let less = local.rpc("eth_feeHistory", json!(["0x2", "latest", [10, 90]]));
    assert_eq!(less.await["oldestBlock"], json!("0x3"));
    let params = json!(["0x3", "latest", [10, 90]]);
    let known = local.rpc("eth_feeHistory", params).await;
    assert_eq!(known["gasUsedRatio"].as_array().unwrap()[..], ratios[1..]);
    assert_eq!(known["baseFeePerGas"], json!(fees[1..]));
    let other = json!(["0x3", "latest", [60]]);
    let other = local.rpc("eth_feeHistory", other).await;
    assert_eq!(other["oldestBlock"], json!("0x3"));
    assert_eq!(other["gasUsedRatio"].as_array().unwrap()[..], ratios[2..]);
    let older = json!(["0x1", "0x2", [60]]);
    let (_, message) = local.rpc_error("eth_feeHistory", older).await;
    assert!(message.contains("the connection failed"), "{message}");
}

/// An upstream that answers with something else than it was asked for.
#[tokio::test]
async fn answers_to_other_questions_are_no_answers() {
    let upstream = Rig::new().await;
    upstream.rpc("anvil_setCode", json!([ALICE, LOGGER])).await;
    let mut receipts = Vec::new();
    for value in 1..=3 {
        receipts.push(upstream.call(ALICE, word(value)).await);
    }
    let hashes: Vec<_> = receipts.iter().map(|it| it.transaction_hash).collect();
    let blocks: Vec<_> = receipts.iter().map(|it| it.block_hash.unwrap()).collect();
    let proxy = Proxy::before(upstream.node.url()).await;
    let local = Rig::with(config(settings(&proxy.url))).await;

    let number = ("\"0x1\"", "\"0x2\"");
    let block = (&*blocks[0].to_string(), &*blocks[1].to_string());
    let hash = (&*hashes[0].to_string(), &*hashes[1].to_string());
    let logs = json!([{ "fromBlock": "0x1", "toBlock": "0x1" }]);
    let by_hash = json!([{ "blockHash": blocks[0] }]);
    let call = json!([{ "to": ALICE }, "0x1"]);
    let call_at = json!([{ "to": ALICE }, { "blockHash": blocks[0] }]);
    for (method, params, (asked, given)) in [
        ("eth_getBlockByNumber", json!(["0x1", false]), number),
        ("eth_getHeaderByNumber", json!(["0x1"]), number),
        ("eth_getBlockReceipts", json!(["0x1"]), number),
        (
            "eth_getTransactionByBlockNumberAndIndex",
            json!(["0x1", "0x0"]),
            number,
        ),
        ("eth_getBlockByHash", json!([blocks[0], true]), block),
        (
            "eth_getTransactionByBlockHashAndIndex",
            json!([blocks[0], "0x0"]),
            block,
        ),
        ("eth_getTransactionByHash", json!([hashes[0]]), hash),
        ("eth_getTransactionReceipt", json!([hashes[0]]), hash),
        ("eth_getLogs", logs, number),
        ("eth_getLogs", by_hash, block),
        (
            "eth_feeHistory",
            json!(["0x1", "0x1", []]),
            ("\"0x1\",\"0x1\"", "\"0x1\",\"0x2\""),
        ),
        ("eth_call", call, number),
        ("eth_call", call_at, block),
        (
            "eth_getProof",
            json!([Address::repeat_byte(1), [], "0x1"]),
            ("0x0101", "0x0201"),
        ),
    ] {
        assert!(
            !local.rpc(method, params.clone()).await.is_null(),
            "{method}"
        );
        // What was kept of it is asked for anew.
        let forking = json!([{ "forking": { "blockNumber": 3 } }]);
        local.rpc("anvil_reset", forking).await;
        proxy.set(Mode::Swap(asked.into(), given.into()));
        let (code, message) = local.rpc_error(method, params).await;
        assert_eq!(code, -32000, "{method}");
        assert!(
            message.contains(": the upstream answers with "),
            "{method}: {message}"
        );
        proxy.set(Mode::Pass);
    }
    // At the start as well.
    proxy.set(Mode::Swap(number.0.into(), number.1.into()));
    let first = Settings {
        block_number: Some(1),
        ..settings(&proxy.url)
    };
    let error = super::rig::refusal(first).await.to_string();
    assert!(
        error.ends_with("the upstream answers with block 2"),
        "{error}"
    );
}

#[tokio::test]
async fn a_transaction_that_waits_here_is_known_without_the_upstream() {
    let upstream = Rig::new().await;
    let proxy = Proxy::before(upstream.node.url()).await;
    let local = Rig::with(config(settings(&proxy.url))).await;
    local.rpc("evm_setAutomine", json!([false])).await;
    let tx = json!([{ "from": DEV, "to": DEV, "gas": "0x5208" }]);
    let hash = local.rpc("eth_sendTransaction", tx).await;
    proxy.set(Mode::Drop);
    let found = local.rpc("eth_getTransactionByHash", json!([hash])).await;
    assert_eq!((&found["hash"], &found["blockHash"]), (&hash, &json!(null)));
    let raw = local
        .rpc("eth_getRawTransactionByHash", json!([hash]))
        .await;
    assert!(raw.is_string());
    proxy.set(Mode::Pass);
    local.rpc("evm_mine", json!([])).await;
    let receipt = local.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["status"], json!("0x1"));
}

#[tokio::test]
async fn proofs_are_the_upstreams_where_nothing_changed() {
    let upstream = Rig::new().await;
    upstream.rpc("anvil_setCode", json!([ALICE, "0x00"])).await;
    for value in 1..=2 {
        set_slot(&upstream, ALICE, 1, value).await;
        upstream.send(DEV.into(), vec![], value).await;
    }
    let local = fork(&upstream).await;
    let nobody = Address::repeat_byte(0xee);
    for block in ["0x1", "0x2", "latest"] {
        for address in [ALICE, nobody] {
            let params = json!([address, ["0x1", "0x2"], block]);
            let there = upstream.rpc("eth_getProof", params.clone()).await;
            assert_eq!(local.rpc("eth_getProof", params).await, there, "{block}");
            let params = json!([address, block]);
            let there = upstream.rpc("eth_getAccount", params.clone()).await;
            assert_eq!(there.is_null(), address == nobody);
            assert_eq!(local.rpc("eth_getAccount", params).await, there, "{block}");
        }
    }
    let refusal = async |address: Address, block: &str| {
        let account = local.rpc_error("eth_getAccount", json!([address, block]));
        let proof = local.rpc_error("eth_getProof", json!([address, [], block]));
        let (account, proof) = (account.await, proof.await);
        assert_eq!(account, proof);
        proof.1
    };
    // The fork gave it ether.
    let changed = "was changed on this fork before the block ended: it has no proof here";
    assert!(refusal(DEV, "latest").await.ends_with(changed));
    set_slot(&local, ALICE, 2, 5).await;
    assert!(refusal(ALICE, "latest").await.ends_with(changed));
    local.rpc("evm_mine", json!([])).await;
    let later = "a fork has the proofs of its upstream only, up to block 2";
    for block in ["latest", "pending", "0x3"] {
        assert_eq!(refusal(nobody, block).await, later);
    }
    // At the forked block it is as it was.
    let params = json!([ALICE, ["0x1"], "0x2"]);
    let there = upstream.rpc("eth_getProof", params.clone()).await;
    assert_eq!(local.rpc("eth_getProof", params).await, there);
}

/// Each reads one slot after the other, of a state that others must not push out of memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_at_many_older_blocks_all_end() {
    const BLOCKS: u64 = 64;
    const SUM: &str = "0x5f546001546002546003546004546005540101010101 5f5260205ff3";

    let upstream = Rig::new().await;
    let code = SUM.replace(' ', "");
    upstream.rpc("anvil_setCode", json!([ALICE, code])).await;
    for number in 1..=BLOCKS {
        set_slot(&upstream, ALICE, number % 6, number).await;
        upstream.rpc("evm_mine", json!([])).await;
    }
    upstream.rpc("evm_mine", json!([])).await;
    let proxy = Proxy::before(upstream.node.url()).await;
    let patient = Settings {
        timeout: Duration::from_secs(20),
        ..settings(&proxy.url)
    };
    let local = Rig::with(config(patient)).await;
    proxy.set(Mode::Delay(Duration::from_millis(50)));
    let ask = TransactionRequest::default().with_to(ALICE).with_from(DEV);
    let calls = (1..=BLOCKS).map(|number| {
        let call = local.client.call(ask.clone()).block(number.into());
        async move { (number, call.await.unwrap()) }
    });
    let sums = timeout(Duration::from_secs(300), join_all(calls)).await;
    for (number, sum) in sums.expect("all end in time") {
        let first = number.saturating_sub(5).max(1);
        let expected: u64 = (first..=number).sum();
        assert_eq!(sum, Bytes::from(word(expected)), "block {number}");
    }
}

/// What does not say where it belongs is not taken for what was asked for.
#[tokio::test]
async fn logs_of_no_block_and_uneven_rewards_are_refused() {
    let upstream = Rig::new().await;
    upstream.rpc("anvil_mine", json!([3])).await;
    let proxy = Proxy::before(upstream.node.url()).await;
    let local = Rig::with(config(settings(&proxy.url))).await;
    for (answer, method, params, reason) in [
        (
            r#"[{"id":0,"result":"0x0"},{"id":1,"result":[{"address":"0x00000000000000000000000000000000000000a1","topics":[],"data":"0x"}]}]"#,
            "eth_getLogs",
            json!([{ "fromBlock": "0x1", "toBlock": "0x2" }]),
            "logs of no block",
        ),
        (
            r#"[{"id":0,"result":"0x0"},{"id":1,"result":{"oldestBlock":"0x1","gasUsedRatio":[0,0],"baseFeePerGas":["0x1","0x1","0x1"],"reward":[["0x0"],[]]}}]"#,
            "eth_feeHistory",
            json!(["0x2", "0x2", [50]]),
            "its lists are not of one length",
        ),
    ] {
        proxy.set(Mode::Say(answer));
        let (_, message) = local.rpc_error(method, params).await;
        assert!(message.contains(reason), "{message}");
    }
}
