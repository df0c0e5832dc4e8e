//! Limits and targets: hard caps that no role can exceed, and the setters behind them.

use alloy_sol_types::SolEvent;
use stylus_sdk::prelude::*;

use crate::{
    Engine,
    abi::Limits,
    calls::each,
    errors::{Error, HardCap, LengthMismatch, Result, TargetSum},
    events::{LimitsSet, TargetsSet, arrays, emit},
    words::{Field, number},
};

/// One, in D18.
const D18: u64 = 1_000_000_000_000_000_000;
/// {1e-6} of an amount in a basis point of it.
const FEE_PER_BPS: u64 = 100;

/// Checks limits against the hard caps and the fees of the listed pools, stores them, and says so.
///
/// Errors: [`HardCap`] with the first value out of its range.
#[inline(never)]
pub(crate) fn set(engine: &mut Engine, limits: &Limits) -> Result<()> {
    for (value, least, most) in [
        (limits.slippage_bps, 0, 200),
        (limits.loss_bps, 0, 100),
        (limits.gain_bps, 0, 200),
        (limits.deviation_skip_bps, 0, 500),
        (limits.deviation_trip_bps, 0, 2_000),
        (limits.deviation_spot_bps, 0, 300),
        (limits.trade_bps_max, 0, 2_500),
        (limits.cooldown, 60, u64::MAX),
        (limits.twap_window, 60, 86_400),
        (limits.sequencer_grace, 1_800, u64::MAX),
        (limits.deviation_skip_bps, 0, limits.deviation_trip_bps),
    ] {
        in_range(value, least, most)?;
    }
    // A route whose fees reach the slippage cap could never trade.
    let path_fee = engine.status().path_fee;
    if path_fee >= limits.slippage_bps.saturating_mul(FEE_PER_BPS) {
        let fee_bps = path_fee.div_ceil(FEE_PER_BPS);
        return Err(Error::of::<HardCap>(&[fee_bps, limits.slippage_bps]));
    }
    engine.set_bounds(limits);
    let vm = engine.vm();
    let caller = vm.msg_sender().to_word();
    emit(vm, LimitsSet::SIGNATURE_HASH, &[caller], &limits.words());
    Ok(())
}

/// Checks targets and bands of all assets, stores them, and says so.
///
/// Errors: [`LengthMismatch`], [`TargetSum`], [`HardCap`] for a band.
#[inline(never)]
pub(crate) fn set_targets(engine: &mut Engine, targets: &[u64], bands: &[u64]) -> Result<()> {
    let count = engine.status().count();
    for length in [targets.len(), bands.len()] {
        if length != count {
            return Err(Error::of::<LengthMismatch>(&[
                number(length),
                number(count),
            ]));
        }
    }
    // Eight targets below 2^64 do not fit 64 bits, but one that saturates is not the right sum either.
    let sum = targets.iter().fold(0, |sum: u64, t| sum.saturating_add(*t));
    if sum != D18 {
        return Err(Error::of::<TargetSum>(&[sum]));
    }
    for band in bands {
        in_range(*band, 25, 2_500)?;
    }
    for (asset, (target, band)) in targets.iter().zip(bands).enumerate() {
        let mut listing = engine.listing(asset);
        (listing.target, listing.band) = (*target, *band);
        engine.set_listing(asset, &listing);
    }
    let vm = engine.vm();
    let caller = vm.msg_sender().to_word();
    let data = arrays(&[], &[each(targets), each(bands)]);
    emit(vm, TargetsSet::SIGNATURE_HASH, &[caller], data);
    Ok(())
}

fn in_range(value: u64, least: u64, most: u64) -> Result<()> {
    let cap = value.max(least).min(most);
    if value == cap {
        Ok(())
    } else {
        Err(Error::of::<HardCap>(&[value, cap]))
    }
}
