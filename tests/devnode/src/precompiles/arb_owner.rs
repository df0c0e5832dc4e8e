//! ArbOwner, `0x70`: settings, for chain owners, who pay no gas for them.

use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolInterface, SolValue};

use super::{
    Access, Precompile,
    abi::ArbOwner::{ArbOwnerCalls as Calls, OwnerActs},
    arb_owner_settings as settings,
    metered::{Failure, Metered},
};
use crate::arbos::{
    features,
    owners::{AddressSet, cache_managers, chain_owners, native_token_owners},
    params,
    slots::{ROOT, offset},
};

pub(super) struct ArbOwner;

impl Precompile for ArbOwner {
    type Calls = Calls;

    fn access(call: &Calls) -> Access {
        match call {
            Calls::isChainOwner(_)
            | Calls::getAllChainOwners(_)
            | Calls::isNativeTokenOwner(_)
            | Calls::getAllNativeTokenOwners(_)
            | Calls::getNetworkFeeAccount(_)
            | Calls::getInfraFeeAccount(_) => Access::View,
            _ => Access::Write,
        }
    }

    fn since(call: &Calls) -> u64 {
        match call {
            Calls::getInfraFeeAccount(_) | Calls::setInfraFeeAccount(_) => 5,
            Calls::releaseL1PricerSurplusFunds(_) => 10,
            Calls::setBrotliCompressionLevel(_) => 20,
            Calls::setInkPrice(_)
            | Calls::setWasmMaxStackDepth(_)
            | Calls::setWasmFreePages(_)
            | Calls::setWasmPageGas(_)
            | Calls::setWasmPageLimit(_)
            | Calls::setWasmMinInitGas(_)
            | Calls::setWasmInitCostScalar(_)
            | Calls::setWasmExpiryDays(_)
            | Calls::setWasmKeepaliveDays(_)
            | Calls::setWasmBlockCacheSize(_)
            | Calls::addWasmCacheManager(_)
            | Calls::removeWasmCacheManager(_) => 30,
            Calls::setWasmMaxSize(_) | Calls::setCalldataPriceIncrease(_) => 40,
            Calls::isNativeTokenOwner(_) | Calls::getAllNativeTokenOwners(_) => 41,
            Calls::setMaxBlockGasLimit(_)
            | Calls::setParentGasFloorPerToken(_)
            | Calls::setGasBacklog(_) => 50,
            Calls::setWasmActivationGas(_) => 59,
            Calls::setMaxStylusContractFragments(_) => 60,
            _ => 0,
        }
    }

    fn run(frame: &mut Metered<'_, '_>, call: Calls) -> Result<Vec<u8>, Failure> {
        if !frame.is_member(chain_owners(), frame.caller)? {
            return Err(Failure::Burn);
        }
        frame.make_free();
        let event = (Self::access(&call) >= Access::Write).then(|| OwnerActs {
            method: call.selector().into(),
            owner: frame.caller,
            data: call.abi_encode().into(),
        });
        let result = act(frame, call)?;
        if let Some(event) = event {
            frame.emit(&event)?;
        }
        Ok(result)
    }
}

fn act(frame: &mut Metered<'_, '_>, call: Calls) -> Result<Vec<u8>, Failure> {
    match call {
        Calls::isChainOwner(call) => {
            return Ok(frame.is_member(chain_owners(), call.account)?.abi_encode());
        }
        Calls::isNativeTokenOwner(call) => {
            let is_owner = frame.is_member(native_token_owners(), call.account)?;
            return Ok(is_owner.abi_encode());
        }
        Calls::getAllChainOwners(_) => return Ok(frame.members(chain_owners())?.abi_encode()),
        Calls::getAllNativeTokenOwners(_) => {
            return Ok(frame.members(native_token_owners())?.abi_encode());
        }
        Calls::getNetworkFeeAccount(_) => {
            let account = frame.read_address(ROOT.slot(offset::NETWORK_FEE_ACCOUNT))?;
            return Ok(account.abi_encode());
        }
        Calls::getInfraFeeAccount(_) => {
            let account = frame.read_address(ROOT.slot(offset::INFRA_FEE_ACCOUNT))?;
            return Ok(account.abi_encode());
        }
        // Nothing is collected for the posters of a chain without L1.
        Calls::releaseL1PricerSurplusFunds(_) => return Ok(U256::ZERO.abi_encode()),
        Calls::addChainOwner(call) => chain_owners().add(frame.context, call.account)?,
        Calls::removeChainOwner(call) => remove(frame, chain_owners(), call.account)?,
        Calls::addWasmCacheManager(call) => cache_managers().add(frame.context, call.manager)?,
        Calls::removeWasmCacheManager(call) => remove(frame, cache_managers(), call.manager)?,
        Calls::scheduleArbOSUpgrade(call) => {
            frame.write(ROOT.slot(offset::UPGRADE_VERSION), U256::from(call.version))?;
            let slot = ROOT.slot(offset::UPGRADE_TIMESTAMP);
            frame.write(slot, U256::from(call.timestamp))?;
        }
        Calls::setCalldataPriceIncrease(call) => {
            let switches = frame.read(features::slot())?;
            let switches = match call.enable {
                true => switches | features::CALLDATA_PRICE,
                false => switches & !features::CALLDATA_PRICE,
            };
            frame.write(features::slot(), switches)?;
        }
        call => {
            settings::check(&call)?;
            match settings::slot(&call, frame.context.chain.arbos_version) {
                Some((slot, value)) => frame.write(slot, value)?,
                None => {
                    let mut rules = frame.params()?;
                    settings::change(&mut rules, call)?;
                    frame.write(params::slot(), params::pack(&rules))?;
                }
            }
        }
    }
    Ok(Vec::new())
}

/// Only members can be removed.
fn remove(frame: &mut Metered<'_, '_>, set: AddressSet, member: Address) -> Result<(), Failure> {
    match frame.is_member(set, member)? {
        true => Ok(set.remove(frame.context, member)?),
        false => Err(Failure::Burn),
    }
}
