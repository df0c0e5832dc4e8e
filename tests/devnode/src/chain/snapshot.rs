//! Going back to an earlier state: `evm_snapshot` and `evm_revert`.

use std::collections::BTreeMap;

use alloy_primitives::{B256, U64};

use super::{Chain, clock::Clock, pool::Waiting, settings::Settings, state::Position};

/// A point to come back to.
#[derive(Clone, Debug)]
pub struct Snapshot {
    position: Position,
    head: u64,
    clock: Clock,
    pool: Vec<Waiting>,
    settings: Settings,
}

impl Snapshot {
    /// Whether the chain at a block and a position can still go back to it.
    pub(super) fn is_before(&self, head: u64, position: Position) -> bool {
        self.head <= head && self.position <= position
    }
}

impl Chain {
    /// Remembers the current state and returns its id.
    pub fn snapshot(&mut self) -> u64 {
        let id = self.next_snapshot;
        self.next_snapshot = id.saturating_add(1);
        let snapshot = Snapshot {
            position: self.state.position(),
            head: self.head().header.number,
            clock: self.clock,
            pool: self.pool.transactions(),
            settings: self.settings(),
        };
        self.snapshots.insert(id, snapshot);
        id
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
        self.pool.reset(snapshot.pool);
        self.restore(snapshot.settings);
        true
    }
}
