//! The law of a trade: how much may be sold, for what, and what must be true afterwards.
//!
//! A rebalance sells an asset above its target for one below it. The keeper proposes, the engine
//! clamps and checks with the functions of this file, and the keeper and the backtest predict both
//! with the same functions:
//!
//! ```text
//!   nav     = sum of amount * price
//!   surplus = amount * price - target * nav        what may be sold of an asset
//!   deficit = target * nav - amount * price        what may be bought of an asset
//!   size    = min(asked, surplus, deficit)         of the asset sold
//! ```
//!
//! Three properties follow from the rounding, and the property tests state them: a clamped trade at
//! fair prices never carries an asset past its target; it always brings the portfolio nearer to its
//! targets; and clamping it again changes nothing. A donation, a redemption or another trade in front
//! of a rebalance can therefore change its size, but not turn it into harm.
//!
//! What a keeper submits is a [`Plan`] of such trades, made by [`plan`].

use ruint::aliases::U256;

use crate::{
    Error, Price,
    fixed::{BPS, D18, D27, mul_div_down, mul_div_up},
    weights::value_down,
};

mod plan;

pub use plan::{Leg, Plan, TRADES_MAX, fill, plan};

/// How far past its target a rebalance may leave an asset, in bps of nav: the slippage of one trade
/// moves the weights of all assets a little.
pub const OVERSHOOT_BPS: U256 = U256::from_limbs([10, 0, 0, 0]);

/// One asset of the basket at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// {tok}
    pub amount: U256,
    /// D27{uoa/tok}
    pub price: Price,
    /// D18{1}, at most 1e18.
    pub target: U256,
}

/// How small and how large a trade may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// {uoa}
    pub usd_min: U256,
    /// {bps} of nav
    pub bps_max: u16,
}

// ------------------------------------------------------------------------------------ before a trade

/// Value of a holding above its target, which may be sold.
///
/// `max(0, floor(amount * price / 1e27) - ceil(target * nav / 1e18))`
///
/// - Units:  nav {uoa} -> {uoa}.
/// - Domain: value and nav below 2^256; rounds down; error < 2 {uoa}.
/// - Errors: [`Error::Overflow`].
pub fn surplus_down(holding: &Holding, nav: U256) -> Result<U256, Error> {
    let value = value_down(holding.amount, holding.price)?;
    Ok(value.saturating_sub(mul_div_up(nav, holding.target, D18)?))
}

/// Value that a holding lacks to its target, which may be bought.
///
/// `max(0, floor(target * nav / 1e18) - ceil(amount * price / 1e27))`
///
/// - Units:  nav {uoa} -> {uoa}.
/// - Domain: value and nav below 2^256; rounds down; error < 2 {uoa}.
/// - Errors: [`Error::Overflow`].
pub fn deficit_down(holding: &Holding, nav: U256) -> Result<U256, Error> {
    // {uoa} = {tok} * D27{uoa/tok} / D27
    let value = mul_div_up(holding.amount, holding.price.0, D27)?;
    Ok(mul_div_down(nav, holding.target, D18)?.saturating_sub(value))
}

/// Amount to sell: what was asked for, but at most the surplus of the one asset and the deficit of
/// the other.
///
/// `min(amount_in_max, floor(min(surplus, deficit) * 1e27 / price_in))`
///
/// - Units:  nav {uoa}, `amount_in_max` {tokIn} -> {tokIn}.
/// - Domain: prices in [1, 1e45]; rounds down: at fair prices neither asset passes its target.
/// - Errors: [`Error::NotOverweight`] without a surplus, [`Error::NotUnderweight`] without a deficit,
///   [`Error::DivisionByZero`], [`Error::Overflow`].
pub fn size_down(
    sold: &Holding,
    bought: &Holding,
    nav: U256,
    amount_in_max: U256,
) -> Result<U256, Error> {
    let surplus = surplus_down(sold, nav)?;
    if surplus.is_zero() {
        return Err(Error::NotOverweight);
    }
    let deficit = deficit_down(bought, nav)?;
    if deficit.is_zero() {
        return Err(Error::NotUnderweight);
    }
    // {tok} = {uoa} * D27 / D27{uoa/tok}
    let room = mul_div_down(surplus.min(deficit), D27, sold.price.0)?;
    Ok(amount_in_max.min(room))
}

