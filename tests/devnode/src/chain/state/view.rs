//! What an execution reads: the state, now or in the past, an overlay, and the hashes of past blocks.

use std::{iter, ops::Deref, sync::Arc};

use alloy_primitives::{Address, B256, U256, map::AddressHashSet};
use revm::{
    Database, DatabaseRef,
    primitives::KECCAK_EMPTY,
    state::{AccountInfo, Bytecode},
};

use super::{
    State,
    account::Basic,
    overlay::Overlay,
    trie::accounts::Accounts,
    undo::{Place, Position},
};
use crate::{
    chain::blocks::{history::History, numbering::l1_number},
    fork::StateError,
};

/// The state below the overlay.
#[derive(Clone, Debug)]
enum Ground<'a> {
    /// The chain's own.
    Here(&'a State),
    /// Of a block before the one that the chain was forked from.
    Older(Arc<State>),
}

impl Deref for Ground<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        match self {
            Self::Here(state) => state,
            Self::Older(state) => state,
        }
    }
}

/// A read-only state for one execution or query.
#[derive(Clone, Debug)]
pub struct View<'a> {
    state: Ground<'a>,
    /// Of the state's undo log.
    position: Position,
    history: &'a History,
    /// Differences that hide the state's values.
    pub overlay: Overlay,
}

impl<'a> View<'a> {
    /// The state seen through `overlay`, with `history` before it.
    pub fn new(state: &'a State, history: &'a History, overlay: Overlay) -> Self {
        Self {
            state: Ground::Here(state),
            position: Position::MAX,
            history,
            overlay,
        }
    }

    /// The state as it was at a position of its undo log.
    pub fn past(state: &'a State, history: &'a History, position: Position) -> Self {
        Self {
            position,
            ..Self::new(state, history, Overlay::default())
        }
    }

    /// The state of a block before the first one of `history`.
    pub fn older(state: Arc<State>, history: &'a History) -> Self {
        Self {
            state: Ground::Older(state),
            position: Position::MAX,
            history,
            overlay: Overlay::default(),
        }
    }

    /// The account's basics, if it exists.
    pub fn account(&self, address: &Address) -> Result<Option<Basic>, StateError> {
        match self.overlay.basic(address) {
            Some(basic) => Ok(basic),
            None => self.state.basic_at(address, self.position),
        }
    }

    /// The value of a storage slot.
    pub fn slot(&self, address: &Address, slot: &U256) -> Result<U256, StateError> {
        match self.overlay.slot(address, slot) {
            Some(value) => Ok(value),
            None => self.state.slot_at(address, slot, self.position),
        }
    }

    /// The state as a trie. `check` is asked first, and at every place where the kept one may differ.
    ///
    /// # Errors
    /// Those of `check`, and where the state cannot be read.
    pub fn trie<E: From<StateError>>(
        &self,
        check: impl Fn() -> Result<(), E>,
    ) -> Result<Accounts, E> {
        check()?;
        let kept = self.state.kept();
        let mut trie = kept.trie().clone();
        let stale = kept.stale(self.state.log(), self.position);
        trie.update(
            stale.chain(self.overlaid()),
            |address| check().and_then(|()| Ok(self.account(address)?)),
            |address, slot| check().and_then(|()| Ok(self.slot(address, slot)?)),
        )?;
        Ok(trie)
    }

    /// The root of [`Self::trie`]; zero on a fork, of whose state a part is known.
    ///
    /// # Errors
    /// Those of [`Self::trie`].
    pub fn root<E: From<StateError>>(&self, check: impl Fn() -> Result<(), E>) -> Result<B256, E> {
        match self.state.origin() {
            Some(_) => Ok(B256::ZERO),
            None => Ok(self.trie(check)?.root()),
        }
    }

    /// What the overlay hides.
    fn overlaid(&self) -> impl Iterator<Item = Place> {
        self.overlay.addresses().flat_map(move |address| {
            let replaced = self.overlay.is_replaced(&address);
            let below = replaced.then(|| self.state.slots_of(address));
            let slots = self
                .overlay
                .slots_of(address)
                .chain(below.into_iter().flatten());
            let slots = slots.map(move |slot| Place::Slot(address, slot));
            iter::once(Place::Account(address)).chain(slots)
        })
    }

    /// The addresses of all accounts, and maybe of some that do not exist.
    pub fn addresses(&self) -> AddressHashSet {
        let below = self.state.accounts().map(|(address, ..)| *address);
        let changed = self.state.log().since(self.position);
        let changed = changed.map(|change| change.place().address());
        below
            .chain(changed)
            .chain(self.overlay.addresses())
            .collect()
    }

    /// The code behind a hash.
    pub fn code(&self, hash: &B256) -> Result<Bytecode, StateError> {
        match self.overlay.code(hash) {
            Some(code) => Ok(code.clone()),
            None => self.state.code(hash),
        }
    }

    /// The code of an account.
    pub fn code_of(&self, address: &Address) -> Result<Bytecode, StateError> {
        match self.account(address)? {
            Some(basic) if basic.code_hash != KECCAK_EMPTY => self.code(&basic.code_hash),
            _ => Ok(Bytecode::default()),
        }
    }

    /// The hash of a past L2 block, if it exists.
    pub fn l2_block_hash(&self, number: u64) -> Result<Option<B256>, StateError> {
        match (self.history.by_number(number), self.state.origin()) {
            (Some(block), _) => Ok(Some(block.hash)),
            (None, Some(origin)) => origin.block_hash(number),
            (None, None) => Ok(None),
        }
    }
}

impl DatabaseRef for View<'_> {
    type Error = StateError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        Ok(self.account(&address)?.map(|basic| {
            AccountInfo {
                balance: basic.balance,
                nonce: basic.nonce,
                code_hash: basic.code_hash,
                ..AccountInfo::default()
            }
            .without_code()
        }))
    }

    fn code_by_hash_ref(&self, hash: B256) -> Result<Bytecode, StateError> {
        self.code(&hash)
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, StateError> {
        self.slot(&address, &slot)
    }

    /// On Arbitrum `BLOCKHASH` speaks of L1 blocks, of which a devnode has none but those that a
    /// call pretends, and on a fork those that its upstream knew.
    fn block_hash_ref(&self, number: u64) -> Result<B256, StateError> {
        if let Some(hash) = self.overlay.block_hash(number) {
            return Ok(hash);
        }
        match (self.state.numbers_own_blocks(), self.state.origin()) {
            (true, _) => Ok(self.l2_block_hash(number)?.unwrap_or_default()),
            (false, Some(origin)) if number < l1_number(origin.head()) => origin.seen_hash(number),
            (false, _) => Ok(B256::ZERO),
        }
    }
}

impl Database for View<'_> {
    type Error = StateError;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        self.basic_ref(address)
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, StateError> {
        self.code_by_hash_ref(hash)
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, StateError> {
        self.storage_ref(address, slot)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, StateError> {
        self.block_hash_ref(number)
    }
}
