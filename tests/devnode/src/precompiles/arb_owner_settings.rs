//! What chain owners can set: numbers in slots of their own, and the Stylus parameters.

use alloy_primitives::{I256, U256};

use super::{abi::ArbOwner::ArbOwnerCalls as Calls, metered::Failure};
use crate::{
    arbos::{
        TX_LIMIT_SINCE, address_word, params,
        slots::{ROOT, offset, space},
    },
    stylus::Rules,
};

/// The slot that a setting lies in and its new value; none for a Stylus parameter.
pub(super) fn slot(call: &Calls, arbos_version: u64) -> Option<(U256, U256)> {
    use offset::{l1 as of_l1, l2 as of_l2};

    let l1 = |entry, value| Some((ROOT.child(space::L1_PRICING).slot(entry), value));
    let l2 = |entry, value| Some((ROOT.child(space::L2_PRICING).slot(entry), value));
    let root = |entry, value| Some((ROOT.slot(entry), value));
    match call {
        Calls::setL2BaseFee(call) => l2(of_l2::BASE_FEE, call.price),
        Calls::setMinimumL2BaseFee(call) => l2(of_l2::BASE_FEE_MIN, call.price),
        Calls::setSpeedLimit(call) => l2(of_l2::SPEED_LIMIT, U256::from(call.limit)),
        Calls::setMaxTxGasLimit(call) if arbos_version < TX_LIMIT_SINCE => {
            l2(of_l2::BLOCK_GAS_LIMIT, U256::from(call.limit))
        }
        Calls::setMaxTxGasLimit(call) => l2(of_l2::TX_GAS_LIMIT, U256::from(call.limit)),
        Calls::setMaxBlockGasLimit(call) => l2(of_l2::BLOCK_GAS_LIMIT, U256::from(call.limit)),
        Calls::setL2GasPricingInertia(call) => l2(of_l2::INERTIA, U256::from(call.inertia)),
        Calls::setL2GasBacklogTolerance(call) => {
            l2(of_l2::BACKLOG_TOLERANCE, U256::from(call.tolerance))
        }
        Calls::setGasBacklog(call) => l2(of_l2::BACKLOG, U256::from(call.backlog)),
        Calls::setL1PricePerUnit(call) => l1(of_l1::PRICE_PER_UNIT, call.price),
        Calls::setL1BaseFeeEstimateInertia(call) => l1(of_l1::INERTIA, U256::from(call.inertia)),
        Calls::setL1PricingInertia(call) => l1(of_l1::INERTIA, U256::from(call.inertia)),
        Calls::setL1PricingEquilibrationUnits(call) => l1(of_l1::EQUILIBRATION_UNITS, call.units),
        Calls::setL1PricingRewardRecipient(call) => {
            l1(of_l1::REWARD_RECIPIENT, address_word(call.recipient))
        }
        Calls::setL1PricingRewardRate(call) => l1(of_l1::REWARD_RATE, U256::from(call.rate)),
        Calls::setParentGasFloorPerToken(call) => {
            l1(of_l1::FLOOR_PER_TOKEN, U256::from(call.floor))
        }
        // The sign is spread over the word that the getter returns.
        Calls::setPerBatchGasCharge(call) => l1(
            of_l1::BATCH_GAS,
            I256::try_from(call.cost).unwrap_or_default().into_raw(),
        ),
        Calls::setAmortizedCostCapBips(call) => l1(of_l1::COST_CAP_BIPS, U256::from(call.cap)),
        Calls::setNetworkFeeAccount(call) => {
            root(offset::NETWORK_FEE_ACCOUNT, address_word(call.account))
        }
        Calls::setInfraFeeAccount(call) => {
            root(offset::INFRA_FEE_ACCOUNT, address_word(call.account))
        }
        Calls::setBrotliCompressionLevel(call) => {
            root(offset::BROTLI_LEVEL, U256::from(call.level))
        }
        Calls::setWasmActivationGas(call) => {
            Some((params::activation_gas_slot(), U256::from(call.gas)))
        }
        _ => None,
    }
}

/// Refuses what no chain could go on with: a price that follows from a division by zero.
pub(super) fn check(call: &Calls) -> Result<(), Failure> {
    match call {
        Calls::setSpeedLimit(call) if call.limit == 0 => Err(Failure::Burn),
        Calls::setL2GasPricingInertia(call) if call.inertia == 0 => Err(Failure::Burn),
        _ => Ok(()),
    }
}

/// Changes a Stylus parameter.
pub(super) fn change(rules: &mut Rules, call: Calls) -> Result<(), Failure> {
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
