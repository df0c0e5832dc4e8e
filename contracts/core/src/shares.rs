//! What a share of the basket costs and pays. No price: amounts are pro rata, and rounding always favours the holders
//! who stay.

use ruint::aliases::U256;

use crate::{
    Error,
    fixed::{mul_div_down, mul_div_up},
};

/// Amount of one asset that a mint of `shares` pulls in.
///
/// `ceil(managed * shares / supply)`
///
/// - Units:  `managed` {tok}, `shares` and `supply` {share} -> {tok}.
/// - Domain: `supply > 0`; rounds up; error < 1 {tok}.
/// - Errors: [`Error::DivisionByZero`], [`Error::Overflow`].
pub fn mint_amount_up(managed: U256, shares: U256, supply: U256) -> Result<U256, Error> {
    mul_div_up(managed, shares, supply)
}

/// Amount of one asset that a redemption of `shares` pays out.
///
/// `floor(managed * shares / supply)`
///
/// - Units:  `managed` {tok}, `shares` and `supply` {share} -> {tok}.
/// - Domain: `supply > 0`; rounds down; error < 1 {tok}; at most `managed` when `shares <= supply`.
/// - Errors: [`Error::DivisionByZero`], [`Error::Overflow`].
pub fn redeem_amount_down(managed: U256, shares: U256, supply: U256) -> Result<U256, Error> {
    mul_div_down(managed, shares, supply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_of_ten_costs_four_and_pays_three() {
        let (managed, shares, supply) = (U256::from(10), U256::from(1), U256::from(3));
        assert_eq!(mint_amount_up(managed, shares, supply), Ok(U256::from(4)));
        assert_eq!(
            redeem_amount_down(managed, shares, supply),
            Ok(U256::from(3))
        );
    }

    #[test]
    fn there_is_no_price_without_a_supply() {
        let zero = U256::ZERO;
        assert_eq!(mint_amount_up(zero, zero, zero), Err(Error::DivisionByZero));
        assert_eq!(
            redeem_amount_down(zero, zero, zero),
            Err(Error::DivisionByZero)
        );
    }
}
