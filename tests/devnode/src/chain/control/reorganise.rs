//! Blocks that are taken back, and replaced by others.

use alloy_consensus::{TxEnvelope, transaction::Recovered};
use alloy_primitives::B256;
use thiserror::Error;

use crate::{
    chain::{
        Chain,
        blocks::block::Block,
        mining::send::TxError,
        state::{redo::Undone, undo::Position},
    },
    errands,
    fork::StateError,
};

/// Why blocks cannot be taken back.
#[derive(Debug, Error)]
pub enum RollbackError {
    /// There are not so many.
    #[error("cannot go back {depth} blocks: the chain has {have} after its first")]
    TooDeep {
        /// How many were to go.
        depth: u64,
        /// How many there are.
        have: u64,
    },
    /// A new block lacks one of its transactions.
    #[error("transaction {hash} is not in the new blocks: {error}")]
    Transaction {
        /// The transaction's hash.
        hash: B256,
        /// Why.
        error: Box<TxError>,
    },
    /// State could not be read.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Where blocks were taken back to.
#[derive(Clone, Copy, Debug)]
struct Target {
    number: u64,
    position: Position,
}

/// What was taken back, for the case that it has to come again.
struct Taken {
    blocks: Vec<Block>,
    undone: Undone,
}

impl Chain {
    /// Takes back the last `depth` blocks and all that followed the one before them.
    ///
    /// # Errors
    /// [`RollbackError::TooDeep`]
    pub fn rollback(&mut self, depth: u64) -> Result<(), RollbackError> {
        let target = self.target(depth)?;
        self.history.truncate(target.number);
        self.state.revert_to(target.position);
        self.forget_after(target.number, target.position);
        Ok(())
    }

    /// The block that is the last one without `depth` blocks.
    fn target(&self, depth: u64) -> Result<Target, RollbackError> {
        let (first, head) = (self.history.first(), self.head().header.number);
        let number = head.checked_sub(depth);
        let block = number.and_then(|number| self.block_at(number));
        let target = block.map(|block| Target {
            number: block.header.number,
            position: block.position,
        });
        target.ok_or(RollbackError::TooDeep {
            depth,
            have: head.saturating_sub(first),
        })
    }

    /// Replaces the last `depth` blocks by as many new ones, with the given transactions at their
    /// places, counted from the first new block.
    ///
    /// # Errors
    /// [`RollbackError`]; after [`RollbackError::Transaction`] the new blocks are there, and after any
    /// other the old ones.
    pub fn reorganise(
        &mut self,
        depth: u64,
        transactions: Vec<(Recovered<TxEnvelope>, u64)>,
    ) -> Result<(), RollbackError> {
        let (target, clock) = (self.target(depth)?, self.clock);
        let replaced = self.block_at(target.number.saturating_add(1));
        let time = replaced.map(|block| block.header.timestamp);
        let taken = Taken {
            blocks: self.history.take_after(target.number),
            undone: self.state.undo_to(target.position),
        };
        // An empty block with the old one's time would be the old one.
        if let Some(time) = time
            && self.clock.peek(self.head().header.timestamp) <= time
        {
            self.clock.hold(time.saturating_add(1));
        }
        let built = self.build(depth, &transactions);
        let put_off = errands::outstanding().map(RollbackError::State);
        match put_off.map_or(built, Err) {
            Ok(refused) => {
                self.history.bury(&taken.blocks);
                self.forget_after(target.number, target.position);
                refused.map_or(Ok(()), Err)
            }
            Err(error) => {
                self.history.forget(target.number);
                self.state.revert_to(target.position);
                self.state.redo(taken.undone);
                self.history.put_back(taken.blocks);
                self.clock = clock;
                Err(error)
            }
        }
    }

    /// Seals `count` blocks with the transactions that have a place in them, and tells of the first one
    /// that could not be included.
    fn build(
        &mut self,
        count: u64,
        transactions: &[(Recovered<TxEnvelope>, u64)],
    ) -> Result<Option<RollbackError>, RollbackError> {
        let mut refused = None;
        for place in 0..count {
            let mut building = self.begin()?;
            for (tx, _) in transactions.iter().filter(|(_, block)| *block == place) {
                if let Err(error) = self.include(&mut building, tx.clone()) {
                    if let TxError::State(error) = error {
                        return Err(error.into());
                    }
                    let (hash, error) = (*tx.tx_hash(), Box::new(error));
                    refused.get_or_insert(RollbackError::Transaction { hash, error });
                }
            }
            self.seal(building)?;
        }
        Ok(refused)
    }
}
