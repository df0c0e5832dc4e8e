//! The chain without Stylus: transactions, blocks, receipts, logs, calls, estimates.

use alloy::{
    eips::BlockId,
    network::TransactionBuilder,
    primitives::{Address, Bytes, TxKind, U256, b256},
    providers::Provider,
    rpc::client::BatchRequest,
    rpc::types::{
        Filter, TransactionRequest,
        state::{AccountOverride, StateOverride},
    },
};
use serde_json::json;

use crate::rig::{DEV, Rig};

/// Emits an anonymous-data log with topic 0x2a and the first input word as data.
const LOGGER: [u8; 13] = [
    0x60, 0x00, 0x35, 0x60, 0x00, 0x52, 0x60, 0x2a, 0x60, 0x20, 0x60, 0x00, 0xa1,
];

#[tokio::test]
async fn the_chain_is_nitros_dev_chain() {
    let rig = Rig::new().await;
    assert_eq!(rig.client.get_chain_id().await.unwrap(), 412_346);
    assert_eq!(rig.rpc("net_version", json!([])).await, json!("412346"));
    assert_eq!(rig.client.get_gas_price().await.unwrap(), 100_000_000);
    assert_eq!(rig.rpc("eth_syncing", json!([])).await, json!(false));
    assert_eq!(rig.client.get_accounts().await.unwrap()[0], DEV);
    assert!(
        rig.client
            .get_client_version()
            .await
            .unwrap()
            .starts_with("stylus-devnode/")
    );
}

#[tokio::test]
async fn a_transfer_pays_21000_gas_at_the_base_fee() {
    let rig = Rig::new().await;
    let to = Address::repeat_byte(0x11);
    let before = rig.client.get_balance(DEV).await.unwrap();
    let receipt = rig.send(to.into(), vec![], 5).await;
    assert_eq!(
        (receipt.gas_used, receipt.effective_gas_price),
        (21_000, 100_000_000)
    );
    let paid = U256::from(21_000) * U256::from(100_000_000) + U256::from(5);
    assert_eq!(rig.client.get_balance(DEV).await.unwrap(), before - paid);
    assert_eq!(rig.client.get_balance(to).await.unwrap(), U256::from(5));
    // The state after an older block is still there.
    let old = rig
        .client
        .get_balance(to)
        .block_id(BlockId::number(0))
        .await
        .unwrap();
    assert_eq!(old, U256::ZERO);
}

#[tokio::test]
async fn every_transaction_makes_a_block() {
    let rig = Rig::new().await;
    let receipt = rig.send(Address::ZERO.into(), vec![], 1).await;
    let block = rig
        .client
        .get_block_by_number(1.into())
        .full()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(receipt.block_hash, Some(block.header.hash));
    assert_eq!(block.header.hash, block.header.inner.hash_slow());
    assert_eq!(block.header.gas_limit, 1 << 50);
    assert_eq!(block.transactions.len(), 1);
    let parent = rig
        .client
        .get_block_by_number(0.into())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(block.header.parent_hash, parent.header.hash);
    let tx = rig
        .client
        .get_transaction_by_hash(receipt.transaction_hash)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(tx.inner.signer(), DEV);
    let raw = rig
        .rpc(
            "eth_getTransactionReceipt",
            json!([receipt.transaction_hash]),
        )
        .await;
    assert_eq!(
        (&raw["gasUsedForL1"], &raw["l1BlockNumber"]),
        (&json!("0x0"), &json!("0x0"))
    );
    let receipts = rig
        .client
        .get_block_receipts(1.into())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(receipts, [receipt]);
}

#[tokio::test]
async fn logs_are_found_by_filters() {
    let rig = Rig::new().await;
    let logger = rig.deploy(&LOGGER).await;
    for number in 0..3_u64 {
        rig.call(logger, U256::from(number).to_be_bytes::<32>())
            .await;
    }
    let topic = b256!("0x000000000000000000000000000000000000000000000000000000000000002a");
    let all = Filter::new()
        .address(logger)
        .event_signature(topic)
        .from_block(0);
    let logs = rig.client.get_logs(&all).await.unwrap();
    assert_eq!(logs.len(), 3);
    assert_eq!(logs[2].data().data[31], 2);
    assert_eq!(logs[2].block_number, Some(4));
    let some = rig
        .client
        .get_logs(&all.clone().from_block(3).to_block(3))
        .await
        .unwrap();
    assert_eq!(some, logs[1..2]);
    let other = all.address(Address::ZERO);
    assert!(rig.client.get_logs(&other).await.unwrap().is_empty());
}

/// NUMBER is the L1 block's, PREVRANDAO is 1, COINBASE is the sequencer, GASLIMIT 2^50.
#[tokio::test]
async fn the_evm_sees_arbitrums_block() {
    let rig = Rig::new().await;
    let expected = [
        (0x43, U256::ZERO),
        (0x44, U256::ONE),
        (0x45, U256::ONE << 50),
        (0x46, U256::from(412_346)),
        (0x48, U256::from(100_000_000)),
        (
            0x41,
            U256::from_be_slice(&alloy::hex!("A4B000000000000000000073657175656e636572")),
        ),
    ];
    for (opcode, value) in expected {
        let code = [opcode, 0x60, 0x00, 0x52, 0x60, 0x20, 0x60, 0x00, 0xf3];
        let contract = rig.deploy(&code).await;
        assert_eq!(
            rig.view(contract, vec![]).await,
            Bytes::from(value.to_be_bytes::<32>())
        );
    }
    // Blobs do not exist.
    let contract = rig.deploy(&[0x4a]).await;
    let (message, _) = rig.try_view(contract, vec![]).await.unwrap_err();
    assert_eq!(message, "invalid opcode");
}

