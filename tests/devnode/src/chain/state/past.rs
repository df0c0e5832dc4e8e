//! What was there before.

use alloy_primitives::{Address, B256, U256, map::B256HashSet};
use revm::{primitives::KECCAK_EMPTY, state::Bytecode};

use super::{
    State,
    account::Basic,
    undo::{Change, Place, Position},
};
use crate::fork::StateError;

impl State {
    /// As [`Self::basic`], at a position.
    pub fn basic_at(
        &self,
        address: &Address,
        position: Position,
    ) -> Result<Option<Basic>, StateError> {
        match self.log.first_since(&Place::Account(*address), position) {
            Some((_, Change::Account { before, .. })) => Ok(*before),
            _ => self.basic(address),
        }
    }

    /// As [`Self::slot`], at a position.
    pub fn slot_at(
        &self,
        address: &Address,
        slot: &U256,
        position: Position,
    ) -> Result<U256, StateError> {
        let ground = self.log.first_since(&Place::Ground(*address), position);
        let changed = self
            .log
            .first_since(&Place::Slot(*address, *slot), position);
        match (changed, ground) {
            // Zero for being unknown, and before that the origin's: a known zero is logged there.
            (Some((at, Change::Slot { before, .. })), Some((detached, _)))
                if before.is_zero() && detached < at =>
            {
                self.slot_below(address, slot)
            }
            (Some((_, Change::Slot { before, .. })), _) => Ok(*before),
            (_, Some(_)) => self.slot_if(address, slot, true),
            (_, None) => self.slot(address, slot),
        }
    }

    /// Whether something of the account was changed before `until`.
    pub fn has_changed(&self, address: &Address, until: Position) -> bool {
        let first = self.log.first_since(&Place::Any(*address), 0);
        first.is_some_and(|(position, _)| position < until)
    }

    /// The codes of all accounts, now and in the undo log, by their hashes. `Err` is a hash without code.
    pub fn codes_of_accounts(&self) -> impl Iterator<Item = Result<Bytecode, B256>> {
        let now = self.accounts.values().filter_map(|account| account.basic?);
        let before = self.log.changes().iter().filter_map(|change| match change {
            Change::Account { before, .. } => *before,
            _ => None,
        });
        let hashes: B256HashSet = now.chain(before).map(|basic| basic.code_hash).collect();
        hashes
            .into_iter()
            .filter(|hash| *hash != KECCAK_EMPTY)
            .map(|hash| {
                let code = self.code(&hash).ok().filter(|code| !code.is_empty());
                code.ok_or(hash)
            })
    }
}
