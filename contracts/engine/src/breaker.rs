//! Trip conditions. They latch by returning, never by reverting: a revert would erase its own evidence.

use alloy_primitives::U256;
use alloy_sol_types::SolEvent;
use gimbal_core::{
    Price,
    fixed::{mul_div_down, mul_div_up},
};
use stylus_sdk::prelude::*;

use crate::{
    Engine,
    abi::Limits,
    errors::{BadPrice, Deviation, Error, Result},
    events::{Tripped, emit},
    feed, pool,
    registry::Listing,
    roles::only_owner,
    sequencer,
    sources::{Book, deviation},
    vault,
    words::{Field, number},
};

/// Trip reasons, as the vault records them.
const DEVIATION: u64 = 1;
const NEAR_BOUND: u64 = 2;

/// A condition that holds: what was seen, and the limit that it met.
pub(crate) struct Trip {
    reason: u64,
    asset: usize,
    value: u128,
    limit: u128,
}

/// A feed's price within 1 % of one of its bounds: as good as stuck at it.
#[inline(never)]
pub(crate) fn near_bound(asset: usize, listing: &Listing, whole: u128) -> Option<Trip> {
    let (value, hundred) = (U256::from(whole), U256::from(100));
    let low = mul_div_down(U256::from(listing.price_min), U256::from(101), hundred);
    let high = mul_div_up(U256::from(listing.price_max), U256::from(99), hundred);
    let limit = if low.is_ok_and(|low| value <= low) {
        listing.price_min
    } else if high.is_ok_and(|high| value >= high) {
        listing.price_max
    } else {
        return None;
    };
    Some(Trip {
        reason: NEAR_BOUND,
        asset,
        value: whole,
        limit,
    })
}

/// The first feed of a book that is near a bound.
pub(crate) fn any_near_bound(book: &Book) -> Option<Trip> {
    let mut assets = book.listings.iter().zip(book.wholes).enumerate();
    assets.find_map(|(asset, (listing, whole))| near_bound(asset, listing, *whole))
}

/// The first asset whose feed and TWAP disagree by `limit` {bps} or more. The reference's TWAP is its own feed.
#[inline(never)]
pub(crate) fn any_deviation(book: &Book, twaps: &[Option<Price>], limit: u64) -> Option<Trip> {
    for (asset, (price, twap)) in book.prices.iter().zip(twaps).enumerate() {
        let Some(twap) = twap.filter(|_| asset != book.reference) else {
            continue;
        };
        let trip = apart(asset, *price, twap, limit);
        if trip.is_some() {
            return trip;
        }
    }
    None
}

/// A feed and a TWAP that disagree by `limit` {bps} or more.
fn apart(asset: usize, price: Price, twap: Price, limit: u64) -> Option<Trip> {
    let value = deviation(price, twap);
    (value >= limit).then_some(Trip {
        reason: DEVIATION,
        asset,
        value: value.into(),
        limit: limit.into(),
    })
}

/// Refuses feeds and TWAPs that disagree too much to trade.
///
/// Errors: [`Deviation`].
pub(crate) fn check_deviation(book: &Book, twaps: &[Option<Price>], limits: &Limits) -> Result<()> {
    match any_deviation(book, twaps, limits.deviation_skip_bps) {
        None => Ok(()),
        Some(trip) => Err(Error::wide::<Deviation>(&[
            U256::from(number(trip.asset)),
            U256::from(trip.value),
        ])),
    }
}

/// Latches HALTED and says why.
#[inline(never)]
pub(crate) fn latch(engine: &mut Engine, trip: &Trip) -> Result<()> {
    vault::trip(engine, trip.reason)?;
    let vm = engine.vm();
    emit(
        vm,
        Tripped::SIGNATURE_HASH,
        &[vm.msg_sender().to_word()],
        &[
            trip.reason.to_word(),
            number(trip.asset).to_word(),
            trip.value.to_word(),
            trip.limit.to_word(),
        ],
    );
    Ok(())
}

/// Latches HALTED if a condition holds for any asset that can be judged; returns whether it did.
///
/// An asset without a good price or a sound TWAP is passed over: it stops trades by itself, and must not hide another.
///
/// Errors: those of [`sequencer::check`] and the vault's.
pub(crate) fn poke(engine: &mut Engine) -> Result<bool> {
    if vault::mode(engine)? != vault::ACTIVE {
        return Ok(false);
    }
    let limits = engine.bounds();
    sequencer::check(engine, limits.sequencer_grace)?;
    let status = engine.status();
    let reference = status.reference();
    let reference_price = feed::answer(engine, reference, &engine.listing(reference));
    let reference_price = reference_price.ok().map(|answer| answer.price);
    for asset in 0..status.count() {
        let market_price = reference_price.filter(|_| asset != reference);
        if let Some(trip) = judge(engine, asset, market_price, &limits) {
            latch(engine, &trip)?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// The condition that holds for an asset, if any; without a price of the reference, its pool is not asked.
fn judge(engine: &Engine, asset: usize, reference: Option<Price>, limits: &Limits) -> Option<Trip> {
    let listing = engine.listing(asset);
    let answer = feed::answer(engine, asset, &listing).ok()?;
    let trip = near_bound(asset, &listing, answer.whole);
    if trip.is_some() {
        return trip;
    }
    let market = engine.market(asset);
    let mean = pool::mean(engine.vm(), &market, reference?, limits.twap_window)?;
    let trip = apart(asset, answer.price, mean.price, limits.deviation_trip_bps);
    trip.filter(|_| mean.liquidity >= market.liquidity_min)
}

/// Resumes the vault for its owner, once every source of every asset is healthy and in agreement.
///
/// Errors: `NotRole`, those of [`sequencer::check`] and [`Book::read`], [`BadPrice`] for a price near a bound, those of
/// [`Book::twaps`], [`Deviation`], and the vault's.
pub(crate) fn resume(engine: &mut Engine) -> Result<()> {
    only_owner(engine)?;
    let limits = engine.bounds();
    sequencer::check(engine, limits.sequencer_grace)?;
    let book = Book::read(engine)?;
    if let Some(trip) = any_near_bound(&book) {
        return Err(Error::at::<BadPrice>(trip.asset));
    }
    let twaps = book.all_twaps(engine, &limits)?;
    check_deviation(&book, twaps, &limits)?;
    vault::resume(engine)
}
