//! What a transaction did, taken from the EVM's journal.

use alloy_primitives::Address;
use revm::{
    primitives::KECCAK_EMPTY,
    state::{Account as EvmAccount, EvmState},
};

use super::{State, account::Basic, undo::Change};
use crate::fork::StateError;

impl State {
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
            self.detach(address);
            return self.set_basic(address, None);
        }
        if account.is_created() {
            self.detach(address);
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

    /// From here on the account's storage is empty, whatever the origin says.
    pub fn detach(&mut self, address: Address) {
        let has_origin = self.origin.is_some();
        let account = self.accounts.entry(address).or_default();
        for (slot, before) in account.storage.drain() {
            self.log.push(Change::Slot {
                address,
                slot,
                before,
            });
        }
        if has_origin && !account.is_detached {
            account.is_detached = true;
            self.log.push(Change::Detached { address });
        }
    }
}
