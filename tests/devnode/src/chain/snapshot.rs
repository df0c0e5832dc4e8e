//! Going back to an earlier state: `evm_snapshot` and `evm_revert`.

use alloy_consensus::{TxEnvelope, transaction::Recovered};

use super::{Chain, clock::Clock, state::Position};

/// A point to come back to.
#[derive(Clone, Debug)]
pub struct Snapshot {
    position: Position,
    head: u64,
    clock: Clock,
    pool: Vec<Recovered<TxEnvelope>>,
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
        };
        self.snapshots.insert(id, snapshot);
        id
    }

    /// Goes back to a snapshot, the pool included. It is used up with all later ones. False if there is none.
    pub fn revert(&mut self, id: u64) -> bool {
        let Some(snapshot) = self.snapshots.remove(&id) else {
            return false;
        };
        self.snapshots.split_off(&id);
        self.history.truncate(snapshot.head);
        self.state.revert_to(snapshot.position);
        self.clock = snapshot.clock;
        self.pool.reset(snapshot.pool);
        true
    }
}
