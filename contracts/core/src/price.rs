//! Prices. One representation inside, [`Price`]; conversions at the edges.

use alloy_primitives::U256;

use crate::{
    Error,
    fixed::{D27, mul_div_down},
};

/// Most decimals of a feed.
pub const FEED_DECIMALS_MAX: u8 = 18;
/// Most decimals of a token.
pub const TOKEN_DECIMALS_MAX: u8 = 24;
/// The largest price, `1e45` D27{uoa/tok}: one USD for one base unit.
pub const PRICE_MAX: Price = Price(U256::from_limbs([
    0x0b22_a000_0000_0000,
    0xe086_b93c_e2f7_68a0,
    0x2c_d76f,
    0,
]));

/// Decimals of D27 and of {uoa} together.
const SCALE: u8 = 45;

/// A price of one base unit: D27{uoa/tok}. Of one 18-decimal token at one USD: `1e27`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(pub U256);

/// Price of a base unit from a feed's answer in USD per whole token.
///
/// `answer * 10^(45 - feed_decimals - token_decimals)`
///
/// - Units:  `answer` USD per whole token, scaled by `10^feed_decimals` -> D27{uoa/tok}.
/// - Domain: `feed_decimals <= 18`, `token_decimals <= 24`, result in [1, 1e45]; exact.
/// - Errors: [`Error::DecimalsOutOfRange`], [`Error::PriceZero`], [`Error::Overflow`].
pub fn feed_price(answer: U256, feed_decimals: u8, token_decimals: u8) -> Result<Price, Error> {
    if feed_decimals > FEED_DECIMALS_MAX || token_decimals > TOKEN_DECIMALS_MAX {
        return Err(Error::DecimalsOutOfRange);
    }
    if answer.is_zero() {
        return Err(Error::PriceZero);
    }
    let scale = pow10(
        SCALE
            .wrapping_sub(feed_decimals)
            .wrapping_sub(token_decimals),
    );
    let price = Price(mul_div_down(answer, scale, U256::ONE)?);
    if price > PRICE_MAX {
        Err(Error::Overflow)
    } else {
        Ok(price)
    }
}

/// Price of a whole token, for the ABI and for people.
///
/// `floor(price * 10^token_decimals / 1e27)`
///
/// - Units:  `price` D27{uoa/tok} -> D18{USD per whole token}.
/// - Domain: `token_decimals <= 24`; rounds down.
/// - Errors: [`Error::DecimalsOutOfRange`], [`Error::Overflow`].
pub fn whole_price(price: Price, token_decimals: u8) -> Result<U256, Error> {
    if token_decimals > TOKEN_DECIMALS_MAX {
        return Err(Error::DecimalsOutOfRange);
    }
    // {uoa/whole} = D27{uoa/tok} * {tok/whole} / D27
    mul_div_down(price.0, pow10(token_decimals), D27)
}

/// Price of a base token that is quoted in another: `floor(ratio * quote / 1e27)`.
///
/// - Units:  `ratio` D27{quoteTok/baseTok}, `quote` D27{uoa/quoteTok} -> D27{uoa/baseTok}.
/// - Domain: result in [1, 1e45]; rounds down; error < 1 unit of D27.
/// - Errors: [`Error::PriceZero`], [`Error::Overflow`].
pub fn cross_price(ratio: U256, quote: Price) -> Result<Price, Error> {
    let price = Price(mul_div_down(ratio, quote.0, D27)?);
    if price.0.is_zero() {
        Err(Error::PriceZero)
    } else if price > PRICE_MAX {
        Err(Error::Overflow)
    } else {
        Ok(price)
    }
}

/// `10^exponent` for `exponent <= 45`, far below 2^256.
fn pow10(exponent: u8) -> U256 {
    let mut power = U256::ONE;
    for _ in 0..exponent {
        let double = power.wrapping_add(power);
        let octuple = double
            .wrapping_add(double)
            .wrapping_add(double)
            .wrapping_add(double);
        power = octuple.wrapping_add(double);
    }
    power
}
