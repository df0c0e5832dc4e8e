//! Input, result, and what the last call returned.

use super::Host;
use crate::stylus::{
    host::HostError,
    pricing::{self, EVM_API, HOSTIO},
};

/// Copies the whole calldata to memory.
pub(super) fn read_args(host: &mut Host<'_>, dest: u32) -> Result<(), HostError> {
    host.buy_ink(HOSTIO + pricing::write(host.state().calldata.len() as u32))?;
    host.write_from(dest, |state| &state.calldata)?;
    if host.is_recorded() {
        let calldata = host.state().calldata.clone();
        host.record("read_args", &[], &[&calldata]);
    }
    Ok(())
}

/// Sets the output, without ending the program. Priced as two reads: it is read once more outside.
pub(super) fn write_result(host: &mut Host<'_>, ptr: u32, len: u32) -> Result<(), HostError> {
    host.buy_ink(HOSTIO + 2 * pricing::read(len))?;
    let output = host.read(ptr, len)?.to_vec();
    host.record("write_result", &[&output], &[]);
    host.state_mut().output = output;
    Ok(())
}

/// Ends the program at once, as if its entry point returned `status`.
pub(super) fn exit_early(host: &mut Host<'_>, status: u32) -> Result<(), HostError> {
    host.record("exit_early", &[&status.to_be_bytes()], &[]);
    Err(HostError::Exit(status))
}

/// Copies what `offset..offset + size` and the return data have in common; says how much that is.
///
/// The pointer is not looked at when there is nothing to copy.
pub(super) fn read_return_data(
    host: &mut Host<'_>,
    dest: u32,
    offset: u32,
    size: u32,
) -> Result<u32, HostError> {
    let available = (host.state().return_data.len() as u32).saturating_sub(offset);
    let len = size.min(available);
    host.buy_ink(HOSTIO + EVM_API + pricing::write(len))?;
    let range = offset as usize..offset as usize + len as usize;
    if len > 0 {
        host.write_from(dest, |state| {
            state.return_data.get(range.clone()).unwrap_or_default()
        })?;
    }
    if host.is_recorded() {
        let data = host.state().return_data.clone();
        let read = data.get(range).unwrap_or_default();
        let args = [offset.to_be_bytes(), size.to_be_bytes()];
        host.record("read_return_data", &[args.as_flattened()], &[read]);
    }
    Ok(len)
}

/// {byte} Length of the return data; 0 before any call.
pub(super) fn return_data_size(host: &mut Host<'_>) -> Result<u32, HostError> {
    host.buy_ink(HOSTIO)?;
    let size = host.state().return_data.len() as u32;
    host.record("return_data_size", &[], &[&size.to_be_bytes()]);
    Ok(size)
}
