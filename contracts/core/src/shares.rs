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
