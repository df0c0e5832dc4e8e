//! Making blocks: on request, and when to make them by themselves.

use std::time::Duration;

use alloy_primitives::{U64, U256};
use jsonrpsee::server::RegisterMethodError;
use serde::Deserialize;

use super::{
    Api,
    args::Args,
    control::not_past,
    error::RpcError,
    format,
    methods::{Methods, json},
    pool::check_content,
};
use crate::{
    chain::{Chain, blocks::block::Block, mining::Mining},
    evm::env::BLOCK_GAS_LIMIT,
};

/// Most blocks that one request may mine, and be told of.
const MINE_MAX: u64 = 100_000;
const DETAILED_MAX: u64 = 1_000;

/// {gas} The least limit that a block can be given: that of one transfer.
const GAS_LIMIT_MIN: u64 = 21_000;

/// Registers the methods.
pub fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    methods.blocking(&["evm_mine"], |api, params| {
        mine_at(api, &mut Args::new(&params), MINE_MAX, |_| ())?;
        json("0x0")
    })?;
    methods.blocking(
        &["evm_mine_detailed", "anvil_mine_detailed"],
        |api, params| {
            let tell = |block: &Block| format::block(block, true);
            check_content(&api.read(), "mine with evm_mine")?;
            json(mine_at(api, &mut Args::new(&params), DETAILED_MAX, tell)?)
        },
    )?;
    methods.blocking(&["anvil_mine", "hardhat_mine"], |api, params| {
        json(mine(api, &mut Args::new(&params))?)
    })?;
    methods.blocking(&["evm_setAutomine", "anvil_setAutomine"], |api, params| {
        json(set_auto(api, &mut Args::new(&params))?)
    })?;
    methods.read(&["anvil_getAutomine", "hardhat_getAutomine"], |chain, _| {
        Ok(chain.mining() == Mining::Auto)
    })?;
    methods.write(
        &["evm_setBlockGasLimit", "anvil_setBlockGasLimit"],
        |chain, args| {
            chain.gas_limit = args.number()?.clamp(GAS_LIMIT_MIN, BLOCK_GAS_LIMIT);
            Ok(true)
        },
    )?;
    methods.write(
        &["evm_setIntervalMining", "anvil_setIntervalMining"],
        set_interval,
    )?;
    methods.read(&["anvil_getIntervalMining"], |chain, _| {
        Ok(match chain.mining() {
            Mining::Interval(period) => Some(seconds(period)),
            _ => None,
        })
    })
}

/// A number as test tools write it.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Number {
    Json(u64),
    Text(U256),
}

impl Number {
    fn get(self) -> u64 {
        match self {
            Self::Json(number) => number,
            Self::Text(number) => number.saturating_to(),
        }
    }
}

/// What `evm_mine` takes: a time, or a time and a count.
#[derive(Deserialize)]
#[serde(untagged)]
enum When {
    Time(Number),
    Options {
        timestamp: Option<Number>,
        blocks: Option<Number>,
    },
}

/// Mines one block, or more if told so, the first at the given time, and tells of them.
fn mine_at<R>(
    api: &Api,
    args: &mut Args<'_>,
    most: u64,
    tell: impl Fn(&Block) -> R,
) -> Result<Vec<R>, RpcError> {
    let (time, count) = match args.optional()? {
        Some(When::Time(time)) => (Some(time), None),
        Some(When::Options { timestamp, blocks }) => (timestamp, blocks),
        None => (None, None),
    };
    let count = count.map_or(1, Number::get);
    repeat(api, count, most, |chain, done| {
        let block = match time.filter(|_| done == 0) {
            Some(time) => {
                let time = not_past(chain, time.get())?;
                chain.mine_at(time)?
            }
            None => chain.mine()?,
        };
        Ok(tell(block))
    })
}

/// `count` blocks, `interval` seconds apart.
fn mine(api: &Api, args: &mut Args<'_>) -> Result<(), RpcError> {
    let (count, interval_s) = (args.number_or(1)?, args.number_or(0)?);
    repeat(api, count, MINE_MAX, |chain, _| {
        chain.mine()?;
        chain.clock.increase(interval_s);
        Ok(())
    })?;
    Ok(())
}

/// Does something `count` times with the chain, each of which is kept; it is told how many came before.
/// Of many blocks, those of other requests may come between ([`Api::advance`]).
fn repeat<R>(
    api: &Api,
    count: u64,
    most: u64,
    step: impl Fn(&mut Chain, usize) -> Result<R, RpcError>,
) -> Result<Vec<R>, RpcError> {
    if count > most {
        return Err(RpcError::BadArguments(format!(
            "cannot mine more than {most} blocks"
        )));
    }
    let mut done = Vec::new();
    api.advance(|chain| {
        if (done.len() as u64) < count {
            done.push(step(chain, done.len())?);
        }
        Ok((done.len() as u64) < count)
    })?;
    Ok(done)
}

/// Going over to automatic mining mines what waits, and answers then. Other requests may come between the
/// blocks ([`Api::advance`]).
fn set_auto(api: &Api, args: &mut Args<'_>) -> Result<(), RpcError> {
    let is_auto = args.required()?;
    api.change(|chain| {
        let mining = match (is_auto, chain.mining()) {
            (true, _) => Mining::Auto,
            (false, Mining::Auto) => Mining::Manual,
            (false, other) => other,
        };
        chain.set_mining(mining);
        Ok(())
    })?;
    api.advance(|chain| Ok(chain.mine_waiting()?))
}

/// {s} Zero ends interval mining, and with it all mining by itself.
fn set_interval(chain: &mut Chain, args: &mut Args<'_>) -> Result<(), RpcError> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Seconds {
        Json(f64),
        Text(U64),
    }
    let period_s = match args.required()? {
        Seconds::Json(seconds) => seconds,
        Seconds::Text(seconds) => f64::from(u32::try_from(seconds.to::<u64>()).unwrap_or(u32::MAX)),
    };
    let mining = Mining::every(period_s)
        .ok_or_else(|| RpcError::BadArguments(format!("{period_s} s is no interval")))?;
    chain.set_mining(mining);
    Ok(())
}

/// {s} Whole where it can be, as tools expect it.
fn seconds(period: Duration) -> serde_json::Value {
    match period.subsec_nanos() {
        0 => period.as_secs().into(),
        _ => period.as_secs_f64().into(),
    }
}
