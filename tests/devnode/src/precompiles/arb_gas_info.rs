//! ArbGasInfo, `0x6c`: prices.

use alloy_primitives::U256;
use alloy_sol_types::SolValue;
use revm::context_interface::{Block, ContextTr};

use super::{
    Access, Precompile,
    abi::ArbGasInfo::ArbGasInfoCalls as Calls,
    metered::{Failure, Metered},
};
use crate::arbos::{
    owners::poster_funds_due_slot,
    slots::{ROOT, offset, space},
};

/// {gas} Price of a storage write that ArbOS reports.
const STORAGE_WRITE: u64 = 20_000;

/// {gas/byte} L1 calldata.
const CALLDATA_BYTE: u64 = 16;

/// {byte} Size of a simple transaction.
const SIMPLE_TX: u64 = 140;

pub(super) struct ArbGasInfo;

impl Precompile for ArbGasInfo {
    type Calls = Calls;

    fn access(_: &Calls) -> Access {
        Access::View
    }

    fn since(call: &Calls) -> u64 {
        match call {
            Calls::getL1FeesAvailable(_) => 10,
            Calls::getL1RewardRate(_) | Calls::getL1RewardRecipient(_) => 11,
            Calls::getL1PricingEquilibrationUnits(_)
            | Calls::getLastL1PricingUpdateTime(_)
            | Calls::getL1PricingFundsDueForRewards(_)
            | Calls::getL1PricingUnitsSinceUpdate(_)
            | Calls::getLastL1PricingSurplus(_) => 20,
            Calls::getMaxTxGasLimit(_)
            | Calls::getMaxBlockGasLimit(_)
            | Calls::getGasPricingConstraints(_) => 50,
            Calls::getMultiGasPricingConstraints(_) => 60,
            _ => 0,
        }
    }

    fn run(frame: &mut Metered<'_, '_>, call: Calls) -> Result<Vec<u8>, Failure> {
        Ok(match call {
            Calls::getPricesInWei(_) | Calls::getPricesInWeiWithAggregator(_) => {
                prices_in_wei(frame)?
            }
            Calls::getPricesInArbGas(_) | Calls::getPricesInArbGasWithAggregator(_) => {
                prices_in_gas(frame)?
            }
            Calls::getGasAccountingParams(_) => {
                let speed = frame.read(l2(offset::l2::SPEED_LIMIT))?;
                let limit = frame.read(l2(offset::l2::BLOCK_GAS_LIMIT))?;
                (speed, limit, limit).abi_encode_params()
            }
            Calls::getCurrentTxL1GasFees(_) => frame.context.chain.poster.fee.abi_encode(),
            Calls::getL1PricingSurplus(_) => surplus(frame)?.abi_encode(),
            // Addresses and signed numbers are stored as the words that they are returned as.
            call => match slot(&call) {
                Some(slot) => frame.read(slot)?.abi_encode(),
                // The lists of pricing constraints are empty.
                None => Vec::<U256>::new().abi_encode(),
            },
        })
    }
}

fn l1(entry: u64) -> U256 {
    ROOT.child(space::L1_PRICING).slot(entry)
}

fn l2(entry: u64) -> U256 {
    ROOT.child(space::L2_PRICING).slot(entry)
}

/// Where a getter's answer lies.
fn slot(call: &Calls) -> Option<U256> {
    use offset::{l1 as of_l1, l2 as of_l2};

    Some(match call {
        Calls::getMaxTxGasLimit(_) => l2(of_l2::TX_GAS_LIMIT),
        Calls::getMaxBlockGasLimit(_) => l2(of_l2::BLOCK_GAS_LIMIT),
        Calls::getMinimumGasPrice(_) => l2(of_l2::BASE_FEE_MIN),
        Calls::getGasBacklog(_) => l2(of_l2::BACKLOG),
        Calls::getPricingInertia(_) => l2(of_l2::INERTIA),
        Calls::getGasBacklogTolerance(_) => l2(of_l2::BACKLOG_TOLERANCE),
        Calls::getL1BaseFeeEstimate(_) | Calls::getL1GasPriceEstimate(_) => {
            l1(of_l1::PRICE_PER_UNIT)
        }
        Calls::getL1BaseFeeEstimateInertia(_) => l1(of_l1::INERTIA),
        Calls::getL1RewardRate(_) => l1(of_l1::REWARD_RATE),
        Calls::getL1RewardRecipient(_) => l1(of_l1::REWARD_RECIPIENT),
        Calls::getPerBatchGasCharge(_) => l1(of_l1::BATCH_GAS),
        Calls::getAmortizedCostCapBips(_) => l1(of_l1::COST_CAP_BIPS),
        Calls::getL1FeesAvailable(_) => l1(of_l1::FEES_AVAILABLE),
        Calls::getL1PricingEquilibrationUnits(_) => l1(of_l1::EQUILIBRATION_UNITS),
        Calls::getLastL1PricingUpdateTime(_) => l1(of_l1::LAST_UPDATE),
        Calls::getL1PricingFundsDueForRewards(_) => l1(of_l1::REWARDS_DUE),
        Calls::getL1PricingUnitsSinceUpdate(_) => l1(of_l1::UNITS),
        Calls::getLastL1PricingSurplus(_) => l1(of_l1::LAST_SURPLUS),
        _ => return None,
    })
}

/// {wei} What was collected for the posters less what they are owed, as a signed word.
fn surplus(frame: &mut Metered<'_, '_>) -> Result<U256, Failure> {
    let available = frame.read(l1(offset::l1::FEES_AVAILABLE))?;
    let rewards = frame.read(l1(offset::l1::REWARDS_DUE))?;
    let costs = frame.read(poster_funds_due_slot())?;
    Ok(available.wrapping_sub(rewards).wrapping_sub(costs))
}

fn l1_price(frame: &mut Metered<'_, '_>) -> Result<U256, Failure> {
    frame.read(l1(offset::l1::PRICE_PER_UNIT))
}

/// Per simple transaction, per byte of L1 calldata, per storage write, per gas: base, congestion
/// and total.
fn prices_in_wei(frame: &mut Metered<'_, '_>) -> Result<Vec<u8>, Failure> {
    let byte = l1_price(frame)?.saturating_mul(U256::from(CALLDATA_BYTE));
    let gas = U256::from(frame.context.block().basefee());
    let floor = frame.read(l2(offset::l2::BASE_FEE_MIN))?;
    let base = gas.min(floor);
    let tx = byte.saturating_mul(U256::from(SIMPLE_TX));
    let storage = gas.saturating_mul(U256::from(STORAGE_WRITE));
    Ok((tx, byte, storage, base, gas.saturating_sub(base), gas).abi_encode_params())
}

/// Per simple transaction, per byte of L1 calldata, per storage write.
fn prices_in_gas(frame: &mut Metered<'_, '_>) -> Result<Vec<u8>, Failure> {
    let byte = l1_price(frame)?.saturating_mul(U256::from(CALLDATA_BYTE));
    let gas = U256::from(frame.context.block().basefee());
    let in_gas = |wei: U256| wei.checked_div(gas).unwrap_or_default();
    let tx = byte.saturating_mul(U256::from(SIMPLE_TX));
    Ok((in_gas(tx), in_gas(byte), U256::from(STORAGE_WRITE)).abi_encode_params())
}
