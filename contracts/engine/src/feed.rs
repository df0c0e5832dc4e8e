//! Chainlink-style price feeds.

use alloy_primitives::{Address, U256};
use gimbal_core::{
    Price,
    price::{feed_price, whole_price},
};
use stylus_sdk::{function_selector, host::VM, prelude::*};

use crate::{
    Engine,
    calls::read,
    errors::{BadPrice, Error, Result, StalePrice},
    registry::Listing,
    words::low8,
};

const LATEST_ROUND_DATA: [u8; 4] = function_selector!("latestRoundData");

/// What the engine reads of `latestRoundData()`.
pub(crate) struct Round {
    pub(crate) answer: U256,
    /// {s}
    pub(crate) started_at: u64,
    /// {s}
    pub(crate) updated_at: u64,
}

/// A price that passed every check.
#[derive(Clone, Copy)]
pub(crate) struct Answer {
    /// D27{uoa/tok}
    pub(crate) price: Price,
    /// D18{usd/whole token}, between the asset's bounds.
    pub(crate) whole: u128,
}

/// The latest round; none if the call fails, returns less than five words, or times that are none.
pub(crate) fn round(vm: &VM, feed: Address) -> Option<Round> {
    let reply = read(vm, feed, &LATEST_ROUND_DATA).ok()?;
    reply.word(4)?;
    Some(Round {
        answer: reply.amount(1)?,
        started_at: reply.number(2)?,
        updated_at: reply.number(3)?,
    })
}

/// The price of the asset at an index.
///
/// A good answer is positive, was given in the past and at most a heartbeat ago, fits a price, and lies strictly between
/// the asset's bounds.
///
/// Errors: [`BadPrice`], [`StalePrice`].
#[inline(never)]
pub(crate) fn answer(engine: &Engine, asset: usize, listing: &Listing) -> Result<Answer> {
    let now = engine.vm().block_timestamp();
    let round = round(engine.vm(), listing.feed);
    let Some(round) = round.filter(|round| round.updated_at != 0 && round.updated_at <= now) else {
        return Err(Error::at::<BadPrice>(asset));
    };
    // A negative answer is a large word: it fits no price.
    let token_decimals = low8(listing.token_decimals);
    let price = feed_price(round.answer, low8(listing.feed_decimals), token_decimals);
    let Some((price, whole)) = price.ok().and_then(|price| {
        let whole = whole_price(price, token_decimals).ok()?;
        Some((price, u128_of(whole)?))
    }) else {
        return Err(Error::at::<BadPrice>(asset));
    };
    if now.saturating_sub(round.updated_at) > listing.heartbeat {
        return Err(Error::at::<StalePrice>(asset));
    }
    if whole <= listing.price_min || whole >= listing.price_max {
        return Err(Error::at::<BadPrice>(asset));
    }
    Ok(Answer { price, whole })
}

fn u128_of(word: U256) -> Option<u128> {
    match word.as_limbs() {
        [low, high, 0, 0] => Some(u128::from(*low) | (u128::from(*high) << 64)),
        _ => None,
    }
}
