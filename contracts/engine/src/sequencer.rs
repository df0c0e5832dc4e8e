//! The sequencer's uptime feed: prices are not to be trusted while it is down, nor right after.

use alloy_primitives::Address;
use stylus_sdk::prelude::*;

use crate::{
    Engine,
    errors::{Error, Result, SequencerDown, SequencerGrace},
    feed::round,
};

/// Until when to wait, if the sequencer is up.
pub(crate) enum Uptime {
    /// Down, or an answer that cannot be read.
    Down,
    /// Up, but not long enough until this chain time.
    Grace(u64),
    /// Up.
    Up,
}

/// The feed answers zero for up, since `startedAt`.
pub(crate) fn uptime(engine: &Engine, grace: u64) -> Uptime {
    let now = engine.vm().block_timestamp();
    match round(engine.vm(), Address::from_word(engine.sequencer_feed.get())) {
        Some(round)
            if round.answer.is_zero() && round.started_at != 0 && round.started_at <= now =>
        {
            let until = round.started_at.saturating_add(grace);
            if now < until {
                Uptime::Grace(until)
            } else {
                Uptime::Up
            }
        }
        _ => Uptime::Down,
    }
}

/// Refuses while the sequencer is down and for `grace` {s} after it came back.
///
/// Errors: [`SequencerDown`], [`SequencerGrace`].
pub(crate) fn check(engine: &Engine, grace: u64) -> Result<()> {
    match uptime(engine, grace) {
        Uptime::Up => Ok(()),
        Uptime::Down => Err(Error::of::<SequencerDown>(&[])),
        Uptime::Grace(until) => Err(Error::of::<SequencerGrace>(&[until])),
    }
}
