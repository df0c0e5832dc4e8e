//! The permissioned rebalance: everything that must hold before, between and after the trades of a hostile keeper.
//!
//! One price vector serves from the first check to the last, so that a trade can be judged by what it did to the basket
//! and not by what the market did meanwhile.

use alloy_primitives::{B256, U256};
use alloy_sol_types::SolEvent;
use gimbal_core::{
    ASSETS_MAX,
    fixed::{BPS, mul_div_down},
    rebalance::{OVERSHOOT_BPS, TRADES_MAX, deficit_down, gain_bps_up, loss_bps_up, surplus_down},
};
use stylus_sdk::prelude::*;

use crate::{
    Engine,
    abi::{Limits, Trade},
    breaker,
    calls::each,
    errors::{
        BadNonce, Cooldown, DeadlinePassed, DriftNotReduced, Error, GainTooLarge, LossTooLarge,
        NotBreached, Overshoot, Result, SupplyChanged, TradeCount, WrongMode,
    },
    events::{Rebalanced, arrays, emit},
    registry::Status,
    roles::only_keeper,
    sequencer,
    sources::{Book, Measure},
    trading::{Session, execute},
    vault,
    words::{Field, position},
};

/// What [`run`] returns: the outcome of the interface, nav before and after {uoa}.
type Outcome = &'static [B256];

/// Done.
const DONE: U256 = U256::ZERO;
/// Tripped: nothing was traded, HALTED is latched.
const TRIPPED: u64 = 1;

/// See `IEngine.rebalance`, which states the order of the guards.
#[inline(never)]
pub(crate) fn run(
    engine: &mut Engine,
    trades: &[Trade<'_>],
    nonce: u64,
    deadline: u64,
) -> Result<Outcome> {
    let limits = engine.bounds();
    check_call(engine, trades.len(), deadline, &limits)?;
    let before = vault::state(engine)?;
    check_vault(&before, nonce)?;
    sequencer::check(engine, limits.sequencer_grace)?;
    let book = Book::read(engine)?;
    if let Some(trip) = breaker::any_near_bound(&book) {
        return tripped(engine, &trip);
    }
    let twaps = book.twaps(engine, &limits, &traded(trades))?;
    if let Some(trip) = breaker::any_deviation(&book, twaps, limits.deviation_trip_bps) {
        return tripped(engine, &trip);
    }
    breaker::check_deviation(&book, twaps, &limits)?;
    let start = book.measure(before.amounts)?;
    if !start.breached {
        return Err(Error::wide::<NotBreached>(&[start.drift_max]));
    }

    let mut status = engine.status();
    status.last_rebalance = engine.vm().block_timestamp();
    engine.set_status(&status);
    let mut session = Session {
        book: &book,
        twaps,
        limits: &limits,
        amounts: before.amounts,
    };
    for (i, trade) in trades.iter().enumerate() {
        execute(engine, &mut session, i, trade)?;
    }

    let after = vault::state(engine)?;
    if after.supply != before.supply {
        return Err(Error::wide::<SupplyChanged>(&[before.supply, after.supply]));
    }
    let end = book.measure(after.amounts)?;
    check_drift(&start, &end)?;
    check_overshoot(&book, trades, after.amounts, end.nav)?;
    check_nav(start.nav, end.nav, &limits)?;
    announce(engine, nonce, &book, &start, &end);
    Ok(each(&[DONE, start.nav, end.nav]))
}

/// Chain time until which the next rebalance has to wait; zero if it has not.
pub(crate) fn cooling_until(status: &Status, limits: &Limits, now: u64) -> u64 {
    let until = status.last_rebalance.saturating_add(limits.cooldown);
    if status.last_rebalance == 0 || now >= until {
        0
    } else {
        until
    }
}

/// The guards that need nothing but the call.
fn check_call(engine: &Engine, trades: usize, deadline: u64, limits: &Limits) -> Result<()> {
    let now = engine.vm().block_timestamp();
    only_keeper(engine)?;
    if now > deadline {
        return Err(Error::of::<DeadlinePassed>(&[deadline]));
    }
    if trades == 0 || trades > TRADES_MAX {
        return Err(Error::at::<TradeCount>(trades));
    }
    let until = cooling_until(&engine.status(), limits, now);
    if until != 0 {
        return Err(Error::of::<Cooldown>(&[until]));
    }
    Ok(())
}

fn check_vault(state: &vault::State, nonce: u64) -> Result<()> {
    if state.mode != vault::ACTIVE {
        return Err(Error::of::<WrongMode>(&[state.mode]));
    }
    if state.nonce != nonce {
        return Err(Error::of::<BadNonce>(&[nonce, state.nonce]));
    }
    Ok(())
}

/// Latches and returns, so that the latch lasts.
fn tripped(engine: &mut Engine, trip: &breaker::Trip) -> Result<Outcome> {
    breaker::latch(engine, trip)?;
    Ok(each(&[TRIPPED, 0, 0]))
}

/// Which assets are traded; one that is not listed is refused with its trade.
fn traded(trades: &[Trade<'_>]) -> [bool; ASSETS_MAX] {
    let mut traded = [false; ASSETS_MAX];
    for trade in trades {
        for asset in [trade.asset_in, trade.asset_out] {
            if let Some(flag) = traded.get_mut(position(asset)) {
                *flag = true;
            }
        }
    }
    traded
}

fn check_drift(start: &Measure, end: &Measure) -> Result<()> {
    if end.drift_l1 < start.drift_l1 {
        return Ok(());
    }
    Err(Error::wide::<DriftNotReduced>(&[
        start.drift_l1,
        end.drift_l1,
    ]))
}

/// No asset that was sold is short of its target, and none that was bought is above it, by more than the tolerance.
fn check_overshoot(book: &Book, trades: &[Trade<'_>], amounts: &[U256], nav: U256) -> Result<()> {
    let tolerance = mul_div_down(nav, OVERSHOOT_BPS, BPS)?;
    for trade in trades {
        let sold = book.holding(amounts, position(trade.asset_in))?;
        if deficit_down(&sold, nav)? > tolerance {
            return Err(Error::of::<Overshoot>(&[trade.asset_in]));
        }
        let bought = book.holding(amounts, position(trade.asset_out))?;
        if surplus_down(&bought, nav)? > tolerance {
            return Err(Error::of::<Overshoot>(&[trade.asset_out]));
        }
    }
    Ok(())
}

fn check_nav(before: U256, after: U256, limits: &Limits) -> Result<()> {
    let (lost, limit) = (loss_bps_up(before, after)?, U256::from(limits.loss_bps));
    if lost > limit {
        return Err(Error::wide::<LossTooLarge>(&[lost, limit]));
    }
    let (won, limit) = (gain_bps_up(before, after)?, U256::from(limits.gain_bps));
    if won > limit {
        return Err(Error::wide::<GainTooLarge>(&[won, limit]));
    }
    Ok(())
}

fn announce(engine: &Engine, nonce: u64, book: &Book, start: &Measure, end: &Measure) {
    let vm = engine.vm();
    let head = each(&[start.nav, end.nav, start.drift_max, end.drift_max]);
    let indexed = [vm.msg_sender().to_word(), nonce.to_word()];
    let data = arrays(head, &[each(book.wholes)]);
    emit(vm, Rebalanced::SIGNATURE_HASH, &indexed, data);
}
