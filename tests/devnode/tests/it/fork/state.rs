//! What a fork sees, and that what it changes stays its own.

use alloy::{
    primitives::{Address, Bytes, U256},
    providers::Provider,
};
use serde_json::json;
use stylus_devnode::fork::Settings;

use super::rig::{config, fork, set_slot, settings, slot};
use crate::rig::{DEV, Kind, PROXY, Rig, via_program};

const ALICE: Address = Address::repeat_byte(0xa1);
const STORAGE: &str = include_str!("../wat/storage.wat");

fn word(value: u64) -> Vec<u8> {
    U256::from(value).to_be_bytes_vec()
}

#[tokio::test]
async fn programs_of_the_upstream_run_and_write_locally() {
    let upstream = Rig::new().await;
    let program = upstream.program(STORAGE).await;
    let proxy = upstream.program(PROXY).await;
    upstream.call(program, word(7)).await;

    let local = fork(&upstream).await;
    let head = upstream.client.get_block_number().await.unwrap();
    assert_eq!(local.client.get_block_number().await.unwrap(), head);
    assert_eq!(local.view(program, vec![]).await, Bytes::from(word(7)));
    // Activation, code and gas are the same: the same call costs the same.
    let call = via_program(Kind::Call, program, 0, &word(9));
    let here = local.call(proxy, call.clone()).await;
    assert_eq!(here.block_number, Some(head + 1));
    assert_eq!(local.view(program, vec![]).await, Bytes::from(word(9)));
    assert_eq!(upstream.view(program, vec![]).await, Bytes::from(word(7)));
    assert_eq!(upstream.client.get_block_number().await.unwrap(), head);
    let there = upstream.call(proxy, call).await;
    assert_eq!(there.gas_used, here.gas_used);
    // A change of the upstream after the fork is not seen.
    upstream.call(program, word(11)).await;
    assert_eq!(local.view(program, vec![]).await, Bytes::from(word(9)));
}

#[tokio::test]
async fn a_fork_can_begin_in_the_past() {
    let upstream = Rig::new().await;
    let program = upstream.program(STORAGE).await;
    upstream.call(program, word(7)).await;
    let then = upstream.client.get_block_number().await.unwrap();
    upstream.call(program, word(8)).await;

    let settings = Settings {
        block_number: Some(then),
        ..settings(&upstream.node.url())
    };
    let local = Rig::with(config(settings)).await;
    assert_eq!(local.client.get_block_number().await.unwrap(), then);
    assert_eq!(local.view(program, vec![]).await, Bytes::from(word(7)));
    let (block, there) = (
        local.client.get_block(then.into()).await.unwrap().unwrap(),
        upstream
            .client
            .get_block(then.into())
            .await
            .unwrap()
            .unwrap(),
    );
    assert_eq!(block.header.hash, there.header.hash);
    // The clock runs on from the block, and the base fee is its.
    local.rpc("evm_mine", json!([])).await;
    let next = local
        .client
        .get_block((then + 1).into())
        .await
        .unwrap()
        .unwrap();
    let time = there.header.timestamp;
    assert!((time..time + 60).contains(&next.header.timestamp));
    assert_eq!(next.header.parent_hash, there.header.hash);
    assert_eq!(next.header.base_fee_per_gas, there.header.base_fee_per_gas);
    assert_eq!(
        local.client.get_chain_id().await.unwrap(),
        stylus_devnode::CHAIN_ID
    );
}