/// Value of a trade that is neither too small nor too large.
///
/// `usd_min <= floor(amount_in * price_in / 1e27) <= floor(bps_max * nav / 10000)`
///
/// - Units:  `amount_in` {tokIn}, nav {uoa} -> {uoa}.
/// - Domain: value and nav below 2^256; rounds down.
/// - Errors: [`Error::TradeTooSmall`], also for an amount of zero; [`Error::TradeTooLarge`];
///   [`Error::Overflow`].
pub fn check_size(
    amount_in: U256,
    price_in: Price,
    nav: U256,
    bounds: Bounds,
) -> Result<U256, Error> {
    let value = value_down(amount_in, price_in)?;
    if amount_in.is_zero() || value < bounds.usd_min {
        return Err(Error::TradeTooSmall);
    }
    if value > value_max(nav, bounds)? {
        return Err(Error::TradeTooLarge);
    }
    Ok(value)
}

/// {uoa} = {uoa} * {bps} / {bps}
fn value_max(nav: U256, bounds: Bounds) -> Result<U256, Error> {
    mul_div_down(nav, U256::from(bounds.bps_max), BPS)
}

// ------------------------------------------------------------------------------------- after a trade

/// Refuses an asset that was sold and is now short of its target by more than [`OVERSHOOT_BPS`] of nav.
///
/// - Units:  holding and nav {uoa} after the trade.
/// - Errors: [`Error::Overshoot`], [`Error::Overflow`].
pub fn check_sold(holding: &Holding, nav: U256) -> Result<(), Error> {
    within_tolerance(deficit_down(holding, nav)?, nav)
}

/// Refuses an asset that was bought and is now above its target by more than [`OVERSHOOT_BPS`] of nav.
///
/// - Units:  holding and nav {uoa} after the trade.
/// - Errors: [`Error::Overshoot`], [`Error::Overflow`].
pub fn check_bought(holding: &Holding, nav: U256) -> Result<(), Error> {
    within_tolerance(surplus_down(holding, nav)?, nav)
}

fn within_tolerance(distance: U256, nav: U256) -> Result<(), Error> {
    let tolerance = mul_div_down(nav, OVERSHOOT_BPS, BPS)?;
    if distance > tolerance {
        Err(Error::Overshoot)
    } else {
        Ok(())
    }
}

/// What a rebalance lost: `ceil(max(0, nav_before - nav_after) * 10000 / nav_before)`.
///
/// Rounding up makes `loss_bps_up(..) > limit` exact for a whole `limit`.
///
/// - Units:  {uoa}, both at the same prices -> {bps}.
/// - Domain: `nav_before > 0`; rounds up; error < 1 {bps}.
/// - Errors: [`Error::DivisionByZero`], [`Error::Overflow`].
pub fn loss_bps_up(nav_before: U256, nav_after: U256) -> Result<U256, Error> {
    mul_div_up(nav_before.saturating_sub(nav_after), BPS, nav_before)
}

