//! World state with an undo log.
//!
//! Every change appends what it replaced to one flat log ([`UndoLog`]). A position in that log names a
//! state: a snapshot is such a position, going back pops entries, and a value in the state after an old
//! block is what the first change since replaced, or else the current one.

pub mod account;
mod commit;
pub mod overlay;
mod past;
pub mod proof;
pub mod redo;
pub mod trie;
pub mod undo;
pub mod view;

use std::sync::Arc;

use alloy_primitives::{
    Address, B256, Bytes, U256,
    map::{AddressHashMap, B256HashMap},
};
use revm::{primitives::KECCAK_EMPTY, state::Bytecode};

use self::{
    account::{Account, Basic},
    trie::kept::Kept,
    undo::{Change, Place, Position, UndoLog},
};
use crate::fork::{Pin, Reason, StateError};

/// Accounts, storage and code, with the log that undoes every change.
#[derive(Clone, Debug, Default)]
pub struct State {
    accounts: AddressHashMap<Account>,
    codes: B256HashMap<Bytecode>,
    log: UndoLog,
    kept: Kept,
    origin: Option<Arc<Pin>>,
    numbers_own_blocks: bool,
}

impl State {
    /// The state of a fork: what is not known is read from `origin`.
    pub fn on(origin: Arc<Pin>) -> Self {
        Self {
            origin: Some(origin),
            ..Self::default()
        }
    }

    /// A state on the same ground of which nothing is known.
    pub fn fresh(&self) -> Self {
        Self {
            log: self.log.fresh(),
            origin: self.origin.clone(),
            numbers_own_blocks: self.numbers_own_blocks,
            ..Self::default()
        }
    }

    /// From here on `BLOCKHASH` speaks of this chain's blocks, and not of an L1's.
    pub fn number_own_blocks(&mut self) {
        self.numbers_own_blocks = true;
    }

    /// Whether `BLOCKHASH` speaks of this chain's blocks.
    pub fn numbers_own_blocks(&self) -> bool {
        self.numbers_own_blocks
    }

    /// What a fork's unknown state is read from.
    pub fn origin(&self) -> Option<&Arc<Pin>> {
        self.origin.as_ref()
    }

    /// The account's basics, if it exists.
    pub fn basic(&self, address: &Address) -> Result<Option<Basic>, StateError> {
        let account = self.accounts.get(address);
        match (account.and_then(|account| account.basic), &self.origin) {
            (Some(basic), _) => Ok(basic),
            (None, Some(origin)) => Ok(origin.account(address)?.map(Basic::from)),
            (None, None) => Ok(None),
        }
    }

    /// The value of a storage slot.
    pub fn slot(&self, address: &Address, slot: &U256) -> Result<U256, StateError> {
        let account = self.accounts.get(address);
        let is_attached = !account.is_some_and(|account| account.is_detached);
        self.slot_if(address, slot, is_attached)
    }

    /// As [`Self::slot`], with unknown slots read from the origin if the account `is_attached`.
    fn slot_if(
        &self,
        address: &Address,
        slot: &U256,
        is_attached: bool,
    ) -> Result<U256, StateError> {
        let account = self.accounts.get(address);
        match account.and_then(|account| account.storage.get(slot)) {
            Some(value) => Ok(*value),
            None if is_attached => self.slot_below(address, slot),
            None => Ok(U256::ZERO),
        }
    }

    /// The origin's value of a slot; zero without one.
    fn slot_below(&self, address: &Address, slot: &U256) -> Result<U256, StateError> {
        match &self.origin {
            Some(origin) => origin.slot(address, slot),
            None => Ok(U256::ZERO),
        }
    }

    /// The code behind a hash; empty for an unknown one.
    ///
    /// # Errors
    /// On a fork, where a hash is known by an account whose code was read with it, there are no unknown
    /// ones.
    pub fn code(&self, hash: &B256) -> Result<Bytecode, StateError> {
        if let Some(code) = self.codes.get(hash) {
            return Ok(code.clone());
        }
        let Some(origin) = &self.origin else {
            return Ok(Bytecode::default());
        };
        match origin.code(hash) {
            Some(code) => Ok(bytecode(code)),
            None if *hash == KECCAK_EMPTY || hash.is_zero() => Ok(Bytecode::default()),
            None => {
                let reason = Reason::Answer("no account with this code was read".into());
                Err(origin.error(&format!("the code with hash {hash}"), reason))
            }
        }
    }

    /// The current position in the undo log.
    pub fn position(&self) -> Position {
        self.log.position()
    }

    /// Differs between any two states that this one was.
    pub fn generation(&self) -> u64 {
        self.log.generation()
    }

    /// Replaces an account's basics; empty ones delete it (EIP-161).
    pub fn set_basic(&mut self, address: Address, basic: Option<Basic>) -> Result<(), StateError> {
        let after = basic.filter(|basic| !basic.is_empty());
        let before = self.basic(&address)?;
        if before != after {
            self.log.push(Change::Account { address, before });
            self.accounts.entry(address).or_default().basic = Some(after);
        }
        Ok(())
    }

    /// Replaces a storage slot.
    pub fn set_slot(
        &mut self,
        address: Address,
        slot: U256,
        value: U256,
    ) -> Result<(), StateError> {
        let before = self.slot(&address, &slot)?;
        if before != value {
            self.put(address, slot, value);
            self.log.push(Change::Slot {
                address,
                slot,
                before,
            });
        }
        Ok(())
    }

    /// Replaces an account's code.
    pub fn set_code(&mut self, address: Address, code: Bytecode) -> Result<(), StateError> {
        let basic = self.basic(&address)?.unwrap_or_default();
        let code_hash = self.add_code(code);
        self.set_basic(address, Some(Basic { code_hash, ..basic }))
    }

