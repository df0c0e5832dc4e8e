//! `prestateTracer`, calls with overrides, and the past.

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    providers::Provider,
};
use serde_json::{Value, json};

use super::scene::{Scene, batch, bytes, number, word};
use crate::rig::DEV;

fn text(address: Address) -> String {
    format!("{address:?}")
}

fn amount(value: &Value) -> U256 {
    value.as_str().unwrap().parse().unwrap()
}

/// Everything in the trace is what the node itself tells of the blocks before and after.
#[tokio::test]
async fn the_difference_is_that_of_the_two_states() {
    let scene = Scene::new().await;
    scene.rig.call(scene.storage, word(3)).await;
    let (hash, _) = scene.send().await;
    let after = scene.rig.client.get_block_number().await.unwrap();
    let options = json!({"tracer": "prestateTracer", "tracerConfig": {"diffMode": true}});
    let diff = scene.trace(hash, options).await;
    for (side, block) in [("pre", after - 1), ("post", after)] {
        let accounts = diff[side].as_object().unwrap();
        assert!(accounts.len() >= 3, "{accounts:?}");
        for (address, account) in accounts {
            let address: Address = address.parse().unwrap();
            if let Some(balance) = account.get("balance") {
                let actual = scene.rig.client.get_balance(address).number(block);
                assert_eq!(actual.await.unwrap(), amount(balance), "{side} {address}");
            }
            for (slot, value) in account["storage"].as_object().into_iter().flatten() {
                let slot = slot.parse::<B256>().unwrap().into();
                let actual = scene.rig.client.get_storage_at(address, slot).number(block);
                assert_eq!(actual.await.unwrap(), amount(value), "{side} {address}");
            }
        }
    }
    let slot = format!("{:?}", B256::ZERO);
    let stored = |side: &str| &diff[side][text(scene.storage)]["storage"][&slot];
    assert_eq!(
        (amount(stored("pre")), amount(stored("post"))),
        (U256::from(3), U256::from(7))
    );
    assert_eq!(
        amount(&diff["post"][text(DEV)]["nonce"].to_string().into()),
        {
            let nonce = scene.rig.client.get_transaction_count(DEV).await.unwrap();
            U256::from(nonce)
        }
    );
    // What only reverted frames did is no difference.
    assert_eq!(diff["post"].get(text(scene.logger)), None);
    assert_eq!(diff["post"].get(text(scene.parrot)), None);
}

#[tokio::test]
async fn the_prestate_has_all_that_was_touched() {
    let scene = Scene::new().await;
    let (hash, _) = scene.send().await;
    let pre = scene.trace(hash, json!({"tracer": "prestateTracer"})).await;
    for address in [
        scene.batch,
        scene.proxy,
        scene.storage,
        scene.logger,
        scene.parrot,
    ] {
        let code = scene.rig.client.get_code_at(address).await.unwrap();
        assert_eq!(bytes(&pre[text(address)]["code"]), code);
    }
    assert!(pre[text(DEV)]["balance"].is_string());
}

/// State and block of a call are what it asks for.
#[tokio::test]
async fn calls_are_traced_with_overrides_and_in_the_past() {
    let scene = Scene::new().await;
    let before = scene.rig.client.get_block_number().await.unwrap();
    scene.rig.call(scene.storage, word(3)).await;
    let call = json!({"from": DEV, "to": scene.storage});
    let traced = async |block: Value, options: Value| {
        let trace = scene
            .rig
            .rpc("debug_traceCall", json!([call, block, options]))
            .await;
        bytes(&trace["output"])
    };
    let options = json!({"tracer": "callTracer"});
    let stored = |value: u64| Bytes::from(word(value));
    assert_eq!(traced(json!("latest"), options.clone()).await, stored(3));
    assert_eq!(
        traced(json!(format!("{before:#x}")), options).await,
        stored(0)
    );
    let slot = format!("{:?}", B256::ZERO);
    let nine = format!("{:?}", B256::from(U256::from(9)));
    let options = json!({"tracer": "callTracer",
        "stateOverrides": {text(scene.storage): {"stateDiff": {slot: nine}}}});
    assert_eq!(traced(json!("latest"), options).await, stored(9));

    // Returns the time of its block.
    let clock = json!({"code": "0x425f5260205ff3"});
    let options = json!({"tracer": "callTracer", "blockOverrides": {"time": "0x4d2"},
        "stateOverrides": {text(scene.storage): clock}});
    assert_eq!(traced(json!("latest"), options).await, stored(0x4d2));
}

