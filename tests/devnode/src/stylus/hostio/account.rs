//! Other accounts.

use alloy_primitives::{Address, Bytes};

use super::Host;
use crate::stylus::{
    ArbosVersion, Reply, Request,
    host::HostError,
    pricing::{self, EVM_API, HOSTIO, PTR},
};

/// {gas} EIP-2929: what must be left to touch an account.
const COLD_ACCOUNT_GAS: u64 = 2_600;

/// {wei} Balance of an account.
pub(super) async fn account_balance(
    host: &mut Host<'_>,
    address: u32,
    dest: u32,
) -> Result<(), HostError> {
    host.buy_ink(HOSTIO + 2 * PTR + EVM_API)?;
    host.require_gas(COLD_ACCOUNT_GAS)?;
    let address = host.read_address(address)?;
    let balance = host.ask_value(Request::AccountBalance { address }).await?;
    host.write(dest, balance.as_slice())?;
    host.record(
        "account_balance",
        &[address.as_slice()],
        &[balance.as_slice()],
    );
    Ok(())
}

/// Copies what `offset..offset + size` and the account's code have in common; says how much that is.
///
/// The whole code is paid for, however much of it is copied.
pub(super) async fn account_code(
    host: &mut Host<'_>,
    address: u32,
    offset: u32,
    size: u32,
    dest: u32,
) -> Result<u32, HostError> {
    let (address, code) = code(host, address).await?;
    host.buy_ink(pricing::write(code.len() as u32))?;
    let start = (offset as usize).min(code.len());
    let end = start.saturating_add(size as usize).min(code.len());
    host.write(dest, &code[start..end])?;
    let range = [offset.to_be_bytes(), size.to_be_bytes()];
    host.record(
        "account_code",
        &[address.as_slice(), range.as_flattened()],
        &[&code[start..end]],
    );
    Ok((end - start) as u32)
}

/// {byte} Length of the account's code.
pub(super) async fn account_code_size(host: &mut Host<'_>, address: u32) -> Result<u32, HostError> {
    let (address, code) = code(host, address).await?;
    let size = code.len() as u32;
    host.record(
        "account_code_size",
        &[address.as_slice()],
        &[&size.to_be_bytes()],
    );
    Ok(size)
}

/// Hash of the account's code.
pub(super) async fn account_codehash(
    host: &mut Host<'_>,
    address: u32,
    dest: u32,
) -> Result<(), HostError> {
    host.buy_ink(HOSTIO + 2 * PTR + EVM_API)?;
    host.require_gas(COLD_ACCOUNT_GAS)?;
    let address = host.read_address(address)?;
    let hash = host.ask_value(Request::AccountCodeHash { address }).await?;
    host.write(dest, hash.as_slice())?;
    host.record(
        "account_codehash",
        &[address.as_slice()],
        &[hash.as_slice()],
    );
    Ok(())
}

/// The account and its code, which is free of gas if it was the last one asked for.
async fn code(host: &mut Host<'_>, address: u32) -> Result<(Address, Bytes), HostError> {
    host.buy_ink(HOSTIO + EVM_API)?;
    host.require_gas(COLD_ACCOUNT_GAS)?;
    let gas_left = host.gas_left()?;
    let address = host.read_address(address)?;
    if let Some((last, code)) = &host.state().last_code
        && *last == address
    {
        return Ok((address, code.clone()));
    }
    let reply = host.ask(Request::AccountCode { address, gas_left }).await?;
    let Reply::Code { code, gas } = reply else {
        return Err(HostError::ReplyMismatch);
    };
    if !code.is_empty() || !host.state().rules.since(ArbosVersion::WASM_SIZE_PARAM) {
        host.state_mut().last_code = Some((address, code.clone()));
    }
    host.buy_gas(gas)?;
    Ok((address, code))
}
