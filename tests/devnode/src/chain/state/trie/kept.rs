//! The trie of a state that changes and goes back.

use std::{convert::Infallible, mem};

use alloy_primitives::{
    B256,
    map::{AddressHashMap, HashSet},
};

use super::accounts::Accounts;
use crate::chain::state::{
    account::Account,
    undo::{Change, Place, Position, UndoLog},
};

/// The trie of a state, as the state was when its root was asked for last, and what changed since.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    trie: Accounts,
    /// The part of the undo log that it knows; what is after that changed since.
    position: Position,
    /// What else changed: entries that it knew were taken back, or there were none.
    stale: HashSet<Place>,
}

impl Kept {
    /// The trie as it was then.
    pub fn trie(&self) -> &Accounts {
        &self.trie
    }

    /// What may differ in the state at a position of its log.
    pub fn stale<'a>(
        &'a self,
        log: &'a UndoLog,
        position: Position,
    ) -> impl Iterator<Item = Place> + 'a {
        let changes = log.changes().iter().skip(self.position.min(position));
        self.stale.iter().copied().chain(changes.map(Change::place))
    }

    /// A place changed without an entry.
    pub fn change(&mut self, place: Place) {
        self.stale.insert(place);
    }

    /// The log's last entry was taken back, which leaves it at `position`.
    pub fn take_back(&mut self, place: Place, position: Position) {
        if position < self.position {
            self.position = position;
            self.stale.insert(place);
        }
    }

    /// The log is another one.
    pub fn forget_log(&mut self) {
        self.position = 0;
    }

    /// Brings the trie up to date, and returns its root. What is not among `accounts` is not there.
    pub fn root(&mut self, accounts: &AddressHashMap<Account>, log: &UndoLog) -> B256 {
        let changes = log.changes().iter().skip(self.position);
        let stale = mem::take(&mut self.stale).into_iter();
        let places = stale.chain(changes.map(Change::place));
        let Ok(()) = self.trie.update(
            places,
            |address| {
                let basic = accounts.get(address).and_then(|account| account.basic);
                Ok::<_, Infallible>(basic.flatten())
            },
            |address, slot| {
                let account = accounts.get(address);
                let value = account.and_then(|account| account.storage.get(slot));
                Ok(value.copied().unwrap_or_default())
            },
        );
        self.position = log.position();
        self.trie.root()
    }
}
