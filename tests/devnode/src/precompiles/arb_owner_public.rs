//! ArbOwnerPublic, `0x6b`: what anyone may know of the owners' settings.

use alloy_sol_types::SolValue;

use super::{
    Access, Precompile,
    abi::ArbOwnerPublic::ArbOwnerPublicCalls as Calls,
    metered::{Failure, Metered},
};
use crate::arbos::{
    owners::chain_owners,
    slots::{ROOT, offset},
};

pub(super) struct ArbOwnerPublic;

impl Precompile for ArbOwnerPublic {
    type Calls = Calls;

    fn access(_: &Calls) -> Access {
        Access::View
    }

    fn since(call: &Calls) -> u64 {
        match call {
            Calls::getInfraFeeAccount(_) => 5,
            Calls::getScheduledUpgrade(_) => 20,
            Calls::getMaxStylusContractFragments(_) => 60,
            _ => 0,
        }
    }

    fn run(frame: &mut Metered<'_, '_>, call: Calls) -> Result<Vec<u8>, Failure> {
        Ok(match call {
            Calls::isChainOwner(call) => {
                frame.is_member(chain_owners(), call.account)?.abi_encode()
            }
            Calls::getAllChainOwners(_) => frame.members(chain_owners())?.abi_encode(),
            Calls::getNetworkFeeAccount(_) => frame
                .read_address(ROOT.slot(offset::NETWORK_FEE_ACCOUNT))?
                .abi_encode(),
            Calls::getInfraFeeAccount(_) => frame
                .read_address(ROOT.slot(offset::INFRA_FEE_ACCOUNT))?
                .abi_encode(),
            Calls::getScheduledUpgrade(_) => {
                let version = frame.read_u64(ROOT.slot(offset::UPGRADE_VERSION))?;
                let time = frame.read_u64(ROOT.slot(offset::UPGRADE_TIMESTAMP))?;
                (version, time).abi_encode_params()
            }
            Calls::getMaxStylusContractFragments(_) => {
                u16::from(frame.params()?.max_fragment_count).abi_encode()
            }
        })
    }
}
