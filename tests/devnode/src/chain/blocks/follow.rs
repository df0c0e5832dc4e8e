//! Following the chain: what came and what went since a reader last looked.
//!
//! The chain itself is the queue: a reader keeps a [`Cursor`] and takes blocks at its own pace, so
//! that no reader can make the node buffer anything, and none misses a block. Blocks that
//! `evm_revert` took away are kept, as their logs, for readers who had seen them.

use std::collections::VecDeque;

use alloy_primitives::B256;
use alloy_rpc_types_eth::Log;

use super::{block::Block, query::logs};
use crate::chain::Chain;

/// {byte} Most that the logs of dropped blocks may take, by their data and a share for the rest.
const DROPPED_LEN_MAX: usize = 16 << 20;

/// Most blocks that are remembered after they were dropped.
const DROPPED_MAX: usize = 4_096;

/// {byte} Share of a log, or of a block, beside the log's data.
const SHARE_LEN: usize = 512;

/// The last block that a reader has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    number: u64,
    hash: B256,
}

/// What a block that is not in the chain any more leaves behind.
#[derive(Clone, Debug)]
pub struct Dropped {
    number: u64,
    hash: B256,
    parent: B256,
    /// Its logs, marked as removed.
    pub logs: Vec<Log>,
}

impl Dropped {
    fn len(&self) -> usize {
        let log_len = |log: &Log| log.inner.data.data.len().saturating_add(SHARE_LEN);
        self.logs
            .iter()
            .map(log_len)
            .fold(SHARE_LEN, usize::saturating_add)
    }
}

/// The blocks that were dropped last.
#[derive(Clone, Debug, Default)]
pub struct Graveyard {
    blocks: VecDeque<Dropped>,
    len: usize,
}

impl Graveyard {
    /// Takes in a block that leaves the chain; the oldest ones make room for it.
    pub fn bury(&mut self, block: &Block) {
        let removed = |log| Log {
            removed: true,
            ..log
        };
        let dropped = Dropped {
            number: block.header.number,
            hash: block.hash,
            parent: block.header.parent_hash,
            logs: logs(block).map(removed).collect(),
        };
        self.len = self.len.saturating_add(dropped.len());
        self.blocks.push_back(dropped);
        while self.len > DROPPED_LEN_MAX || self.blocks.len() > DROPPED_MAX {
            let Some(oldest) = self.blocks.pop_front() else {
                return;
            };
            self.len = self.len.saturating_sub(oldest.len());
        }
    }

    fn find(&self, hash: &B256) -> Option<&Dropped> {
        self.blocks.iter().rev().find(|block| block.hash == *hash)
    }
}

/// What happened after a cursor.
#[derive(Debug, Default)]
pub struct Step<'a> {
    /// Blocks that the reader had seen and that are gone, oldest first.
    pub dropped: Vec<&'a Dropped>,
    /// Blocks that the reader has not seen, oldest first.
    pub added: Vec<&'a Block>,
    /// Whether the blocks in between are not known: another chain was loaded, or too much went.
    pub is_jump: bool,
}

impl Step<'_> {
    /// Whether the reader has seen everything.
    pub fn is_empty(&self) -> bool {
        self.dropped.is_empty() && self.added.is_empty()
    }
}

impl Chain {
    /// A cursor at the last block.
    pub fn cursor(&self) -> Cursor {
        at(self.head())
    }

    /// What happened since `cursor` stood, at most `most` new blocks of it, and moves the cursor.
    ///
    /// After a revert these are the blocks gone and then the new ones from the fork on. Where too
    /// much went to be remembered, or another chain was loaded, it is the last block alone.
    pub fn follow(&self, cursor: &mut Cursor, most: usize) -> Step<'_> {
        let Some(dropped) = self.back_to_chain(cursor) else {
            *cursor = self.cursor();
            return Step {
                dropped: Vec::new(),
                added: vec![self.head()],
                is_jump: true,
            };
        };
        let next = (cursor.number.saturating_add(1)..).map_while(|number| self.block_at(number));
        let added: Vec<_> = next.take(most).collect();
        if let Some(last) = added.last() {
            *cursor = at(last);
        }
        Step {
            dropped,
            added,
            is_jump: false,
        }
    }

    /// Moves a cursor back to a block of the chain, over the dropped blocks that are returned.
    fn back_to_chain(&self, cursor: &mut Cursor) -> Option<Vec<&Dropped>> {
        let mut gone = Vec::new();
        let in_chain = |cursor: &Cursor| {
            self.block_at(cursor.number)
                .is_some_and(|block| block.hash == cursor.hash)
        };
        let mut place = *cursor;
        while !in_chain(&place) {
            let block = self.history.graveyard.find(&place.hash)?;
            gone.push(block);
            place = Cursor {
                number: block.number.checked_sub(1)?,
                hash: block.parent,
            };
        }
        *cursor = place;
        gone.reverse();
        Some(gone)
    }
}

fn at(block: &Block) -> Cursor {
    Cursor {
        number: block.header.number,
        hash: block.hash,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn chain() -> Chain {
        Chain::new(&Config::default()).unwrap()
    }

    fn numbers(step: &Step<'_>) -> (Vec<u64>, Vec<u64>) {
        let gone = step.dropped.iter().map(|block| block.number);
        let new = step.added.iter().map(|block| block.header.number);
        (gone.collect(), new.collect())
    }

    #[test]
    fn a_cursor_sees_every_block_once_in_portions() {
        let mut chain = chain();
        let mut cursor = chain.cursor();
        assert!(chain.follow(&mut cursor, 9).is_empty());
        for _ in 0..5 {
            chain.mine().unwrap();
        }
        assert_eq!(
            numbers(&chain.follow(&mut cursor, 3)),
            (vec![], vec![1, 2, 3])
        );
        assert_eq!(numbers(&chain.follow(&mut cursor, 3)), (vec![], vec![4, 5]));
        assert!(chain.follow(&mut cursor, 3).is_empty());
    }

    #[test]
    fn a_revert_takes_back_what_was_seen_and_no_more() {
        let mut chain = chain();
        chain.mine().unwrap();
        let snapshot = chain.snapshot();
        for _ in 0..4 {
            chain.mine().unwrap();
        }
        let mut all = chain.cursor();
        chain.clock.increase(100);
        assert!(chain.revert(snapshot));
        assert_eq!(
            numbers(&chain.follow(&mut all, 9)),
            (vec![2, 3, 4, 5], vec![])
        );
        chain.clock.increase(1_000);
        chain.mine().unwrap();
        assert_eq!(numbers(&chain.follow(&mut all, 9)), (vec![], vec![2]));
    }

    #[test]
    fn a_cursor_of_another_chain_goes_to_the_head() {
        let mut other = chain();
        other.clock.increase(50);
        other.mine().unwrap();
        let mut cursor = other.cursor();
        let chain = chain();
        let jump = chain.follow(&mut cursor, 9);
        assert!(jump.is_jump);
        assert_eq!(numbers(&jump), (vec![], vec![0]));
        let after = chain.follow(&mut cursor, 9);
        assert!(after.is_empty() && !after.is_jump);
    }
}
