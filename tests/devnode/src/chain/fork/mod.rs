//! A chain on another one's ground: its first state and block, and what lies before them.

mod fees;
pub(super) mod older;
pub mod refork;

use std::{borrow::Cow, sync::Arc};

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, U256};
use alloy_rpc_types_eth::FeeHistory;
use serde::Serialize;

use self::older::Older;
use super::{
    Chain,
    blocks::{
        numbering::Numbering,
        query::{Moment, QueryError},
    },
    genesis,
    mining::opening::Opening,
    state::State,
};
use crate::{
    arbos::{
        self,
        slots::{ARBOS, ROOT, offset, space},
        upgrade::Upgrade,
    },
    config::Config,
    fork::{Pin, Reason, Settings, StateError, Stop, head::Head},
};

/// ArbOS versions whose rules are known.
pub const KNOWN: std::ops::RangeInclusive<u64> = 30..=61;

/// What a chain was forked from.
#[derive(Debug)]
pub struct Fork {
    pin: Arc<Pin>,
    numbering: Numbering,
    older: Arc<Older>,
}

/// The first state of a fork, and what it was forked from.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) state: State,
    pub(super) fork: Fork,
}

/// Reads what a fork begins with.
///
/// ArbOS state of the upstream is kept, but for what another version brings. Where there is none ours is
/// laid over, with its precompiles and the usual deployers at addresses without code. Funded accounts get
/// their balance.
pub(super) fn ground(
    config: &Config,
    settings: &Settings,
    stop: Stop,
) -> Result<Ground, StateError> {
    let pin = Pin::open(settings.clone(), stop)?;
    pin.prefetch_slots(ARBOS, &arbos::read_by_blocks())?;
    let (mut state, found) = state_on(Arc::clone(&pin), config)?;
    let version = settings
        .arbos_version
        .or(found)
        .unwrap_or(config.arbos_version);
    if !KNOWN.contains(&version) {
        return Err(pin.error("the ArbOS version", Reason::ArbosVersion(version)));
    }
    if let Some(found) = found.filter(|found| *found != version) {
        let upgrade = Upgrade::between(found, version, |slot| state.slot(&ARBOS, &slot))?;
        let mut opening = Opening::default();
        opening.upgrade(upgrade);
        opening.apply(&mut state)?;
    }
    if let Some(chain_id) = settings.chain_id {
        state.set_slot(ARBOS, ROOT.slot(offset::CHAIN_ID), U256::from(chain_id))?;
    }
    // What every transaction counts is kept in ArbOS's account.
    let accounts = config.funded().chain([ARBOS]);
    pin.prefetch(&accounts.collect::<Vec<_>>())?;
    genesis::fund(&mut state, config)?;
    let numbering = Numbering::after(pin.head(), found.is_some());
    Ok(Ground {
        state,
        fork: Fork {
            older: Arc::new(Older::new(Arc::clone(&pin), config.clone())),
            pin,
            numbering,
        },
    })
}

/// The state of a block of the upstream, with ours of ArbOS if it has none, and its ArbOS version.
pub(super) fn state_on(pin: Arc<Pin>, config: &Config) -> Result<(State, Option<u64>), StateError> {
    let head = pin.head().clone();
    let mut state = State::on(Arc::clone(&pin));
    let version = state.slot(&ARBOS, &ROOT.slot(offset::VERSION))?;
    if !version.is_zero() {
        return Ok((state, Some(version.saturating_to())));
    }
    state.number_own_blocks();
    let settings = pin.upstream().settings();
    let config = Config {
        chain_id: settings.chain_id.unwrap_or(pin.upstream().chain_id()),
        arbos_version: settings.arbos_version.unwrap_or(config.arbos_version),
        ..config.clone()
    };
    pin.prefetch(&genesis::contracts(config.arbos_version))?;
    genesis::install(&mut state, &config)?;
    if let Some(base_fee) = head.header.base_fee_per_gas {
        let slot = ROOT.child(space::L2_PRICING).slot(offset::l2::BASE_FEE);
        state.set_slot(ARBOS, slot, U256::from(base_fee))?;
    }
    Ok((state, None))
}

/// Whether an upstream's proof is one of the fork's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provable {
    /// At a block of the upstream.
    At(u64),
    /// The account was changed here.
    Changed,
    /// The block is not one of the upstream.
    Later,
}

