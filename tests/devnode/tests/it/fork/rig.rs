//! A node that forks another one.

use std::time::Duration;

use alloy::primitives::{Address, B256, U256};
use stylus_devnode::{
    Config,
    chain::StartError,
    fork::{Settings, StateError},
};

use crate::rig::Rig;

/// How long an upstream may take.
pub(super) const TIMEOUT: Duration = Duration::from_millis(1_500);

/// Settings for tests: nothing on disk, and short patience.
pub(super) fn settings(url: &str) -> Settings {
    Settings {
        retries: 2,
        backoff: Duration::from_millis(10),
        timeout: TIMEOUT,
        cache: None,
        ..Settings::new(url).unwrap()
    }
}

/// A configuration with these settings.
pub(super) fn config(fork: Settings) -> Config {
    Config {
        fork: Some(fork),
        ..Config::default()
    }
}

/// A fork of the last block of a node.
pub(crate) async fn fork(upstream: &Rig) -> Rig {
    Rig::with(config(settings(&upstream.node.url()))).await
}

/// The value of a slot at the last block.
pub(super) async fn slot(rig: &Rig, address: Address, slot: u64) -> U256 {
    use alloy::providers::Provider;

    let slot = U256::from(slot);
    rig.client.get_storage_at(address, slot).await.unwrap()
}

/// Sets a slot.
pub(super) async fn set_slot(rig: &Rig, address: Address, slot: u64, value: u64) {
    let params = serde_json::json!([address, U256::from(slot), B256::from(U256::from(value))]);
    rig.rpc("anvil_setStorageAt", params).await;
}

/// Why there is no fork with these settings.
pub(super) async fn refusal(settings: Settings) -> StateError {
    match stylus_devnode::spawn(config(settings)).await {
        Err(stylus_devnode::Error::Chain(StartError::Fork(error))) => error,
        other => panic!("no refusal: {other:?}"),
    }
}
