//! The domains and error bounds of `gimbal-core`: one table, read by every property test and cited by the docs.
//!
//! | function | error | direction |
//! |---|---|---|
//! | `mul_div_down`, `mul_div_up`, `isqrt` | 0 beyond the rounding in the name | down, up, down |
//! | `mint_amount_up`, `redeem_amount_down` | < 1 {tok} | for the holders who stay |
//! | `feed_price`, `whole_price` of it | 0; < 1 of D18 | down |
//! | `cross_price` | < 1 of D27 | down |
//! | `value_down`, `nav_down` | < 1 {uoa}, < n {uoa} | down |
//! | `weights_down` | < [`WEIGHT_ERROR`] each, < n in sum | down |
//! | `fair_out_down` | < 1 {tokOut} | down |
//! | `out_floor_up` | < [`OUT_FLOOR_ERROR`] {tokOut} | up |
//! | `deviation_bps`, `loss_bps_up`, `gain_bps_up` | < 1 {bps} | down, up, up: exact against a whole limit |
//! | `level_at` | < [`LEVEL_ERROR`] of D18 per look | up |
//! | `surplus_down`, `deficit_down` | < [`SURPLUS_ERROR`] {uoa} | down |
//! | `size_down` | < 1 {tokIn} | down |
//! | `sqrt_ratio_at_tick` | < 1 + ratio * 2^-[`SQRT_RATIO_ERROR_BITS`] | either |
//! | `tick_at_sqrt_ratio` | 0 | down |
//! | `price_at_sqrt_ratio` | < 1 + price * 2^-[`POOL_PRICE_ERROR_BITS`] of D27 | down |
//! | `mean_tick`, `harmonic_mean_liquidity` | 0 beyond the rounding | down |

use std::ops::RangeInclusive;

/// {assets}
pub(crate) const ASSETS: RangeInclusive<usize> = 1..=8;
/// Bits of an amount {tok} or of a supply {share}: the vault stores `u128`.
pub(crate) const AMOUNT_BITS: usize = 128;
/// Bits of a price D27{uoa/tok}, before the clamp to `PRICE_MAX` = 1e45.
pub(crate) const PRICE_BITS: usize = 150;
/// {decimals}
pub(crate) const FEED_DECIMALS: RangeInclusive<u8> = 0..=18;
/// {decimals}
pub(crate) const TOKEN_DECIMALS: RangeInclusive<u8> = 0..=24;
/// {bps}
pub(crate) const SLIPPAGE_BPS: RangeInclusive<u16> = 0..=10_000;
/// {bps} of nav
pub(crate) const BAND_BPS: RangeInclusive<u16> = 25..=2_500;
/// {bps} of nav
pub(crate) const TRADE_BPS_MAX: RangeInclusive<u16> = 100..=2_500;
/// Value of one asset of a portfolio, {USD}.
pub(crate) const ASSET_USD: RangeInclusive<u64> = 0..=1_000_000_000;
/// Smallest trade, {USD}. At least ten times the largest value of a base unit, which is one USD.
pub(crate) const TRADE_USD_MIN: RangeInclusive<u64> = 10..=10_000;
/// {tick}
pub(crate) const TICK: RangeInclusive<i32> = -887_272..=887_272;
/// {s}
pub(crate) const WINDOW_S: RangeInclusive<u32> = 1..=86_400;
/// D18{1}, up to twice the whole.
pub(crate) const BUCKET_CAP: RangeInclusive<u64> = 1..=2_000_000_000_000_000_000;
/// {s}
pub(crate) const BUCKET_PERIOD_S: RangeInclusive<u32> = 60..=2_592_000;

/// D18{1}
pub(crate) const WEIGHT_ERROR: u64 = 1;
/// {tokOut}
pub(crate) const OUT_FLOOR_ERROR: u64 = 2;
/// D18{1}
pub(crate) const LEVEL_ERROR: u64 = 1;
/// {uoa}
pub(crate) const SURPLUS_ERROR: u64 = 2;
/// Relative, in bits.
pub(crate) const SQRT_RATIO_ERROR_BITS: usize = 63;
/// Relative, in bits.
pub(crate) const POOL_PRICE_ERROR_BITS: usize = 128;
