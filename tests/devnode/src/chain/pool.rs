//! Transactions that wait to be mined, by sender and nonce.

use std::{collections::BTreeMap, sync::Arc};

use alloy_consensus::{Transaction, TxEnvelope, transaction::Recovered};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, map::B256HashMap};
use tokio::sync::oneshot;

use super::{conditions::Conditions, send::TxError};

/// Most transactions in a pool.
const TRANSACTIONS_MAX: usize = 50_000;

/// {byte} Most that the transactions of a pool take together.
const BYTES_MAX: usize = 256 << 20;

/// Learns how a transaction fared that waits for the one before it.
pub type Waiter = oneshot::Sender<Result<B256, TxError>>;

/// A transaction and the conditions under which it may be mined.
pub type Waiting = (Recovered<TxEnvelope>, Option<Arc<Conditions>>);

/// A transaction in the pool.
#[derive(Debug)]
pub struct Pooled {
    /// The transaction.
    pub tx: Recovered<TxEnvelope>,
    /// What must hold when it is mined.
    pub conditions: Option<Arc<Conditions>>,
    /// Its number in order of arrival.
    pub arrival: u64,
    bytes: usize,
    waiter: Option<Waiter>,
}

impl Pooled {
    /// Tells whoever waits how the transaction fared.
    pub fn settle(self, result: Result<B256, TxError>) {
        if let Some(waiter) = self.waiter {
            // Its client may have gone.
            let _ = waiter.send(result);
        }
    }
}

/// The waiting transactions of every sender.
#[derive(Debug, Default)]
pub struct Pool {
    senders: BTreeMap<Address, BTreeMap<u64, Pooled>>,
    places: B256HashMap<(Address, u64)>,
    arrivals: u64,
    bytes: usize,
    version: u64,
}

impl Pool {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Changes whenever the pool does.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Adds a transaction; one with the same sender and nonce is replaced if it offers less.
    ///
    /// # Errors
    /// [`TxError::AlreadyKnown`], [`TxError::Underpriced`], [`TxError::PoolFull`].
    pub fn add(
        &mut self,
        tx: Recovered<TxEnvelope>,
        conditions: Option<Arc<Conditions>>,
        waiter: Option<Waiter>,
    ) -> Result<(), TxError> {
        let (hash, sender, nonce) = (*tx.tx_hash(), tx.signer(), tx.nonce());
        if self.places.contains_key(&hash) {
            return Err(TxError::AlreadyKnown);
        }
        if let Some(present) = self.at(&sender, nonce) {
            if tx.max_fee_per_gas() <= present.tx.max_fee_per_gas() {
                return Err(TxError::Underpriced);
            }
            if let Some(replaced) = self.take(&sender, nonce) {
                replaced.settle(Err(TxError::Replaced { by: hash }));
            }
        }
        let bytes = tx.encode_2718_len();
        if !self.has_room(bytes) {
            self.sweep();
        }
        if !self.has_room(bytes) {
            return Err(TxError::PoolFull);
        }
        let pooled = Pooled {
            tx,
            conditions,
            arrival: self.arrivals,
            bytes,
            waiter,
        };
        self.arrivals = self.arrivals.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
        self.version = self.version.saturating_add(1);
        self.places.insert(hash, (sender, nonce));
        self.senders
            .entry(sender)
            .or_default()
            .insert(nonce, pooled);
        Ok(())
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.places.len() < TRANSACTIONS_MAX && self.bytes.saturating_add(bytes) <= BYTES_MAX
    }

    /// Drops what waits for a client that has gone.
    fn sweep(&mut self) {
        let gone = |pooled: &&Pooled| pooled.waiter.as_ref().is_some_and(Waiter::is_closed);
        let pooled = self.senders.values().flat_map(BTreeMap::values);
        let gone: Vec<_> = pooled
            .filter(gone)
            .map(|pooled| *pooled.tx.tx_hash())
            .collect();
        for hash in gone {
            self.remove(&hash);
        }
    }

