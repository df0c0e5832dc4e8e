//! ArbOwner, `0x70`: settings, for chain owners, who pay no gas for them.

use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolInterface, SolValue};

use super::{
    Access, Precompile,
    abi::ArbOwner::{ArbOwnerCalls as Calls, OwnerActs},
    metered::{Failure, Metered},
};
use crate::{
    arbos::{
        address_word,
        owners::{AddressSet, cache_managers, chain_owners},
        params,
        slots::{ROOT, offset, space},
    },
    stylus::Rules,
};

pub(super) struct ArbOwner;

impl Precompile for ArbOwner {
    type Calls = Calls;

    fn access(call: &Calls) -> Access {
        match call {
            Calls::isChainOwner(_)
            | Calls::getAllChainOwners(_)
            | Calls::getNetworkFeeAccount(_)
            | Calls::getInfraFeeAccount(_) => Access::View,
            _ => Access::Write,
        }
    }

    fn since(call: &Calls) -> u64 {
        match call {
            Calls::setWasmMaxSize(_) => 40,
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
    let l2 = |entry| ROOT.child(space::L2_PRICING).slot(entry);
    let network = ROOT.slot(offset::NETWORK_FEE_ACCOUNT);
    let infra = ROOT.slot(offset::INFRA_FEE_ACCOUNT);
    match call {
        Calls::isChainOwner(call) => {
            return Ok(frame.is_member(chain_owners(), call.account)?.abi_encode());
        }
        Calls::getAllChainOwners(_) => return Ok(frame.members(chain_owners())?.abi_encode()),
        Calls::getNetworkFeeAccount(_) => return Ok(frame.read_address(network)?.abi_encode()),
        Calls::getInfraFeeAccount(_) => return Ok(frame.read_address(infra)?.abi_encode()),
        Calls::addChainOwner(call) => chain_owners().add(frame.context, call.account)?,
        Calls::removeChainOwner(call) => remove(frame, chain_owners(), call.account)?,
        Calls::addWasmCacheManager(call) => cache_managers().add(frame.context, call.manager)?,
        Calls::removeWasmCacheManager(call) => remove(frame, cache_managers(), call.manager)?,
        Calls::setL2BaseFee(call) => frame.write(l2(offset::l2::BASE_FEE), call.price)?,
        Calls::setMinimumL2BaseFee(call) => {
            frame.write(l2(offset::l2::BASE_FEE_MIN), call.price)?
        }
        Calls::setSpeedLimit(call) => {
            frame.write(l2(offset::l2::SPEED_LIMIT), U256::from(call.limit))?;
        }
        Calls::setNetworkFeeAccount(call) => frame.write(network, address_word(call.account))?,
        Calls::setInfraFeeAccount(call) => frame.write(infra, address_word(call.account))?,
        Calls::setL1PricePerUnit(call) => {
            let slot = ROOT
                .child(space::L1_PRICING)
                .slot(offset::l1::PRICE_PER_UNIT);
            frame.write(slot, call.price)?;
        }
        Calls::scheduleArbOSUpgrade(call) => {
            frame.write(ROOT.slot(offset::UPGRADE_VERSION), U256::from(call.version))?;
            frame.write(
                ROOT.slot(offset::UPGRADE_TIMESTAMP),
                U256::from(call.timestamp),
            )?;
        }
        call => {
            let mut rules = frame.params()?;
            set(&mut rules, call)?;
            frame.write(params::slot(), params::pack(&rules))?;
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

/// Changes a Stylus parameter.
fn set(rules: &mut Rules, call: Calls) -> Result<(), Failure> {
    match call {
        Calls::setInkPrice(call) if call.price > 0 && call.price < 1 << 24 => {
            rules.ink_price = call.price;
        }
        Calls::setWasmMaxStackDepth(call) => rules.max_stack_depth = call.depth,
        Calls::setWasmFreePages(call) => rules.free_pages = call.pages,
        Calls::setWasmPageGas(call) => rules.page_gas = call.gas,
        Calls::setWasmPageLimit(call) => rules.page_limit = call.limit,
        Calls::setWasmMaxSize(call) => rules.max_wasm_size = call.size,
        Calls::setWasmMinInitGas(call) => {
            rules.min_init_gas = call.gas;
            // The interface speaks of gas, of which 32 make a unit.
            let units = call.cached.div_ceil(32);
            rules.min_cached_init_gas = u8::try_from(units).unwrap_or(u8::MAX);
        }
        Calls::setWasmInitCostScalar(call) => {
            let units = call.percent.div_ceil(2);
            rules.init_cost_scalar = u8::try_from(units).unwrap_or(u8::MAX);
        }
        Calls::setWasmExpiryDays(call) => rules.expiry_days = call.count,
        Calls::setWasmKeepaliveDays(call) => rules.keepalive_days = call.count,
        Calls::setWasmBlockCacheSize(call) => rules.block_cache_size = call.count,
        Calls::setMaxStylusContractFragments(call) => rules.max_fragment_count = call.count,
        _ => return Err(Failure::Burn),
    }
    Ok(())
}
