//! Uniswap V3 pools as oracles: the mean over a window, and the price of this moment.

use alloc::vec::Vec;

use alloy_primitives::U256;
use gimbal_core::{
    Price,
    price::cross_price,
    tick::{price_at_sqrt_ratio, sqrt_ratio_at_tick},
    twap::{harmonic_mean_liquidity, mean_tick},
};
use stylus_sdk::{function_selector, host::VM};

use crate::{
    calls::{encode, read},
    registry::Market,
    words::Field,
};

const OBSERVE: [u8; 4] = function_selector!("observe", Vec<u32>);
const SLOT0: [u8; 4] = function_selector!("slot0");
/// Words of `slot0()`.
const SQRT_RATIO: usize = 0;
const CARDINALITY: usize = 3;

/// What a pool says about a window.
pub(crate) struct Mean {
    /// D27{uoa/tok}, at the mean tick and the reference's feed.
    pub(crate) price: Price,
    /// Harmonic mean.
    pub(crate) liquidity: u128,
}

/// Price at this moment and the reference's feed; none if the pool does not answer.
pub(crate) fn spot(vm: &VM, market: &Market, reference: Price) -> Option<Price> {
    let reply = read(vm, market.pool, &SLOT0).ok()?;
    price(reply.amount(SQRT_RATIO)?, market, reference)
}

/// Means over the last `window` {s}; none if the pool does not answer or is too young.
///
/// A pool that keeps one observation has no history: its mean is the spot price of whoever traded last.
#[inline(never)]
pub(crate) fn mean(vm: &VM, market: &Market, reference: Price, window: u64) -> Option<Mean> {
    let cardinality = read(vm, market.pool, &SLOT0).ok()?.number(CARDINALITY)?;
    if cardinality <= 1 {
        return None;
    }
    let ages = [32, 2, window, 0].map(|word: u64| word.to_word());
    let reply = read(vm, market.pool, &encode(OBSERVE, &ages)).ok()?;
    // Two arrays of two, one after the other: ticks, then seconds per liquidity.
    for (i, word) in [(0, 2 * 32), (1, 5 * 32), (2, 2), (5, 2)] {
        if reply.number(i)? != word {
            return None;
        }
    }
    let ticks = |i| Some(u64::from_word(&reply.word(i)?).cast_signed());
    let window = u32::try_from(window).ok()?;
    let tick = mean_tick(ticks(3)?, ticks(4)?, window).ok()?;
    let liquidity = harmonic_mean_liquidity(reply.amount(6)?, reply.amount(7)?, window).ok()?;
    Some(Mean {
        price: price(sqrt_ratio_at_tick(tick).ok()?, market, reference)?,
        liquidity,
    })
}

/// D27{uoa/tok} of the asset at a square-root ratio.
fn price(sqrt_ratio: U256, market: &Market, reference: Price) -> Option<Price> {
    let ratio = price_at_sqrt_ratio(sqrt_ratio, market.is_token0 != 0).ok()?;
    cross_price(ratio, reference).ok()
}
