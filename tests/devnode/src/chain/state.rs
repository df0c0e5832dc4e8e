//! World state with an undo log.
//!
//! Every change appends what it replaced to one flat log. A position in that log names a state: a
//! snapshot is such a position, going back pops entries, and the state after an old block is the
//! current one seen through the entries that followed it ([`State::past`]).

use alloy_primitives::{
    Address, B256, U256,
    map::{AddressHashMap, B256HashMap, HashMap},
};
use revm::{
    primitives::KECCAK_EMPTY,
    state::{Account as EvmAccount, AccountInfo, Bytecode, EvmState},
};
use serde::{Deserialize, Serialize};

use super::overlay::Overlay;
use crate::fork::StateError;

/// Balance, nonce and code hash of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basic {
    /// {wei}
    pub balance: U256,
    /// Transactions sent, or contracts created.
    pub nonce: u64,
    /// Keccak of the code.
    pub code_hash: B256,
}

impl Default for Basic {
    fn default() -> Self {
        Self {
            balance: U256::ZERO,
            nonce: 0,
            code_hash: KECCAK_EMPTY,
        }
    }
}

impl Basic {
    /// What revm knows of an account. It writes "no code" in two ways.
    pub(super) fn of(info: &AccountInfo) -> Self {
        let code_hash = match info.code_hash {
            B256::ZERO => KECCAK_EMPTY,
            hash => hash,
        };
        Self {
            balance: info.balance,
            nonce: info.nonce,
            code_hash,
        }
    }

    /// Whether it is as good as no account (EIP-161).
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Clone, Debug, Default)]
struct Account {
    basic: Option<Basic>,
    storage: HashMap<U256, U256>,
}

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
}

/// A position in the undo log.
pub type Position = usize;

/// Accounts, storage and code, with the log that undoes every change.
#[derive(Clone, Debug, Default)]
pub struct State {
    accounts: AddressHashMap<Account>,
    codes: B256HashMap<Bytecode>,
    log: Vec<Change>,
}

impl State {
    /// The account's basics, if it exists.
    pub fn basic(&self, address: &Address) -> Result<Option<Basic>, StateError> {
        let account = self.accounts.get(address);
        Ok(account.and_then(|account| account.basic))
    }

    /// The value of a storage slot.
    pub fn slot(&self, address: &Address, slot: &U256) -> Result<U256, StateError> {
        let account = self.accounts.get(address);
        let value = account.and_then(|account| account.storage.get(slot));
        Ok(value.copied().unwrap_or_default())
    }

    /// The code behind a hash; empty for an unknown one.
    pub fn code(&self, hash: &B256) -> Result<Bytecode, StateError> {
        Ok(self.codes.get(hash).cloned().unwrap_or_default())
    }

    /// The current position in the undo log.
    pub fn position(&self) -> Position {
        self.log.len()
    }

