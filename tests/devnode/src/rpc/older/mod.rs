//! What was before a fork, which its upstream tells word for word: blocks, transactions, logs and fees.
//!
//! What the upstream did after the forked block never happened here, and is not told. An answer to
//! another question than was asked is an error.

mod answer;
mod fees;
mod logs;

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{B256, U64};
use jsonrpsee::{server::RegisterMethodError, types::Params};
use serde::Serialize;
use serde_json::{
    Value, json,
    value::{RawValue, to_raw_value},
};

use super::{
    Api,
    args::{Args, arguments},
    error::RpcError,
    methods::{Methods, Read, json as to_json},
};
use crate::chain::{Chain, fork::Fork};
use answer::Subject;

pub(super) use logs::logs;

/// What the first argument of a method names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// A block, by its number, tag or hash.
    Block,
    /// A transaction.
    Transaction,
}

impl Methods {
    /// Adds a method that looks at blocks and what is in them. On a fork the upstream answers for
    /// the forked block and those before it.
    pub(super) fn read_older<R: Serialize + 'static>(
        &mut self,
        name: &'static str,
        names: Names,
        method: Read<R>,
    ) -> Result<(), RegisterMethodError> {
        self.blocking(&[name], move |api, params| {
            match older(api, name, names, &params)? {
                Some(answer) => Ok(answer),
                None => api.look(|chain| method(chain, &mut Args::new(&params)).and_then(to_json)),
            }
        })
    }

    /// Adds `eth_getLogs`, whose range may span the fork.
    pub(super) fn logs(&mut self) -> Result<(), RegisterMethodError> {
        self.blocking(&["eth_getLogs"], |api, params| {
            logs(api, &Args::new(&params).required()?)
        })
    }

    /// Adds `eth_feeHistory`, whose range may span the fork.
    pub(super) fn fees(&mut self) -> Result<(), RegisterMethodError> {
        self.blocking(&["eth_feeHistory"], |api, params| {
            to_json(fees::history(api, &mut Args::new(&params))?)
        })
    }
}

/// The upstream's answer, if the request is about something before the fork.
fn older(
    api: &Api,
    name: &'static str,
    names: Names,
    params: &Params<'_>,
) -> Result<Option<Box<RawValue>>, RpcError> {
    let chain = api.read();
    let Some(fork) = chain.fork() else {
        return Ok(None);
    };
    let mut arguments: Vec<Value> = params.parse().map_err(arguments)?;
    let Some(first) = arguments.first_mut() else {
        return Ok(None);
    };
    let subject = match names {
        Names::Block => older_block(&chain, fork, first),
        Names::Transaction => older_transaction(&chain, first),
    };
    let Some(subject) = subject else {
        return Ok(None);
    };
    let pin = fork.pin().clone();
    // The chain is free while the upstream is asked.
    drop(chain);
    let last = pin.head().header.number;
    let answer = pin.ask(name, Value::Array(arguments))?;
    answer::check(&pin, name, subject, &answer)?;
    Ok(Some(match answer::is_later(&answer, last) {
        true => raw(&Value::Null)?,
        false => raw(&answer)?,
    }))
}

/// A transaction that was neither mined here nor waits here.
fn older_transaction(chain: &Chain, hash: &Value) -> Option<Subject> {
    let hash: B256 = serde_json::from_value(hash.clone()).ok()?;
    let is_own = chain.transaction(&hash).is_some() || chain.pool.get(&hash).is_some();
    (!is_own).then_some(Subject::Transaction(hash))
}

/// A block that is the forked one or before it. A tag becomes a number: it means another block for
/// the upstream.
fn older_block(chain: &Chain, fork: &Fork, id: &mut Value) -> Option<Subject> {
    let last = fork.head().header.number;
    let number = match serde_json::from_value(id.clone()).ok()? {
        BlockId::Hash(hash) => {
            let hash = hash.block_hash;
            let block = chain.history.by_hash(&hash);
            let is_own = block.is_some_and(|block| block.header.number > last);
            return (!is_own).then_some(Subject::Block(hash));
        }
        BlockId::Number(BlockNumberOrTag::Number(number)) => number,
        BlockId::Number(BlockNumberOrTag::Earliest) => 0,
        BlockId::Number(BlockNumberOrTag::Pending) => return None,
        BlockId::Number(_) => chain.head().header.number,
    };
    *id = json!(U64::from(number));
    (number <= last).then_some(Subject::Number(number))
}

fn raw(value: &Value) -> Result<Box<RawValue>, RpcError> {
    to_raw_value(value).map_err(|error| RpcError::Internal(error.to_string()))
}
