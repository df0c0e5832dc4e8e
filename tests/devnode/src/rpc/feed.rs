//! What subscriptions and filters deliver, item by item.

use std::collections::VecDeque;

use alloy_primitives::B256;
use alloy_rpc_types_eth::{Filter, FilterBlockOption, Log};
use serde_json::value::RawValue;

use super::{Api, error::RpcError, format, methods::json};
use crate::chain::{
    Chain,
    blocks::{
        follow::Cursor,
        query::{self, check_filter},
    },
};

/// Most blocks of one portion.
const BLOCKS_MAX: usize = 64;

/// Most items after which a portion takes no further block.
const ITEMS_MAX: usize = 1_024;

/// Most hashes of accepted transactions that are kept for readers.
const ACCEPTED_MAX: usize = 65_536;

/// What a reader wants to know.
#[derive(Clone, Debug)]
pub enum Topic {
    /// Headers of new blocks.
    Heads,
    /// Hashes of new blocks.
    BlockHashes,
    /// Logs of new blocks, and of blocks that went, marked as removed.
    Logs(Box<Filter>),
    /// Hashes of accepted transactions.
    TransactionHashes,
    /// Accepted transactions.
    Transactions,
}

/// A topic and how far it was read.
#[derive(Clone, Debug)]
pub struct Feed {
    topic: Topic,
    cursor: Cursor,
    accepted: u64,
}

impl Feed {
    /// A feed of what happens from now on.
    ///
    /// # Errors
    /// [`RpcError::Query`] for a filter that is too large.
    pub fn new(topic: Topic, api: &Api) -> Result<Self, RpcError> {
        if let Topic::Logs(filter) = &topic {
            check_filter(filter)?;
        }
        Ok(Self {
            topic,
            cursor: api.read().cursor(),
            accepted: api.accepted().end(),
        })
    }

    /// What it is a feed of.
    pub fn topic(&self) -> &Topic {
        &self.topic
    }

    /// The next portion, which may be empty; none when everything was read.
    ///
    /// # Errors
    /// [`RpcError::Lagged`] if transactions were accepted faster than they were read.
    pub fn next(&mut self, api: &Api) -> Result<Option<Vec<Box<RawValue>>>, RpcError> {
        match &self.topic {
            Topic::TransactionHashes | Topic::Transactions => self.next_transactions(api),
            _ => self.next_blocks(&api.read()),
        }
    }

    fn next_blocks(&mut self, chain: &Chain) -> Result<Option<Vec<Box<RawValue>>>, RpcError> {
        let mut items = Vec::new();
        for count in 0..BLOCKS_MAX {
            let step = chain.follow(&mut self.cursor, 1);
            if step.is_empty() {
                return Ok((count > 0).then_some(items));
            }
            if let Topic::Logs(filter) = &self.topic {
                let gone = step
                    .dropped
                    .iter()
                    .flat_map(|block| block.logs.iter().cloned());
                collect_logs(&mut items, filter, gone)?;
            }
            for block in step.added {
                match &self.topic {
                    Topic::Heads => items.push(json(format::header(block))?),
                    Topic::BlockHashes => items.push(json(block.hash)?),
                    Topic::Logs(filter) if filter.matches_bloom(block.header.logs_bloom) => {
                        collect_logs(&mut items, filter, query::logs(block))?;
                    }
                    _ => {}
                }
            }
            if items.len() >= ITEMS_MAX {
                break;
            }
        }
        Ok(Some(items))
    }

    fn next_transactions(&mut self, api: &Api) -> Result<Option<Vec<Box<RawValue>>>, RpcError> {
        let hashes = api.accepted().after(&mut self.accepted, ITEMS_MAX)?;
        if hashes.is_empty() {
            return Ok(None);
        }
        if let Topic::TransactionHashes = self.topic {
            return hashes
                .into_iter()
                .map(json)
                .collect::<Result<_, _>>()
                .map(Some);
        }
        let chain = api.read();
        // One that was dropped since then has nothing to tell.
        let known = hashes
            .iter()
            .filter_map(|hash| format::accepted(&chain, hash));
        known.map(json).collect::<Result<_, _>>().map(Some)
    }
}

fn collect_logs(
    items: &mut Vec<Box<RawValue>>,
    filter: &Filter,
    logs: impl Iterator<Item = Log>,
) -> Result<(), RpcError> {
    for log in logs {
        if in_range(filter, log.block_number) && filter.matches(&log.inner) {
            items.push(json(log)?);
        }
    }
    Ok(())
}

/// Bounds that are tags do not bound what is to come.
fn in_range(filter: &Filter, number: Option<u64>) -> bool {
    let number = number.unwrap_or_default();
    match filter.block_option {
        FilterBlockOption::AtBlockHash(_) => false,
        FilterBlockOption::Range {
            from_block,
            to_block,
        } => {
            let bound = |tag: Option<alloy_eips::BlockNumberOrTag>| tag?.as_number();
            bound(from_block).is_none_or(|from| from <= number)
                && bound(to_block).is_none_or(|to| number <= to)
        }
    }
}

/// Hashes of the transactions that were accepted last, numbered from the first one on.
#[derive(Debug, Default)]
pub struct Accepted {
    first: u64,
    hashes: VecDeque<B256>,
}

impl Accepted {
    /// Adds one, which may push out the oldest.
    pub fn push(&mut self, hash: B256) {
        self.hashes.push_back(hash);
        if self.hashes.len() > ACCEPTED_MAX {
            self.hashes.pop_front();
            self.first = self.first.saturating_add(1);
        }
    }

    /// The number of the next one.
    pub fn end(&self) -> u64 {
        self.first
            .saturating_add(u64::try_from(self.hashes.len()).unwrap_or(u64::MAX))
    }

    /// At most `most` from number `place` on, which moves behind them.
    fn after(&self, place: &mut u64, most: usize) -> Result<Vec<B256>, RpcError> {
        let Some(skip) = place.checked_sub(self.first) else {
            let lost = self.first.saturating_sub(*place);
            *place = self.first;
            return Err(RpcError::Lagged(lost));
        };
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let hashes: Vec<_> = self.hashes.iter().skip(skip).take(most).copied().collect();
        *place = place.saturating_add(u64::try_from(hashes.len()).unwrap_or(u64::MAX));
        Ok(hashes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_fell_behind_is_told_once() {
        let mut accepted = Accepted::default();
        let mut place = accepted.end();
        let hash = |number: usize| B256::from(alloy_primitives::U256::from(number));
        for number in 0..ACCEPTED_MAX + 3 {
            accepted.push(hash(number));
        }
        let error = accepted.after(&mut place, 2).unwrap_err();
        assert!(matches!(error, RpcError::Lagged(3)), "{error}");
        assert_eq!(accepted.after(&mut place, 2).unwrap(), [hash(3), hash(4)]);
        assert_eq!(
            accepted.after(&mut place, usize::MAX).unwrap().len(),
            ACCEPTED_MAX - 2
        );
        assert!(accepted.after(&mut place, 1).unwrap().is_empty());
    }
}
