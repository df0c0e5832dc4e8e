//! The share token: a plain ERC-20 with the errors of ERC-6093. No hook, no lock-up, no fee.

use alloc::string::String;

use alloy_primitives::{Address, B256, U256};
use stylus_sdk::prelude::*;

use crate::{
    Vault,
    errors::{
        ERC20InsufficientAllowance, ERC20InsufficientBalance, ERC20InvalidReceiver,
        ERC20InvalidSpender, Revert, revert,
    },
    events::{Approval, Transfer, emit},
    registry::{add, sub},
};

/// Text of a zero-padded word. Each byte is one character, so ASCII reads as written.
pub(crate) fn text(word: B256) -> String {
    word.iter()
        .take_while(|byte| **byte != 0)
        .map(|byte| char::from(*byte))
        .collect()
}

pub(crate) fn approve(vault: &mut Vault, spender: Address, value: U256) -> Result<bool, Revert> {
    vault.unlocked()?;
    if spender.is_zero() {
        return Err(revert(ERC20InvalidSpender { spender }));
    }
    let owner = vault.caller();
    vault.allowances.setter(owner).setter(spender).set(value);
    emit(
        vault.vm(),
        Approval {
            owner,
            spender,
            value,
        },
    );
    Ok(true)
}

pub(crate) fn transfer(vault: &mut Vault, to: Address, value: U256) -> Result<bool, Revert> {
    vault.unlocked()?;
    let from = vault.caller();
    vault.check_receiver(to)?;
    vault.debit(from, value)?;
    vault.credit(from, to, value)?;
    Ok(true)
}

pub(crate) fn transfer_from(
    vault: &mut Vault,
    from: Address,
    to: Address,
    value: U256,
) -> Result<bool, Revert> {
    vault.unlocked()?;
    vault.spend_allowance(from, value)?;
    vault.check_receiver(to)?;
    vault.debit(from, value)?;
    vault.credit(from, to, value)?;
    Ok(true)
}

impl Vault {
    /// Nobody can act for the zero address or for the vault itself: what they get is lost.
    pub(crate) fn check_receiver(&self, receiver: Address) -> Result<(), Revert> {
        if receiver.is_zero() || receiver == self.vm().contract_address() {
            return Err(revert(ERC20InvalidReceiver { receiver }));
        }
        Ok(())
    }

    /// Uses up what `owner` allowed the caller. An owner needs no allowance.
    pub(crate) fn spend_allowance(&mut self, owner: Address, value: U256) -> Result<(), Revert> {
        let spender = self.caller();
        if spender == owner {
            return Ok(());
        }
        let mut spenders = self.allowances.setter(owner);
        let mut slot = spenders.setter(spender);
        let allowance = slot.get();
        if allowance == U256::MAX {
            return Ok(());
        }
        let Some(rest) = allowance.checked_sub(value) else {
            return Err(revert(ERC20InsufficientAllowance {
                spender,
                allowance,
                needed: value,
            }));
        };
        slot.set(rest);
        Ok(())
    }

    fn debit(&mut self, sender: Address, needed: U256) -> Result<(), Revert> {
        let mut slot = self.balances.setter(sender);
        let balance = slot.get();
        let Some(rest) = balance.checked_sub(needed) else {
            return Err(revert(ERC20InsufficientBalance {
                sender,
                balance,
                needed,
            }));
        };
        slot.set(rest);
        Ok(())
    }

    fn credit(&mut self, from: Address, to: Address, value: U256) -> Result<(), Revert> {
        let mut slot = self.balances.setter(to);
        let sum = add(slot.get(), value)?;
        slot.set(sum);
        emit(self.vm(), Transfer { from, to, value });
        Ok(())
    }

    /// Mints shares.
    pub(crate) fn issue(&mut self, to: Address, value: U256) -> Result<(), Revert> {
        let supply = add(self.supply.get(), value)?;
        self.supply.set(supply);
        self.credit(Address::ZERO, to, value)
    }

    /// Burns shares.
    pub(crate) fn burn(&mut self, from: Address, value: U256) -> Result<(), Revert> {
        self.debit(from, value)?;
        let supply = sub(self.supply.get(), value)?;
        self.supply.set(supply);
        let to = Address::ZERO;
        emit(self.vm(), Transfer { from, to, value });
        Ok(())
    }
}
