//! The blocks of a chain, found by number, by hash and by what is in them.

use std::iter;

use alloy_primitives::{B256, map::B256HashMap};

use super::{
    block::{Block, Mined},
    follow::Graveyard,
};

/// Consecutive blocks, of which there is always one.
#[derive(Clone, Debug)]
pub struct History {
    root: Block,
    rest: Vec<Block>,
    numbers: B256HashMap<u64>,
    /// Block number and index in the block.
    transactions: B256HashMap<(u64, usize)>,
    /// What was dropped last, for those who had seen it.
    pub(in crate::chain) graveyard: Graveyard,
}

impl History {
    /// A history that begins with `root`, whatever its number.
    pub fn new(root: Block) -> Self {
        let mut history = Self {
            root: root.clone(),
            rest: Vec::new(),
            numbers: B256HashMap::default(),
            transactions: B256HashMap::default(),
            graveyard: Graveyard::default(),
        };
        history.index(&root);
        history
    }

    /// Number of the first block: 0, or that of the block from which the chain was forked.
    pub fn first(&self) -> u64 {
        self.root.header.number
    }

    /// The last block.
    pub fn head(&self) -> &Block {
        self.rest.last().unwrap_or(&self.root)
    }

    /// Adds the block that follows the last one.
    pub fn push(&mut self, block: Block) {
        self.index(&block);
        self.rest.push(block);
    }

    /// Drops the blocks after `number`; the first one stays.
    pub fn truncate(&mut self, number: u64) {
        let dropped = self.take_after(number);
        self.bury(&dropped);
    }

    /// Takes out the blocks after `number`, the last one first; the first one of all stays.
    pub fn take_after(&mut self, number: u64) -> Vec<Block> {
        iter::from_fn(|| self.pop_after(number)).collect()
    }

    /// Remembers blocks that were taken out for good.
    pub fn bury(&mut self, taken: &[Block]) {
        for block in taken {
            self.graveyard.bury(block);
        }
    }

    /// Puts back what [`Self::take_after`] has taken out.
    pub fn put_back(&mut self, taken: Vec<Block>) {
        for block in taken.into_iter().rev() {
            self.push(block);
        }
    }

    /// As [`Self::truncate`], of blocks that nobody has seen.
    pub fn forget(&mut self, number: u64) {
        while self.pop_after(number).is_some() {}
    }

    fn pop_after(&mut self, number: u64) -> Option<Block> {
        let block = self.rest.pop_if(|block| block.header.number > number)?;
        self.numbers.remove(&block.hash);
        for mined in &block.txs {
            let place = self.transactions.get(&mined.hash());
            if place.is_some_and(|(number, _)| *number == block.header.number) {
                self.transactions.remove(&mined.hash());
            }
        }
        Some(block)
    }

    /// The block with a number.
    pub fn by_number(&self, number: u64) -> Option<&Block> {
        let index = usize::try_from(number.checked_sub(self.first())?).ok()?;
        match index.checked_sub(1) {
            None => Some(&self.root),
            Some(index) => self.rest.get(index),
        }
    }

    /// The block with a hash.
    pub fn by_hash(&self, hash: &B256) -> Option<&Block> {
        self.by_number(*self.numbers.get(hash)?)
    }

    /// The block with a transaction, and the transaction's index in [`Block::txs`].
    pub fn transaction(&self, hash: &B256) -> Option<(&Block, usize)> {
        let (number, index) = *self.transactions.get(hash)?;
        Some((self.by_number(number)?, index))
    }

    /// All blocks in order.
    pub fn blocks(&self) -> impl DoubleEndedIterator<Item = &Block> + Clone {
        iter::once(&self.root).chain(&self.rest)
    }

    /// The existing blocks with numbers in `from..=to`, in order.
    pub fn range(&self, from: u64, to: u64) -> impl Iterator<Item = &Block> + Clone {
        let from = from.max(self.first());
        let to = to.min(self.head().header.number);
        (from..=to).filter_map(|number| self.by_number(number))
    }

    fn index(&mut self, block: &Block) {
        let number = block.header.number;
        self.numbers.insert(block.hash, number);
        let places = block.txs.iter().map(Mined::hash).zip(0..);
        for (hash, index) in places {
            // One that is mined again, since its sender's nonce was set back, is found where it was first.
            self.transactions.entry(hash).or_insert((number, index));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::blocks::block::{Seal, seal};

    fn next(parent: B256, number: u64) -> Block {
        let next = Seal {
            parent,
            state_root: B256::ZERO,
            number,
            timestamp: number,
            base_fee: 1,
            l1_number: 0,
            arbos_version: 61,
            sends: (0, B256::ZERO),
            beneficiary: Default::default(),
            gas_limit: 1,
        };
        seal(next, Vec::new(), 0)
    }

    #[test]
    fn a_history_may_begin_anywhere() {
        let mut history = History::new(next(B256::ZERO, 40));
        for number in 41..45 {
            history.push(next(history.head().hash, number));
        }
        assert_eq!((history.first(), history.head().header.number), (40, 44));
        for number in 40..45 {
            let block = history.by_number(number).unwrap();
            assert_eq!(block.header.number, number);
            assert_eq!(history.by_hash(&block.hash), Some(block));
        }
        assert!(history.by_number(39).is_none() && history.by_number(45).is_none());
        let numbers = |from, to| -> Vec<_> {
            let blocks = history.range(from, to);
            blocks.map(|block| block.header.number).collect()
        };
        assert_eq!(numbers(0, 41), [40, 41]);
        assert_eq!(numbers(43, u64::MAX), [43, 44]);
        assert!(numbers(45, 90).is_empty() && numbers(0, 39).is_empty());
    }

    #[test]
    fn what_is_dropped_is_found_no_more_and_the_first_block_stays() {
        let mut history = History::new(next(B256::ZERO, 7));
        let root = history.head().hash;
        history.push(next(root, 8));
        let dropped = history.head().hash;
        history.truncate(0);
        assert_eq!(history.head().hash, root);
        assert!(history.by_hash(&dropped).is_none());
        assert_eq!(history.blocks().count(), 1);
    }
}
