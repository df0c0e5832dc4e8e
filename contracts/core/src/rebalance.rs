//! The law of a trade: how much may be sold, for what, and what must be true afterwards.
//!
//! A rebalance sells an asset above its target for one below it. The keeper proposes, the engine clamps and checks with
//! the functions of this file, and the keeper and the backtest predict both with the same functions:
//!
//! ```text
//!   nav = sum of values                          surplus = value - target * nav      (what may be sold)
//!   size = min(asked, surplus, deficit)          deficit = target * nav - value      (what may be bought)
//! ```
//!
//! Three properties follow from the rounding, and the property tests state them: a clamped trade at fair prices never
//! carries an asset past its target, always reduces the drift, and what cannot trade is refused rather than shrunk to
//! nothing. Donations, redemptions and other trades in front of a rebalance can therefore change its size, but not make
//! it fail or do harm.

use ruint::aliases::U256;

use crate::{
    ASSETS_MAX, Error, Price,
    drift::breached,
    fixed::{BPS, D18, D27, add, mul_div_down, mul_div_up},
    slippage::fair_out_down,
    weights::{same_length, value_down, weights_down},
};

/// Most trades in one rebalance.
pub const TRADES_MAX: usize = 4;
/// How far past its target a finished trade may leave an asset, in bps of nav: slippage in either direction moves
/// the other assets' weights a little.
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

// ---------------------------------------------------------------------------------------------- size

/// Value of a holding above its target, which may be sold: `max(0, floor(value) - ceil(target * nav / 1e18))`.
///
/// - Units:  nav {uoa} -> {uoa}. Rounds down; error < 2 {uoa}.
/// - Errors: [`Error::Overflow`].
pub fn surplus_down(holding: &Holding, nav: U256) -> Result<U256, Error> {
    let value = value_down(holding.amount, holding.price)?;
    Ok(value.saturating_sub(mul_div_up(nav, holding.target, D18)?))
}

/// Value that a holding lacks to its target, which may be bought: `max(0, floor(target * nav / 1e18) - ceil(value))`.
///
/// - Units:  nav {uoa} -> {uoa}. Rounds down; error < 2 {uoa}.
/// - Errors: [`Error::Overflow`].
pub fn deficit_down(holding: &Holding, nav: U256) -> Result<U256, Error> {
    let value = value_up(holding.amount, holding.price)?;
    Ok(mul_div_down(nav, holding.target, D18)?.saturating_sub(value))
}

/// Amount to sell: what was asked for, but at most the surplus of the one asset and the deficit of the other.
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
    Ok(amount_in_max.min(amount_down(surplus.min(deficit), sold.price)?))
}

/// Value of a trade that is neither too small nor too large: `usd_min <= value <= bps_max * nav / 10000`.
///
/// - Units:  `amount_in` {tokIn}, nav {uoa} -> {uoa}, rounded down.
/// - Errors: [`Error::TradeTooSmall`], [`Error::TradeTooLarge`], [`Error::Overflow`].
pub fn check_size(
    amount_in: U256,
    price_in: Price,
    nav: U256,
    bounds: Bounds,
) -> Result<U256, Error> {
    let value = value_down(amount_in, price_in)?;
    if value < bounds.usd_min {
        return Err(Error::TradeTooSmall);
    }
    if value > value_max(nav, bounds)? {
        return Err(Error::TradeTooLarge);
    }
    Ok(value)
}

// ---------------------------------------------------------------------------------------------- outcome

/// Refuses a trade that left its assets past their targets by more than [`OVERSHOOT_BPS`] of nav: the asset that was
/// sold below, or the asset that was bought above.
///
/// - Units:  holdings after the trade, nav {uoa}.
/// - Errors: [`Error::Overshoot`], [`Error::Overflow`].
pub fn check_overshoot(sold: &Holding, bought: &Holding, nav: U256) -> Result<(), Error> {
    let tolerance = mul_div_down(nav, OVERSHOOT_BPS, BPS)?;
    if deficit_down(sold, nav)? > tolerance || surplus_down(bought, nav)? > tolerance {
        return Err(Error::Overshoot);
    }
    Ok(())
}

