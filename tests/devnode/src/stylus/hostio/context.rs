//! The context of the call.

use super::Host;
use crate::stylus::{
    host::{HostError, HostState},
    pricing::{HOSTIO, PTR},
};

/// {wei/gas}
pub(super) fn block_basefee(host: &mut Host<'_>, dest: u32) -> Result<(), HostError> {
    bytes(host, dest, |state| {
        state.data.block_basefee.to_be_bytes::<32>()
    })
}

pub(super) fn block_coinbase(host: &mut Host<'_>, dest: u32) -> Result<(), HostError> {
    bytes(host, dest, |state| state.data.block_coinbase.into_array())
}

/// {gas}
pub(super) fn block_gas_limit(host: &mut Host<'_>) -> Result<u64, HostError> {
    integer(host, |state| state.data.block_gas_limit)
}

pub(super) fn block_number(host: &mut Host<'_>) -> Result<u64, HostError> {
    integer(host, |state| state.data.block_number)
}

/// {s} since 1970
pub(super) fn block_timestamp(host: &mut Host<'_>) -> Result<u64, HostError> {
    integer(host, |state| state.data.block_timestamp)
}

pub(super) fn chainid(host: &mut Host<'_>) -> Result<u64, HostError> {
    integer(host, |state| state.data.chain_id)
}

pub(super) fn contract_address(host: &mut Host<'_>, dest: u32) -> Result<(), HostError> {
    bytes(host, dest, |state| state.data.contract_address.into_array())
}

/// {gas} What is left after paying for the answer.
pub(super) fn evm_gas_left(host: &mut Host<'_>) -> Result<u64, HostError> {
    host.buy_ink(HOSTIO)?;
    host.gas_left()
}

/// {ink} What is left after paying for the answer.
pub(super) fn evm_ink_left(host: &mut Host<'_>) -> Result<u64, HostError> {
    host.buy_ink(HOSTIO)?;
    host.ink_left()
}

pub(super) fn msg_reentrant(host: &mut Host<'_>) -> Result<u32, HostError> {
    integer(host, |state| u32::from(state.data.reentrant))
}

pub(super) fn msg_sender(host: &mut Host<'_>, dest: u32) -> Result<(), HostError> {
    bytes(host, dest, |state| state.data.msg_sender.into_array())
}

/// {wei}
pub(super) fn msg_value(host: &mut Host<'_>, dest: u32) -> Result<(), HostError> {
    bytes(host, dest, |state| state.data.msg_value.to_be_bytes::<32>())
}

/// {wei/gas}
pub(super) fn tx_gas_price(host: &mut Host<'_>, dest: u32) -> Result<(), HostError> {
    bytes(host, dest, |state| {
        state.data.tx_gas_price.to_be_bytes::<32>()
    })
}

/// {ink/gas}
pub(super) fn tx_ink_price(host: &mut Host<'_>) -> Result<u32, HostError> {
    integer(host, |state| state.rules.ink_price)
}

pub(super) fn tx_origin(host: &mut Host<'_>, dest: u32) -> Result<(), HostError> {
    bytes(host, dest, |state| state.data.tx_origin.into_array())
}

fn bytes<const N: usize>(
    host: &mut Host<'_>,
    dest: u32,
    value: impl FnOnce(&HostState) -> [u8; N],
) -> Result<(), HostError> {
    host.buy_ink(HOSTIO + PTR)?;
    let value = value(host.state());
    host.write(dest, &value)
}

fn integer<N>(host: &mut Host<'_>, value: impl FnOnce(&HostState) -> N) -> Result<N, HostError> {
    host.buy_ink(HOSTIO)?;
    Ok(value(host.state()))
}
