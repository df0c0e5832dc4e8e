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
