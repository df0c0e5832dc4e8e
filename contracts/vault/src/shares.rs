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

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, B256, U256};
    use alloy_sol_types::SolError;

    use super::text;
    use crate::{
        errors::{
            ERC20InsufficientAllowance, ERC20InsufficientBalance, ERC20InvalidReceiver,
            ERC20InvalidSpender,
        },
        events::{Approval, Transfer},
        testing::{ALICE, BOB, Chain, OWNER, SHARE, VAULT, u},
    };

    fn balance(chain: &Chain, user: Address) -> U256 {
        chain
            .view(|vault| vault.balance_of(user))
            .expect("unlocked")
    }

    #[test]
    fn text_ends_at_the_padding() {
        assert_eq!(
            text(B256::right_padding_from(b"Gimbal 60/40")),
            "Gimbal 60/40"
        );
        assert_eq!(text(B256::ZERO), "");
        assert_eq!(text(B256::repeat_byte(b'x')), "x".repeat(32));
    }

    #[test]
    fn transfers_move_and_keep_the_sum() {
        let chain = Chain::seeded();
        let all = balance(&chain, OWNER);
        let send = |to, value| chain.sends(OWNER, |vault| vault.transfer(to, value));
        assert_eq!(send(ALICE, u(SHARE)), Ok(true));
        assert_eq!(
            (balance(&chain, OWNER), balance(&chain, ALICE)),
            (all - u(SHARE), u(SHARE))
        );
        assert_eq!(send(OWNER, u(SHARE)), Ok(true));
        assert_eq!(balance(&chain, OWNER), all - u(SHARE));
        for receiver in [Address::ZERO, VAULT] {
            let want = ERC20InvalidReceiver { receiver }.abi_encode();
            assert_eq!(send(receiver, u(1)), Err(want));
        }
        let want = ERC20InsufficientBalance {
            sender: OWNER,
            balance: all - u(SHARE),
            needed: all,
        };
        assert_eq!(send(ALICE, all), Err(want.abi_encode()));
        assert_eq!(
            chain.logs::<Transfer>().last().map(|log| log.value),
            Some(u(SHARE))
        );
    }

    #[test]
    fn allowances_are_used_up_unless_infinite() {
        let chain = Chain::seeded();
        let approve = |value| chain.sends(OWNER, |vault| vault.approve(ALICE, value));
        let take = |value| chain.sends(ALICE, |vault| vault.transfer_from(OWNER, BOB, u(value)));
        let left = || chain.view(|vault| vault.allowance(OWNER, ALICE));
        let want = ERC20InsufficientAllowance {
            spender: ALICE,
            allowance: u(0),
            needed: u(1),
        };
        assert_eq!(take(1), Err(want.abi_encode()));
        assert_eq!(approve(u(10)), Ok(true));
        assert_eq!(take(4), Ok(true));
        assert_eq!(left(), u(6));
        assert!(take(7).is_err());
        assert_eq!(approve(U256::MAX), Ok(true));
        assert_eq!(take(7), Ok(true));
        assert_eq!(left(), U256::MAX);
        assert_eq!(balance(&chain, BOB), u(11));
        let spender = Address::ZERO;
        let want = ERC20InvalidSpender { spender }.abi_encode();
        assert_eq!(
            chain.sends(OWNER, |vault| vault.approve(spender, u(1))),
            Err(want)
        );
        assert_eq!(chain.logs::<Approval>().len(), 2);
    }
}