/// An edit between two blocks is part of the state that the second one's transaction saw.
#[tokio::test]
async fn edits_between_blocks_are_seen_again() {
    let scene = Scene::new().await;
    let slot = format!("{:?}", B256::ZERO);
    let five = format!("{:?}", B256::from(U256::from(5)));
    scene
        .rig
        .rpc("anvil_setStorageAt", json!([scene.storage, slot, five]))
        .await;
    // Without the edit this would cost more: the slot would be zero.
    let (hash, gas_used) = scene.send().await;
    scene.rig.call(scene.storage, word(0)).await;
    let root = scene.trace(hash, json!({"tracer": "callTracer"})).await;
    assert_eq!(number(&root["gasUsed"]), gas_used);
    let pre = scene.trace(hash, json!({"tracer": "prestateTracer"})).await;
    assert_eq!(
        amount(&pre[text(scene.storage)]["storage"][&slot]),
        U256::from(5)
    );
}

#[tokio::test]
async fn blocks_are_traced_whole() {
    let scene = Scene::new().await;
    let (hash, gas_used) = scene.send().await;
    let options = json!({"tracer": "callTracer"});
    let alone = scene.trace(hash, options.clone()).await;
    let block = scene
        .rig
        .rpc("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    for (method, id) in [
        ("debug_traceBlockByNumber", &block["number"]),
        ("debug_traceBlockByHash", &block["hash"]),
    ] {
        let traces = scene.rig.rpc(method, json!([id, options])).await;
        assert_eq!(traces, json!([{"txHash": hash, "result": alone}]));
    }
    assert_eq!(number(&alone["gasUsed"]), gas_used);
    let empty = scene
        .rig
        .rpc("debug_traceBlockByNumber", json!(["0x0", options]))
        .await;
    assert_eq!(empty, json!([]));
    let raw = scene.rig.rpc("debug_getRawHeader", json!(["latest"])).await;
    assert_eq!(
        json!(alloy::primitives::keccak256(bytes(&raw))),
        block["hash"]
    );
    let raw = scene
        .rig
        .rpc("debug_getRawTransaction", json!([hash]))
        .await;
    assert_eq!(alloy::primitives::keccak256(bytes(&raw)), hash);
    let raw = bytes(&scene.rig.rpc("debug_getRawBlock", json!(["latest"])).await);
    assert!(raw.len() > scene.input.len());
    let raw = scene
        .rig
        .rpc("debug_getRawReceipts", json!(["latest"]))
        .await;
    assert_eq!(raw.as_array().unwrap().len(), 1);
}

/// A contract that ends itself shows, and so does where its balance went.
#[tokio::test]
async fn self_destruction_shows() {
    let scene = Scene::new().await;
    let bomb = scene.rig.deploy(&[0x33, 0xff]).await;
    let receipt = scene.rig.call(scene.batch, batch(&[(bomb, vec![])])).await;
    let root = scene
        .trace(receipt.transaction_hash, json!({"tracer": "callTracer"}))
        .await;
    let end = &root["calls"][0]["calls"][0];
    assert_eq!(end["type"], json!("SELFDESTRUCT"));
    assert_eq!(
        (&end["from"], &end["to"]),
        (&json!(text(bomb)), &json!(text(scene.batch)))
    );
    assert_eq!(end.get("vm"), None);
}
