//! Time-weighted means from a Uniswap V3 pool's accumulators, as `observe([window, 0])` returns them.

use ruint::aliases::U256;

use crate::{Error, fixed::mul_div_down, tick::TICK_MAX};

/// `2^160 - 1`
const U160_MAX: U256 = U256::from_limbs([u64::MAX, u64::MAX, 0xffff_ffff, 0]);

/// Arithmetic mean tick over the window: `floor((now - old) / window_s)`, the geometric mean price.
///
/// - Units:  accumulators {tick * s}, 56-bit and wrapping; {s} -> {tick}.
/// - Domain: `window_s > 0`, result in [-887272, 887272]; rounds towards minus infinity.
/// - Errors: [`Error::DivisionByZero`], [`Error::TickOutOfRange`].
pub fn mean_tick(cumulative_old: i64, cumulative_now: i64, window_s: u32) -> Result<i32, Error> {
    // The accumulators are int56: the difference wraps there, and its sign is bit 55.
    let delta = cumulative_now
        .wrapping_sub(cumulative_old)
        .wrapping_shl(8)
        .wrapping_shr(8);
    let mean = delta
        .checked_div_euclid(i64::from(window_s))
        .ok_or(Error::DivisionByZero)?;
    match i32::try_from(mean) {
        Ok(tick) if tick.unsigned_abs() <= TICK_MAX.unsigned_abs() => Ok(tick),
        _ => Err(Error::TickOutOfRange),
    }
}

/// Harmonic mean of the liquidity in range over the window:
/// `floor(window_s * (2^160 - 1) / ((now - old) * 2^32))`.
///
/// - Units:  accumulators {s / liquidity} in Q32.128, 160-bit and wrapping; {s} -> {liquidity}.
/// - Domain: a pool adds at least one per second, so the difference is at least `window_s`; rounds down.
/// - Errors: [`Error::DivisionByZero`] if the accumulator stood still, [`Error::Overflow`] if it grew by less than one
///   per second.
pub fn harmonic_mean_liquidity(spl_old: U256, spl_now: U256, window_s: u32) -> Result<u128, Error> {
    let delta = spl_now.wrapping_sub(spl_old) & U160_MAX;
    let mean = mul_div_down(U256::from(window_s), U160_MAX, delta.wrapping_shl(32))?;
    match mean.as_limbs() {
        [low, high, 0, 0] => Ok(u128::from(*low) | (u128::from(*high) << 64)),
        _ => Err(Error::Overflow),
    }
}
