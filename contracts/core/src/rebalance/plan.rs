//! The trades that take a portfolio back to its targets: the proposal that a keeper submits and a
//! backtest fills. No contract calls this.

use ruint::aliases::U256;

use super::{Bounds, Holding, deficit_down, size_down, surplus_down, value_max};
use crate::{
    ASSETS_MAX, Error, Price,
    drift::breached,
    fixed::{D18, D27, add, mul_div_down},
    slippage::fair_out_down,
    weights::{same_length, value_down},
};

/// Most trades in one rebalance.
pub const TRADES_MAX: usize = 4;

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
/// Pairs the asset with most to sell with the asset that lacks most, as large as clamps and bounds
/// allow, again and again: each trade finishes one of the two, reaches the largest size, or exhausts
/// what is sellable.
///
/// - Shape:  three slices of the same `n <= ASSETS_MAX`, registry order; sum of targets = 1e18.
/// - Units:  `bands_bps` {bps} of nav; `sellable` {tok} that may leave in all, such as what is left of
///   a quota, or `U256::MAX`.
/// - Domain: prices in [1, 1e45], nav > 0. At fair prices every trade passes the checks of
///   [`super`] and reduces the drift, and a plan of fewer than [`TRADES_MAX`] trades leaves nothing
///   for a second one.
/// - Errors: [`Error::LengthMismatch`], [`Error::NavZero`], [`Error::DivisionByZero`],
///   [`Error::Overflow`].
pub fn plan(
    holdings: &[Holding],
    bands_bps: &[u16],
    sellable: &[U256],
    bounds: Bounds,
) -> Result<Plan, Error> {
    same_length(holdings.len(), sellable.len())?;
    let (mut now, mut left) = ([Holding::default(); ASSETS_MAX], [U256::ZERO; ASSETS_MAX]);
    let (now, left) = (copy(&mut now, holdings)?, copy(&mut left, sellable)?);

    let mut plan = Plan::default();
    if !is_breached(now, bands_bps)? {
        return Ok(plan);
    }
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
/// - Errors: [`Error::LengthMismatch`] for indices out of range or equal, [`Error::DivisionByZero`],
///   [`Error::Overflow`].
pub fn fill(holdings: &mut [Holding], leg: &Leg) -> Result<(), Error> {
    let pair = holdings.get_disjoint_mut([leg.sold, leg.bought]);
    let [sold, bought] = pair.map_err(|_| Error::LengthMismatch)?;
    let amount_out = fair_out_down(leg.amount_in, sold.price, bought.price)?;
    sold.amount = sold
        .amount
        .checked_sub(leg.amount_in)
        .ok_or(Error::Overflow)?;
    bought.amount = add(bought.amount, amount_out)?;
    Ok(())
}

/// The largest trade between the two assets furthest from their targets, unless it is too small.
fn next_leg(holdings: &[Holding], sellable: &[U256], bounds: Bounds) -> Result<Option<Leg>, Error> {
    let nav = nav_of(holdings)?;
    let (mut sold, mut bought) = ((0, U256::ZERO), (0, U256::ZERO));
    for (i, (holding, rest)) in holdings.iter().zip(sellable).enumerate() {
        let surplus = surplus_down(holding, nav)?.min(value_or_max(*rest, holding.price));
        if surplus > sold.1 {
            sold = (i, surplus);
        }
        let deficit = deficit_down(holding, nav)?;
        if deficit > bought.1 {
            bought = (i, deficit);
        }
    }
    let ((sold, surplus), (bought, deficit)) = (sold, bought);
    let (Some(from), Some(into), Some(rest), false) = (
        holdings.get(sold),
        holdings.get(bought),
        sellable.get(sold),
        surplus.is_zero() || deficit.is_zero(),
    ) else {
        return Ok(None);
    };
    // {tok} = {uoa} * D27 / D27{uoa/tok}
    let largest = mul_div_down(value_max(nav, bounds)?, D27, from.price.0)?;
    let amount_in = size_down(from, into, nav, largest.min(*rest))?;
    let too_small = amount_in.is_zero() || value_down(amount_in, from.price)? < bounds.usd_min;
    Ok((!too_small).then_some(Leg {
        sold,
        bought,
        amount_in,
    }))
}

fn is_breached(holdings: &[Holding], bands_bps: &[u16]) -> Result<bool, Error> {
    let nav = nav_of(holdings)?;
    if nav.is_zero() {
        return Err(Error::NavZero);
    }
    let (mut weights, mut targets) = ([U256::ZERO; ASSETS_MAX], [U256::ZERO; ASSETS_MAX]);
    for ((holding, weight), target) in holdings.iter().zip(&mut weights).zip(&mut targets) {
        *weight = mul_div_down(value_down(holding.amount, holding.price)?, D18, nav)?;
        *target = holding.target;
    }
    match (weights.get(..holdings.len()), targets.get(..holdings.len())) {
        (Some(weights), Some(targets)) => breached(weights, targets, bands_bps),
        _ => Err(Error::LengthMismatch),
    }
}

/// {uoa}
fn nav_of(holdings: &[Holding]) -> Result<U256, Error> {
    holdings.iter().try_fold(U256::ZERO, |nav, holding| {
        add(nav, value_down(holding.amount, holding.price)?)
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: [U256; 3] = [U256::MAX; 3];
    const BANDS: [u16; 3] = [500; 3];

    fn usd(x: u64) -> U256 {
        U256::from(x) * D18
    }

    /// Tokens of one USD; targets in percent.
    fn holding((amount, percent): (u64, u64)) -> Holding {
        let target = U256::from(percent) * D18 / U256::from(100);
        Holding {
            amount: usd(amount),
            price: Price(D27),
            target,
        }
    }

    fn bounds(bps_max: u16) -> Bounds {
        Bounds {
            usd_min: usd(1),
            bps_max,
        }
    }

    fn leg(sold: usize, bought: usize, amount: u64) -> Leg {
        Leg {
            sold,
            bought,
            amount_in: usd(amount),
        }
    }

    #[test]
    fn nothing_happens_inside_the_bands() {
        let inside = [(549, 50), (451, 50), (0, 0)].map(holding);
        assert_eq!(
            plan(&inside, &BANDS, &FREE, bounds(2_500)).unwrap().legs(),
            []
        );
        let edge = [(550, 50), (450, 50), (0, 0)].map(holding);
        assert_eq!(
            plan(&edge, &BANDS, &FREE, bounds(2_500)).unwrap().legs(),
            [leg(0, 1, 50)]
        );
    }

    #[test]
    fn the_largest_surplus_meets_the_largest_deficit() {
        let holdings = [(500, 30), (250, 40), (250, 30)].map(holding);
        let plan = plan(&holdings, &BANDS, &FREE, bounds(2_500)).unwrap();
        assert_eq!(plan.legs(), [leg(0, 1, 150), leg(0, 2, 50)]);
    }

    #[test]
    fn large_trades_are_split_and_end_at_four() {
        let holdings = [(900, 50), (100, 50), (0, 0)].map(holding);
        let plan_of = |bps| plan(&holdings, &BANDS, &FREE, bounds(bps)).unwrap();
        assert_eq!(plan_of(2_500).legs(), [leg(0, 1, 250), leg(0, 1, 150)]);
        assert_eq!(plan_of(1_000).legs(), [leg(0, 1, 100); 4]);
        assert_eq!(plan_of(500).legs(), [leg(0, 1, 50); 4]);
    }

    #[test]
    fn a_quota_shifts_the_sale_to_the_next_asset() {
        let holdings = [(500, 30), (400, 30), (100, 40)].map(holding);
        let sellable = [usd(60), U256::MAX, U256::MAX];
        let plan = plan(&holdings, &BANDS, &sellable, bounds(2_500)).unwrap();
        assert_eq!(plan.legs(), [leg(1, 2, 100), leg(0, 2, 60)]);
    }

    #[test]
    fn dust_is_left() {
        let holdings = [(550, 50), (450, 50), (0, 0)].map(holding);
        let dust = Bounds {
            usd_min: usd(51),
            bps_max: 2_500,
        };
        assert_eq!(plan(&holdings, &BANDS, &FREE, dust).unwrap().legs(), []);
    }
}