    /// Stores an account as it was dumped, without an entry in the undo log.
    pub fn put_account(&mut self, address: Address, account: Account) {
        if self.origin.is_none() {
            self.kept.change(Place::Account(address));
            for slot in account.storage.keys() {
                self.kept.change(Place::Slot(address, *slot));
            }
        }
        self.accounts.insert(address, account);
    }

    /// Stores code under its hash.
    pub fn add_code(&mut self, code: Bytecode) -> B256 {
        let hash = code.hash_slow();
        if hash != KECCAK_EMPTY {
            self.codes.entry(hash).or_insert(code);
        }
        hash
    }

    /// Where there is no origin below it zero is absence: storage keeps no zero values.
    fn put(&mut self, address: Address, slot: U256, value: U256) {
        let account = self.accounts.entry(address).or_default();
        match value.is_zero() && (self.origin.is_none() || account.is_detached) {
            true => account.storage.remove(&slot),
            false => account.storage.insert(slot, value),
        };
    }

    /// Undoes every change after `position`.
    pub fn revert_to(&mut self, position: Position) {
        while let Some(change) = self.log.pop_after(position) {
            self.undo(change);
        }
    }

    /// Undoes a change that was taken off the log.
    fn undo(&mut self, change: Change) {
        self.kept.take_back(change.place(), self.log.position());
        match change {
            Change::Account { address, before } => {
                self.accounts.entry(address).or_default().basic = Some(before);
            }
            Change::Slot {
                address,
                slot,
                before,
            } => self.put(address, slot, before),
            Change::Detached { address } => {
                self.accounts.entry(address).or_default().is_detached = false;
            }
        }
    }

    /// The root of the state's trie; zero on a fork, of whose state a part is known.
    pub fn root(&mut self) -> B256 {
        if self.origin.is_some() {
            return B256::ZERO;
        }
        self.kept.root(&self.accounts, &self.log)
    }

    /// The state's trie, without what changed since its root was asked for.
    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    /// Every account of which something is known: all that exist, except on a fork.
    pub fn accounts(&self) -> impl Iterator<Item = (&Address, &Account)> {
        self.accounts.iter().filter(|(_, account)| {
            let exists = matches!(account.basic, Some(Some(_))) || !account.storage.is_empty();
            exists || self.origin.is_some()
        })
    }

    /// Every slot of an account of which something is known: all that are not zero, except on a fork.
    pub fn slots_of(&self, address: Address) -> impl Iterator<Item = U256> {
        let account = self.accounts.get(&address).into_iter();
        account.flat_map(|account| account.storage.keys().copied())
    }

    /// Every code that was ever deployed.
    pub fn codes(&self) -> impl Iterator<Item = &Bytecode> {
        self.codes.values()
    }

    /// The undo log.
    pub fn log(&self) -> &UndoLog {
        &self.log
    }

    /// Replaces the undo log, for a state that was read from a dump.
    pub fn set_log(&mut self, log: UndoLog) {
        self.log = log.in_place_of(&self.log);
        self.kept.forget_log();
    }
}

/// Code as it runs. A delegation that is not one runs as what it is.
pub fn bytecode(code: Bytes) -> Bytecode {
    Bytecode::new_raw_checked(code.clone()).unwrap_or_else(|_| Bytecode::new_legacy(code))
}

#[cfg(test)]
mod histories;

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: Address = Address::repeat_byte(1);

    fn rich(balance: u64) -> Option<Basic> {
        Some(Basic {
            balance: U256::from(balance),
            ..Basic::default()
        })
    }

    #[test]
    fn revert_restores_accounts_and_slots() {
        let mut state = State::default();
        state.set_basic(ALICE, rich(5)).unwrap();
        state.set_slot(ALICE, U256::ONE, U256::from(7)).unwrap();
        let before = state.position();
        state.set_basic(ALICE, rich(6)).unwrap();
        state.set_slot(ALICE, U256::ONE, U256::ZERO).unwrap();
        state.set_slot(ALICE, U256::from(2), U256::ONE).unwrap();
        state.revert_to(before);
        assert_eq!(state.basic(&ALICE).unwrap(), rich(5));
        assert_eq!(state.slot(&ALICE, &U256::ONE).unwrap(), U256::from(7));
        assert_eq!(state.slot(&ALICE, &U256::from(2)).unwrap(), U256::ZERO);
        assert_eq!(state.position(), before);
    }

    #[test]
    fn the_past_is_the_oldest_replaced_value() {
        let mut state = State::default();
        state.set_slot(ALICE, U256::ONE, U256::from(1)).unwrap();
        let then = state.position();
        state.set_slot(ALICE, U256::ONE, U256::from(2)).unwrap();
        state.set_slot(ALICE, U256::ONE, U256::from(3)).unwrap();
        state.set_basic(ALICE, rich(9)).unwrap();
        let slot = |slot, position| state.slot_at(&ALICE, &U256::from(slot), position).unwrap();
        assert_eq!(slot(1, then), U256::from(1));
        assert_eq!(slot(1, then + 1), U256::from(2));
        assert_eq!(slot(1, state.position()), U256::from(3));
        assert_eq!(slot(2, then), U256::ZERO);
        assert_eq!(state.basic_at(&ALICE, then).unwrap(), None);
    }

    #[test]
    fn unchanged_writes_leave_no_trace() {
        let mut state = State::default();
        state.set_basic(ALICE, None).unwrap();
        state.set_slot(ALICE, U256::ONE, U256::ZERO).unwrap();
        assert_eq!(state.position(), 0);
    }
}