/// What to tell of a fork.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ForkInfo {
    /// The upstream, without what may be secret of its URL.
    pub upstream: String,
    /// The upstream's chain id.
    pub chain_id: u64,
    /// Number of the forked block.
    pub block_number: u64,
    /// Its hash.
    pub block_hash: B256,
    /// Whether the upstream was down at the start, so that only what was kept is there.
    pub is_offline: bool,
}

impl Fork {
    /// What to tell of it.
    pub fn info(&self) -> ForkInfo {
        let (upstream, head) = (self.pin.upstream(), self.pin.head());
        ForkInfo {
            upstream: upstream.settings().shown(),
            chain_id: upstream.chain_id(),
            block_number: head.header.number,
            block_hash: head.hash,
            is_offline: self.pin.is_offline(),
        }
    }

    /// The block that is forked.
    pub fn head(&self) -> &Head {
        self.pin.head()
    }

    /// The upstream at that block.
    pub fn pin(&self) -> &Arc<Pin> {
        &self.pin
    }

    /// The chain id that the fork reports.
    pub fn chain_id(&self) -> u64 {
        let upstream = self.pin.upstream();
        upstream.settings().chain_id.unwrap_or(upstream.chain_id())
    }

    /// What `block.number` is.
    pub fn numbering(&self) -> Numbering {
        self.numbering
    }

    /// The state after an older block, which is its origin's block.
    pub(super) fn older(&self, number: u64) -> Result<Arc<State>, QueryError> {
        self.older.state(number)?.ok_or(QueryError::NoBlock)
    }

    /// The first and the last block that the upstream made at a block number of L1 and that is not after
    /// the forked one.
    pub(super) fn range_of(&self, l1_number: u64) -> Result<Option<(u64, u64)>, StateError> {
        self.older.range_of(l1_number)
    }

    /// Number of the upstream's block with a hash, if it is not after the forked one.
    pub(super) fn number(&self, hash: B256) -> Result<Option<u64>, StateError> {
        self.older.number(hash)
    }

    /// The fees of blocks `oldest..=last` before the forked one, or of the last ones of these, and the
    /// base fee of the block after them.
    ///
    /// # Errors
    /// Every [`StateError`].
    pub fn fees(
        &self,
        oldest: u64,
        last: u64,
        percentiles: &[f64],
    ) -> Result<FeeHistory, StateError> {
        self.older.fees(oldest, last, percentiles)
    }

    /// Writes what was read of the upstream to disk.
    pub fn save(&self) {
        self.pin.save();
    }
}

impl Chain {
    /// What this chain was forked from, if it was.
    pub fn fork(&self) -> Option<&Fork> {
        self.fork.as_ref()
    }

    /// Whether the upstream has the account as it is here at a moment.
    ///
    /// # Errors
    /// The state of an older block cannot be read.
    pub fn provable(&self, address: &Address, moment: Moment) -> Result<Provable, QueryError> {
        let first = self.history.first();
        let is_changed = match moment {
            Moment::Pending => return Ok(Provable::Later),
            Moment::Block(number) if number > first => return Ok(Provable::Later),
            Moment::Block(number) if number < first => {
                let state = self.state_at(moment)?;
                state.addresses().contains(address)
            }
            Moment::Block(number) => {
                let block = self.block_at(number).ok_or(QueryError::NoBlock)?;
                // The state of the last block includes what was edited since.
                let until = match self.head().header.number == number {
                    true => self.state.position(),
                    false => block.position,
                };
                self.state.has_changed(address, until)
            }
        };
        Ok(match (is_changed, moment) {
            (false, Moment::Block(number)) => Provable::At(number),
            _ => Provable::Changed,
        })
    }

    /// The header of a block and its hash, those before the forked one included.
    pub(super) fn header_at(&self, number: u64) -> Result<(Cow<'_, Header>, B256), QueryError> {
        match (self.block_at(number), self.fork()) {
            (Some(block), _) => Ok((Cow::Borrowed(&block.header), block.hash)),
            (None, Some(fork)) if number < self.history.first() => {
                let older = fork.older(number)?;
                let origin = older.origin().ok_or(QueryError::NoBlock)?;
                let head = origin.head();
                Ok((Cow::Owned(head.header.clone()), head.hash))
            }
            _ => Err(QueryError::NoBlock),
        }
    }
}
