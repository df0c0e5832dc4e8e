//! What a node can do wrong, and what is said about it.

use std::time::Duration;

use alloy::primitives::Address;
use alloy::rpc::types::BlockId;
use alloy::sol_types::SolError;
use gimbal_abi::IEngine;
use gimbal_abi::token::IERC20;
use gimbal_keeper::rpc::{Batch, CallError, Chain, RpcError, Timeouts};
use serde_json::json;

use crate::node::{Node, Reply};
use crate::world::World;

fn impatient(url: &str) -> Chain {
    let short = Duration::from_millis(150);
    Chain::connect_with(
        url,
        Timeouts {
            read: short,
            send: short,
        },
    )
    .unwrap()
}

#[tokio::test]
async fn silence_ends_in_a_timeout() {
    let node = Node::spawn(|_, _| Reply::Hang(Duration::from_secs(5)));
    let error = impatient(&node.url).chain_id().await.unwrap_err();
    assert!(matches!(error, RpcError::TimedOut { .. }), "{error}");
    assert!(error.to_string().contains("eth_chainId"));
}

#[tokio::test]
async fn malformed_answers_are_errors_not_panics() {
    for raw in [
        "",
        "null",
        "{}",
        "[]",
        "not json",
        "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":\"0xzz\"}",
    ] {
        let node = Node::spawn(move |_, _| Reply::Raw(raw));
        let chain = impatient(&node.url);
        chain.chain_id().await.unwrap_err();
        chain.head().await.unwrap_err();
        let mut batch = Batch::default();
        let slot = batch.add(Address::ZERO, &IERC20::decimalsCall {});
        let answers = batch.send(&chain, BlockId::latest()).await;
        assert!(
            answers.is_err() || answers.unwrap().take(slot).is_err(),
            "{raw:?}"
        );
    }
    let wrong = Node::spawn(|_, _| Reply::Ok(json!({ "number": 5 })));
    assert!(matches!(
        impatient(&wrong.url).head().await,
        Err(RpcError::Malformed { .. })
    ));
    let short = Node::spawn(|_, _| Reply::Ok(json!("0x01")));
    let view = impatient(&short.url)
        .view(Address::ZERO, &IERC20::decimalsCall {})
        .await;
    assert!(matches!(
        view,
        Err(CallError::Rpc(RpcError::Malformed { .. }))
    ));
}

#[tokio::test]
async fn nobody_there_is_said_without_the_secrets_of_the_url() {
    let chain = impatient("http://user:hunter2@127.0.0.1:1/v2/APIKEY?key=APIKEY");
    let error = chain.chain_id().await.unwrap_err();
    let (shown, debugged) = (error.to_string(), format!("{error:?} {chain:?}"));
    assert!(
        shown.contains("cannot reach the node at http://127.0.0.1:1"),
        "{shown}"
    );
    assert!(
        !shown.contains("APIKEY") && !shown.contains("hunter2"),
        "{shown}"
    );
    assert!(!debugged.contains("hunter2"), "{debugged}");
}

#[tokio::test]
async fn reverts_are_told_from_failures() {
    let data = IEngine::Cooldown { until: 42 }.abi_encode();
    let node = Node::spawn(move |_, _| Reply::revert(&data));
    let chain = impatient(&node.url);
    let error = chain
        .view(Address::ZERO, &IEngine::navCall {})
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "Cooldown(until: 42)");

    let node = Node::spawn(|_, _| Reply::error(-32_005, "limit exceeded"));
    let error = impatient(&node.url)
        .view(Address::ZERO, &IEngine::navCall {})
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        CallError::Rpc(RpcError::Node { code: -32_005, .. })
    ));
}

#[tokio::test]
async fn a_snapshot_is_one_request_for_the_block_and_one_batch() {
    let (node, _world) = World::out_of_band().serve();
    let chain = Chain::connect(&node.url).unwrap();
    let registry = gimbal_keeper::registry::Registry::read(&chain, World::addresses())
        .await
        .unwrap();
    let before = node.posts();
    let snapshot = gimbal_keeper::snapshot::Snapshot::read(&chain, &registry, None)
        .await
        .unwrap();
    assert_eq!(node.posts() - before, 2);
    assert_eq!(snapshot.block, 16);
    assert_eq!(snapshot.breached(), Some(true));
    assert_eq!(registry.assets[1].symbol, "WETH");
}
