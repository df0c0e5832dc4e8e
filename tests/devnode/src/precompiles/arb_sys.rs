//! ArbSys, `0x64`: chain information.

use alloy_primitives::{Address, U256, address};
use alloy_sol_types::SolValue;
use revm::context_interface::{Cfg, ContextTr, JournalTr};

use super::{
    Access, Precompile,
    abi::ArbSys::{ArbSysCalls as Calls, InvalidBlockNumber},
    arb_sys_sends as sends,
    metered::{Failure, Metered, revert},
};

/// What Nitro adds to the ArbOS version, which counts from the first Nitro chain.
const VERSION_OFFSET: u64 = 55;

/// Added to an L1 contract's address when it sends to L2.
const ALIAS: Address = address!("0x1111000000000000000000000000000000001111");

/// How many past block hashes can be asked for.
const HASHES: u64 = 256;

pub(super) struct ArbSys;

impl Precompile for ArbSys {
    type Calls = Calls;

    fn access(call: &Calls) -> Access {
        match call {
            Calls::mapL1SenderContractAddressToL2Alias(_) => Access::Pure,
            Calls::withdrawEth(_) | Calls::sendTxToL1(_) => Access::Payable,
            _ => Access::View,
        }
    }

    fn run(frame: &mut Metered<'_, '_>, call: Calls) -> Result<Vec<u8>, Failure> {
        let context = &mut *frame.context;
        Ok(match call {
            Calls::arbBlockNumber(_) => U256::from(context.chain.l2_block).abi_encode(),
            Calls::arbBlockHash(call) => return block_hash(frame, call.number),
            Calls::arbChainID(_) => U256::from(context.cfg().chain_id()).abi_encode(),
            Calls::arbOSVersion(_) => {
                U256::from(context.chain.arbos_version.saturating_add(VERSION_OFFSET)).abi_encode()
            }
            Calls::getStorageGasAvailable(_) => U256::ZERO.abi_encode(),
            // The precompile's own frame counts.
            Calls::isTopLevelCall(_) => (context.journal().depth() <= 2).abi_encode(),
            Calls::mapL1SenderContractAddressToL2Alias(call) => alias(call.sender).abi_encode(),
            // Only messages of L1 contracts come under an alias.
            Calls::wasMyCallersAddressAliased(_) => false.abi_encode(),
            Calls::myCallersAddressWithoutAliasing(_) => context
                .chain
                .frames
                .caller()
                .unwrap_or_default()
                .abi_encode(),
            Calls::withdrawEth(call) => sends::send(frame, call.destination, &[])?.abi_encode(),
            Calls::sendTxToL1(call) => {
                sends::send(frame, call.destination, &call.data)?.abi_encode()
            }
            Calls::sendMerkleTreeState(_) => return sends::state(frame),
        })
    }
}

fn block_hash(frame: &Metered<'_, '_>, number: U256) -> Result<Vec<u8>, Failure> {
    let current = frame.context.chain.l2_block;
    let out_of_range = || {
        revert(InvalidBlockNumber {
            requested: number,
            current: U256::from(current),
        })
    };
    let number = u64::try_from(number).map_err(|_| out_of_range())?;
    if number >= current || number.saturating_add(HASHES) < current {
        return Err(out_of_range());
    }
    let hash = frame
        .context
        .db()
        .l2_block_hash(number)?
        .ok_or_else(out_of_range)?;
    Ok(hash.abi_encode())
}

/// The address under which an L1 contract acts here.
pub(crate) fn alias(sender: Address) -> Address {
    let sum =
        U256::from_be_slice(sender.as_slice()).wrapping_add(U256::from_be_slice(ALIAS.as_slice()));
    Address::from_word(sum.into())
}
