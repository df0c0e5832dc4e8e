//! Calling other contracts.

use alloy_primitives::Bytes;

use super::Host;
use crate::stylus::{
    CallKind, Reply, Request,
    host::HostError,
    pricing::{self, EVM_API, HOSTIO, PTR},
};

/// Status of a call that ended in any other way than well.
const FAILED: u32 = 2;

/// What all kinds of call are given.
struct Arguments {
    to: u32,
    data: u32,
    len: u32,
    gas: u64,
    ret_len: u32,
}

/// Calls with value.
pub(super) async fn call_contract(
    host: &mut Host<'_>,
    to: u32,
    data: u32,
    len: u32,
    value: u32,
    gas: u64,
    ret_len: u32,
) -> Result<u32, HostError> {
    let arguments = Arguments {
        to,
        data,
        len,
        gas,
        ret_len,
    };
    call(host, CallKind::Call, arguments, Some(value)).await
}

/// Runs another contract's code on the acting account.
pub(super) async fn delegate_call_contract(
    host: &mut Host<'_>,
    to: u32,
    data: u32,
    len: u32,
    gas: u64,
    ret_len: u32,
) -> Result<u32, HostError> {
    let arguments = Arguments {
        to,
        data,
        len,
        gas,
        ret_len,
    };
    call(host, CallKind::Delegate, arguments, None).await
}

/// Calls without letting anything change.
pub(super) async fn static_call_contract(
    host: &mut Host<'_>,
    to: u32,
    data: u32,
    len: u32,
    gas: u64,
    ret_len: u32,
) -> Result<u32, HostError> {
    let arguments = Arguments {
        to,
        data,
        len,
        gas,
        ret_len,
    };
    call(host, CallKind::Static, arguments, None).await
}

async fn call(
    host: &mut Host<'_>,
    kind: CallKind,
    arguments: Arguments,
    value: Option<u32>,
) -> Result<u32, HostError> {
    host.buy_ink(HOSTIO + 3 * PTR + EVM_API)?;
    host.buy_ink(2 * pricing::read(arguments.len))?;
    let gas_left = host.gas_left()?;
    let to = host.read_address(arguments.to)?;
    let data = Bytes::copy_from_slice(host.read(arguments.data, arguments.len)?);
    let value = value.map(|ptr| host.read_word(ptr)).transpose()?;
    let recorded = host.is_recorded().then(|| data.clone());
    let request = Request::Call {
        kind,
        to,
        data,
        value: value.unwrap_or_default().into(),
        gas_left,
        gas_req: arguments.gas.min(gas_left),
    };
    let Reply::Call {
        success,
        return_data,
        gas,
    } = host.ask(request).await?
    else {
        return Err(HostError::ReplyMismatch);
    };
    let return_len = return_data.len() as u32;
    host.state_mut().return_data = return_data;
    host.buy_gas(gas)?;
    host.write_u32(arguments.ret_len, return_len)?;
    let status = if success { 0 } else { FAILED };
    if let Some(data) = recorded {
        let gas = arguments.gas.to_be_bytes();
        let value = value.as_ref().map_or(&[][..], |value| value.as_slice());
        let outs = [&return_len.to_be_bytes()[..], &[status as u8]];
        host.record(name(kind), &[to.as_slice(), &gas, value, &data], &outs);
    }
    Ok(status)
}

fn name(kind: CallKind) -> &'static str {
    match kind {
        CallKind::Call => "call_contract",
        CallKind::Delegate => "delegate_call_contract",
        CallKind::Static => "static_call_contract",
    }
}
