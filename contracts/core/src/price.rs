//! Prices. One representation inside, [`Price`]; conversions at the edges.

use ruint::aliases::U256;

use crate::{
    Error,
    fixed::{D18, D27, mul_div_down},
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
    // Two steps, each a whole multiple: D27{uoa/tok} = {USD/whole} * D27 / {tok/whole} * {uoa/USD}
    let usd_price = mul_div_down(answer, D27, pow10(token_decimals))?;
    let price = Price(mul_div_down(usd_price, D18, pow10(feed_decimals))?);
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

/// `10^exponent` for `exponent <= 38`.
fn pow10(exponent: u8) -> U256 {
    let power = (0..exponent).fold(1_u128, |power, _| (power << 3).wrapping_add(power << 1));
    U256::from(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_price_is_one_usd_for_a_base_unit() {
        assert_eq!(feed_price(U256::from(1), 0, 0), Ok(PRICE_MAX));
        assert_eq!(feed_price(U256::from(2), 0, 0), Err(Error::Overflow));
        assert_eq!(PRICE_MAX.0, U256::from(10).pow(U256::from(45)));
    }

    #[test]
    fn three_thousand_usd_for_an_18_decimal_token() {
        let price = feed_price(U256::from(300_000_000_000_u64), 8, 18);
        assert_eq!(price, Ok(Price(D27.wrapping_mul(U256::from(3_000)))));
        assert_eq!(
            whole_price(price.unwrap(), 18),
            Ok(D18.wrapping_mul(U256::from(3_000)))
        );
    }

    #[test]
    fn a_six_decimal_dollar_quotes_an_18_decimal_token() {
        let usd = feed_price(U256::from(100_000_000), 8, 6).unwrap();
        // 3000e6 base units of USDC for 1e18 of the token: D27 of 3e-9.
        let ratio = U256::from(3_000_000_000_000_000_000_u64);
        assert_eq!(
            cross_price(ratio, usd),
            Ok(Price(D27.wrapping_mul(U256::from(3_000))))
        );
    }
}
