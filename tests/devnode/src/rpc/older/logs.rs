//! Logs of both sides of a fork.

use alloy_eips::BlockNumberOrTag;
use alloy_rpc_types_eth::{Filter, FilterBlockOption};
use serde_json::{Value, json, value::RawValue};

use super::{
    answer::{self, Subject, is_later, number_of},
    raw,
};
use crate::{
    chain::{Chain, fork::Fork},
    fork::{Pin, Reason, StateError},
    rpc::{Api, error::RpcError, methods::json as to_json},
};

/// The logs of the upstream up to the forked block, then our own.
///
/// # Errors
/// Those of [`Chain::logs`], and what goes wrong with the upstream.
pub(in crate::rpc) fn logs(api: &Api, filter: &Filter) -> Result<Box<RawValue>, RpcError> {
    let chain = api.read();
    let asked = chain.fork().and_then(|fork| {
        let asked = upstream_part(&chain, fork, filter)?;
        Some((fork.pin().clone(), asked))
    });
    let is_theirs =
        asked.is_some() && matches!(filter.block_option, FilterBlockOption::AtBlockHash(_));
    let own = match is_theirs {
        true => Vec::new(),
        false => chain.logs(filter)?,
    };
    drop(chain);
    let Some((pin, asked)) = asked else {
        return to_json(own);
    };
    let last = pin.head().header.number;
    let theirs = pin.ask("eth_getLogs", json!([asked]))?;
    let Value::Array(mut all) = theirs else {
        let reason = Reason::Answer("logs are no list".into());
        return Err(pin.error("logs", reason).into());
    };
    check(&pin, &asked, &all)?;
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

/// Refuses logs of blocks that were not asked for.
fn check(pin: &Pin, asked: &Filter, logs: &[Value]) -> Result<(), StateError> {
    let (from, to) = match asked.block_option {
        FilterBlockOption::AtBlockHash(hash) => {
            let subject = Subject::Block(hash);
            let mut logs = logs.iter();
            return logs.try_for_each(|log| answer::check(pin, "eth_getLogs", subject, log));
        }
        FilterBlockOption::Range {
            from_block,
            to_block,
        } => {
            let number =
                |bound: Option<BlockNumberOrTag>| bound.and_then(|bound| bound.as_number());
            (number(from_block), number(to_block))
        }
    };
    let is_asked = |number: &Option<u64>| {
        number.is_some_and(|number| {
            from.is_none_or(|from| from <= number) && to.is_none_or(|to| number <= to)
        })
    };
    let mut numbers = logs.iter().map(number_of);
    match numbers.find(|number| !is_asked(number)) {
        Some(number) => {
            let have = match number {
                Some(number) => format!("logs of block {number}"),
                None => "logs of no block".into(),
            };
            let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
            let what = format!("logs of blocks {from} to {to}");
            Err(pin.error(&what, Reason::Mistaken { have }))
        }
        None => Ok(()),
    }
}
