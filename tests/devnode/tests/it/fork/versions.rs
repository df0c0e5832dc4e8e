//! Forks with another ArbOS version than their upstream's.

use alloy::{
    primitives::{Address, Bytes, U256},
    providers::Provider,
    sol,
};
use serde_json::json;
use stylus_devnode::{Config, fork::Settings};

use super::rig::{config, settings};
use crate::rig::{ARB_WASM, ArbWasm, DEV, Rig};

const ECHO: &str = include_str!("../wat/write-args.wat");

const ARB_SYS: Address = Address::with_last_byte(0x64);
const ARB_GAS_INFO: Address = Address::with_last_byte(0x6c);
const ARB_NATIVE_TOKEN_MANAGER: Address = Address::with_last_byte(0x73);

sol! {
    function arbOSVersion() external view returns (uint256);
    function maxStackDepth() external view returns (uint32);
    function getMaxTxGasLimit() external view returns (uint256);
}

/// A chain of ArbOS `from`, and a fork of it as `to`.
async fn forked_as(from: u64, to: u64) -> [Rig; 2] {
    let upstream = Rig::with(Config {
        arbos_version: from,
        ..Config::default()
    })
    .await;
    let local = Settings {
        arbos_version: Some(to),
        ..settings(&upstream.node.url())
    };
    let local = Rig::with(config(local)).await;
    [upstream, local]
}

async fn stylus_version(rig: &Rig) -> u16 {
    rig.ask(ARB_WASM, ArbWasm::stylusVersionCall {}).await
}

/// What an upgrade brings is there, and both kinds of code run.
#[tokio::test]
async fn a_raised_fork_is_as_after_an_upgrade() {
    let [_upstream, rig] = forked_as(32, 61).await;
    let version = rig.ask(ARB_SYS, arbOSVersionCall {}).await;
    assert_eq!(version, U256::from(55 + 61));
    assert_eq!(stylus_version(&rig).await, 3);
    assert_eq!(rig.ask(ARB_WASM, maxStackDepthCall {}).await, 22_000);
    let limit = rig.ask(ARB_GAS_INFO, getMaxTxGasLimitCall {}).await;
    assert_eq!(limit, U256::from(32_000_000));
    let manager = rig.client.get_code_at(ARB_NATIVE_TOKEN_MANAGER).await;
    assert_eq!(manager.unwrap(), Bytes::from([0xfe]));
    let info = rig.rpc("anvil_nodeInfo", json!([])).await;
    assert_eq!(info["hardFork"], json!("osaka"));

    let echo = rig.program(ECHO).await;
    assert_eq!(rig.view(echo, vec![7]).await, Bytes::from(vec![7]));
    rig.call(echo, vec![7]).await;
    let receipt = rig.send(DEV.into(), vec![], 1).await;
    assert_eq!((receipt.status(), receipt.gas_used), (true, 21_000));
}

#[tokio::test]
async fn a_lowered_fork_has_the_rules_of_its_version() {
    let [_upstream, rig] = forked_as(61, 32).await;
    assert_eq!(stylus_version(&rig).await, 2);
    let info = rig.rpc("anvil_nodeInfo", json!([])).await;
    assert_eq!(info["hardFork"], json!("cancun"));
    let echo = rig.program(ECHO).await;
    assert_eq!(rig.view(echo, vec![7]).await, Bytes::from(vec![7]));
    rig.call(echo, vec![7]).await;
}
