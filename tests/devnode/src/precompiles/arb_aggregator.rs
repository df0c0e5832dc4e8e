//! ArbAggregator, `0x6d`: who posts the chain's data, and who is paid for it.

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolValue;

use super::{
    Access, Precompile,
    abi::ArbAggregator::ArbAggregatorCalls as Calls,
    metered::{Failure, Metered},
};
use crate::{
    arbos::{
        address_word,
        owners::{batch_posters, chain_owners, fee_collector_slot},
    },
    evm::env::SEQUENCER,
};

pub(super) struct ArbAggregator;

impl Precompile for ArbAggregator {
    type Calls = Calls;

    fn access(call: &Calls) -> Access {
        match call {
            Calls::addBatchPoster(_) | Calls::setFeeCollector(_) | Calls::setTxBaseFee(_) => {
                Access::Write
            }
            _ => Access::View,
        }
    }

    fn run(frame: &mut Metered<'_, '_>, call: Calls) -> Result<Vec<u8>, Failure> {
        match call {
            // Nobody chooses an aggregator since Nitro.
            Calls::getPreferredAggregator(_) => Ok((SEQUENCER, true).abi_encode_params()),
            Calls::getDefaultAggregator(_) => Ok(SEQUENCER.abi_encode()),
            Calls::getBatchPosters(_) => Ok(frame.members(batch_posters())?.abi_encode()),
            Calls::addBatchPoster(call) => add(frame, call.poster),
            Calls::getFeeCollector(call) => {
                known(frame, call.poster)?;
                let slot = fee_collector_slot(call.poster);
                Ok(frame.read_address(slot)?.abi_encode())
            }
            Calls::setFeeCollector(call) => set_collector(frame, call.poster, call.collector),
            Calls::getTxBaseFee(_) => Ok(U256::ZERO.abi_encode()),
            Calls::setTxBaseFee(_) => Ok(Vec::new()),
        }
    }
}

fn known(frame: &mut Metered<'_, '_>, poster: Address) -> Result<(), Failure> {
    match frame.is_member(batch_posters(), poster)? {
        true => Ok(()),
        false => Err(Failure::Burn),
    }
}

fn add(frame: &mut Metered<'_, '_>, poster: Address) -> Result<Vec<u8>, Failure> {
    if !frame.is_member(chain_owners(), frame.caller)? {
        return Err(Failure::Burn);
    }
    if !frame.is_member(batch_posters(), poster)? {
        frame.add_member(batch_posters(), poster)?;
        frame.write(fee_collector_slot(poster), address_word(poster))?;
    }
    Ok(Vec::new())
}

/// The poster, who collects now and chain owners may.
fn set_collector(
    frame: &mut Metered<'_, '_>,
    poster: Address,
    collector: Address,
) -> Result<Vec<u8>, Failure> {
    known(frame, poster)?;
    let slot = fee_collector_slot(poster);
    let old = frame.read_address(slot)?;
    let caller = frame.caller;
    if caller != poster && caller != old && !frame.is_member(chain_owners(), caller)? {
        return Err(Failure::Burn);
    }
    frame.write(slot, address_word(collector))?;
    Ok(Vec::new())
}
