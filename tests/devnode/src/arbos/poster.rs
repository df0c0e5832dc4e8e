//! The fee for posting a transaction on L1, which its sender pays as gas before it runs.

use std::io::Write;

use alloy_primitives::{Address, U256, address};
use brotli::{CompressorWriter, enc::BrotliEncoderParams};
use revm::context::BlockEnv;

use super::{
    access,
    slots::{ARBOS, ROOT, offset, space},
};
use crate::{
    chain::state::view::View,
    evm::{Context, env::SEQUENCER},
    fork::StateError,
};

/// Where the fees lie until posters are paid.
pub const FUNDS: Address = address!("0xA4B00000000000000000000000000000000000f6");

/// {unit/byte}
const UNITS_PER_BYTE: u64 = 16;

/// log2 of {byte}: the window of the compression.
const WINDOW: i32 = 22;

/// What an estimate adds to the size of a transaction whose signature is not known: {unit} and a share.
const PADDING: u64 = 16 * UNITS_PER_BYTE;
const PADDING_PERCENT: u64 = 1;

/// By how much an estimate allows the price of L1 data to rise.
const RISE_PERCENT: u64 = 10;

/// What posting a transaction takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Poster {
    /// {unit} Size.
    pub units: u64,
    /// {gas} Charged.
    pub gas: u64,
    /// {wei} Charged.
    pub fee: U256,
}

impl Poster {
    /// `units = 16 * compressed size`, `gas = floor(price of a unit * units / gas price)`,
    /// `fee = gas * gas price`, where the gas price is the block's base fee. Nothing where data costs
    /// nothing, or in a block that the sequencer does not make.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn of(view: &View<'_>, tx: &[u8], block: &BlockEnv) -> Result<Self, StateError> {
        let Some(price) = price(view, block)? else {
            return Ok(Self::default());
        };
        let units = units(tx, level(view)?);
        Ok(Self::charged(units, price, block.basefee))
    }

    /// An upper bound for a transaction that looks like `tx`: its size padded, the price of data
    /// 10 % up and the gas price an eighth down, but not below the minimum.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn estimate(view: &View<'_>, tx: &[u8], block: &BlockEnv) -> Result<Self, StateError> {
        let Some(price) = price(view, block)? else {
            return Ok(Self::default());
        };
        let gas_price = block.basefee - block.basefee / 8;
        let gas_price = gas_price.max(super::base_fee_min(view)?);
        let units = units(tx, level(view)?).saturating_add(PADDING);
        let units = units.saturating_mul(100 + PADDING_PERCENT) / 100;
        let price = price.saturating_mul(U256::from(100 + RISE_PERCENT)) / U256::from(100);
        Ok(Self::charged(units, price, gas_price))
    }

    fn charged(units: u64, price: U256, gas_price: u64) -> Self {
        let gas_price = U256::from(gas_price);
        let cost = price.saturating_mul(U256::from(units));
        let gas: u64 = (cost / gas_price).saturating_to();
        Self {
            units,
            gas,
            fee: U256::from(gas).saturating_mul(gas_price),
        }
    }

    /// Counts what the transaction paid, and its units, in ArbOS state.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn count(&self, context: &mut Context<'_>) -> Result<(), StateError> {
        if self.units == 0 {
            return Ok(());
        }
        let pricing = ROOT.child(space::L1_PRICING);
        let counted = [
            (offset::l1::FEES_AVAILABLE, self.fee),
            (offset::l1::UNITS, U256::from(self.units)),
        ];
        for (entry, by) in counted {
            let slot = pricing.slot(entry);
            let before = access::read(context, slot)?;
            access::write(context, slot, before.saturating_add(by))?;
        }
        Ok(())
    }
}

/// {wei/unit} The price of data in a block whose transactions pay for it.
fn price(view: &View<'_>, block: &BlockEnv) -> Result<Option<U256>, StateError> {
    if block.beneficiary != SEQUENCER || block.basefee == 0 {
        return Ok(None);
    }
    Ok(Some(super::l1_price(view)?).filter(|price| !price.is_zero()))
}

fn level(view: &View<'_>) -> Result<i32, StateError> {
    let level = view.slot(&ARBOS, &ROOT.slot(offset::BROTLI_LEVEL))?;
    Ok(level.min(U256::from(11)).saturating_to())
}

fn units(tx: &[u8], level: i32) -> u64 {
    let params = BrotliEncoderParams {
        quality: level,
        lgwin: WINDOW,
        ..BrotliEncoderParams::default()
    };
    let mut writer = CompressorWriter::with_params(Vec::new(), 4_096, &params);
    // A vector takes everything.
    let size = match writer.write_all(tx) {
        Ok(()) => writer.into_inner().len(),
        Err(_) => tx.len(),
    };
    UNITS_PER_BYTE.saturating_mul(size as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_is_small() {
        let repeated = units(&[7; 1_000], 1);
        let noise: Vec<u8> = (0..32_u8)
            .flat_map(|byte| alloy_primitives::keccak256([byte]).0)
            .collect();
        assert!(repeated < 16 * 40, "{repeated}");
        let noisy = units(&noise, 1);
        assert!((16 * 1_024..16 * 1_040).contains(&noisy), "{noisy}");
    }

    /// 100 units at 7 wei are 700 wei: 233 gas at 3 wei, of which 699 are paid.
    #[test]
    fn the_charge_is_rounded_down() {
        let poster = Poster::charged(100, U256::from(7), 3);
        assert_eq!((poster.gas, poster.fee), (233, U256::from(699)));
    }
}
