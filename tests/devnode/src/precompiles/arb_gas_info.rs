//! ArbGasInfo, `0x6c`: prices.

use alloy_primitives::U256;
use alloy_sol_types::SolValue;
use revm::context_interface::{Block, ContextTr};

use super::{
    Access, Precompile,
    abi::ArbGasInfo::ArbGasInfoCalls as Calls,
    metered::{Failure, Metered},
};
use crate::arbos::slots::{ROOT, offset, space};

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

    fn run(frame: &mut Metered<'_, '_>, call: Calls) -> Result<Vec<u8>, Failure> {
        let l2 = |entry| ROOT.child(space::L2_PRICING).slot(entry);
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
            Calls::getMinimumGasPrice(_) => frame.read(l2(offset::l2::BASE_FEE_MIN))?.abi_encode(),
            Calls::getL1BaseFeeEstimate(_) | Calls::getL1GasPriceEstimate(_) => {
                l1_price(frame)?.abi_encode()
            }
            Calls::getCurrentTxL1GasFees(_) => U256::ZERO.abi_encode(),
            Calls::getGasBacklog(_) => frame.read(l2(offset::l2::BACKLOG))?.abi_encode(),
            Calls::getPricingInertia(_) => frame.read(l2(offset::l2::INERTIA))?.abi_encode(),
            Calls::getGasBacklogTolerance(_) => {
                frame.read(l2(offset::l2::BACKLOG_TOLERANCE))?.abi_encode()
            }
        })
    }
}

fn l1_price(frame: &mut Metered<'_, '_>) -> Result<U256, Failure> {
    frame.read(
        ROOT.child(space::L1_PRICING)
            .slot(offset::l1::PRICE_PER_UNIT),
    )
}

/// Per simple transaction, per byte of L1 calldata, per storage write, per gas: base, congestion
/// and total.
fn prices_in_wei(frame: &mut Metered<'_, '_>) -> Result<Vec<u8>, Failure> {
    let byte = l1_price(frame)?.saturating_mul(U256::from(CALLDATA_BYTE));
    let gas = U256::from(frame.context.block().basefee());
    let floor = frame.read(ROOT.child(space::L2_PRICING).slot(offset::l2::BASE_FEE_MIN))?;
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
