//! What an execution reads: the state, an overlay, and the hashes of past blocks.

use std::convert::Infallible;

use alloy_primitives::{Address, B256, U256};
use revm::{
    Database,
    primitives::KECCAK_EMPTY,
    state::{AccountInfo, Bytecode},
};

use super::{
    history::History,
    overlay::Overlay,
    state::{Basic, State},
};

/// A read-only state for one execution or query.
#[derive(Clone, Debug)]
pub struct View<'a> {
    state: &'a State,
    history: &'a History,
    /// Differences that hide the state's values.
    pub overlay: Overlay,
}

impl<'a> View<'a> {
    /// The state seen through `overlay`, with `history` before it.
    pub fn new(state: &'a State, history: &'a History, overlay: Overlay) -> Self {
        Self {
            state,
            history,
            overlay,
        }
    }

    /// The account's basics, if it exists.
    pub fn account(&self, address: &Address) -> Option<Basic> {
        self.overlay
            .basic(address)
            .unwrap_or_else(|| self.state.basic(address))
    }

    /// The value of a storage slot.
    pub fn slot(&self, address: &Address, slot: &U256) -> U256 {
        self.overlay
            .slot(address, slot)
            .unwrap_or_else(|| self.state.slot(address, slot))
    }

    /// The code behind a hash.
    pub fn code(&self, hash: &B256) -> Bytecode {
        self.overlay
            .code(hash)
            .cloned()
            .unwrap_or_else(|| self.state.code(hash))
    }

    /// The code of an account.
    pub fn code_of(&self, address: &Address) -> Bytecode {
        match self.account(address) {
            Some(basic) if basic.code_hash != KECCAK_EMPTY => self.code(&basic.code_hash),
            _ => Bytecode::default(),
        }
    }

    /// The hash of a past L2 block, if it exists.
    pub fn l2_block_hash(&self, number: u64) -> Option<B256> {
        self.history.by_number(number).map(|block| block.hash)
    }
}

impl Database for View<'_> {
    type Error = Infallible;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self.account(&address).map(|basic| {
            AccountInfo {
                balance: basic.balance,
                nonce: basic.nonce,
                code_hash: basic.code_hash,
                ..AccountInfo::default()
            }
            .without_code()
        }))
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, Infallible> {
        Ok(self.code(&hash))
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, Infallible> {
        Ok(self.slot(&address, &slot))
    }

    /// `BLOCKHASH` speaks of L1 blocks, of which a devnode has none.
    fn block_hash(&mut self, _l1_number: u64) -> Result<B256, Infallible> {
        Ok(B256::ZERO)
    }
}
