//! Storage through the call's cache, and transient storage.

use super::Host;
use crate::stylus::{
    ArbosVersion, FlushOutcome, Reply, Request,
    host::HostError,
    pricing::{EVM_API, HOSTIO, PTR},
};

/// {gas} EIP-2929.
const COLD_LOAD_GAS: u64 = 2_100;
/// {gas} EIP-1706: what must be left to write.
const STORE_SENTRY_GAS: u64 = 2_300;
/// {gas} The most that a cache access costs.
const CACHE_GAS_MAX: u64 = 10;
/// {gas} EIP-1153.
const TRANSIENT_GAS: u64 = 100;

/// Reads a slot.
pub(super) async fn storage_load_bytes32(
    host: &mut Host<'_>,
    key: u32,
    dest: u32,
) -> Result<(), HostError> {
    host.buy_ink(HOSTIO + 2 * PTR)?;
    let miss_gas = miss_gas(host);
    host.require_gas(COLD_LOAD_GAS + CACHE_GAS_MAX + miss_gas)?;
    let key = host.read_word(key)?;
    let mut cost = host.state_mut().cache.read_gas();
    let value = match host.state().cache.get(key) {
        Some(value) => value,
        None => {
            let Reply::Value { value, gas } = host.ask(Request::StorageLoad { key }).await? else {
                return Err(HostError::ReplyMismatch);
            };
            cost = cost.saturating_add(gas).saturating_add(miss_gas);
            host.state_mut().cache.insert_known(key, value);
            value
        }
    };
    host.buy_gas(cost)?;
    host.write(dest, value.as_slice())?;
    host.record(
        "storage_load_bytes32",
        &[key.as_slice()],
        &[value.as_slice()],
    );
    Ok(())
}

/// {gas} Asking the EVM on a miss. Before ArbOS 32 the number of ink was taken for gas.
fn miss_gas(host: &Host<'_>) -> u64 {
    let rules = &host.state().rules;
    match rules.since(ArbosVersion::STYLUS_CHARGING) {
        true => rules.ink_to_gas(EVM_API),
        false => EVM_API,
    }
}

/// Sets a slot in the cache.
pub(super) fn storage_cache_bytes32(
    host: &mut Host<'_>,
    key: u32,
    value: u32,
) -> Result<(), HostError> {
    host.buy_ink(HOSTIO + 2 * PTR)?;
    host.require_gas(STORE_SENTRY_GAS + CACHE_GAS_MAX)?;
    let key = host.read_word(key)?;
    let value = host.read_word(value)?;
    let cache = &mut host.state_mut().cache;
    let cost = cache.write_gas();
    cache.set(key, value);
    host.buy_gas(cost)?;
    host.record(
        "storage_cache_bytes32",
        &[key.as_slice(), value.as_slice()],
        &[],
    );
    Ok(())
}

/// Writes the changed slots to the chain, and empties the cache if asked to.
///
/// The budget is one gas above what is left, so that spending all of it is out of ink.
pub(super) async fn storage_flush_cache(host: &mut Host<'_>, clear: u32) -> Result<(), HostError> {
    flush(host, clear != 0).await?;
    host.record("storage_flush_cache", &[&[u8::from(clear != 0)]], &[]);
    Ok(())
}

async fn flush(host: &mut Host<'_>, clear: bool) -> Result<(), HostError> {
    host.buy_ink(HOSTIO + EVM_API)?;
    host.require_gas(STORE_SENTRY_GAS)?;
    let gas_budget = host.gas_left()?.saturating_add(1);
    let entries = host.state_mut().cache.take_dirty(clear);
    if entries.is_empty() {
        return Ok(());
    }
    let reply = host
        .ask(Request::StorageFlush {
            entries,
            gas_budget,
        })
        .await?;
    let Reply::Flush { outcome, gas } = reply else {
        return Err(HostError::ReplyMismatch);
    };
    if outcome == FlushOutcome::OutOfGas && host.state().rules.since(ArbosVersion::STACK_CAP) {
        return Err(host.out_of_ink());
    }
    if host.state().rules.since(ArbosVersion::STYLUS_CHARGING) {
        host.buy_gas(gas)?;
    }
    match outcome {
        FlushOutcome::Written => Ok(()),
        FlushOutcome::OutOfGas => Err(HostError::FlushFailed),
        FlushOutcome::WriteProtected => Err(HostError::Refused),
    }
}

/// Reads a transient slot.
pub(super) async fn transient_load_bytes32(
    host: &mut Host<'_>,
    key: u32,
    dest: u32,
) -> Result<(), HostError> {
    host.buy_ink(HOSTIO + 2 * PTR + EVM_API)?;
    host.buy_gas(TRANSIENT_GAS)?;
    let key = host.read_word(key)?;
    let value = host.ask_value(Request::TransientLoad { key }).await?;
    host.write(dest, value.as_slice())?;
    host.record(
        "transient_load_bytes32",
        &[key.as_slice()],
        &[value.as_slice()],
    );
    Ok(())
}

/// Writes a transient slot.
pub(super) async fn transient_store_bytes32(
    host: &mut Host<'_>,
    key: u32,
    value: u32,
) -> Result<(), HostError> {
    host.buy_ink(HOSTIO + 2 * PTR + EVM_API)?;
    host.buy_gas(TRANSIENT_GAS)?;
    let key = host.read_word(key)?;
    let value = host.read_word(value)?;
    host.ask_done(Request::TransientStore { key, value })
        .await?;
    host.record(
        "transient_store_bytes32",
        &[key.as_slice(), value.as_slice()],
        &[],
    );
    Ok(())
}
