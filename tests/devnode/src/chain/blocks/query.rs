//! Finding blocks, transactions, states and logs.

use alloy_consensus::Transaction;
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, B256};
use alloy_rpc_types_eth::{Filter, FilterBlockOption, Log};
use thiserror::Error;

use super::block::{Block, Mined};
use crate::{
    chain::{
        Chain,
        state::{overlay::Overlay, view::View},
    },
    fork::StateError,
};

/// A block or state that does not exist.
#[derive(Debug, Error)]
pub enum QueryError {
    /// No such block.
    #[error("header not found")]
    NoBlock,
    /// State could not be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// A range that ends before it starts.
    #[error("invalid block range params")]
    Range,
    /// A filter that names too much.
    #[error("exceed max addresses or topics per search position: {FILTER_MAX}")]
    Filter,
    /// More logs than one answer holds.
    #[error("query returned more than {} MiB of logs: ask for fewer blocks", LOGS_LEN_MAX >> 20)]
    Logs,
}

/// Most addresses of a filter, and most topics in each of its places, as in geth.
const FILTER_MAX: usize = 1_000;

/// {byte} Most that the logs of one answer may take, by their data and a share for the rest.
const LOGS_LEN_MAX: usize = 128 << 20;

/// {byte} Share of a log beside its data.
const LOG_LEN: usize = 512;

/// Which state and block context a call sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// After an existing block, in that block's context.
    Block(u64),
    /// In the context of the block to come.
    Pending,
}

impl Chain {
    /// Resolves a block id.
    pub fn moment(&self, id: BlockId) -> Result<Moment, QueryError> {
        let head = self.head().header.number;
        let number = match id {
            BlockId::Hash(hash) => {
                let hash = hash.block_hash;
                match (self.history.by_hash(&hash), self.fork()) {
                    (Some(block), _) => block.header.number,
                    (None, Some(fork)) => fork.number(hash)?.ok_or(QueryError::NoBlock)?,
                    (None, None) => return Err(QueryError::NoBlock),
                }
            }
            BlockId::Number(BlockNumberOrTag::Pending) => return Ok(Moment::Pending),
            BlockId::Number(BlockNumberOrTag::Number(number)) => number,
            BlockId::Number(BlockNumberOrTag::Earliest) => self.earliest(),
            BlockId::Number(_) => head,
        };
        if !(self.earliest()..=head).contains(&number) {
            return Err(QueryError::NoBlock);
        }
        Ok(Moment::Block(number))
    }

    /// The block at an id, if it exists. A pending block is the last one.
    pub fn block(&self, id: BlockId) -> Option<&Block> {
        match self.moment(id).ok()? {
            Moment::Block(number) => self.block_at(number),
            Moment::Pending => Some(self.head()),
        }
    }

    /// The block with a number, if it exists.
    pub fn block_at(&self, number: u64) -> Option<&Block> {
        self.history.by_number(number)
    }

    /// Number of the first block whose state can be asked for: a fork passes older ones on.
    pub fn earliest(&self) -> u64 {
        match self.fork() {
            Some(_) => 0,
            None => self.history.first(),
        }
    }

