//! The undo log: what every change replaced, found again by what it changed.

use alloy_primitives::{Address, U256, map::HashMap};
use serde::{Deserialize, Serialize};

use super::account::Basic;

/// One entry of the undo log: what a change replaced.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Change {
    /// The account's basics were `before` (none: it did not exist).
    Account {
        /// Which account.
        address: Address,
        /// Its basics before the change.
        before: Option<Basic>,
    },
    /// The slot held `before`.
    Slot {
        /// Whose storage.
        address: Address,
        /// Which slot.
        slot: U256,
        /// Its value before the change.
        before: U256,
    },
    /// The account's unknown slots were the origin's.
    Detached {
        /// Which account.
        address: Address,
    },
}

impl Change {
    /// What it changed.
    pub fn place(&self) -> Place {
        match *self {
            Self::Account { address, .. } => Place::Account(address),
            Self::Slot { address, slot, .. } => Place::Slot(address, slot),
            Self::Detached { address } => Place::Ground(address),
        }
    }

    /// Under what it is found.
    fn places(&self) -> [Place; 2] {
        let place = self.place();
        [place, Place::Any(place.address())]
    }
}

/// What a change can replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// An account's basics.
    Account(Address),
    /// A storage slot.
    Slot(Address, U256),
    /// What an account's unknown slots are read from.
    Ground(Address),
    /// Any of an account's.
    Any(Address),
}

impl Place {
    /// Whose it is.
    pub fn address(&self) -> Address {
        match *self {
            Self::Account(address)
            | Self::Slot(address, _)
            | Self::Ground(address)
            | Self::Any(address) => address,
        }
    }
}

/// A position in the undo log.
pub type Position = usize;

/// All changes in order, and of each place the positions at which it was changed, ascending.
#[derive(Clone, Debug, Default)]
pub struct UndoLog {
    changes: Vec<Change>,
    places: HashMap<Place, Vec<Position>>,
    generation: u64,
}

impl UndoLog {
    /// All changes.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Where the next change goes.
    pub fn position(&self) -> Position {
        self.changes.len()
    }

    /// Rises with every change that is added or taken: a position comes back, this does not.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// An empty log in this one's place.
    pub fn fresh(&self) -> Self {
        Self::default().in_place_of(self)
    }

    /// Makes the generation one that the log `before` did not have.
    pub fn in_place_of(self, before: &Self) -> Self {
        let risen = self.generation.saturating_add(1);
        Self {
            generation: before.generation.saturating_add(risen),
            ..self
        }
    }

    /// Adds a change.
    pub fn push(&mut self, change: Change) {
        self.generation = self.generation.saturating_add(1);
        for place in change.places() {
            let positions = self.places.entry(place).or_default();
            positions.push(self.changes.len());
        }
        self.changes.push(change);
    }

    /// Takes the last change, unless it is one before `position`.
    pub fn pop_after(&mut self, position: Position) -> Option<Change> {
        match self.position() > position {
            true => self.pop(),
            false => None,
        }
    }

    /// Takes the last change.
    pub fn pop(&mut self) -> Option<Change> {
        let change = self.changes.pop()?;
        self.generation = self.generation.saturating_add(1);
        for place in change.places() {
            if let Some(positions) = self.places.get_mut(&place) {
                positions.pop();
                if positions.is_empty() {
                    self.places.remove(&place);
                }
            }
        }
        Some(change)
    }

    /// The first change of a place at or after `position`, and its position: what it replaced was there
    /// before. `O(log n)` for `n` changes of the place.
    pub fn first_since(&self, place: &Place, position: Position) -> Option<(Position, &Change)> {
        let first = *self.positions_since(place, position).first()?;
        Some((first, self.changes.get(first)?))
    }

    fn positions_since(&self, place: &Place, position: Position) -> &[Position] {
        if position >= self.position() {
            return &[];
        }
        let positions = self.places.get(place).map_or(&[][..], Vec::as_slice);
        let first = positions.partition_point(|changed| *changed < position);
        positions.get(first..).unwrap_or_default()
    }

    /// The changes at and after `position`, the last one first.
    pub fn since(&self, position: Position) -> impl Iterator<Item = &Change> {
        self.changes.iter().skip(position).rev()
    }
}

impl FromIterator<Change> for UndoLog {
    fn from_iter<I: IntoIterator<Item = Change>>(changes: I) -> Self {
        let mut log = Self::default();
        changes.into_iter().for_each(|change| log.push(change));
        log
    }
}
