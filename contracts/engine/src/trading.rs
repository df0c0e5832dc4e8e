//! One trade of a rebalance: what the keeper proposes, clamped and bounded.

use alloc::vec::Vec;

use alloy_primitives::{Address, U256};
use gimbal_core::{
    Error as Law, Price,
    rebalance::{Bounds, check_size, size_down},
    slippage::{out_floor_up, out_min_scaled_up},
    weights::{nav_down, value_down},
};
use stylus_sdk::prelude::*;

use crate::{
    Engine,
    abi::{Limits, Trade},
    errors::{
        BadRoute, Error, NotListed, Overflow, Result, SpotDeviation, TradeTooLarge, TradeTooSmall,
        TwapUnavailable, WrongDirection,
    },
    pool,
    sources::{Book, deviation},
    vault,
    words::{low16, number},
};

/// What the trades of one rebalance share.
pub(crate) struct Session<'a> {
    pub(crate) book: &'a Book,
    /// TWAP prices of the traded assets.
    pub(crate) twaps: &'a [Option<Price>],
    pub(crate) limits: &'a Limits,
    /// {tok}, the basket as it is between trades.
    pub(crate) amounts: &'a mut [U256],
}

/// One trade with its place in the call, and the positions of its assets.
struct Leg<'a> {
    place: usize,
    trade: &'a Trade<'a>,
    sold: usize,
    bought: usize,
}

/// Checks and executes a trade, and books it.
///
/// Errors, in this order: `UnknownVenue`, [`BadRoute`], `NotListed`, [`WrongDirection`], [`TradeTooSmall`],
/// [`TradeTooLarge`], [`SpotDeviation`], the vault's.
#[inline(never)]
pub(crate) fn execute(
    engine: &mut Engine,
    session: &mut Session<'_>,
    place: usize,
    trade: &Trade<'_>,
) -> Result<()> {
    let venue = engine.venue(trade.venue)?;
    let leg = route(engine, place, trade)?;
    let amount_in = size(session, &leg)?;
    let out_min = floor(session, &leg, amount_in)?;
    check_spot(engine, session, leg.sold)?;
    check_spot(engine, session, leg.bought)?;
    let token = |asset| session.token(asset);
    let (token_in, token_out) = (token(leg.sold), token(leg.bought));
    let (spent, got) = vault::execute_swap(
        engine,
        venue,
        (token_in, amount_in),
        (token_out, out_min),
        trade.route,
    )?;
    session.book(leg.sold, |amount| amount.checked_sub(spent))?;
    session.book(leg.bought, |amount| amount.checked_add(got))?;
    check_spot(engine, session, leg.sold)?;
    check_spot(engine, session, leg.bought)
}

/// The trade with its assets, if the route is that of their listed pools: through the reference, which has none.
#[inline(never)]
fn route<'a>(engine: &Engine, place: usize, trade: &'a Trade<'a>) -> Result<Leg<'a>> {
    let length = trade.route.len();
    if length == 20 || length == 40 {
        let status = engine.status();
        let sold = status.listed(trade.asset_in)?;
        let bought = status.listed(trade.asset_out)?;
        let mut pools = Vec::new();
        for asset in [sold, bought] {
            if asset != status.reference() {
                pools.extend_from_slice(engine.market(asset).pool.as_slice());
            }
        }
        if pools == trade.route {
            return Ok(Leg {
                place,
                trade,
                sold,
                bought,
            });
        }
    }
    Err(Error::at::<BadRoute>(place))
}

/// What may be sold: at most what was asked, the surplus and the deficit; then neither dust nor too much at once.
#[inline(never)]
fn size(session: &Session<'_>, leg: &Leg<'_>) -> Result<U256> {
    let book = session.book;
    let nav = nav_down(session.amounts, book.prices)?;
    let sold = book.holding(session.amounts, leg.sold)?;
    let bought = book.holding(session.amounts, leg.bought)?;
    let amount_in = match size_down(&sold, &bought, nav, U256::from(leg.trade.max_in)) {
        Err(Law::NotOverweight | Law::NotUnderweight) => {
            return Err(Error::at::<WrongDirection>(leg.place));
        }
        amount_in => amount_in?,
    };
    let bounds = Bounds {
        usd_min: U256::from(session.limits.trade_usd_min),
        bps_max: low16(session.limits.trade_bps_max),
    };
    let facts = [
        U256::from(number(leg.place)),
        value_down(amount_in, sold.price)?,
    ];
    match check_size(amount_in, sold.price, nav, bounds) {
        Err(Law::TradeTooLarge) => Err(Error::wide::<TradeTooLarge>(&facts)),
        Err(Law::TradeTooSmall) => Err(Error::wide::<TradeTooSmall>(&facts)),
        // Nothing is too small even where no minimum is set.
        Ok(_) if amount_in.is_zero() => Err(Error::wide::<TradeTooSmall>(&facts)),
        checked => Ok(checked.map(|_| amount_in)?),
    }
}

/// Least output, {tokOut}: a trade must be acceptable under every live source, and the keeper can only ask for more.
#[inline(never)]
fn floor(session: &Session<'_>, leg: &Leg<'_>, amount_in: U256) -> Result<U256> {
    let (asked, asked_for) = (U256::from(leg.trade.min_out), U256::from(leg.trade.max_in));
    let mut least = out_min_scaled_up(asked, amount_in, asked_for)?;
    let slippage_bps = low16(session.limits.slippage_bps);
    let mut tighten = |price_in: Price, price_out: Price| -> Result<()> {
        let floor = out_floor_up(amount_in, price_in, price_out, slippage_bps)?;
        least = least.max(floor);
        Ok(())
    };
    tighten(session.feed(leg.sold)?, session.feed(leg.bought)?)?;
    tighten(session.twap(leg.sold)?, session.twap(leg.bought)?)?;
    Ok(least)
}

/// Refuses a pool that somebody moved away from its own mean. The reference has no pool.
#[inline(never)]
fn check_spot(engine: &Engine, session: &Session<'_>, asset: usize) -> Result<()> {
    let book = session.book;
    if asset == book.reference {
        return Ok(());
    }
    let spot = pool::spot(engine.vm(), &engine.market(asset), book.reference_price())
        .ok_or_else(|| Error::at::<TwapUnavailable>(asset))?;
    let bps = deviation(spot, session.twap(asset)?);
    if bps >= session.limits.deviation_spot_bps {
        return Err(Error::of::<SpotDeviation>(&[number(asset), bps]));
    }
    Ok(())
}

impl Session<'_> {
    fn token(&self, asset: usize) -> Address {
        let listing = self.book.listings.get(asset);
        listing.map_or(Address::ZERO, |listing| listing.token)
    }

    fn feed(&self, asset: usize) -> Result<Price> {
        let price = self.book.prices.get(asset).copied();
        price.ok_or_else(|| Error::at::<NotListed>(asset))
    }

    #[inline(never)]
    fn twap(&self, asset: usize) -> Result<Price> {
        let twap = self.twaps.get(asset).copied().flatten();
        twap.ok_or_else(|| Error::at::<TwapUnavailable>(asset))
    }

    fn book(&mut self, asset: usize, change: impl Fn(U256) -> Option<U256>) -> Result<()> {
        let amount = self.amounts.get_mut(asset);
        match amount.and_then(|amount| Some((change(*amount)?, amount))) {
            Some((changed, amount)) => {
                *amount = changed;
                Ok(())
            }
            None => Err(Error::of::<Overflow>(&[])),
        }
    }
}
