//! `trace_filter`: traces of many blocks, by who called whom.

use alloy_eips::BlockNumberOrTag;
use alloy_primitives::Address;
use alloy_rpc_types_trace::filter::{TraceFilter, TraceFilterMatcher, TraceFilterMode};
use serde::Deserialize;

use super::{of_block, options};
use crate::{
    chain::{Chain, blocks::query::QueryError},
    rpc::{Api, args::Number, error::RpcError},
    trace::parity::Placed,
};

/// What `trace_filter` looks for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Filter {
    from_block: Option<BlockNumberOrTag>,
    to_block: Option<BlockNumberOrTag>,
    from_address: Option<Vec<Address>>,
    to_address: Option<Vec<Address>>,
    #[serde(default)]
    mode: TraceFilterMode,
    after: Option<Number>,
    count: Option<Number>,
}

impl Filter {
    /// The first and the last block. What is before a fork cannot be executed again.
    fn range(&self, chain: &Chain) -> Result<(u64, u64), RpcError> {
        let (root, head) = (chain.history.first(), chain.head().header.number);
        let first = match chain.fork() {
            Some(_) => root.saturating_add(1),
            None => root,
        };
        let number = |tag: Option<BlockNumberOrTag>, default| match tag {
            Some(BlockNumberOrTag::Number(number)) => number,
            Some(BlockNumberOrTag::Earliest) => chain.earliest(),
            Some(_) => head,
            None => default,
        };
        let (from, to) = (number(self.from_block, first), number(self.to_block, head));
        if from > to && self.to_block.is_some() {
            return Err(QueryError::Range.into());
        }
        if from < first {
            let message = format!("there are traces from block {first} on, after the fork");
            return Err(RpcError::BadArguments(message));
        }
        Ok((from, to.min(head)))
    }

    fn matcher(&self) -> TraceFilterMatcher {
        let filter = TraceFilter {
            from_address: self.from_address.clone().unwrap_or_default(),
            to_address: self.to_address.clone().unwrap_or_default(),
            mode: self.mode,
            ..TraceFilter::default()
        };
        filter.matcher()
    }
}

/// Block by block, between which others get at the chain.
pub(super) fn filter(api: &Api, filter: Filter) -> Result<Vec<Placed>, RpcError> {
    let matcher = filter.matcher();
    let (options, (from, to)) = api.look(|chain| Ok((options(chain), filter.range(chain)?)))?;
    let (mut after, count) = (length(filter.after, 0)?, length(filter.count, usize::MAX)?);
    let (mut kept, mut spent) = (Vec::new(), 0);
    for number in from..=to {
        if kept.len() >= count {
            break;
        }
        options.check_time()?;
        let (mut traces, bytes) = api.look(|chain| {
            let options = options.having_spent(spent);
            let traces = match chain.block_at(number) {
                Some(block) => of_block(chain, block, &options)?,
                None => Vec::new(),
            };
            Ok((traces, options.spent()))
        })?;
        traces.retain(|placed| matcher.matches(&placed.trace.trace));
        let skipped = after.min(traces.len());
        after -= skipped;
        // What nobody gets need not fit.
        if skipped < traces.len() {
            spent = bytes;
        }
        kept.extend(traces.into_iter().skip(skipped));
    }
    kept.truncate(count);
    Ok(kept)
}

fn length(number: Option<Number>, default: usize) -> Result<usize, RpcError> {
    match number {
        Some(number) => Ok(usize::try_from(number.into_u64()?).unwrap_or(usize::MAX)),
        None => Ok(default),
    }
}
