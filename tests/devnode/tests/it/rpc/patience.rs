//! Requests that make many blocks: others are answered meanwhile.

use alloy::primitives::{Address, Bytes, hex};
use serde_json::{Value, json};
use stylus_devnode::{Config, config::Mining};

use crate::rig::{DEV, Rig};

/// For ever: jump.
const SPINNER: &[u8] = &hex!("5b5f56");

/// What other clients see of the chain's length until a request is answered.
async fn lengths_until(rig: &Rig, method: &'static str, params: Value) -> Vec<u64> {
    let request = rig.rpc(method, params);
    tokio::pin!(request);
    let mut seen = Vec::new();
    loop {
        let look = rig.rpc("eth_blockNumber", json!([]));
        tokio::select! {
            biased;
            _ = &mut request => return seen,
            number = look => {
                let number = number.as_str().unwrap().to_owned();
                seen.push(u64::from_str_radix(&number[2..], 16).unwrap());
            }
        }
    }
}

async fn height(rig: &Rig) -> u64 {
    let number = rig.rpc("eth_blockNumber", json!([])).await;
    u64::from_str_radix(&number.as_str().unwrap()[2..], 16).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_are_answered_while_many_blocks_are_mined() {
    const BLOCKS: u64 = 20_000;
    let rig = Rig::new().await;
    let seen = lengths_until(&rig, "anvil_mine", json!([BLOCKS])).await;
    assert!(seen.is_sorted());
    assert!(
        seen.iter().any(|number| (1..BLOCKS).contains(number)),
        "{seen:?}"
    );
    assert_eq!(height(&rig).await, BLOCKS);
}

/// A transaction that another client sends meanwhile is in a block between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_gets_in_between() {
    const BLOCKS: u64 = 20_000;
    let rig = Rig::new().await;
    let request = rig.rpc("anvil_mine", json!([BLOCKS]));
    let send = async {
        while height(&rig).await == 0 {}
        let tx = json!([{ "from": DEV, "to": DEV, "value": "0x1", "gas": "0x5208" }]);
        let hash = rig.rpc("eth_sendTransaction", tx).await;
        rig.rpc("eth_getTransactionReceipt", json!([hash])).await
    };
    let (_, receipt) = tokio::join!(request, send);
    let block = receipt["blockNumber"].as_str().unwrap();
    let block = u64::from_str_radix(&block[2..], 16).unwrap();
    assert!((2..=BLOCKS).contains(&block), "{block}");
    // With automatic mining it has a block of its own.
    assert_eq!(height(&rig).await, BLOCKS + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_are_answered_while_a_full_pool_is_mined() {
    const TRANSACTIONS: u64 = 8;
    let rig = Rig::with(Config {
        mining: Mining::Manual,
        ..Config::default()
    })
    .await;
    let at = Address::repeat_byte(0x77);
    rig.rpc("anvil_setCode", json!([at, Bytes::from_static(SPINNER)]))
        .await;
    for _ in 0..TRANSACTIONS {
        let tx = json!([{ "from": DEV, "to": at, "gas": "0x1312d00", "gasPrice": "0x174876e800" }]);
        rig.rpc("eth_sendTransaction", tx).await;
    }
    let seen = lengths_until(&rig, "evm_setAutomine", json!([true])).await;
    let mined = height(&rig).await;
    assert!(mined > 1);
    assert!(
        seen.iter().any(|number| (1..mined).contains(number)),
        "{seen:?}"
    );
    let status = rig.rpc("txpool_status", json!([])).await;
    assert_eq!(status["pending"], "0x0");
}

#[tokio::test]
async fn a_reorganisation_has_a_bound_on_its_gas() {
    let rig = Rig::new().await;
    rig.rpc("anvil_mine", json!([1])).await;
    let transaction = |nonce: u64| json!([{ "from": DEV, "to": DEV, "gas": "0x1e84800", "nonce": format!("{nonce:#x}") }, 0]);
    let pairs: Vec<_> = (0..32).map(transaction).collect();
    let (_, message) = rig.rpc_error("anvil_reorg", json!([1, pairs])).await;
    assert!(
        message.ends_with("cannot execute more than 1000000000 gas in new blocks"),
        "{message}"
    );
    assert_eq!(height(&rig).await, 1);
}
