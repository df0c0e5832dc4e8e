//! The context of the call.

use super::Host;
use crate::stylus::{
    host::{HostError, HostState},
    pricing::{HOSTIO, PTR},
};

/// {wei/gas}
pub(super) fn block_basefee(host: &mut Host<'_>, dest: u32) -> Result<(), HostError> {
    bytes(host, "block_basefee", dest, |state| {
        state.data.block_basefee.to_be_bytes::<32>()
    })
}

pub(super) fn block_coinbase(host: &mut Host<'_>, dest: u32) -> Result<(), HostError> {
    bytes(host, "block_coinbase", dest, |state| {
        state.data.block_coinbase.into_array()
    })
}

/// {gas}
pub(super) fn block_gas_limit(host: &mut Host<'_>) -> Result<u64, HostError> {
    long(host, "block_gas_limit", |state| state.data.block_gas_limit)
}

pub(super) fn block_number(host: &mut Host<'_>) -> Result<u64, HostError> {
    long(host, "block_number", |state| state.data.block_number)
}

/// {s} since 1970
pub(super) fn block_timestamp(host: &mut Host<'_>) -> Result<u64, HostError> {
    long(host, "block_timestamp", |state| state.data.block_timestamp)
}

pub(super) fn chainid(host: &mut Host<'_>) -> Result<u64, HostError> {
    long(host, "chainid", |state| state.data.chain_id)
}

pub(super) fn contract_address(host: &mut Host<'_>, dest: u32) -> Result<(), HostError> {
    bytes(host, "contract_address", dest, |state| {
        state.data.contract_address.into_array()
    })
}

/// {gas} What is left after paying for the answer.
pub(super) fn evm_gas_left(host: &mut Host<'_>) -> Result<u64, HostError> {
    host.buy_ink(HOSTIO)?;
    let gas = host.gas_left()?;
    host.record("evm_gas_left", &[], &[&gas.to_be_bytes()]);
    Ok(gas)
}

/// {ink} What is left after paying for the answer.
pub(super) fn evm_ink_left(host: &mut Host<'_>) -> Result<u64, HostError> {
    host.buy_ink(HOSTIO)?;
    let ink = host.ink_left()?;
    host.record("evm_ink_left", &[], &[&ink.to_be_bytes()]);
    Ok(ink)
}

pub(super) fn msg_reentrant(host: &mut Host<'_>) -> Result<u32, HostError> {
    short(host, "msg_reentrant", |state| state.data.reentrant)
}

pub(super) fn msg_sender(host: &mut Host<'_>, dest: u32) -> Result<(), HostError> {
    bytes(host, "msg_sender", dest, |state| {
        state.data.msg_sender.into_array()
    })
}

/// {wei}
pub(super) fn msg_value(host: &mut Host<'_>, dest: u32) -> Result<(), HostError> {
    bytes(host, "msg_value", dest, |state| {
        state.data.msg_value.to_be_bytes::<32>()
    })
}

/// {wei/gas}
pub(super) fn tx_gas_price(host: &mut Host<'_>, dest: u32) -> Result<(), HostError> {
    bytes(host, "tx_gas_price", dest, |state| {
        state.data.tx_gas_price.to_be_bytes::<32>()
    })
}

/// {ink/gas}
pub(super) fn tx_ink_price(host: &mut Host<'_>) -> Result<u32, HostError> {
    short(host, "tx_ink_price", |state| state.rules.ink_price)
}

pub(super) fn tx_origin(host: &mut Host<'_>, dest: u32) -> Result<(), HostError> {
    bytes(host, "tx_origin", dest, |state| {
        state.data.tx_origin.into_array()
    })
}

fn bytes<const N: usize>(
    host: &mut Host<'_>,
    name: &'static str,
    dest: u32,
    value: impl FnOnce(&HostState) -> [u8; N],
) -> Result<(), HostError> {
    host.buy_ink(HOSTIO + PTR)?;
    let value = value(host.state());
    host.write(dest, &value)?;
    host.record(name, &[], &[&value]);
    Ok(())
}

fn long(
    host: &mut Host<'_>,
    name: &'static str,
    value: impl FnOnce(&HostState) -> u64,
) -> Result<u64, HostError> {
    host.buy_ink(HOSTIO)?;
    let value = value(host.state());
    host.record(name, &[], &[&value.to_be_bytes()]);
    Ok(value)
}

fn short(
    host: &mut Host<'_>,
    name: &'static str,
    value: impl FnOnce(&HostState) -> u32,
) -> Result<u32, HostError> {
    host.buy_ink(HOSTIO)?;
    let value = value(host.state());
    host.record(name, &[], &[&value.to_be_bytes()]);
    Ok(value)
}