    /// The transaction with a sender and nonce.
    pub fn at(&self, sender: &Address, nonce: u64) -> Option<&Pooled> {
        self.senders.get(sender)?.get(&nonce)
    }

    /// The transaction with a hash.
    pub fn get(&self, hash: &B256) -> Option<&Pooled> {
        let (sender, nonce) = self.places.get(hash)?;
        self.at(sender, *nonce)
    }

    /// Takes out the transaction with a sender and nonce.
    pub fn take(&mut self, sender: &Address, nonce: u64) -> Option<Pooled> {
        let queue = self.senders.get_mut(sender)?;
        let pooled = queue.remove(&nonce)?;
        if queue.is_empty() {
            self.senders.remove(sender);
        }
        self.places.remove(pooled.tx.tx_hash());
        self.bytes = self.bytes.saturating_sub(pooled.bytes);
        self.version = self.version.saturating_add(1);
        Some(pooled)
    }

    /// Takes out the transaction with a hash.
    pub fn remove(&mut self, hash: &B256) -> Option<Pooled> {
        let (sender, nonce) = *self.places.get(hash)?;
        self.take(&sender, nonce)
    }

    /// Drops a sender's transactions with nonces below `nonce`, which can never be mined.
    pub fn prune(&mut self, sender: &Address, nonce: u64) {
        while let Some(lowest) = self.lowest(sender).filter(|lowest| *lowest < nonce) {
            if let Some(stale) = self.take(sender, lowest) {
                stale.settle(Err(TxError::NonceTooLow {
                    address: *sender,
                    tx: lowest,
                    state: nonce,
                }));
            }
        }
    }

    fn lowest(&self, sender: &Address) -> Option<u64> {
        Some(*self.senders.get(sender)?.first_key_value()?.0)
    }

    /// Everyone with a transaction in the pool.
    pub fn senders(&self) -> Vec<Address> {
        self.senders.keys().copied().collect()
    }

    /// A sender's transactions in order of nonces.
    pub fn of(&self, sender: &Address) -> impl Iterator<Item = &Pooled> {
        self.senders
            .get(sender)
            .into_iter()
            .flat_map(BTreeMap::values)
    }

    /// The first nonce from `nonce` on that no transaction of the sender has.
    pub fn next_nonce(&self, sender: &Address, nonce: u64) -> u64 {
        let taken = self.senders.get(sender).into_iter().flatten();
        let from = taken
            .map(|(taken, _)| *taken)
            .skip_while(|taken| *taken < nonce);
        from.zip(nonce..)
            .take_while(|(taken, next)| taken == next)
            .last()
            .map_or(nonce, |(taken, _)| taken.saturating_add(1))
    }

    /// The transactions in order of arrival.
    pub fn transactions(&self) -> Vec<Waiting> {
        let mut pooled: Vec<_> = self.senders.values().flat_map(BTreeMap::values).collect();
        pooled.sort_by_key(|pooled| pooled.arrival);
        pooled
            .into_iter()
            .map(|pooled| (pooled.tx.clone(), pooled.conditions.clone()))
            .collect()
    }

    /// Replaces everything.
    pub fn reset(&mut self, transactions: Vec<Waiting>) {
        for sender in self.senders() {
            self.drop_sender(&sender);
        }
        for (tx, conditions) in transactions {
            // They were in a pool, and so fit in one.
            let _ = self.add(tx, conditions, None);
        }
    }

    /// Drops everything of a sender.
    pub fn drop_sender(&mut self, sender: &Address) {
        while let Some(nonce) = self.lowest(sender) {
            if let Some(dropped) = self.take(sender, nonce) {
                dropped.settle(Err(TxError::Dropped));
            }
        }
    }

    /// Lets nobody wait any longer: their transactions stay in the pool.
    pub fn release(&mut self) {
        for pooled in self.senders.values_mut().flat_map(BTreeMap::values_mut) {
            if let Some(waiter) = pooled.waiter.take() {
                let _ = waiter.send(Ok(*pooled.tx.tx_hash()));
            }
        }
    }
}