    /// The state at a moment. That of the last block includes later edits.
    pub fn state_at(&self, moment: Moment) -> Result<View<'_>, QueryError> {
        if let (Moment::Block(number), Some(fork)) = (moment, self.fork())
            && number < self.history.first()
        {
            return Ok(View::older(fork.older(number)?, &self.history));
        }
        let overlay = match moment {
            Moment::Block(number) if number < self.head().header.number => {
                let block = self.block_at(number).ok_or(QueryError::NoBlock)?;
                return Ok(View::past(&self.state, &self.history, block.position));
            }
            Moment::Pending if !self.pool.is_empty() => self.pending()?.overlay.clone(),
            Moment::Pending => return Ok(self.next()?),
            Moment::Block(_) => Overlay::default(),
        };
        Ok(View::new(&self.state, &self.history, overlay))
    }

    /// A mined transaction and its block.
    pub fn transaction(&self, hash: &B256) -> Option<(&Block, &Mined)> {
        let (block, index) = self.history.transaction(hash)?;
        Some((block, block.txs.get(index)?))
    }

    /// The last mined transaction of a sender with a nonce, and its block.
    pub fn transaction_of(&self, sender: &Address, nonce: u64) -> Option<(&Block, &Mined)> {
        let txs = self
            .history
            .blocks()
            .flat_map(|block| block.txs.iter().map(move |mined| (block, mined)));
        txs.rev()
            .find(|(_, mined)| mined.tx.nonce() == nonce && mined.tx.signer_ref() == sender)
    }

    /// How many transactions an account had sent on the upstream, before the fork; none without one.
    ///
    /// # Errors
    /// The upstream cannot be read.
    pub fn sent_before_fork(&self, sender: &Address) -> Result<u64, StateError> {
        let first = match (self.fork(), self.block_at(self.history.first())) {
            (Some(_), Some(first)) => first.position,
            _ => return Ok(0),
        };
        let before = self.state.basic_at(sender, first)?;
        Ok(before.unwrap_or_default().nonce)
    }

    /// The logs that match a filter, in order.
    ///
    /// # Errors
    /// [`QueryError`] for a block that does not exist, and too much of it.
    pub fn logs(&self, filter: &Filter) -> Result<Vec<Log>, QueryError> {
        check_filter(filter)?;
        let (from, to) = match filter.block_option {
            FilterBlockOption::AtBlockHash(hash) => {
                let block = self.history.by_hash(&hash).ok_or(QueryError::NoBlock)?;
                (block.header.number, block.header.number)
            }
            FilterBlockOption::Range {
                from_block,
                to_block,
            } => {
                let head = self.head().header.number;
                let number = |tag: Option<BlockNumberOrTag>| match tag {
                    Some(BlockNumberOrTag::Number(number)) => number,
                    Some(BlockNumberOrTag::Earliest) => self.history.first(),
                    _ => head,
                };
                (number(from_block), number(to_block))
            }
        };
        // Bounds the wrong way round name no block, as in anvil: ethers asks so when blocks come faster than
        // it polls.
        let mut found = Vec::new();
        let mut len = 0_usize;
        let blocks = self.history.range(from, to);
        for log in blocks
            .filter(|block| filter.matches_bloom(block.header.logs_bloom))
            .flat_map(logs)
            .filter(|log| filter.matches(&log.inner))
        {
            len = len.saturating_add(LOG_LEN.saturating_add(log.inner.data.data.len()));
            if len > LOGS_LEN_MAX {
                return Err(QueryError::Logs);
            }
            found.push(log);
        }
        Ok(found)
    }
}

/// Refuses a filter that would take long to match.
pub fn check_filter(filter: &Filter) -> Result<(), QueryError> {
    let topics = filter.topics.iter().map(|topics| topics.len());
    match topics.chain([filter.address.len()]).max() {
        Some(most) if most > FILTER_MAX => Err(QueryError::Filter),
        _ => Ok(()),
    }
}

/// A block's logs with their places.
pub fn logs(block: &Block) -> impl Iterator<Item = Log> {
    block
        .txs
        .iter()
        .flat_map(move |mined| logs_of(block, mined))
}

/// The logs of one of a block's transactions with their places.
pub fn logs_of(block: &Block, mined: &Mined) -> impl Iterator<Item = Log> {
    let places = mined.logs.iter().zip(mined.first_log..);
    places.map(move |(inner, index)| Log {
        inner: inner.clone(),
        block_hash: Some(block.hash),
        block_number: Some(block.header.number),
        block_timestamp: Some(block.header.timestamp),
        transaction_hash: Some(mined.hash()),
        transaction_index: Some(mined.index),
        log_index: Some(index),
        removed: false,
    })
}
