//! Many clients at once.

use std::time::{Duration, Instant};

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::Encodable2718,
    primitives::{Address, Bytes, TxKind, U256, keccak256},
    providers::{Provider, ProviderBuilder, WsConnect},
    signers::{SignerSync, local::PrivateKeySigner},
};
use serde_json::json;
use stylus_devnode::{CHAIN_ID, Config};

use crate::rig::{DEV, Rig};

const SENDERS: usize = 16;

/// Everything is mined within this time, in a debug build on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// Transfers of 1 wei with all nonces from 0 on, in an order that looks random.
fn shuffled(sender: usize, each: u64) -> (Address, Vec<Bytes>) {
    let key = PrivateKeySigner::from_bytes(&keccak256([sender as u8])).unwrap();
    let mut transfers: Vec<Bytes> = (0..each)
        .map(|nonce| {
            let transfer = TxEip1559 {
                chain_id: CHAIN_ID,
                nonce,
                gas_limit: 21_000,
                max_fee_per_gas: 1_000_000_000,
                to: TxKind::Call(Address::repeat_byte(0x42)),
                value: U256::ONE,
                ..Default::default()
            };
            let signature = key.sign_hash_sync(&transfer.signature_hash()).unwrap();
            TxEnvelope::from(transfer.into_signed(signature))
                .encoded_2718()
                .into()
        })
        .collect();
    transfers.sort_by_key(|transfer| keccak256(transfer));
    (key.address(), transfers)
}

async fn mined_in_shuffled_order(each: u64, sockets: bool) {
    let rig = Rig::with(Config::default()).await;
    let queues: Vec<_> = (0..SENDERS).map(|sender| shuffled(sender, each)).collect();
    for (sender, _) in &queues {
        rig.rpc("anvil_setBalance", json!([sender, "0xde0b6b3a7640000"]))
            .await;
    }
    let clients = queues.iter().map(|(_, transfers)| {
        let (url, ws_url) = (rig.node.url(), rig.node.ws_url());
        async move {
            let client = match sockets {
                true => ProviderBuilder::new()
                    .connect_ws(WsConnect::new(ws_url))
                    .await
                    .unwrap()
                    .erased(),
                false => ProviderBuilder::new()
                    .connect_http(url.parse().unwrap())
                    .erased(),
            };
            let sends = transfers.iter().map(|raw| {
                let client = client.clone();
                async move { client.send_raw_transaction(raw).await.map(|_| ()) }
            });
            for sent in futures::future::join_all(sends).await {
                sent.unwrap();
            }
        }
    });
    let sent = tokio::time::timeout(LIMIT, futures::future::join_all(clients)).await;
    sent.expect("all transactions are mined in time");
    for (sender, _) in &queues {
        let nonce = rig.client.get_transaction_count(*sender).await.unwrap();
        assert_eq!(nonce, each);
    }
    let blocks = rig.client.get_block_number().await.unwrap();
    assert_eq!(blocks, SENDERS as u64 * each);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_in_any_order_over_one_socket_per_sender() {
    mined_in_shuffled_order(200, true).await;
}

/// Each waiting request holds a connection: 400 at a time, which the usual limit of open files allows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_in_any_order_over_a_connection_each() {
    mined_in_shuffled_order(25, false).await;
}

/// A request that makes many blocks ends with the node.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_ends_while_many_blocks_are_made() {
    const BLOCKS: u64 = 100_000;

    let rig = Rig::new().await;
    let (client, other) = (rig.client.clone(), rig.client.clone());
    let mining = tokio::spawn(async move {
        let mined = client.raw_request::<_, ()>("anvil_mine".into(), (BLOCKS,));
        mined.await.is_ok()
    });
    while other.get_block_number().await.unwrap() < BLOCKS / 50 {}
    let ending = Instant::now();
    rig.node.shutdown().await.unwrap();
    assert!(ending.elapsed() < Duration::from_secs(4));
    assert!(!mining.await.unwrap());
}

/// What takes long to hash is hashed beside the chain.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_typed_data_holds_up_nobody() {
    let rig = Rig::new().await;
    let data = json!({
        "types": { "Long": [{ "name": "numbers", "type": "uint256[]" }] },
        "primaryType": "Long",
        "domain": {},
        "message": { "numbers": vec![1; 300_000] },
    });
    let start = Instant::now();
    let sign = async {
        rig.rpc("eth_signTypedData_v4", json!([DEV, data])).await;
        start.elapsed()
    };
    let (took, longest) = {
        let mut sign = std::pin::pin!(sign);
        let mut longest = Duration::ZERO;
        loop {
            let asked = Instant::now();
            let edit = rig.rpc("anvil_setNonce", json!([Address::ZERO, "0x1"]));
            let step = async {
                edit.await;
                tokio::time::sleep(Duration::from_millis(5)).await;
            };
            let mut step = std::pin::pin!(step);
            tokio::select! {
                took = &mut sign => break (took, longest.max(asked.elapsed())),
                () = &mut step => longest = longest.max(asked.elapsed()),
            }
        }
    };
    assert!(longest < took / 3, "{longest:?} of {took:?}");
}
