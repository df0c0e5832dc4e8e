//! Blocks, transactions and logs from before a fork, which its upstream tells word for word.
//!
//! What the upstream did after the forked block never happened here, and is not told.

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{B256, U64};
use alloy_rpc_types_eth::{Filter, FilterBlockOption};
use jsonrpsee::{server::RegisterMethodError, types::Params};
use serde::Serialize;
use serde_json::{
    Value, json,
    value::{RawValue, to_raw_value},
};

use super::{
    Api,
    args::Args,
    error::RpcError,
    methods::{Methods, Read, json as to_json},
};
use crate::chain::{Chain, fork::Fork};

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
        self.blocking(&["eth_getLogs"], |api, params| logs(api, &params))
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
    let mut arguments: Vec<Value> = params.parse().map_err(RpcError::Arguments)?;
    let Some(first) = arguments.first_mut() else {
        return Ok(None);
    };
    let is_older = match names {
        Names::Block => names_older_block(&chain, fork, first),
        Names::Transaction => serde_json::from_value(first.clone())
            .is_ok_and(|hash: B256| chain.transaction(&hash).is_none()),
    };
    if !is_older {
        return Ok(None);
    }
    let pin = fork.pin().clone();
    // The chain is free while the upstream is asked.
    drop(chain);
    let last = pin.head().header.number;
    let answer = pin.ask(name, Value::Array(arguments))?;
    Ok(Some(match is_later(&answer, last) {
        true => raw(&Value::Null)?,
        false => raw(&answer)?,
    }))
}

/// Whether a block is the forked one or before it. A tag becomes a number: it means another block
/// for the upstream.
fn names_older_block(chain: &Chain, fork: &Fork, id: &mut Value) -> bool {
    let last = fork.head().header.number;
    let Ok(parsed) = serde_json::from_value::<BlockId>(id.clone()) else {
        return false;
    };
    let number = match parsed {
        BlockId::Hash(hash) => {
            let block = chain.history.by_hash(&hash.block_hash);
            return block.is_none_or(|block| block.header.number <= last);
        }
        BlockId::Number(BlockNumberOrTag::Number(number)) => number,
        BlockId::Number(BlockNumberOrTag::Earliest) => 0,
        BlockId::Number(BlockNumberOrTag::Pending) => return false,
        BlockId::Number(_) => chain.head().header.number,
    };
    *id = json!(U64::from(number));
    number <= last
}

/// Whether an answer is about a block after `last`.
fn is_later(answer: &Value, last: u64) -> bool {
    let one = match answer {
        Value::Array(answers) => answers.first().unwrap_or(&Value::Null),
        one => one,
    };
    let number = one.get("blockNumber").or_else(|| one.get("number"));
    let number = number.and_then(|number| serde_json::from_value::<U64>(number.clone()).ok());
    number.is_some_and(|number| number.to::<u64>() > last)
}

/// The logs of the upstream up to the forked block, then our own.
fn logs(api: &Api, params: &Params<'_>) -> Result<Box<RawValue>, RpcError> {
    let filter: Filter = Args::new(params).required()?;
    let chain = api.read();
    let asked = chain.fork().and_then(|fork| {
        let asked = upstream_part(&chain, fork, &filter)?;
        Some((fork.pin().clone(), asked))
    });
    let is_theirs =
        asked.is_some() && matches!(filter.block_option, FilterBlockOption::AtBlockHash(_));
    let own = match is_theirs {
        true => Vec::new(),
        false => chain.logs(&filter)?,
    };
    drop(chain);
    let Some((pin, asked)) = asked else {
        return to_json(own);
    };
    let last = pin.head().header.number;
    let theirs = pin.ask("eth_getLogs", json!([asked]))?;
    let Value::Array(mut all) = theirs else {
        return Err(RpcError::Internal("the upstream's logs are no list".into()));
    };
    all.retain(|log| !is_later(log, last));
    let own = serde_json::to_value(own).map_err(|error| RpcError::Internal(error.to_string()))?;
    all.extend(own.as_array().cloned().unwrap_or_default());
    raw(&Value::Array(all))
}

/// The filter for the blocks up to the forked one, if it names any of them.
fn upstream_part(chain: &Chain, fork: &Fork, filter: &Filter) -> Option<Filter> {
    let last = fork.head().header.number;
    match filter.block_option {
        FilterBlockOption::AtBlockHash(hash) => {
            let block = chain.history.by_hash(&hash);
            let is_own = block.is_some_and(|block| block.header.number > last);
            (!is_own).then(|| filter.clone())
        }
        FilterBlockOption::Range {
            from_block,
            to_block,
        } => {
            let head = chain.head().header.number;
            let number = |tag: Option<BlockNumberOrTag>| match tag {
                Some(BlockNumberOrTag::Number(number)) => number,
                Some(BlockNumberOrTag::Earliest) => 0,
                _ => head,
            };
            let (from, to) = (number(from_block), number(to_block));
            (from <= to && from <= last).then(|| {
                let mut part = filter.clone();
                part.block_option = FilterBlockOption::Range {
                    from_block: Some(from.into()),
                    to_block: Some(to.min(last).into()),
                };
                part
            })
        }
    }
}

fn raw(value: &Value) -> Result<Box<RawValue>, RpcError> {
    to_raw_value(value).map_err(|error| RpcError::Internal(error.to_string()))
}
