//! Value, nav and weights of a basket.

use ruint::aliases::U256;

use crate::{
    ASSETS_MAX, Error, Price,
    fixed::{D18, D27, add, mul_div_down},
};

/// Value of an amount: `floor(amount * price / 1e27)`.
///
/// - Units:  `amount` {tok}, `price` D27{uoa/tok} -> {uoa}.
/// - Domain: result below 2^256; rounds down; error < 1 {uoa}.
/// - Errors: [`Error::Overflow`].
pub fn value_down(amount: U256, price: Price) -> Result<U256, Error> {
    mul_div_down(amount, price.0, D27)
}

/// Value of a basket: `sum floor(amounts[i] * prices[i] / 1e27)`.
///
/// - Shape:  both slices `n <= ASSETS_MAX`, registry order.
/// - Units:  {tok}, D27{uoa/tok} -> {uoa}.
/// - Domain: result below 2^256; rounds down; error < n {uoa}.
/// - Errors: [`Error::LengthMismatch`], [`Error::Overflow`].
pub fn nav_down(amounts: &[U256], prices: &[Price]) -> Result<U256, Error> {
    same_length(amounts.len(), prices.len())?;
    let mut nav = U256::ZERO;
    for (amount, price) in amounts.iter().zip(prices) {
        nav = add(nav, value_down(*amount, *price)?)?;
    }
    Ok(nav)
}

/// Writes the weight of each asset to `weights` and returns the nav that they are fractions of.
///
/// `weights[i] = floor(value[i] * 1e18 / nav)`
///
/// - Shape:  three slices of the same `n <= ASSETS_MAX`, registry order.
/// - Units:  {tok}, D27{uoa/tok} -> D18{1}, {uoa}.
/// - Domain: nav in (0, 2^256); rounds down; `1e18 - n < sum <= 1e18`.
/// - Errors: [`Error::LengthMismatch`], [`Error::NavZero`], [`Error::Overflow`].
pub fn weights_down(
    amounts: &[U256],
    prices: &[Price],
    weights: &mut [U256],
) -> Result<U256, Error> {
    same_length(amounts.len(), prices.len())?;
    same_length(amounts.len(), weights.len())?;
    let mut nav = U256::ZERO;
    for ((amount, price), weight) in amounts.iter().zip(prices).zip(weights.iter_mut()) {
        *weight = value_down(*amount, *price)?;
        nav = add(nav, *weight)?;
    }
    if nav.is_zero() {
        return Err(Error::NavZero);
    }
    for weight in weights {
        *weight = mul_div_down(*weight, D18, nav)?;
    }
    Ok(nav)
}

pub(crate) fn same_length(a: usize, b: usize) -> Result<(), Error> {
    if a == b && a <= ASSETS_MAX {
        Ok(())
    } else {
        Err(Error::LengthMismatch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_different_decimals_weigh_what_they_are_worth() {
        // 3000 USD of a 6-decimal dollar, and one 18-decimal token of 1000 USD.
        let amounts = [U256::from(3_000_000_000_u64), D18];
        let dollar = Price(D27 * U256::from(1_000_000_000_000_u64));
        let prices = [dollar, Price(D27 * U256::from(1_000))];
        let mut weights = [U256::ZERO; 2];
        assert_eq!(
            weights_down(&amounts, &prices, &mut weights),
            Ok(U256::from(4_000) * D18)
        );
        assert_eq!(
            weights,
            [D18 / U256::from(4) * U256::from(3), D18 / U256::from(4)]
        );
    }

    #[test]
    fn thirds_round_down() {
        let mut weights = [U256::ZERO; 3];
        weights_down(&[D18; 3], &[Price(D27); 3], &mut weights).unwrap();
        assert_eq!(weights, [U256::from(333_333_333_333_333_333_u64); 3]);
    }
}