/// What a rebalance lost: `ceil(max(0, nav_before - nav_after) * 10000 / nav_before)`.
///
/// Rounding up makes `loss_bps_up(..) > limit` exact for a whole `limit`.
///
/// - Units:  {uoa}, both at the same prices -> {bps}.
/// - Errors: [`Error::DivisionByZero`], [`Error::Overflow`].
pub fn loss_bps_up(nav_before: U256, nav_after: U256) -> Result<U256, Error> {
    mul_div_up(nav_before.saturating_sub(nav_after), BPS, nav_before)
}

/// What a rebalance gained: `ceil(max(0, nav_after - nav_before) * 10000 / nav_before)`. A large gain means a wrong
/// price, so it is bounded as a loss is.
///
/// - Units:  {uoa}, both at the same prices -> {bps}.
/// - Errors: [`Error::DivisionByZero`], [`Error::Overflow`].
pub fn gain_bps_up(nav_before: U256, nav_after: U256) -> Result<U256, Error> {
    mul_div_up(nav_after.saturating_sub(nav_before), BPS, nav_before)
}

// ---------------------------------------------------------------------------------------------- plan

/// One trade of a plan. Indices are those of the holdings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leg {
    /// Index of the asset to sell.
    pub sold: usize,
    /// Index of the asset to buy.
    pub bought: usize,
    /// {tokIn}
    pub amount_in: U256,
}

/// At most [`TRADES_MAX`] trades, in the order in which to execute them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    legs: [Leg; TRADES_MAX],
    length: usize,
}

impl Plan {
    /// The trades. None: there is nothing to do.
    pub fn legs(&self) -> &[Leg] {
        self.legs.get(..self.length).unwrap_or_default()
    }
}

/// The trades that take a portfolio back to its targets, if a band is breached.
///
/// Pairs the asset with most to sell with the asset that lacks most, as large as clamps and bounds allow, again and
/// again: each trade finishes one of the two, reaches the largest size, or exhausts what is sellable.
///
/// - Shape:  three slices of the same `n <= ASSETS_MAX`, registry order; sum of targets = 1e18.
/// - Units:  `bands_bps` {bps} of nav; `sellable` {tok} that may leave in all, such as what is left of a quota.
/// - Domain: prices in [1, 1e45], nav > 0. At fair prices each trade passes every check of this file, and a plan of
///   fewer than [`TRADES_MAX`] trades leaves nothing for a second one.
/// - Errors: [`Error::LengthMismatch`], [`Error::NavZero`], [`Error::DivisionByZero`], [`Error::Overflow`].
pub fn plan(
    holdings: &[Holding],
    bands_bps: &[u16],
    sellable: &[U256],
    bounds: Bounds,
) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    if !is_breached(holdings, bands_bps)? {
        return Ok(plan);
    }
    let (mut now, mut left) = ([Holding::default(); ASSETS_MAX], [U256::ZERO; ASSETS_MAX]);
    let now = copy(&mut now, holdings)?;
    let left = copy(&mut left, sellable)?;
    same_length(now.len(), left.len())?;

    for slot in &mut plan.legs {
        let Some(leg) = next_leg(now, left, bounds)? else {
            break;
        };
        fill(now, &leg)?;
        if let Some(rest) = left.get_mut(leg.sold) {
            *rest = rest.saturating_sub(leg.amount_in);
        }
        *slot = leg;
        plan.length = plan.length.saturating_add(1);
    }
    Ok(plan)
}

/// Moves the amounts of a trade that is filled at fair prices.
///
/// - Errors: [`Error::LengthMismatch`] for an index out of range, [`Error::DivisionByZero`], [`Error::Overflow`].
pub fn fill(holdings: &mut [Holding], leg: &Leg) -> Result<(), Error> {
    let [sold, bought] = holdings
        .get_disjoint_mut([leg.sold, leg.bought])
        .map_err(|_| Error::LengthMismatch)?;
    let amount_out = fair_out_down(leg.amount_in, sold.price, bought.price)?;
    sold.amount = sold
        .amount
        .checked_sub(leg.amount_in)
        .ok_or(Error::Overflow)?;
    bought.amount = add(bought.amount, amount_out)?;
    Ok(())
}

