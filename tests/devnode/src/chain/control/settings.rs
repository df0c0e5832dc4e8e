//! What test methods change in the chain as a whole.

use alloy_consensus::{TxEnvelope, transaction::Recovered};
use alloy_primitives::{Address, B256, U256};
use thiserror::Error;

use crate::{
    arbos::slots::{ARBOS, ROOT, offset, space},
    chain::{Chain, mining::send::TxError, state::undo::Position},
    errands,
    fork::StateError,
};

/// Settings that a snapshot brings back and a dump keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Chain id.
    pub chain_id: u64,
    /// `block.coinbase`
    pub coinbase: Address,
    /// {gas} Limit of a block.
    pub gas_limit: u64,
}

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

impl Chain {
    /// The settings in force.
    pub fn settings(&self) -> Settings {
        Settings {
            chain_id: self.chain_id(),
            coinbase: self.coinbase,
            gas_limit: self.gas_limit,
        }
    }

    pub(in crate::chain) fn restore(&mut self, settings: Settings) {
        self.chain_id = settings.chain_id;
        self.coinbase = settings.coinbase;
        self.gas_limit = settings.gas_limit;
    }

    /// Goes back to the start: genesis, or the block from which the chain was forked. The way of
    /// mining stays, and compiled programs do.
    pub fn reset(&mut self) {
        let first = self.history.first();
        let position = self.block_at(first).map_or(0, |block| block.position);
        self.history.truncate(first);
        self.state.revert_to(position);
        self.snapshots.clear();
        self.pool.clear();
        self.impersonated.clear();
        self.impersonate_all = false;
        let (clock, settings) = self.start;
        self.clock = clock;
        self.restore(settings);
    }

    /// Changes the chain id, in ArbOS state too.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn set_chain_id(&mut self, chain_id: u64) -> Result<(), StateError> {
        let slot = ROOT.slot(offset::CHAIN_ID);
        self.state.set_slot(ARBOS, slot, U256::from(chain_id))?;
        self.chain_id = chain_id;
        Ok(())
    }

    /// {wei/gas} Sets the base fee of the next block, whose start makes the price anew.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn set_base_fee(&mut self, fee: u64) -> Result<(), StateError> {
        let slot = ROOT.child(space::L2_PRICING).slot(offset::l2::BASE_FEE);
        self.state.set_slot(ARBOS, slot, U256::from(fee))
    }

    /// {wei/gas} Sets the least base fee in ArbOS state, and raises the base fee to it.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn set_base_fee_min(&mut self, fee: u64) -> Result<(), StateError> {
        let slot = ROOT.child(space::L2_PRICING).slot(offset::l2::BASE_FEE_MIN);
        self.state.set_slot(ARBOS, slot, U256::from(fee))?;
        match self.base_fee()? < fee {
            true => self.set_base_fee(fee),
            false => Ok(()),
        }
    }

    /// Takes back the last `depth` blocks and all that followed the one before them.
    ///
    /// # Errors
    /// [`RollbackError::TooDeep`]
    pub fn rollback(&mut self, depth: u64) -> Result<(), RollbackError> {
        let (number, position) = self.take_back(depth)?;
        self.forget_after(number, position);
        Ok(())
    }

    /// As [`Self::rollback`], with snapshots left that cannot be gone back to. The number of the block
    /// that is the last one now, and its position.
    fn take_back(&mut self, depth: u64) -> Result<(u64, Position), RollbackError> {
        let (first, head) = (self.history.first(), self.head().header.number);
        let have = head.saturating_sub(first);
        let target = head
            .checked_sub(depth)
            .and_then(|number| self.block_at(number));
        let Some((number, position)) = target.map(|block| (block.header.number, block.position))
        else {
            return Err(RollbackError::TooDeep { depth, have });
        };
        self.history.truncate(number);
        self.state.revert_to(position);
        Ok((number, position))
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
        // The undo log does not bring back what is taken back.
        let kept = errands::puts_off().then(|| (self.state.clone(), self.history.clone()));
        let clock = self.clock;
        let replaced = self.replace_blocks(depth, transactions);
        let put_off = errands::outstanding().map(RollbackError::State);
        match (put_off.map_or(replaced, Err), kept) {
            (Ok((number, position, failed)), _) => {
                self.forget_after(number, position);
                failed.map_or(Ok(()), Err)
            }
            (Err(error), kept) => {
                if let Some(kept) = kept {
                    (self.state, self.history) = kept;
                    self.clock = clock;
                }
                Err(error)
            }
        }
    }

    fn replace_blocks(
        &mut self,
        depth: u64,
        transactions: Vec<(Recovered<TxEnvelope>, u64)>,
    ) -> Result<(u64, Position, Option<RollbackError>), RollbackError> {
        let replaced = self
            .head()
            .header
            .number
            .checked_sub(depth.saturating_sub(1));
        let time = replaced
            .and_then(|number| self.block_at(number))
            .map(|block| block.header.timestamp);
        let (number, position) = self.take_back(depth)?;
        // An empty block with the old one's time would be the old one.
        if let Some(time) = time
            && self.clock.peek(self.head().header.timestamp) <= time
        {
            self.clock.hold(time.saturating_add(1));
        }
        let mut failed = None;
        for place in 0..depth {
            let mut building = self.begin()?;
            for (tx, _) in transactions.iter().filter(|(_, block)| *block == place) {
                if let Err(error) = self.include(&mut building, tx.clone()) {
                    if let TxError::State(error) = error {
                        return Err(error.into());
                    }
                    let (hash, error) = (*tx.tx_hash(), Box::new(error));
                    failed.get_or_insert(RollbackError::Transaction { hash, error });
                }
            }
            self.seal(building)?;
        }
        Ok((number, position, failed))
    }
}
