//! What the engine tells whoever asks. Where the interface says that a view reports, it does not revert.

use alloc::vec::Vec;

use alloy_primitives::{B256, U256};
use gimbal_core::{Price, price::whole_price};
use stylus_sdk::prelude::*;

use crate::{
    Engine,
    abi::Limits,
    breaker,
    calls::each,
    errors::{Result, StalePrice},
    events::arrays,
    feed, pool,
    rebalance::cooling_until,
    sequencer::{Uptime, uptime},
    sources::{Book, Measure, deviation},
    vault,
    words::low8,
};

/// Statuses of `checkRebalance`.
const READY: u8 = 0;
const NOT_BREACHED: u8 = 1;
const COOLDOWN: u8 = 2;
const SEQUENCER: u8 = 3;
const PRICE: u8 = 4;
const TWAP: u8 = 5;
const DEVIATION: u8 = 6;
const WOULD_TRIP: u8 = 7;
const HALTED: u8 = 8;
const KILLED: u8 = 9;

/// Flags of `prices`.
const BAD_ANSWER: u64 = 1;
const STALE: u64 = 2;
const NEAR_BOUND: u64 = 4;
const NO_TWAP: u64 = 8;
const THIN_POOL: u64 = 16;
const DEVIATION_SKIP: u64 = 32;
const DEVIATION_TRIP: u64 = 64;
const DEVIATION_SPOT: u64 = 128;

/// See `IEngine.checkRebalance`. TWAPs are those of all assets: whatever is traded, they are sound. A halt comes before
/// a cooldown, since waiting does not end it; otherwise the order is that of the guards.
///
/// Errors: the vault's, such as `Locked`, and `Overflow`.
#[inline(never)]
pub(crate) fn check(engine: &Engine) -> Result<&'static [B256]> {
    let state = vault::state(engine)?;
    let book = Book::read(engine);
    let (mut drift, mut over, mut under) = (U256::ZERO, 0, 0);
    let mut breached = false;
    if let Ok(book) = &book {
        let measure = book.measure(state.amounts)?;
        (over, under) = sides(book, &measure);
        (drift, breached) = (measure.drift_max, measure.breached);
    }
    let (status, retry_at) = judge(engine, state.mode, book, breached);
    Ok(each(&[
        U256::from(status),
        U256::from(retry_at),
        drift,
        U256::from(over),
        U256::from(under),
    ]))
}

/// The first reason against a rebalance, and when it may be gone.
fn judge(engine: &Engine, mode: u64, book: Result<Book>, breached: bool) -> (u8, u64) {
    let limits = engine.bounds();
    let until = cooling_until(&engine.status(), &limits, engine.vm().block_timestamp());
    if mode == vault::KILLED {
        return (KILLED, 0);
    }
    if mode != vault::ACTIVE {
        return (HALTED, 0);
    }
    if until != 0 {
        return (COOLDOWN, until);
    }
    match (uptime(engine, limits.sequencer_grace), book) {
        (Uptime::Grace(until), _) => (SEQUENCER, until),
        (Uptime::Down, _) => (SEQUENCER, 0),
        (Uptime::Up, Err(_)) => (PRICE, 0),
        (Uptime::Up, Ok(book)) => (judge_prices(engine, &book, &limits, breached), 0),
    }
}

fn judge_prices(engine: &Engine, book: &Book, limits: &Limits, breached: bool) -> u8 {
    if breaker::any_near_bound(book).is_some() {
        return WOULD_TRIP;
    }
    let Ok(twaps) = book.all_twaps(engine, limits) else {
        return TWAP;
    };
    let deviates = |limit| breaker::any_deviation(book, twaps, limit).is_some();
    if deviates(limits.deviation_trip_bps) {
        WOULD_TRIP
    } else if deviates(limits.deviation_skip_bps) {
        DEVIATION
    } else if breached {
        READY
    } else {
        NOT_BREACHED
    }
}

/// Bit masks of the assets above and below their targets; a basket worth nothing has neither.
fn sides(book: &Book, measure: &Measure) -> (u64, u64) {
    let (mut over, mut under) = (0, 0);
    if measure.nav.is_zero() {
        return (over, under);
    }
    let mut bit = 1;
    for (weight, target) in measure.weights.iter().zip(book.targets) {
        if weight > target {
            over |= bit;
        }
        if weight < target {
            under |= bit;
        }
        bit <<= 1;
    }
    (over, under)
}

