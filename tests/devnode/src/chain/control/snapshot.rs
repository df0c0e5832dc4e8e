//! Going back to an earlier state: `evm_snapshot` and `evm_revert`.

use std::collections::BTreeMap;

use alloy_primitives::{B256, U64};

use super::settings::Settings;
use crate::chain::{
    Chain,
    clock::Clock,
    pool::{BYTES_MAX, Mark},
    state::undo::Position,
};

/// Most snapshots at a time, some {byte} 200 each: tests take them by the thousand and seldom go back.
const SNAPSHOTS_MAX: usize = 100_000;

/// A point to come back to.
#[derive(Clone, Debug)]
pub struct Snapshot {
    position: Position,
    head: u64,
    clock: Clock,
    pool: Mark,
    settings: Settings,
}

impl Chain {
    /// Remembers the current state and returns its id. It copies nothing; the oldest snapshots go when
    /// there are too many, or when they keep as much as a full pool.
    pub fn snapshot(&mut self) -> u64 {
        let id = self.next_snapshot;
        self.next_snapshot = id.saturating_add(1);
        let snapshot = Snapshot {
            position: self.state.position(),
            head: self.head().header.number,
            clock: self.clock,
            pool: self.pool.mark(),
            settings: self.settings(),
        };
        self.snapshots.insert(id, snapshot);
        while self.snapshots.len() > SNAPSHOTS_MAX || self.pool.kept() > BYTES_MAX {
            let Some((_, oldest)) = self.snapshots.pop_first() else {
                break;
            };
            self.pool.forget(oldest.pool);
        }
        id
    }

    /// Forgets the snapshots that a chain at a block and a position cannot go back to.
    pub(in crate::chain) fn forget_after(&mut self, head: u64, position: Position) {
        let is_gone =
            |_: &u64, snapshot: &mut Snapshot| snapshot.head > head || snapshot.position > position;
        for (_, gone) in self.snapshots.extract_if(.., is_gone) {
            self.pool.forget(gone.pool);
        }
    }

    /// The snapshots that can be gone back to, with their last blocks.
    pub fn snapshots(&self) -> BTreeMap<U64, (u64, B256)> {
        let snapshots = self.snapshots.iter();
        let heads = snapshots.filter_map(|(id, snapshot)| {
            let block = self.block_at(snapshot.head)?;
            Some((U64::from(*id), (snapshot.head, block.hash)))
        });
        heads.collect()
    }

    /// Goes back to a snapshot, the pool included. It is used up with all later ones. False if there
    /// is none.
    pub fn revert(&mut self, id: u64) -> bool {
        let Some(snapshot) = self.snapshots.remove(&id) else {
            return false;
        };
        self.snapshots.split_off(&id);
        self.history.truncate(snapshot.head);
        self.state.revert_to(snapshot.position);
        self.clock = snapshot.clock;
        self.pool.rewind(snapshot.pool);
        self.restore(snapshot.settings);
        true
    }
}

#[cfg(test)]
mod tests {
    use alloy_consensus::{SignableTransaction, Transaction, TxEip1559, transaction::Recovered};
    use alloy_primitives::{Address, Bytes, Signature, U256};

    use super::*;
    use crate::Config;

    fn ids(chain: &Chain) -> (Option<u64>, usize) {
        let first = chain.snapshots.first_key_value().map(|(id, _)| *id);
        (first, chain.snapshots.len())
    }

    #[test]
    fn the_oldest_snapshots_go_when_there_are_too_many() {
        let mut chain = Chain::new(&Config::default()).unwrap();
        for _ in 0..SNAPSHOTS_MAX {
            chain.snapshot();
        }
        assert_eq!(ids(&chain), (Some(1), SNAPSHOTS_MAX));
        chain.snapshot();
        let last = chain.snapshot();
        assert_eq!(ids(&chain), (Some(3), SNAPSHOTS_MAX));
        assert!(!chain.revert(2));
        assert!(chain.revert(3));
        assert!(!chain.revert(last));
    }

    /// What left the pool after a snapshot is kept with it, until that is too much.
    #[test]
    fn the_oldest_snapshots_go_when_they_keep_too_much() {
        let mut chain = Chain::new(&Config::default()).unwrap();
        let mut leave = |nonce| {
            let tx = TxEip1559 {
                nonce,
                input: Bytes::from(vec![0; BYTES_MAX / 4]),
                ..TxEip1559::default()
            };
            let signature = Signature::new(U256::ONE, U256::ONE, false);
            let tx = tx.into_signed(signature).into();
            let tx = Recovered::new_unchecked(tx, Address::ZERO);
            chain.pool.add(tx, None, None).unwrap();
            let id = chain.snapshot();
            chain.pool.take(&Address::ZERO, nonce);
            (id, chain.pool.kept(), chain.snapshots.len())
        };
        for nonce in 0..3 {
            let (id, kept, count) = leave(nonce);
            assert_eq!((id, count as u64), (nonce + 1, nonce + 1));
            assert!(kept > BYTES_MAX / 4 * count);
        }
        // The fourth is one too many as soon as another snapshot is taken.
        let (_, kept, count) = leave(3);
        assert!(kept > BYTES_MAX && count == 4);
        chain.snapshot();
        assert_eq!(ids(&chain), (Some(2), 4));
        assert!(chain.pool.kept() <= BYTES_MAX);
        assert!(!chain.revert(1));
        assert!(chain.revert(2));
        let back = chain.pool.answered().into_iter();
        let nonces: Vec<_> = back.map(|pooled| pooled.tx.nonce()).collect();
        assert_eq!(nonces, [1]);
    }
}
