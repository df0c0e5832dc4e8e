//! Undoing changes so that they can be made again.

use alloy_primitives::U256;

use super::{
    State,
    account::Basic,
    undo::{Change, Position},
};

/// Changes that were undone, the last one first.
#[derive(Debug, Default)]
pub struct Undone(Vec<(Change, Known)>);

/// What was known, after a change, of what it changed: nothing where the origin is asked.
#[derive(Debug)]
enum Known {
    Basic(Option<Option<Basic>>),
    Slot(U256, Option<U256>),
    Ground,
}

impl State {
    /// As [`Self::revert_to`], for [`Self::redo`]. It takes as much time and memory as there are changes.
    pub fn undo_to(&mut self, position: Position) -> Undone {
        let mut undone = Vec::new();
        while let Some(change) = self.log.pop_after(position) {
            undone.push((change, self.known(&change)));
            self.undo(change);
        }
        Undone(undone)
    }

    fn known(&self, change: &Change) -> Known {
        let account = self.accounts.get(&change.place().address());
        match change {
            Change::Account { .. } => Known::Basic(account.and_then(|account| account.basic)),
            Change::Slot { slot, .. } => {
                let value = account.and_then(|account| account.storage.get(slot).copied());
                Known::Slot(*slot, value)
            }
            Change::Detached { .. } => Known::Ground,
        }
    }

    /// Makes changes again, on the state that undoing them has left.
    pub fn redo(&mut self, Undone(undone): Undone) {
        for (change, known) in undone.into_iter().rev() {
            let account = self.accounts.entry(change.place().address()).or_default();
            match known {
                Known::Basic(basic) => account.basic = basic,
                Known::Ground => {
                    // What was learned of the origin meanwhile does not hold any more.
                    account.storage.clear();
                    account.is_detached = true;
                }
                Known::Slot(slot, Some(value)) => {
                    account.storage.insert(slot, value);
                }
                Known::Slot(slot, None) => {
                    account.storage.remove(&slot);
                }
            }
            self.log.push(change);
        }
    }
}
