//! Messages to L1: a Merkle tree in ArbOS state, and events from which its proofs are made.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolValue;
use revm::context_interface::{Block, ContextTr};

use super::{
    abi::ArbSys::{L2ToL1Tx, SendMerkleUpdate},
    metered::{Failure, Metered},
};
use crate::arbos::sends;

/// First ArbOS version whose sends return their position instead of their hash.
const POSITION_SINCE: u64 = 4;

/// Sends a message with the value of the call, which leaves the chain. Returns its position among
/// all messages.
pub(super) fn send(
    frame: &mut Metered<'_, '_>,
    destination: Address,
    data: &[u8],
) -> Result<U256, Failure> {
    let block = frame.context.block();
    let (l1_block, time) = (block.number(), block.timestamp());
    let l2_block = U256::from(frame.context.chain.l2_block);
    let (caller, value) = (frame.caller, frame.value);
    let message = [
        caller.as_slice(),
        destination.as_slice(),
        &l2_block.to_be_bytes::<32>(),
        &l1_block.to_be_bytes::<32>(),
        &time.to_be_bytes::<32>(),
        &value.to_be_bytes::<32>(),
        data,
    ]
    .concat();
    let hash = frame.keccak(&message)?;
    let position = append(frame, hash)?;
    frame.destroy_value()?;
    frame.emit(&L2ToL1Tx {
        caller,
        destination,
        hash: hash.into(),
        position: U256::from(position),
        arbBlockNum: l2_block,
        ethBlockNum: l1_block,
        timestamp: time,
        callvalue: value,
        data: data.to_vec().into(),
    })?;
    Ok(match frame.context.chain.arbos_version >= POSITION_SINCE {
        true => U256::from(position),
        false => hash.into(),
    })
}

/// Adds a leaf and tells of every subtree that it completes. Returns its position.
fn append(frame: &mut Metered<'_, '_>, hash: B256) -> Result<u64, Failure> {
    let position = frame.read_u64(sends::size_slot())?;
    frame.write(sends::size_slot(), U256::from(position) + U256::ONE)?;
    let mut node = frame.keccak(hash.as_slice())?;
    for level in 0..sends::levels(position) {
        let slot = sends::partial_slot(level);
        let left: B256 = frame.read(slot)?.into();
        if left.is_zero() {
            frame.write(slot, node.into())?;
            return Ok(position);
        }
        frame.write(slot, U256::ZERO)?;
        node = frame.keccak([left, node].concat().as_slice())?;
        frame.emit(&SendMerkleUpdate {
            reserved: U256::ZERO,
            hash: node,
            position: U256::from(level + 1) << 192 | U256::from(position),
        })?;
    }
    let slot = sends::partial_slot(sends::levels(position));
    frame.write(slot, node.into())?;
    Ok(position)
}

/// Size, root and waiting subtrees. Only nobody may ask, that is a call from address zero.
pub(super) fn state(frame: &mut Metered<'_, '_>) -> Result<Vec<u8>, Failure> {
    if frame.caller != Address::ZERO {
        return Err(Failure::Burn);
    }
    let size = frame.read_u64(sends::size_slot())?;
    let partials = (0..sends::levels(size)).map(|level| {
        let partial = frame.read(sends::partial_slot(level))?;
        Ok(partial.into())
    });
    let partials = partials.collect::<Result<Vec<B256>, Failure>>()?;
    Ok((U256::from(size), sends::root(&partials), partials).abi_encode_params())
}
