//! Uniswap V3 ticks, square-root ratios and prices.
//!
//! A pool stores `sqrt(token1 / token0)` in Q64.96, both in base units, and ticks are powers of 1.0001 of the ratio
//! itself. Ratios at ticks agree with the pools' own code bit for bit.

use ruint::aliases::U256;

use crate::{
    Error,
    fixed::{D27, mul_div_down, mul_div_up, mul_shr_128},
};

/// The largest tick; the smallest is its negative.
pub const TICK_MAX: i32 = 887_272;
/// `sqrt_ratio_at_tick(-TICK_MAX)`
pub const SQRT_RATIO_MIN: U256 = U256::from_limbs([4_295_128_739, 0, 0, 0]);
/// `sqrt_ratio_at_tick(TICK_MAX)`; a pool's ratio stays below it.
pub const SQRT_RATIO_MAX: U256 =
    U256::from_limbs([0x5d95_1d52_6398_8d26, 0xefd1_fc6a_5064_8849, 0xfffd_8963, 0]);

/// `round(2^128 * 1.0001^(-2^i / 2))`
const FACTORS: [u128; 20] = [
    0xfffcb933bd6fad37aa2d162d1a594001,
    0xfff97272373d413259a46990580e213a,
    0xfff2e50f5f656932ef12357cf3c7fdcc,
    0xffe5caca7e10e4e61c3624eaa0941cd0,
    0xffcb9843d60f6159c9db58835c926644,
    0xff973b41fa98c081472e6896dfb254c0,
    0xff2ea16466c96a3843ec78b326b52861,
    0xfe5dee046a99a2a811c461f1969c3053,
    0xfcbe86c7900a88aedcffc83b479aa3a4,
    0xf987a7253ac413176f2b074cf7815e54,
    0xf3392b0822b70005940c7a398e4b70f3,
    0xe7159475a2c29b7443b29c7fa6e889d9,
    0xd097f3bdfd2022b8845ad8f792aa5825,
    0xa9f746462d870fdf8a65dc1f90e061e5,
    0x70d869a156d2a1b890bb3df62baf32f7,
    0x31be135f97d08fd981231505542fcfa6,
    0x09aa508b5b7a84e1c677de54f3e99bc9,
    0x005d6af8dedb81196699c329225ee604,
    0x00002216e584f5fa1ea926041bedfe98,
    0x0000000048a170391f7dc42444e8fa2,
];
/// `2^64`
const Q64: U256 = U256::from_limbs([0, 1, 0, 0]);
/// `2^128`
const Q128: U256 = U256::from_limbs([0, 0, 1, 0]);
/// `2^192`
const Q192: U256 = U256::from_limbs([0, 0, 0, 1]);

/// `sqrt(1.0001^tick) * 2^96`, as the pools compute it.
///
/// - Units:  {tick} -> Q64.96.
/// - Domain: `|tick| <= 887272`; error < 1 + result * 2^-63; strictly increasing in `tick`.
/// - Errors: [`Error::TickOutOfRange`].
pub fn sqrt_ratio_at_tick(tick: i32) -> Result<U256, Error> {
    let distance = tick.unsigned_abs();
    if distance > TICK_MAX.unsigned_abs() {
        return Err(Error::TickOutOfRange);
    }
    // Q128 of 1.0001^(-distance / 2): one factor for each bit of the distance.
    let mut ratio = Q128;
    for (bit, factor) in FACTORS.iter().enumerate() {
        if distance >> bit & 1 == 1 {
            ratio = mul_shr_128(ratio, U256::from(*factor));
        }
    }
    if tick > 0 {
        ratio = mul_div_down(U256::MAX, U256::ONE, ratio)?;
    }
    // Q96 from Q128, rounded up.
    mul_div_up(ratio, U256::ONE, U256::from_limbs([1 << 32, 0, 0, 0]))
}

/// The greatest tick whose ratio is at most `sqrt_ratio`.
///
/// `sqrt_ratio_at_tick(t) <= sqrt_ratio < sqrt_ratio_at_tick(t + 1)`
///
/// - Units:  Q64.96 -> {tick}.
/// - Domain: `SQRT_RATIO_MIN <= sqrt_ratio < SQRT_RATIO_MAX`; exact.
/// - Errors: [`Error::SqrtRatioOutOfRange`].
pub fn tick_at_sqrt_ratio(sqrt_ratio: U256) -> Result<i32, Error> {
    if sqrt_ratio < SQRT_RATIO_MIN || sqrt_ratio >= SQRT_RATIO_MAX {
        return Err(Error::SqrtRatioOutOfRange);
    }
    // Bisection: the answer stays in [low, high).
    let (mut low, mut high) = (TICK_MAX.wrapping_neg(), TICK_MAX);
    while high.wrapping_sub(low) > 1 {
        let middle = low.midpoint(high);
        if sqrt_ratio_at_tick(middle)? <= sqrt_ratio {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// Price of the base token in the other token of a pool.
///
/// `floor(1e27 * s^2 / 2^192)` if the base is token 0, `floor(1e27 * 2^192 / s^2)` if it is token 1.
///
/// - Units:  Q64.96 -> D27{quoteTok/baseTok}, both in base units.
/// - Domain: `SQRT_RATIO_MIN <= sqrt_ratio <= SQRT_RATIO_MAX`, result at least 1; rounds down; error < 1 + result * 2^-128.
/// - Errors: [`Error::SqrtRatioOutOfRange`], [`Error::PriceZero`].
pub fn price_at_sqrt_ratio(sqrt_ratio: U256, base_is_token0: bool) -> Result<U256, Error> {
    if !(SQRT_RATIO_MIN..=SQRT_RATIO_MAX).contains(&sqrt_ratio) {
        return Err(Error::SqrtRatioOutOfRange);
    }
    // The square of a large ratio needs 320 bits: keep 256 of them.
    let (dropped, scale) = if sqrt_ratio < Q128 {
        (U256::ONE, Q192)
    } else {
        (Q64, Q128)
    };
    let price = if base_is_token0 {
        mul_div_down(D27, mul_div_down(sqrt_ratio, sqrt_ratio, dropped)?, scale)?
    } else {
        mul_div_down(D27, scale, mul_div_up(sqrt_ratio, sqrt_ratio, dropped)?)?
    };
    if price.is_zero() {
        Err(Error::PriceZero)
    } else {
        Ok(price)
    }
}

/// [`price_at_sqrt_ratio`] at a tick, such as [`crate::twap::mean_tick`].
///
/// - Errors: [`Error::TickOutOfRange`], [`Error::PriceZero`].
pub fn price_at_tick(tick: i32, base_is_token0: bool) -> Result<U256, Error> {
    price_at_sqrt_ratio(sqrt_ratio_at_tick(tick)?, base_is_token0)
}