/// The largest trade between the two assets furthest from their targets, unless it is below the smallest size.
fn next_leg(holdings: &[Holding], sellable: &[U256], bounds: Bounds) -> Result<Option<Leg>, Error> {
    let nav = nav_of(holdings)?;
    let (mut sold, mut most_surplus) = (None, U256::ZERO);
    let (mut bought, mut most_deficit) = (None, U256::ZERO);
    for (i, (holding, rest)) in holdings.iter().zip(sellable).enumerate() {
        let surplus = surplus_down(holding, nav)?.min(value_or_max(*rest, holding.price));
        if surplus > most_surplus {
            (sold, most_surplus) = (Some((i, holding, *rest)), surplus);
        }
        let deficit = deficit_down(holding, nav)?;
        if deficit > most_deficit {
            (bought, most_deficit) = (Some((i, holding)), deficit);
        }
    }
    let (Some((sold, holding_in, rest)), Some((bought, holding_out))) = (sold, bought) else {
        return Ok(None);
    };

    let largest = amount_down(value_max(nav, bounds)?, holding_in.price)?;
    let amount_in = size_down(holding_in, holding_out, nav, rest.min(largest))?;
    let enough = value_down(amount_in, holding_in.price)? >= bounds.usd_min && !amount_in.is_zero();
    Ok(enough.then_some(Leg {
        sold,
        bought,
        amount_in,
    }))
}

fn is_breached(holdings: &[Holding], bands_bps: &[u16]) -> Result<bool, Error> {
    let (mut amounts, mut prices) = ([U256::ZERO; ASSETS_MAX], [Price::default(); ASSETS_MAX]);
    let (mut targets, mut weights) = ([U256::ZERO; ASSETS_MAX], [U256::ZERO; ASSETS_MAX]);
    for (i, holding) in holdings.iter().enumerate() {
        let row = (amounts.get_mut(i), prices.get_mut(i), targets.get_mut(i));
        let (Some(amount), Some(price), Some(target)) = row else {
            return Err(Error::LengthMismatch);
        };
        (*amount, *price, *target) = (holding.amount, holding.price, holding.target);
    }
    // Assets beyond the basket are worth nothing and weigh nothing.
    weights_down(&amounts, &prices, &mut weights)?;
    let n = holdings.len();
    match (weights.get(..n), targets.get(..n)) {
        (Some(weights), Some(targets)) => breached(weights, targets, bands_bps),
        _ => Err(Error::LengthMismatch),
    }
}

// ---------------------------------------------------------------------------------------------- leaves

/// {uoa}
fn nav_of(holdings: &[Holding]) -> Result<U256, Error> {
    holdings.iter().try_fold(U256::ZERO, |nav, holding| {
        add(nav, value_down(holding.amount, holding.price)?)
    })
}

/// {uoa} = {tok} * D27{uoa/tok} / D27
fn value_up(amount: U256, price: Price) -> Result<U256, Error> {
    mul_div_up(amount, price.0, D27)
}

/// {tok} = {uoa} * D27 / D27{uoa/tok}
fn amount_down(value: U256, price: Price) -> Result<U256, Error> {
    mul_div_down(value, D27, price.0)
}

/// {uoa} = {uoa} * {bps} / {bps}
fn value_max(nav: U256, bounds: Bounds) -> Result<U256, Error> {
    mul_div_down(nav, U256::from(bounds.bps_max), BPS)
}

/// {uoa}; an amount too large to have a value is as good as no limit.
fn value_or_max(amount: U256, price: Price) -> U256 {
    value_down(amount, price).unwrap_or(U256::MAX)
}

fn copy<'a, T: Copy>(room: &'a mut [T; ASSETS_MAX], items: &[T]) -> Result<&'a mut [T], Error> {
    let room = room.get_mut(..items.len()).ok_or(Error::LengthMismatch)?;
    room.copy_from_slice(items);
    Ok(room)
}