/// What a rebalance gained: `ceil(max(0, nav_after - nav_before) * 10000 / nav_before)`.
///
/// A large gain means a wrong price: it is bounded as a loss is.
///
/// - Units:  {uoa}, both at the same prices -> {bps}.
/// - Domain: `nav_before > 0`; rounds up; error < 1 {bps}.
/// - Errors: [`Error::DivisionByZero`], [`Error::Overflow`].
pub fn gain_bps_up(nav_before: U256, nav_after: U256) -> Result<U256, Error> {
    mul_div_up(nav_after.saturating_sub(nav_before), BPS, nav_before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(x: u64) -> U256 {
        U256::from(x) * D18
    }

    /// Amounts in whole tokens of 18 decimals, prices in USD, targets in percent.
    fn holding(amount: u64, price: u64, percent: u64) -> Holding {
        let target = U256::from(percent) * D18 / U256::from(100);
        Holding {
            amount: usd(amount),
            price: Price(U256::from(price) * D27),
            target,
        }
    }

    #[test]
    fn a_trade_is_clamped_by_surplus_deficit_and_what_was_asked() {
        // 600 of 1000 USD where half is the target, in tokens of 3 USD.
        let (sold, nav) = (holding(200, 3, 50), usd(1_000));
        assert_eq!(surplus_down(&sold, nav), Ok(usd(100)));
        assert_eq!(deficit_down(&sold, nav), Ok(U256::ZERO));

        let far = holding(10, 1, 30);
        assert_eq!(deficit_down(&far, nav), Ok(usd(290)));
        let by_surplus = usd(100) / U256::from(3);
        assert_eq!(size_down(&sold, &far, nav, U256::MAX), Ok(by_surplus));

        let near = holding(270, 1, 30);
        let by_deficit = usd(30) / U256::from(3);
        assert_eq!(size_down(&sold, &near, nav, U256::MAX), Ok(by_deficit));

        assert_eq!(size_down(&sold, &near, nav, usd(4)), Ok(usd(4)));
    }

    #[test]
    fn a_trade_goes_from_overweight_to_underweight() {
        let (over, under, nav) = (holding(600, 1, 50), holding(400, 1, 50), usd(1_000));
        assert_eq!(
            size_down(&under, &over, nav, U256::MAX),
            Err(Error::NotOverweight)
        );
        assert_eq!(
            size_down(&over, &over, nav, U256::MAX),
            Err(Error::NotUnderweight)
        );
    }

    #[test]
    fn sizes_are_bounded_inclusively() {
        let (nav, bounds) = (
            usd(1_000),
            Bounds {
                usd_min: usd(50),
                bps_max: 1_000,
            },
        );
        let check = |amount| check_size(amount, Price(D27), nav, bounds);
        assert_eq!(check(usd(50) - U256::from(1)), Err(Error::TradeTooSmall));
        assert_eq!(check(usd(50)), Ok(usd(50)));
        assert_eq!(check(usd(100)), Ok(usd(100)));
        assert_eq!(check(usd(100) + U256::from(1)), Err(Error::TradeTooLarge));

        let dust = Bounds {
            usd_min: U256::ZERO,
            bps_max: 1_000,
        };
        assert_eq!(
            check_size(U256::ZERO, Price(D27), nav, dust),
            Err(Error::TradeTooSmall)
        );
    }

    #[test]
    fn ten_basis_points_past_the_target_are_tolerated() {
        let nav = usd(1_000);
        assert_eq!(check_sold(&holding(499, 1, 50), nav), Ok(()));
        assert_eq!(check_sold(&holding(498, 1, 50), nav), Err(Error::Overshoot));
        assert_eq!(check_bought(&holding(501, 1, 50), nav), Ok(()));
        assert_eq!(
            check_bought(&holding(502, 1, 50), nav),
            Err(Error::Overshoot)
        );
    }

    #[test]
    fn a_loss_is_rounded_up_and_is_not_a_gain() {
        assert_eq!(loss_bps_up(usd(1_000), usd(997)), Ok(U256::from(30)));
        assert_eq!(
            loss_bps_up(usd(1_000), usd(997) - U256::from(1)),
            Ok(U256::from(31))
        );
        assert_eq!(gain_bps_up(usd(1_000), usd(997)), Ok(U256::ZERO));
        assert_eq!(gain_bps_up(usd(1_000), usd(1_003)), Ok(U256::from(30)));
    }
}
