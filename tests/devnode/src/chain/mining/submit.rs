//! What becomes of a transaction that is sent: it is mined at once, or waits.

use std::{mem, sync::Arc};

use alloy_consensus::{Transaction, TxEnvelope, transaction::Recovered};
use alloy_primitives::{Address, B256};
use tokio::sync::oneshot;

use super::{Mining, conditions::Conditions, send::TxError};
use crate::{chain::Chain, errands, fork::StateError};

/// What became of a transaction that was taken.
#[derive(Debug)]
pub enum Submitted {
    /// It is mined, or waits in the pool.
    Taken(B256),
    /// It waits for the one before it.
    Waiting {
        /// Tells how it fared.
        fate: oneshot::Receiver<Result<B256, TxError>>,
        /// What its sender had done.
        seen: Seen,
    },
}

/// What a sender has done: a nonce that moves or a new transaction is a sign that more will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    nonce: u64,
    last_arrival: Option<u64>,
}

impl Chain {
    /// Takes a transaction: mines it, or puts it into the pool. What waited for it is left to
    /// [`Self::catch_up`].
    ///
    /// # Errors
    /// [`TxError`]
    pub fn submit(
        &mut self,
        tx: Recovered<TxEnvelope>,
        conditions: Option<Arc<Conditions>>,
    ) -> Result<Submitted, TxError> {
        let (hash, sender) = (*tx.tx_hash(), tx.signer());
        self.check_conditions(&conditions)?;
        let state = self.check(&self.latest(), &tx, self.base_fee()?)?;
        self.check_sender(tx.signer())?;
        if self.mining != Mining::Auto {
            self.check_start(&tx)?;
            self.pool.add(tx, conditions, None)?;
            return Ok(Submitted::Taken(hash));
        }
        if tx.nonce() > state {
            let (waiter, fate) = oneshot::channel();
            self.pool.add(tx, conditions, Some(waiter))?;
            let seen = self.seen(&sender, state);
            return Ok(Submitted::Waiting { fate, seen });
        }
        self.send(tx)?;
        Ok(Submitted::Taken(hash))
    }

    /// Checks conditions against the state now and the block to come.
    pub(super) fn check_conditions(
        &self,
        conditions: &Option<Arc<Conditions>>,
    ) -> Result<(), TxError> {
        let Some(conditions) = conditions else {
            return Ok(());
        };
        let head = &self.head().header;
        let (number, time) = (
            head.number.saturating_add(1),
            self.clock.peek(head.timestamp),
        );
        let block = self.environment(number, time, self.base_fee()?);
        conditions
            .check(&self.latest(), &block, self.fork.is_some())
            .map_err(Box::new)?;
        Ok(())
    }

    /// With automatic mining, mines what waited for the sender's last transaction, each in a block of
    /// its own.
    ///
    /// # Errors
    /// The nonce cannot be read, or state was not read yet; what is mined then stays.
    pub fn catch_up(&mut self, sender: &Address) -> Result<(), StateError> {
        while self.mining == Mining::Auto && !self.pool.is_empty() {
            let nonce = self.nonce(sender)?;
            self.pool.prune(sender, nonce);
            let Some(next) = self.pool.at(sender, nonce) else {
                break;
            };
            let (tx, conditions) = (Recovered::clone(&next.tx), next.conditions.clone());
            let result = self
                .check_conditions(&conditions)
                .and_then(|()| self.send(tx));
            if let Some(put_off) = errands::outstanding() {
                return Err(put_off);
            }
            if let Some(next) = self.pool.take(sender, nonce) {
                next.settle(result);
            }
            self.keep();
        }
        Ok(())
    }

    /// Gives up a transaction that waited in vain, and returns what to tell its sender. None if it
    /// waits no more, or if the sender has moved on from `seen`, which is renewed.
    ///
    /// # Errors
    /// The nonce cannot be read.
    pub fn give_up(&mut self, hash: &B256, seen: &mut Seen) -> Result<Option<TxError>, StateError> {
        let Some(pooled) = self.pool.get(hash) else {
            return Ok(None);
        };
        let (address, tx) = (pooled.tx.signer(), pooled.tx.nonce());
        let state = self.nonce(&address)?;
        let now = self.seen(&address, state);
        if mem::replace(seen, now) != now {
            return Ok(None);
        }
        self.pool.remove(hash);
        Ok(Some(TxError::NonceTooHigh { address, tx, state }))
    }

    fn seen(&self, sender: &Address, nonce: u64) -> Seen {
        let arrivals = self.pool.of(sender).map(|pooled| pooled.arrival);
        Seen {
            nonce,
            last_arrival: arrivals.max(),
        }
    }

    /// Takes a transaction out of the pool. False if it is not there.
    pub fn drop_transaction(&mut self, hash: &B256) -> bool {
        let dropped = self.pool.remove(hash);
        let found = dropped.is_some();
        if let Some(dropped) = dropped {
            dropped.settle(Err(TxError::Dropped));
        }
        found
    }

    /// The account's nonce after the last block.
    pub fn nonce(&self, address: &Address) -> Result<u64, StateError> {
        Ok(self.latest().account(address)?.unwrap_or_default().nonce)
    }

    /// The account's nonce after what waits in the pool.
    pub fn pending_nonce(&self, address: &Address) -> Result<u64, StateError> {
        Ok(self.pool.next_nonce(address, self.nonce(address)?))
    }
}
