//! Many clients at once.

use std::time::{Duration, Instant};

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::Encodable2718,
    primitives::{Address, Bytes, TxKind, U256, keccak256},
    providers::{Provider, ProviderBuilder, WsConnect},
    signers::{SignerSync, local::PrivateKeySigner},
};
use serde_json::{Value, json};
use stylus_devnode::{CHAIN_ID, Config, TEST_ACCOUNTS};

use crate::rig::{DEV, Rig};

const SENDERS: usize = 16;

/// Everything is mined within this time, in a debug build on a busy machine.
const LIMIT: Duration = Duration::from_secs(300);

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
    rig.node.shutdown().await.unwrap();
    assert!(!mining.await.unwrap(), "the node waited for all blocks");
}

/// What takes long to hash is hashed beside the chain: of several tries, in one no edit takes as long as a
/// third of it. On a busy machine some may.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_typed_data_holds_up_nobody() {
    let rig = Rig::new().await;
    let mut tries = Vec::new();
    while tries.iter().all(|(took, longest)| *longest >= *took / 3) {
        assert!(tries.len() < 5, "took and longest edit: {tries:?}");
        tries.push(sign_beside_edits(&rig).await);
    }
}

/// How long it takes to sign long data, and the longest edit meanwhile.
async fn sign_beside_edits(rig: &Rig) -> (Duration, Duration) {
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
}

/// Functions of a thousand nested loops over 348 variables: many seconds for a debug build's compiler.
/// `tag` makes it another program.
fn hard(tag: u32) -> String {
    let (functions, depth, variables) = (4, 1_000, 348);
    let changes: String = (1..=variables)
        .map(|n| {
            let next = n % variables + 1;
            format!("(local.set {n} (i32.add (local.get {n}) (local.get {next})))")
        })
        .collect();
    let function = format!(
        "(func (param i32) (local {}) {} {changes} {})",
        "i32 ".repeat(variables),
        "loop ".repeat(depth),
        "local.get 1 br_if 0 end ".repeat(depth),
    );
    format!(
        r#"(module (memory (export "memory") 1 1) {}
        (func (export "user_entrypoint") (param i32) (result i32) i32.const 0 i32.const {tag} i32.mul))"#,
        function.repeat(functions),
    )
}

/// Others are answered before `slow` is.
async fn assert_others_go_on(rig: &Rig, method: &'static str, slow: Value) {
    let client = rig.client.clone();
    let slow =
        tokio::spawn(async move { client.raw_request::<_, Value>(method.into(), slow).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!slow.is_finished(), "{method} is not slow");
    let before = rig.client.get_block_number().await.unwrap();
    let transfer = json!([{ "from": TEST_ACCOUNTS[0], "to": DEV, "value": "0x1" }]);
    rig.rpc("eth_sendTransaction", transfer).await;
    assert_eq!(rig.client.get_block_number().await.unwrap(), before + 1);
    assert!(!slow.is_finished(), "others waited for {method}");
    let answer = tokio::time::timeout(LIMIT, slow).await;
    answer.unwrap().unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_while_another_ones_program_is_compiled() {
    let rig = Rig::new().await;
    let called = rig.program(&hard(1)).await;
    let call = json!([{ "from": DEV, "to": called }, "latest"]);
    assert_others_go_on(&rig, "eth_call", call).await;
    let sent = rig.program(&hard(2)).await;
    let send = json!([{ "from": DEV, "to": sent, "gas": "0x1000000" }]);
    assert_others_go_on(&rig, "eth_sendTransaction", send).await;
    let number = rig.client.get_block_number().await.unwrap();
    let block = rig
        .rpc("eth_getBlockReceipts", json!([format!("{number:#x}")]))
        .await;
    assert_eq!(
        (block[0]["status"].as_str(), &block[0]["to"]),
        (Some("0x1"), &json!(sent))
    );
}
