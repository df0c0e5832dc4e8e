//! What was read of one block's state.

use alloy_primitives::{
    Address, B256, Bytes, U256, keccak256,
    map::{AddressHashMap, B256HashMap, HashMap},
};
use revm::primitives::KECCAK_EMPTY;
use serde::{Deserialize, Serialize};

/// An account of the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// {wei}
    pub balance: U256,
    /// Transactions sent, or contracts created.
    pub nonce: u64,
    /// Keccak of the code.
    pub code_hash: B256,
}

impl Account {
    /// Whether it does not exist for the EVM (EIP-161).
    pub fn is_empty(&self) -> bool {
        self.balance.is_zero() && self.nonce == 0 && self.code_hash == KECCAK_EMPTY
    }
}

/// Accounts, slots and code. What is not in it is unknown, not empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Memory {
    pub(super) accounts: AddressHashMap<Account>,
    pub(super) slots: AddressHashMap<HashMap<U256, U256>>,
    pub(super) codes: B256HashMap<Bytes>,
    /// Hashes of blocks before the forked one.
    pub(super) hashes: HashMap<u64, B256>,
    /// What `BLOCKHASH` is in the block.
    #[serde(default)]
    pub(super) seen: HashMap<u64, B256>,
}

impl Memory {
    pub(super) fn put_account(&mut self, address: Address, balance: U256, nonce: u64, code: Bytes) {
        let code_hash = match code.is_empty() {
            true => KECCAK_EMPTY,
            false => keccak256(&code),
        };
        if !code.is_empty() {
            self.codes.insert(code_hash, code);
        }
        let account = Account {
            balance,
            nonce,
            code_hash,
        };
        self.accounts.insert(address, account);
    }

    pub(super) fn slot(&self, address: &Address, slot: &U256) -> Option<U256> {
        self.slots.get(address)?.get(slot).copied()
    }

    pub(super) fn put_slot(&mut self, address: Address, slot: U256, value: U256) {
        self.slots.entry(address).or_default().insert(slot, value);
    }

    /// Whether every account's code is there and is what its hash says.
    pub(super) fn is_whole(&self) -> bool {
        let known = |hash: &B256| *hash == KECCAK_EMPTY || self.codes.contains_key(hash);
        self.accounts
            .values()
            .all(|account| known(&account.code_hash))
            && self
                .codes
                .iter()
                .all(|(hash, code)| keccak256(code) == *hash)
    }
}
