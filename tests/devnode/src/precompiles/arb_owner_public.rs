//! ArbOwnerPublic, `0x6b`: what anyone may know of the owners' settings.

use alloy_primitives::U256;
use alloy_sol_types::SolValue;

use super::{
    Access, Precompile,
    abi::ArbOwnerPublic::ArbOwnerPublicCalls as Calls,
    metered::{Failure, Metered},
};
use crate::arbos::{
    features,
    owners::{chain_owners, native_token_owners},
    slots::{ROOT, offset, space},
};

pub(super) struct ArbOwnerPublic;

impl Precompile for ArbOwnerPublic {
    type Calls = Calls;

    fn access(call: &Calls) -> Access {
        match call {
            Calls::rectifyChainOwner(_) => Access::Write,
            _ => Access::View,
        }
    }

    fn since(call: &Calls) -> u64 {
        match call {
            Calls::getInfraFeeAccount(_) => 5,
            Calls::rectifyChainOwner(_) => 11,
            Calls::getScheduledUpgrade(_) | Calls::getBrotliCompressionLevel(_) => 20,
            Calls::isCalldataPriceIncreaseEnabled(_) => 40,
            Calls::isNativeTokenOwner(_) | Calls::getAllNativeTokenOwners(_) => 41,
            Calls::getParentGasFloorPerToken(_) => 50,
            Calls::getMaxStylusContractFragments(_) => 60,
            _ => 0,
        }
    }

    fn run(frame: &mut Metered<'_, '_>, call: Calls) -> Result<Vec<u8>, Failure> {
        Ok(match call {
            Calls::isChainOwner(call) => {
                frame.is_member(chain_owners(), call.account)?.abi_encode()
            }
            // What this repairs is a mistake of the first Nitro chains' that no set here has.
            Calls::rectifyChainOwner(_) => return Err(Failure::Burn),
            Calls::getAllChainOwners(_) => frame.members(chain_owners())?.abi_encode(),
            Calls::isNativeTokenOwner(call) => frame
                .is_member(native_token_owners(), call.account)?
                .abi_encode(),
            Calls::getAllNativeTokenOwners(_) => frame.members(native_token_owners())?.abi_encode(),
            Calls::getBrotliCompressionLevel(_) => {
                frame.read(ROOT.slot(offset::BROTLI_LEVEL))?.abi_encode()
            }
            Calls::getParentGasFloorPerToken(_) => frame
                .read(
                    ROOT.child(space::L1_PRICING)
                        .slot(offset::l1::FLOOR_PER_TOKEN),
                )?
                .abi_encode(),
            Calls::isCalldataPriceIncreaseEnabled(_) => {
                let switches = frame.read(features::slot())?;
                (switches & features::CALLDATA_PRICE != U256::ZERO).abi_encode()
            }
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