#[tokio::test]
async fn estimates_suffice_and_are_close() {
    let rig = Rig::new().await;
    let to = Address::repeat_byte(0x22);
    let transfer = TransactionRequest::default()
        .with_from(DEV)
        .with_to(to)
        .with_value(U256::ONE);
    assert_eq!(rig.client.estimate_gas(transfer).await.unwrap(), 21_000);
    let logger = rig.deploy(&LOGGER).await;
    let call = TransactionRequest::default().with_from(DEV).with_to(logger);
    let estimate = rig.client.estimate_gas(call.clone()).await.unwrap();
    let receipt = rig
        .client
        .send_transaction(call.with_gas_limit(estimate))
        .await
        .unwrap();
    let receipt = receipt.get_receipt().await.unwrap();
    assert!(receipt.status());
    assert!(
        estimate <= receipt.gas_used * 1_015 / 1_000 + 1,
        "{estimate} {}",
        receipt.gas_used
    );
}

/// Gas above the compute limit of 32 million is held and given back.
#[tokio::test]
async fn a_huge_gas_limit_is_no_error() {
    let rig = Rig::new().await;
    let tx = TransactionRequest::default()
        .with_from(DEV)
        .with_to(DEV)
        .with_gas_limit(1 << 32);
    let receipt = rig
        .client
        .send_transaction(tx)
        .await
        .unwrap()
        .get_receipt()
        .await
        .unwrap();
    assert_eq!(receipt.gas_used, 21_000);
    // INVALID takes what it was given.
    let bomb = rig.deploy(&[0xfe]).await;
    let tx = TransactionRequest::default()
        .with_from(DEV)
        .with_to(bomb)
        .with_gas_limit(1 << 32);
    let receipt = rig
        .client
        .send_transaction(tx)
        .await
        .unwrap()
        .get_receipt()
        .await
        .unwrap();
    assert!(!receipt.status());
    assert_eq!(receipt.gas_used, 32_000_000);
}

#[tokio::test]
async fn calls_take_overrides() {
    let rig = Rig::new().await;
    let target = Address::repeat_byte(0x33);
    // Returns TIMESTAMP + SLOAD(0).
    let code = Bytes::from(vec![
        0x42, 0x60, 0x00, 0x54, 0x01, 0x60, 0x00, 0x52, 0x60, 0x20, 0x60, 0x00, 0xf3,
    ]);
    let account = AccountOverride::default()
        .with_code(code)
        .with_state_diff([(U256::ZERO.into(), U256::from(5).into())]);
    let call = TransactionRequest::default().with_to(target);
    let overrides: StateOverride = [(target, account)].into_iter().collect();
    let block = alloy::rpc::types::BlockOverrides::default().with_time(1_000);
    let output = rig
        .client
        .call(call)
        .overrides(overrides)
        .with_block_overrides(block);
    assert_eq!(
        U256::from_be_slice(&output.await.unwrap()),
        U256::from(1_005)
    );
}

#[tokio::test]
async fn transactions_that_overtake_wait_for_each_other() {
    let rig = Rig::new().await;
    let send = |nonce| {
        let tx = TransactionRequest::default()
            .with_from(DEV)
            .with_to(Address::ZERO)
            .with_nonce(nonce)
            .with_gas_limit(21_000);
        rig.client.send_transaction(tx)
    };
    let (second, first) = tokio::join!(send(1), async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        send(0).await
    });
    let (second, first) = (second.unwrap(), first.unwrap());
    assert_eq!(first.get_receipt().await.unwrap().block_number, Some(1));
    assert_eq!(second.get_receipt().await.unwrap().block_number, Some(2));
}

#[tokio::test]
async fn fee_history_and_batches() {
    let rig = Rig::new().await;
    rig.send(TxKind::Call(Address::ZERO), vec![], 0).await;
    let history = rig
        .client
        .get_fee_history(10, Default::default(), &[50.0])
        .await
        .unwrap();
    assert_eq!(history.base_fee_per_gas, [100_000_000; 3]);
    assert_eq!(history.reward, Some(vec![vec![0]; 2]));
    let mut batch = BatchRequest::new(rig.client.client());
    let first = batch.add_call::<_, U256>("eth_blockNumber", &()).unwrap();
    let second = batch.add_call::<_, U256>("eth_chainId", &()).unwrap();
    batch.send().await.unwrap();
    assert_eq!(
        (first.await.unwrap(), second.await.unwrap()),
        (U256::ONE, U256::from(412_346))
    );
}

/// Several senders and readers at once: every transaction gets its block, no reader waits for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_work_side_by_side() {
    let rig = Rig::new().await;
    let senders = stylus_devnode::TEST_ACCOUNTS[..4].iter().map(|from| {
        let client = rig.client.clone();
        async move {
            for nonce in 0..25_u64 {
                let tx = json!([{ "from": from, "to": from, "gas": "0x5208", "nonce": U256::from(nonce) }]);
                let _: serde_json::Value =
                    client.raw_request("eth_sendTransaction".into(), tx).await.unwrap();
                client.get_balance(*from).await.unwrap();
            }
        }
    });
    futures::future::join_all(senders).await;
    assert_eq!(rig.client.get_block_number().await.unwrap(), 100);
    for number in 1..=100 {
        let block = rig
            .client
            .get_block_by_number(number.into())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(block.transactions.len(), 1);
    }
}