    /// Replaces an account's basics; empty ones delete it (EIP-161).
    pub fn set_basic(&mut self, address: Address, basic: Option<Basic>) -> Result<(), StateError> {
        let after = basic.filter(|basic| !basic.is_empty());
        let before = self.basic(&address)?;
        if before != after {
            self.log.push(Change::Account { address, before });
            self.accounts.entry(address).or_default().basic = after;
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
            put(
                &mut self.accounts.entry(address).or_default().storage,
                slot,
                value,
            );
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
    pub fn put_account(
        &mut self,
        address: Address,
        basic: Option<Basic>,
        storage: HashMap<U256, U256>,
    ) {
        self.accounts.insert(address, Account { basic, storage });
    }

    /// Stores code under its hash.
    pub fn add_code(&mut self, code: Bytecode) -> B256 {
        let hash = code.hash_slow();
        if hash != KECCAK_EMPTY {
            self.codes.entry(hash).or_insert(code);
        }
        hash
    }

    /// Applies what a transaction left in the EVM's journal: all of it, or with an error nothing.
    pub fn commit(&mut self, changes: EvmState) -> Result<(), StateError> {
        let before = self.position();
        for (address, account) in changes {
            if account.is_touched()
                && let Err(error) = self.commit_account(address, account)
            {
                self.revert_to(before);
                return Err(error);
            }
        }
        Ok(())
    }

    fn commit_account(
        &mut self,
        address: Address,
        mut account: EvmAccount,
    ) -> Result<(), StateError> {
        if account.is_selfdestructed() {
            self.clear_storage(address);
            return self.set_basic(address, None);
        }
        if let Some(code) = account.info.code.take()
            && account.info.code_hash != KECCAK_EMPTY
        {
            self.codes.entry(account.info.code_hash).or_insert(code);
        }
        self.set_basic(address, Some(Basic::of(&account.info)))?;
        for (slot, value) in account.storage {
            if value.is_changed() {
                self.set_slot(address, slot, value.present_value)?;
            }
        }
        Ok(())
    }

    fn clear_storage(&mut self, address: Address) {
        if let Some(account) = self.accounts.get_mut(&address) {
            let log = &mut self.log;
            log.extend(account.storage.drain().map(|(slot, before)| Change::Slot {
                address,
                slot,
                before,
            }));
        }
    }

    /// Undoes every change after `position`.
    pub fn revert_to(&mut self, position: Position) {
        while self.log.len() > position {
            match self.log.pop() {
                Some(Change::Account { address, before }) => {
                    self.accounts.entry(address).or_default().basic = before;
                }
                Some(Change::Slot {
                    address,
                    slot,
                    before,
                }) => {
                    let storage = &mut self.accounts.entry(address).or_default().storage;
                    put(storage, slot, before);
                }
                None => return,
            }
        }
    }

    /// What to lay over the current state to see the one at `position`.
    pub fn past(&self, position: Position) -> Overlay {
        let mut overlay = Overlay::default();
        for change in self.log.iter().skip(position).rev() {
            match *change {
                Change::Account { address, before } => overlay.set_basic(address, before),
                Change::Slot {
                    address,
                    slot,
                    before,
                } => overlay.set_slot(address, slot, before),
            }
        }
        overlay
    }

    /// Every existing account: basics, code and storage.
    pub fn accounts(
        &self,
    ) -> impl Iterator<Item = (&Address, Option<&Basic>, &HashMap<U256, U256>)> {
        self.accounts
            .iter()
            .filter(|(_, account)| account.basic.is_some() || !account.storage.is_empty())
            .map(|(address, account)| (address, account.basic.as_ref(), &account.storage))
    }

    /// The slots of an account that are not zero.
    pub fn storage(&self, address: &Address) -> impl Iterator<Item = (U256, U256)> {
        let account = self.accounts.get(address).into_iter();
        account.flat_map(|account| account.storage.iter().map(|(slot, value)| (*slot, *value)))
    }

    /// Every code that was ever deployed.
    pub fn codes(&self) -> impl Iterator<Item = &Bytecode> {
        self.codes.values()
    }

    /// The undo log.
    pub fn log(&self) -> &[Change] {
        &self.log
    }

    /// Replaces the undo log, for a state that was read from a dump.
    pub fn set_log(&mut self, log: Vec<Change>) {
        self.log = log;
    }
}

/// Zero is absence: storage keeps no zero values.
fn put(storage: &mut HashMap<U256, U256>, slot: U256, value: U256) {
    match value.is_zero() {
        true => storage.remove(&slot),
        false => storage.insert(slot, value),
    };
}

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
        let past = state.past(then);
        assert_eq!(past.slot(&ALICE, &U256::ONE), Some(U256::from(1)));
        assert_eq!(past.basic(&ALICE), Some(None));
        assert_eq!(past.slot(&ALICE, &U256::from(2)), None);
    }

    #[test]
    fn unchanged_writes_leave_no_trace() {
        let mut state = State::default();
        state.set_basic(ALICE, None).unwrap();
        state.set_slot(ALICE, U256::ONE, U256::ZERO).unwrap();
        assert_eq!(state.position(), 0);
    }
}
