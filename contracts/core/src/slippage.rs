//! Fair output, the least output that a trade may bring, and how far two prices disagree.

use ruint::aliases::U256;

use crate::{
    Error, Price,
    fixed::{BPS, mul_div_down, mul_div_up},
};

/// Output that an input is worth: `floor(amount_in * price_in / price_out)`.
///
/// - Units:  {tokIn}, D27{uoa/tokIn}, D27{uoa/tokOut} -> {tokOut}.
/// - Domain: `price_out > 0`, result below 2^256; rounds down; error < 1 {tokOut}.
/// - Errors: [`Error::DivisionByZero`], [`Error::Overflow`].
pub fn fair_out_down(amount_in: U256, price_in: Price, price_out: Price) -> Result<U256, Error> {
    mul_div_down(amount_in, price_in.0, price_out.0)
}

/// Least output that a trade may bring: `ceil(ceil(amount_in * price_in / price_out) * (10000 - slippage_bps) / 10000)`.
///
/// - Units:  {tokIn}, D27{uoa/tokIn}, D27{uoa/tokOut}, bps -> {tokOut}.
/// - Domain: `price_out > 0`, `slippage_bps <= 10000`; rounds up: never below the exact floor, above it by < 2 {tokOut}.
/// - Errors: [`Error::DivisionByZero`], [`Error::Overflow`], [`Error::SlippageOutOfRange`].
pub fn out_floor_up(
    amount_in: U256,
    price_in: Price,
    price_out: Price,
    slippage_bps: u16,
) -> Result<U256, Error> {
    let fair = mul_div_up(amount_in, price_in.0, price_out.0)?;
    let kept_bps = BPS
        .checked_sub(U256::from(slippage_bps))
        .ok_or(Error::SlippageOutOfRange)?;
    mul_div_up(fair, kept_bps, BPS)
}

/// A caller's own floor for `amount_in_max`, scaled to the amount that will really be sold.
///
/// `ceil(out_min * amount_in / amount_in_max)`
///
/// - Units:  {tokOut}, {tokIn}, {tokIn} -> {tokOut}.
/// - Domain: `amount_in_max > 0`; rounds up; error < 1 {tokOut}.
/// - Errors: [`Error::DivisionByZero`], [`Error::Overflow`].
pub fn out_min_scaled_up(
    out_min: U256,
    amount_in: U256,
    amount_in_max: U256,
) -> Result<U256, Error> {
    mul_div_up(out_min, amount_in, amount_in_max)
}

/// Distance of a price from a reference: `floor(|price - reference| * 10000 / reference)`.
///
/// Rounding down makes `deviation_bps(..) >= limit` exact for a whole `limit`.
///
/// - Units:  two prices of one unit -> bps.
/// - Domain: `reference > 0`; rounds down.
/// - Errors: [`Error::DivisionByZero`], [`Error::Overflow`].
pub fn deviation_bps(price: Price, reference: Price) -> Result<U256, Error> {
    mul_div_down(price.0.abs_diff(reference.0), BPS, reference.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed::{D18, D27};

    fn usd(x: u64) -> Price {
        Price(U256::from(x) * D27)
    }

    #[test]
    fn two_tokens_of_3000_usd_buy_6000_of_one_less_slippage() {
        let (amount, whole) = (U256::from(2) * D18, |x: u64| U256::from(x) * D18);
        assert_eq!(fair_out_down(amount, usd(3_000), usd(1)), Ok(whole(6_000)));
        assert_eq!(
            out_floor_up(amount, usd(3_000), usd(1), 50),
            Ok(whole(5_970))
        );
        assert_eq!(
            out_floor_up(amount, usd(3_000), usd(1), 0),
            Ok(whole(6_000))
        );
        assert_eq!(
            out_floor_up(amount, usd(3_000), usd(1), 10_000),
            Ok(U256::ZERO)
        );
    }

    #[test]
    fn a_floor_is_scaled_with_the_amount() {
        let scaled = out_min_scaled_up(U256::from(100), U256::from(1), U256::from(3));
        assert_eq!(scaled, Ok(U256::from(34)));
    }

    #[test]
    fn deviation_is_relative_to_the_second_price() {
        assert_eq!(deviation_bps(usd(110), usd(100)), Ok(U256::from(1_000)));
        assert_eq!(deviation_bps(usd(100), usd(110)), Ok(U256::from(909)));
        assert_eq!(deviation_bps(usd(100), usd(100)), Ok(U256::ZERO));
    }
}
