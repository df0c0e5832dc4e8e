//! ArbAddressTable, `0x66`: short names of addresses.
//!
//! Entry 0 of its space is how many there are, entries from 1 on are the addresses; a sub-space maps
//! an address to its entry. A compressed address is the RLP of its index, or of itself.

use alloy_primitives::{Address, U256};
use alloy_rlp::{Decodable, Encodable, Header};
use alloy_sol_types::SolValue;

use super::{
    Access, Precompile,
    abi::ArbAddressTable::ArbAddressTableCalls as Calls,
    metered::{Failure, Metered},
};
use crate::arbos::{
    address_word,
    slots::{ROOT, Space, space},
};

pub(super) struct ArbAddressTable;

impl Precompile for ArbAddressTable {
    type Calls = Calls;

    fn access(call: &Calls) -> Access {
        match call {
            // Compressing registers nothing, but is declared as a write.
            Calls::compress(_) | Calls::register(_) => Access::Write,
            _ => Access::View,
        }
    }

    fn run(frame: &mut Metered<'_, '_>, call: Calls) -> Result<Vec<u8>, Failure> {
        Ok(match call {
            Calls::addressExists(call) => index(frame, call.account)?.is_some().abi_encode(),
            Calls::size(_) => frame.read(table().slot(0))?.abi_encode(),
            Calls::lookup(call) => {
                let index = index(frame, call.account)?.ok_or(Failure::Burn)?;
                U256::from(index).abi_encode()
            }
            Calls::lookupIndex(call) => at(frame, call.index)?.abi_encode(),
            Calls::register(call) => register(frame, call.account)?.abi_encode(),
            Calls::compress(call) => {
                let mut compressed = Vec::new();
                match index(frame, call.account)? {
                    Some(index) => index.encode(&mut compressed),
                    None => call.account.encode(&mut compressed),
                }
                compressed.abi_encode()
            }
            Calls::decompress(call) => {
                let start = usize::try_from(call.offset).map_err(|_| Failure::Burn)?;
                let rest = call.buffer.get(start..).ok_or(Failure::Burn)?;
                let (address, read) = decompress(frame, rest)?;
                (address, U256::from(read)).abi_encode_params()
            }
        })
    }
}

fn table() -> Space {
    ROOT.child(space::ADDRESS_TABLE)
}

fn entry_slot(address: Address) -> U256 {
    table().child_of(&[]).slot_of(address.into_word())
}

/// The index of an address, which is its entry less one.
fn index(frame: &mut Metered<'_, '_>, address: Address) -> Result<Option<u64>, Failure> {
    Ok(frame.read_u64(entry_slot(address))?.checked_sub(1))
}

/// The address at an index.
fn at(frame: &mut Metered<'_, '_>, index: U256) -> Result<Address, Failure> {
    let size = frame.read_u64(table().slot(0))?;
    match u64::try_from(index) {
        Ok(index) if index < size => frame.read_address(table().slot(index + 1)),
        _ => Err(Failure::Burn),
    }
}

fn register(frame: &mut Metered<'_, '_>, address: Address) -> Result<U256, Failure> {
    if let Some(index) = index(frame, address)? {
        return Ok(U256::from(index));
    }
    let size = frame.read_u64(table().slot(0))?;
    let entry = U256::from(size.saturating_add(1));
    frame.write(table().slot(0), entry)?;
    frame.write(table().slot(size.saturating_add(1)), address_word(address))?;
    frame.write(entry_slot(address), entry)?;
    Ok(U256::from(size))
}

/// The address that the bytes begin with, and how many bytes they are.
fn decompress(frame: &mut Metered<'_, '_>, bytes: &[u8]) -> Result<(Address, usize), Failure> {
    let mut rest = bytes;
    let payload = Header::decode_bytes(&mut rest, false).map_err(|_| Failure::Burn)?;
    let read = bytes.len() - rest.len();
    if payload.len() == Address::len_bytes() {
        return Ok((Address::from_slice(payload), read));
    }
    let index = u64::decode(&mut &bytes[..read]).map_err(|_| Failure::Burn)?;
    Ok((at(frame, U256::from(index))?, read))
}
