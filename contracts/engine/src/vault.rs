//! The vault, as the engine sees it. Its errors pass through byte for byte.

use alloc::vec::Vec;

use alloy_primitives::{Address, Bytes, U256};
use gimbal_core::ASSETS_MAX;
use stylus_sdk::{function_selector, prelude::*};

use crate::{
    Engine,
    calls::{Reply, act, encode, keep, read},
    errors::{Error, Result},
    words::{Field, number, position},
};

const EXECUTE_SWAP: [u8; 4] =
    function_selector!("executeSwap", Address, Address, U256, Address, U256, Bytes);
const IS_GUARDIAN: [u8; 4] = function_selector!("isGuardian", Address);
const MODE_SINCE: [u8; 4] = function_selector!("modeSince");
const OWNER: [u8; 4] = function_selector!("owner");
const RESUME: [u8; 4] = function_selector!("resume");
const STATE: [u8; 4] = function_selector!("state");
const TRIP: [u8; 4] = function_selector!("trip", u8);

/// Mode in which trades are allowed.
pub(crate) const ACTIVE: u64 = 0;
/// Mode in which nothing but the way out is left.
pub(crate) const KILLED: u64 = 2;
/// Words before the items of the first array that `state()` returns.
const STATE_HEAD: usize = 6;

/// What `state()` returns.
pub(crate) struct State {
    pub(crate) mode: u64,
    pub(crate) nonce: u64,
    pub(crate) supply: U256,
    pub(crate) tokens: &'static [Address],
    /// {tok}
    pub(crate) amounts: &'static mut [U256],
}

/// Errors: the vault's, such as `Locked` during an operation.
pub(crate) fn state(engine: &Engine) -> Result<State> {
    let reply = ask(engine, &STATE)?;
    parse(reply).ok_or_else(|| Error::call_failed(engine.vault_address()))
}

/// The canonical form alone: two arrays of one length, one after the other.
#[inline(never)]
fn parse(reply: Reply) -> Option<State> {
    let length = reply.number(5)?;
    let count = position(length);
    if count > ASSETS_MAX {
        return None;
    }
    let second = count.saturating_add(STATE_HEAD);
    let offsets = (reply.number(3)?, reply.number(4)?, reply.number(second)?);
    if offsets != (5 * 32, number(second.saturating_mul(32)), length) {
        return None;
    }
    let (mut tokens, mut amounts) = (Vec::new(), Vec::new());
    for i in 0..count {
        let token = reply.address(STATE_HEAD.saturating_add(i))?;
        tokens.push(token);
        let amount = reply.amount(second.saturating_add(i).saturating_add(1))?;
        amounts.push(amount);
    }
    Some(State {
        mode: reply.number(0)?,
        nonce: reply.number(1)?,
        supply: reply.amount(2)?,
        tokens: keep(tokens),
        amounts: keep(amounts),
    })
}

/// The mode alone; never refused by an open operation.
pub(crate) fn mode(engine: &Engine) -> Result<u64> {
    want(engine, ask(engine, &MODE_SINCE)?.number(0))
}

/// Whether the caller is the owner.
pub(crate) fn is_owner(engine: &Engine) -> Result<bool> {
    let owner = want(engine, ask(engine, &OWNER)?.address(0))?;
    Ok(owner == engine.vm().msg_sender())
}

/// Whether the caller is a guardian.
pub(crate) fn is_guardian(engine: &Engine) -> Result<bool> {
    let caller = engine.vm().msg_sender().to_word();
    let reply = ask(engine, &encode(IS_GUARDIAN, &[caller]))?;
    Ok(want(engine, reply.number(0))? == 1)
}

/// Latches HALTED.
pub(crate) fn trip(engine: &mut Engine, reason: u64) -> Result<()> {
    tell(engine, &encode(TRIP, &[reason.to_word()])).map(drop)
}

/// Leaves HALTED.
pub(crate) fn resume(engine: &mut Engine) -> Result<()> {
    tell(engine, &RESUME).map(drop)
}

/// Sells at most `max_in` {tokIn} for at least `min_out` {tokOut}; returns what was spent and got.
pub(crate) fn execute_swap(
    engine: &mut Engine,
    venue: Address,
    (token_in, max_in): (Address, U256),
    (token_out, min_out): (Address, U256),
    route: &[u8],
) -> Result<(U256, U256)> {
    let mut data = encode(
        EXECUTE_SWAP,
        &[
            venue.to_word(),
            token_in.to_word(),
            max_in.to_word(),
            token_out.to_word(),
            min_out.to_word(),
            (6 * 32u64).to_word(),
            number(route.len()).to_word(),
        ],
    );
    data.extend_from_slice(route);
    // Whole words after the selector.
    while data.len() % 32 != 4 {
        data.push(0);
    }
    let reply = tell(engine, &data)?;
    want(engine, reply.amount(0).zip(reply.amount(1)))
}

fn ask(engine: &Engine, data: &[u8]) -> Result<Reply> {
    read(engine.vm(), engine.vault_address(), data)
}

fn tell(engine: &mut Engine, data: &[u8]) -> Result<Reply> {
    act(engine.vm(), engine.vault_address(), data)
}

fn want<T>(engine: &Engine, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| Error::call_failed(engine.vault_address()))
}
