//! A token (ERC-20, with ERC-1363's `transferAndCall`) as an example of a Stylus program.
//!
//! It has one of everything that a local chain must cope with: a payable constructor, events, typed errors, a call to
//! another contract and a panic. `solidity/src/Token.sol` is its twin in Solidity, with the same ABI.

#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]

extern crate alloc;

use alloc::{string::String, vec::Vec};

use alloy_primitives::{Address, B256, Bytes, U256, aliases::B32};
use alloy_sol_types::sol;
use stylus_sdk::{
    prelude::*,
    storage::{StorageAddress, StorageB256, StorageMap, StorageU256},
};

sol! {
    event Approval(address indexed owner, address indexed spender, uint256 value);
    event Transfer(address indexed from, address indexed to, uint256 value);

    error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
    error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
    error ERC20InvalidReceiver(address receiver);
    error TextTooLong(uint256 length);
}

sol_interface! {
    interface IERC1363Receiver {
        function onTransferReceived(address operator, address from, uint256 value, bytes calldata data) external returns (bytes4);
    }
}

/// `onTransferReceived(address,address,uint256,bytes)`: what a receiver returns to accept.
const ACCEPTED: B32 = B32::new([0x88, 0xa7, 0xca, 0x5c]);

/// What the token refuses with.
#[derive(SolidityError)]
pub enum Refusal {
    /// The caller may not move that much.
    Allowance(ERC20InsufficientAllowance),
    /// The sender does not own that much.
    Balance(ERC20InsufficientBalance),
    /// Nobody, or a contract that did not accept.
    Receiver(ERC20InvalidReceiver),
    /// More than a word of text.
    Text(TextTooLong),
}

/// The token's storage, slot by slot as in `Token.sol`.
#[storage]
#[entrypoint]
pub struct Token {
    name: StorageB256,
    symbol: StorageB256,
    supply: StorageU256,
    balances: StorageMap<Address, StorageU256>,
    allowances: StorageMap<Address, StorageMap<Address, StorageU256>>,
    issuer: StorageAddress,
}

#[public]
impl Token {
    /// Runs once, in the transaction that deploys. The caller is the deployer contract, so the issuer, who gets the
    /// whole supply, is an argument. Ether sent along stays with the token.
    #[constructor]
    #[payable]
    pub fn constructor(
        &mut self,
        name: String,
        symbol: String,
        supply: U256,
        issuer: Address,
    ) -> Result<(), Refusal> {
        if issuer.is_zero() {
            return Err(Refusal::Receiver(ERC20InvalidReceiver { receiver: issuer }));
        }
        self.name.set(padded(&name)?);
        self.symbol.set(padded(&symbol)?);
        self.supply.set(supply);
        self.issuer.set(issuer);
        self.balances.setter(issuer).set(supply);
        self.vm().log(Transfer {
            from: Address::ZERO,
            to: issuer,
            value: supply,
        });
        Ok(())
    }

    /// Name of the token.
    pub fn name(&self) -> String {
        text(self.name.get())
    }

    /// Symbol of the token.
    pub fn symbol(&self) -> String {
        text(self.symbol.get())
    }

    /// Decimals: 18.
    pub fn decimals(&self) -> u8 {
        18
    }

    /// Who got the supply at first.
    pub fn issuer(&self) -> Address {
        self.issuer.get()
    }

    /// Units in existence.
    pub fn total_supply(&self) -> U256 {
        self.supply.get()
    }

    /// Units of an account.
    pub fn balance_of(&self, account: Address) -> U256 {
        self.balances.get(account)
    }

    /// Units of `owner` that `spender` may move.
    pub fn allowance(&self, owner: Address, spender: Address) -> U256 {
        self.allowances.getter(owner).get(spender)
    }

    /// Lets `spender` move units of the caller.
    pub fn approve(&mut self, spender: Address, value: U256) -> bool {
        let owner = self.vm().msg_sender();
        self.allowances.setter(owner).setter(spender).set(value);
        self.vm().log(Approval {
            owner,
            spender,
            value,
        });
        true
    }

    /// Moves units of the caller.
    pub fn transfer(&mut self, to: Address, value: U256) -> Result<bool, Refusal> {
        let from = self.vm().msg_sender();
        self.shift(from, to, value)?;
        Ok(true)
    }

    /// Moves units that `from` allowed the caller to move. The largest allowance never decreases.
    pub fn transfer_from(
        &mut self,
        from: Address,
        to: Address,
        value: U256,
    ) -> Result<bool, Refusal> {
        let spender = self.vm().msg_sender();
        let allowance = self.allowance(from, spender);
        if allowance != U256::MAX {
            let Some(rest) = allowance.checked_sub(value) else {
                return Err(Refusal::Allowance(ERC20InsufficientAllowance {
                    spender,
                    allowance,
                    needed: value,
                }));
            };
            self.allowances.setter(from).setter(spender).set(rest);
        }
        self.shift(from, to, value)?;
        Ok(true)
    }

    /// Moves units of the caller to a contract and tells it; undone unless the contract accepts.
    pub fn transfer_and_call(
        &mut self,
        to: Address,
        value: U256,
        data: Bytes,
    ) -> Result<bool, Refusal> {
        let from = self.vm().msg_sender();
        self.shift(from, to, value)?;
        let receiver = IERC1363Receiver::new(to);
        let config = Call::new_mutating(self);
        let answer = receiver.on_transfer_received(self.vm(), config, from, from, value, data);
        match answer {
            Ok(answer) if answer == ACCEPTED => Ok(true),
            _ => Err(Refusal::Receiver(ERC20InvalidReceiver { receiver: to })),
        }
    }

    /// Panics, in words, unless `account` owns at least `value`.
    pub fn assert_holds(&self, account: Address, value: U256) {
        let missing: u64 = value
            .saturating_sub(self.balance_of(account))
            .saturating_to();
        assert!(missing == 0, "{missing} units are missing");
    }
}

impl Token {
    fn shift(&mut self, from: Address, to: Address, value: U256) -> Result<(), Refusal> {
        if to.is_zero() {
            return Err(Refusal::Receiver(ERC20InvalidReceiver { receiver: to }));
        }
        let balance = self.balances.get(from);
        let Some(rest) = balance.checked_sub(value) else {
            return Err(Refusal::Balance(ERC20InsufficientBalance {
                sender: from,
                balance,
                needed: value,
            }));
        };
        self.balances.setter(from).set(rest);
        // No overflow: the sum of all balances is the supply.
        let received = self.balances.get(to).wrapping_add(value);
        self.balances.setter(to).set(received);
        self.vm().log(Transfer { from, to, value });
        Ok(())
    }
}

/// Text in one word, zeros behind it: a string of its own in storage would cost a fifth of the program's size.
fn padded(text: &str) -> Result<B256, Refusal> {
    if text.len() > B256::len_bytes() {
        let length = U256::from(text.len());
        return Err(Refusal::Text(TextTooLong { length }));
    }
    Ok(B256::right_padding_from(text.as_bytes()))
}

fn text(word: B256) -> String {
    let end = word.iter().position(|byte| *byte == 0);
    String::from_utf8_lossy(&word[..end.unwrap_or(word.len())]).into_owned()
}