#[tokio::test]
async fn a_local_zero_hides_the_upstreams_value() {
    let upstream = Rig::new().await;
    set_slot(&upstream, ALICE, 1, 5).await;
    set_slot(&upstream, ALICE, 2, 6).await;
    upstream
        .rpc("anvil_setCode", json!([ALICE, "0x6001"]))
        .await;
    upstream
        .rpc("anvil_setBalance", json!([ALICE, "0x64"]))
        .await;
    upstream.rpc("evm_mine", json!([])).await;

    let local = fork(&upstream).await;
    let snapshot = local.rpc("evm_snapshot", json!([])).await;
    let before = local.client.get_block_number().await.unwrap();
    set_slot(&local, ALICE, 1, 0).await;
    set_slot(&local, ALICE, 2, 7).await;
    set_slot(&local, ALICE, 3, 8).await;
    local.rpc("anvil_setBalance", json!([ALICE, "0x0"])).await;
    local.rpc("anvil_setCode", json!([ALICE, "0x"])).await;
    local.rpc("evm_mine", json!([])).await;
    for (number, value) in [(1, 0), (2, 7), (3, 8)] {
        assert_eq!(slot(&local, ALICE, number).await, U256::from(value));
    }
    assert_eq!(local.client.get_balance(ALICE).await.unwrap(), U256::ZERO);
    assert!(local.client.get_code_at(ALICE).await.unwrap().is_empty());
    // The state before is still there, and comes back.
    let old = local
        .client
        .get_storage_at(ALICE, U256::ONE)
        .block_id(before.into());
    assert_eq!(old.await.unwrap(), U256::from(5));
    assert_eq!(
        local.rpc("evm_revert", json!([snapshot])).await,
        json!(true)
    );
    for (number, value) in [(1, 5), (2, 6), (3, 0)] {
        assert_eq!(slot(&local, ALICE, number).await, U256::from(value));
    }
    assert_eq!(
        local.client.get_balance(ALICE).await.unwrap(),
        U256::from(100)
    );
    assert_eq!(
        local.client.get_code_at(ALICE).await.unwrap(),
        Bytes::from(vec![0x60, 1])
    );
    assert_eq!(slot(&upstream, ALICE, 1).await, U256::from(5));
}

#[tokio::test]
async fn a_running_node_forks_another_block_or_another_chain() {
    let upstream = Rig::new().await;
    let program = upstream.program(STORAGE).await;
    upstream.call(program, word(7)).await;
    let then = upstream.client.get_block_number().await.unwrap();
    upstream.call(program, word(8)).await;
    let local = fork(&upstream).await;
    local.call(program, word(9)).await;

    let forking = json!([{ "forking": { "blockNumber": then } }]);
    assert_eq!(local.rpc("anvil_reset", forking).await, json!(true));
    assert_eq!(local.client.get_block_number().await.unwrap(), then);
    assert_eq!(local.view(program, vec![]).await, Bytes::from(word(7)));
    let info = local.rpc("anvil_nodeInfo", json!([])).await;
    assert_eq!(info["forkConfig"]["forkUrl"], json!(upstream.node.url()));
    assert_eq!(info["forkConfig"]["forkBlockNumber"], json!(then));
    let tx = json!([{ "from": DEV, "to": program, "input": Bytes::from(word(10)) }]);
    local.rpc("eth_sendTransaction", tx).await;
    assert_eq!(local.view(program, vec![]).await, Bytes::from(word(10)));

    let other = Rig::new().await;
    let url = other.node.url();
    let forking = json!([{ "forking": { "jsonRpcUrl": url } }]);
    assert_eq!(local.rpc("hardhat_reset", forking).await, json!(true));
    assert_eq!(local.client.get_block_number().await.unwrap(), 0);
    assert!(local.client.get_code_at(program).await.unwrap().is_empty());
    let metadata = local.rpc("anvil_metadata", json!([])).await;
    assert_eq!(metadata["forkedNetwork"]["forkBlockNumber"], json!(0));

    let forking = json!([{ "forking": { "jsonRpcUrl": "http://127.0.0.1:1" } }]);
    let (code, message) = local.rpc_error("anvil_reset", forking).await;
    assert!(
        code == -32000 && message.starts_with("fork of http://127.0.0.1:1: cannot read"),
        "{code} {message}"
    );
    let url = local.rpc("anvil_nodeInfo", json!([])).await["forkConfig"]["forkUrl"].clone();
    assert_eq!(url, json!(other.node.url()));
}

/// An upstream's contract of which only the balance was changed here keeps its code over a dump.
#[tokio::test]
async fn a_dump_of_a_fork_has_the_code_of_the_upstreams_contracts() {
    let upstream = Rig::new().await;
    let contract = upstream.deploy(&[0x60, 0x01, 0x00]).await;
    let (local, other) = (fork(&upstream).await, fork(&upstream).await);
    local
        .rpc("anvil_setBalance", json!([contract, "0x1"]))
        .await;
    let dump = local.rpc("anvil_dumpState", json!([])).await;
    assert_eq!(
        other.rpc("anvil_loadState", json!([dump])).await,
        json!(true)
    );
    let code = other.client.get_code_at(contract).await.unwrap();
    assert_eq!(code, Bytes::from(vec![0x60, 0x01, 0x00]));
    assert_eq!(other.client.get_balance(contract).await.unwrap(), U256::ONE);
}
