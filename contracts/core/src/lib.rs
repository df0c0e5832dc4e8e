//! The law of Gimbal: every number that the contracts enforce, and that the keeper and the backtest predict, is
//! computed here and nowhere else.
//!
//! `no_std`, no allocation, no float, no clock. Compiled into three wasm contracts with a size budget, so it brings its
//! own 512-bit division ([`fixed`]) and errors without text ([`Error`]).
//!
//! | module | owns |
//! |---|---|
//! | [`fixed`] | scales, 512-bit `mul_div_down` / `mul_div_up`, integer square root |
//! | [`price`] | D27 prices per base unit from feed answers, and back to display scale |
//! | [`shares`] | the basket amounts of a mint and of a redeem |
//! | [`weights`] | value, nav and weights of a basket |
//! | [`drift`] | distance of weights from targets, and whether a band is breached |
//! | [`slippage`] | fair output, its floor, and the deviation of two prices |
//! | [`bucket`] | the leaky bucket behind every rate limit |
//! | [`rebalance`] | size, bounds and outcome of trades, and the plan that a keeper submits |
//! | [`tick`] | Uniswap V3 ticks, square-root ratios and prices |
//! | [`twap`] | mean tick and mean liquidity from pool accumulators |
//!
//! Scales: {uoa} is 1e-18 USD; {tok} is a token's base unit; `D18{x}` and `D27{x}` are fixed-point numbers of unit x
//! scaled by 1e18 and 1e27; prices are `D27{uoa/tok}` up to 1e45. Domains and error bounds of every function stand in
//! one table that the property tests read: `tests/properties/bounds.rs`.

#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

pub mod bucket;
pub mod drift;
mod error;
pub mod fixed;
pub mod price;
pub mod rebalance;
pub mod shares;
pub mod slippage;
pub mod tick;
pub mod twap;
pub mod weights;

pub use error::Error;
pub use price::Price;
pub use ruint::aliases::U256;

/// Most assets in a basket.
pub const ASSETS_MAX: usize = 8;
