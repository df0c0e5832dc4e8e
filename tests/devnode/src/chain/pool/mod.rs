//! Transactions that wait to be mined, by sender and nonce.
//!
//! Going back costs nothing until a transaction leaves: a [`Mark`] is a number in the order of
//! arrivals, and what was there at a mark and has gone since is kept with it, once.

mod drop;
mod marks;
mod pooled;

use std::{collections::BTreeMap, sync::Arc};

use alloy_consensus::{Transaction, TxEnvelope, transaction::Recovered};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, map::B256HashMap};

pub use self::{
    marks::Mark,
    pooled::{Pooled, Waiter},
};
use super::mining::{conditions::Conditions, send::TxError};

/// Most transactions in a pool.
const TRANSACTIONS_MAX: usize = 50_000;

/// {byte} Most that the transactions of a pool take together.
pub(super) const BYTES_MAX: usize = 256 << 20;

/// The waiting transactions of every sender.
#[derive(Debug, Default)]
pub struct Pool {
    senders: BTreeMap<Address, BTreeMap<u64, Pooled>>,
    places: B256HashMap<(Address, u64)>,
    /// What was there at each mark, and left before the next one.
    marks: BTreeMap<Mark, Vec<Pooled>>,
    /// {byte} What the marks keep.
    kept: usize,
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
        if let Some(present) = self.at(&sender, nonce)
            && tx.max_fee_per_gas() <= present.tx.max_fee_per_gas()
        {
            return Err(TxError::Underpriced);
        }
        let conditioned = conditions
            .as_ref()
            .map_or(0, |conditions| conditions.bytes());
        let bytes = tx.encode_2718_len().saturating_add(conditioned);
        if !self.has_room(bytes, &sender, nonce) {
            self.sweep();
        }
        if !self.has_room(bytes, &sender, nonce) {
            return Err(TxError::PoolFull);
        }
        if let Some(replaced) = self.take(&sender, nonce) {
            replaced.settle(Err(TxError::Replaced { by: hash }));
        }
        let pooled = Pooled {
            tx: Arc::new(tx),
            conditions,
            arrival: self.tick(),
            bytes,
            waiter,
        };
        self.insert(pooled);
        Ok(())
    }

    fn insert(&mut self, pooled: Pooled) {
        let (sender, nonce) = (pooled.tx.signer(), pooled.tx.nonce());
        self.bytes = self.bytes.saturating_add(pooled.bytes);
        self.version = self.version.saturating_add(1);
        self.places.insert(*pooled.tx.tx_hash(), (sender, nonce));
        let queue = self.senders.entry(sender).or_default();
        queue.insert(nonce, pooled);
    }

    /// The next number in the order of arrivals.
    fn tick(&mut self) -> u64 {
        let now = self.arrivals;
        self.arrivals = now.saturating_add(1);
        now
    }

    /// Whether a transaction fits when the one in its place has left.
    fn has_room(&self, bytes: usize, sender: &Address, nonce: u64) -> bool {
        let replaced = self.at(sender, nonce);
        let (count, freed) = replaced.map_or((0, 0), |present| (1, present.bytes));
        self.places.len() - count < TRANSACTIONS_MAX
            && self.bytes.saturating_add(bytes) - freed <= BYTES_MAX
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
        if let Some(mut last) = self.marks.last_entry()
            && pooled.arrival < *last.key()
            && let Some(kept) = pooled.keep()
        {
            self.kept = self.kept.saturating_add(kept.bytes);
            last.get_mut().push(kept);
        }
        Some(pooled)
    }

    /// Takes out the transaction with a hash.
    pub fn remove(&mut self, hash: &B256) -> Option<Pooled> {
        let (sender, nonce) = *self.places.get(hash)?;
        self.take(&sender, nonce)
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

    /// The transactions whose senders have an answer, in order of arrival.
    pub fn answered(&self) -> Vec<&Pooled> {
        let all = self.senders.values().flat_map(BTreeMap::values);
        let mut answered: Vec<_> = all.filter(|pooled| pooled.waiter.is_none()).collect();
        answered.sort_by_key(|pooled| pooled.arrival);
        answered
    }

    /// Lets nobody wait any longer: their transactions stay in the pool, as if they had come now.
    pub fn release(&mut self) {
        let queues = self.senders.values_mut().flat_map(BTreeMap::values_mut);
        let mut released: Vec<_> = queues.filter(|pooled| pooled.waiter.is_some()).collect();
        released.sort_by_key(|pooled| pooled.arrival);
        for pooled in released {
            pooled.arrival = self.arrivals;
            self.arrivals = self.arrivals.saturating_add(1);
            if let Some(waiter) = pooled.waiter.take() {
                let _ = waiter.send(Ok(*pooled.tx.tx_hash()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy_consensus::{SignableTransaction, TxEip1559};
    use alloy_primitives::{Bytes, Signature, U256};

    use super::*;

    pub(super) const MIB: usize = 1 << 20;

    pub(super) fn tx(nonce: u64, price: u128, len: usize) -> Recovered<TxEnvelope> {
        let tx = TxEip1559 {
            nonce,
            max_fee_per_gas: price,
            input: Bytes::from(vec![0; len]),
            ..TxEip1559::default()
        };
        let signature = Signature::new(U256::ONE, U256::ONE, false);
        Recovered::new_unchecked(tx.into_signed(signature).into(), Address::ZERO)
    }

    pub(super) fn nonces(pool: &Pool) -> Vec<u64> {
        let answered = pool.answered().into_iter();
        answered.map(|pooled| pooled.tx.nonce()).collect()
    }

    #[test]
    fn a_replacement_that_does_not_fit_leaves_what_is_there() {
        let mut pool = Pool::default();
        for nonce in 0..8 {
            pool.add(tx(nonce, 1, 31 * MIB), None, None).unwrap();
        }
        let first = *pool.at(&Address::ZERO, 0).unwrap().tx.tx_hash();
        let refused = pool.add(tx(0, 2, 40 * MIB), None, None);
        assert!(matches!(refused, Err(TxError::PoolFull)));
        assert!(pool.get(&first).is_some());
        let another = pool.add(tx(8, 2, 9 * MIB), None, None);
        assert!(matches!(another, Err(TxError::PoolFull)));
        pool.add(tx(0, 2, 38 * MIB), None, None).unwrap();
        assert!(pool.get(&first).is_none());
        assert_eq!(nonces(&pool), [1, 2, 3, 4, 5, 6, 7, 0]);
    }

    /// A thousand slots take some 100 KB, though the transaction has 100 bytes.
    #[test]
    fn conditions_take_room() {
        let slots: serde_json::Map<_, _> = (0..1_000)
            .map(|slot| (format!("{slot:#x}"), "0x0".into()))
            .collect();
        let known = serde_json::json!({ "knownAccounts": { Address::ZERO.to_string(): slots } });
        let conditions: Arc<Conditions> = Arc::new(serde_json::from_value(known).unwrap());
        let mut pool = Pool::default();
        let add = |nonce| pool.add(tx(nonce, 1, 0), Some(Arc::clone(&conditions)), None);
        let fate = (0..3_000).map(add).find_map(Result::err);
        assert!(matches!(fate, Some(TxError::PoolFull)), "{fate:?}");
    }
}