/// See `IEngine.prices`. A thin pool's TWAP is shown, but not compared.
#[inline(never)]
pub(crate) fn prices(engine: &Engine) -> &'static [B256] {
    let (limits, status) = (engine.bounds(), engine.status());
    let [mut answers, mut twaps, mut spots, mut all_flags] = [const { Vec::new() }; 4];
    let reference = status.reference();
    let reference_price = feed::answer(engine, reference, &engine.listing(reference));
    let reference_price = reference_price.ok().map(|answer| answer.price);
    for asset in 0..status.count() {
        let listing = engine.listing(asset);
        let answer = feed::answer(engine, asset, &listing);
        let mut flags = match &answer {
            Ok(answer) if breaker::near_bound(asset, &listing, answer.whole).is_some() => {
                NEAR_BOUND
            }
            Ok(_) => 0,
            Err(error) if error.is::<StalePrice>() => STALE,
            Err(_) => BAD_ANSWER,
        };
        let answer = answer.ok();
        let (twap, spot) = if asset == reference {
            (reference_price, None)
        } else {
            let price = answer.map(|answer| answer.price);
            pool_prices(engine, asset, price, reference_price, &limits, &mut flags)
        };
        let whole = |price: Option<Price>| {
            let whole = price.map(|price| whole_price(price, low8(listing.token_decimals)));
            whole.and_then(|whole| whole.ok()).unwrap_or_default()
        };
        answers.push(U256::from(answer.map_or(0, |answer| answer.whole)));
        twaps.push(whole(twap));
        spots.push(whole(spot));
        all_flags.push(U256::from(flags));
    }
    arrays(
        &[],
        &[each(&answers), each(&twaps), each(&spots), each(&all_flags)],
    )
}

/// TWAP and spot price of an asset that has a pool, and what is wrong with them.
fn pool_prices(
    engine: &Engine,
    asset: usize,
    price: Option<Price>,
    reference: Option<Price>,
    limits: &Limits,
    flags: &mut u64,
) -> (Option<Price>, Option<Price>) {
    let Some(reference) = reference else {
        *flags |= NO_TWAP;
        return (None, None);
    };
    let (vm, market) = (engine.vm(), engine.market(asset));
    let spot = pool::spot(vm, &market, reference);
    let Some(mean) = pool::mean(vm, &market, reference, limits.twap_window) else {
        *flags |= NO_TWAP;
        return (None, spot);
    };
    if mean.liquidity < market.liquidity_min {
        *flags |= THIN_POOL;
        return (Some(mean.price), spot);
    }
    let apart = |price: Option<Price>| price.map_or(0, |price| deviation(price, mean.price));
    let (bps, spot_bps) = (apart(price), apart(spot));
    for (bps, limit, flag) in [
        (bps, limits.deviation_skip_bps, DEVIATION_SKIP),
        (bps, limits.deviation_trip_bps, DEVIATION_TRIP),
        (spot_bps, limits.deviation_spot_bps, DEVIATION_SPOT),
    ] {
        if bps >= limit {
            *flags |= flag;
        }
    }
    (Some(mean.price), spot)
}

/// {uoa}. Errors: those of [`Book::read`], the vault's.
#[inline(never)]
pub(crate) fn nav(engine: &Engine) -> Result<U256> {
    let state = vault::state(engine)?;
    Ok(Book::read(engine)?.measure(state.amounts)?.nav)
}

/// Weights and targets D18, bands {bps}. Errors: those of [`Book::read`], the vault's.
#[inline(never)]
pub(crate) fn weights(engine: &Engine) -> Result<&'static [B256]> {
    let state = vault::state(engine)?;
    let book = Book::read(engine)?;
    let weights = book.measure(state.amounts)?.weights;
    let mut bands = Vec::new();
    for listing in book.listings {
        bands.push(listing.band);
    }
    Ok(arrays(
        &[],
        &[each(weights), each(book.targets), each(&bands)],
    ))
}
