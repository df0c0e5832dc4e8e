//! How transactions leave a pool without having been mined.

use std::collections::BTreeMap;

use alloy_primitives::Address;

use super::{Pool, Pooled, Waiter};
use crate::chain::mining::send::TxError;

impl Pool {
    /// Drops what waits for a client that has gone.
    pub(super) fn sweep(&mut self) {
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

    /// Drops everything, and forgets the marks.
    pub fn clear(&mut self) {
        self.marks.clear();
        self.kept = 0;
        self.drop_all();
    }

    /// Drops everything.
    pub fn drop_all(&mut self) {
        self.drop_where(|_| true);
    }

    /// Drops everything of a sender.
    pub fn drop_sender(&mut self, sender: &Address) {
        while let Some(nonce) = self.lowest(sender) {
            if let Some(dropped) = self.take(sender, nonce) {
                dropped.settle(Err(TxError::Dropped));
            }
        }
    }

    /// Drops what waits for its predecessor.
    pub fn drop_waiting(&mut self) {
        self.drop_where(|pooled| pooled.waiter.is_some());
    }

    pub(super) fn drop_where(&mut self, condition: impl Fn(&Pooled) -> bool) {
        let all = self.senders.values().flat_map(BTreeMap::values);
        let dropped = all.filter(|pooled| condition(pooled));
        let hashes: Vec<_> = dropped.map(|pooled| *pooled.tx.tx_hash()).collect();
        for hash in hashes {
            if let Some(dropped) = self.remove(&hash) {
                dropped.settle(Err(TxError::Dropped));
            }
        }
    }
}
