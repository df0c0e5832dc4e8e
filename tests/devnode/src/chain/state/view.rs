//! What an execution reads: the state, now or in the past, an overlay, and the hashes of past blocks.

use std::{ops::Deref, sync::Arc};

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
    undo::{Change, Place, Position},
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

    /// The slots of an account, some of which may be zero; the last value counts.
    pub fn storage(&self, address: &Address) -> impl Iterator<Item = (U256, U256)> {
        let shows = !self.overlay.is_replaced(address);
        let below = shows.then(|| {
            let now = self.state.storage(address);
            now.chain(self.replaced_since(*address))
        });
        let below = below.into_iter().flatten();
        below.chain(self.overlay.slots_of(*address))
    }

    /// What changes of an account's slots since the view's position replaced, the oldest last.
    fn replaced_since(&self, whose: Address) -> impl Iterator<Item = (U256, U256)> {
        let log = self.state.log();
        let changes = log.all_since(Place::Any(whose), self.position);
        changes.filter_map(|change| match *change {
            Change::Slot { slot, before, .. } => Some((slot, before)),
            _ => None,
        })
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
