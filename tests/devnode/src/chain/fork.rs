//! A chain on another one's ground: its first state and block, and what lies before them.

use std::{borrow::Cow, sync::Arc};

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, U256};
use alloy_rpc_types_eth::FeeHistory;
use serde::Serialize;
use thiserror::Error;

use super::{
    Chain,
    block::mixed,
    genesis,
    older::Older,
    query::{Moment, QueryError},
    state::State,
};
use crate::{
    arbos::{
        self,
        slots::{ARBOS, ROOT, offset, space},
    },
    config::Config,
    fork::{Pin, Reason, Settings, StateError, Stop, head::Head},
};

/// ArbOS versions whose rules are known.
pub const KNOWN: std::ops::RangeInclusive<u64> = 30..=61;

/// What `block.number` is in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// The number of an L1 block, which stands still.
    L1(u64),
    /// The block's own, as on a chain that is not Arbitrum's.
    Own,
}

impl Numbering {
    /// The block number that contracts see in block `number`.
    pub fn of(self, number: u64) -> u64 {
        match self {
            Self::L1(l1_number) => l1_number,
            Self::Own => number,
        }
    }
}

/// What a chain was forked from.
#[derive(Debug)]
pub struct Fork {
    pin: Arc<Pin>,
    numbering: Numbering,
    older: Arc<Older>,
}

/// The first state of a fork, and the rules for it.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) state: State,
    pub(super) arbos_version: u64,
    pub(super) fork: Fork,
}

/// Reads what a fork begins with.
///
/// ArbOS state of the upstream is kept. Where there is none ours is laid over, with its precompiles
/// and the usual deployers at addresses without code. Funded accounts get their balance.
pub(super) fn ground(
    config: &Config,
    settings: &Settings,
    stop: Stop,
) -> Result<Ground, StateError> {
    let pin = Pin::open(settings.clone(), stop)?;
    pin.prefetch_slots(ARBOS, &arbos::read_by_blocks())?;
    let (mut state, found) = state_on(Arc::clone(&pin), config)?;
    let arbos_version = match (settings.arbos_version, found) {
        (Some(version), Some(found)) if version != found => {
            let slot = ROOT.slot(offset::VERSION);
            state.set_slot(ARBOS, slot, U256::from(version))?;
            version
        }
        (Some(version), _) | (None, Some(version)) => version,
        (None, None) => config.arbos_version,
    };
    if !KNOWN.contains(&arbos_version) {
        return Err(pin.error("the ArbOS version", Reason::ArbosVersion(arbos_version)));
    }
    if let Some(chain_id) = settings.chain_id {
        state.set_slot(ARBOS, ROOT.slot(offset::CHAIN_ID), U256::from(chain_id))?;
    }
    pin.prefetch(&config.funded().collect::<Vec<_>>())?;
    genesis::fund(&mut state, config)?;
    let numbering = numbering(pin.head(), found.is_some());
    Ok(Ground {
        state,
        arbos_version,
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

fn numbering(head: &Head, is_arbitrum: bool) -> Numbering {
    match is_arbitrum {
        true => Numbering::L1(
            head.l1_number
                .unwrap_or_else(|| mixed(&head.header.mix_hash, 1)),
        ),
        false => Numbering::Own,
    }
}

/// Why a running chain cannot become a fork.
#[derive(Debug, Error)]
pub enum ReforkError {
    /// Neither given nor known.
    #[error("forking.jsonRpcUrl is missing, and this node is no fork yet")]
    NoUrl,
    /// No URL of an upstream.
    #[error("forking.jsonRpcUrl: {0}")]
    Url(String),
    /// It cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
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

    /// `block.number` in an older block of this state.
    pub(super) fn number_in(&self, older: &State) -> u64 {
        match (self.numbering, older.origin()) {
            (Numbering::L1(_), Some(origin)) => {
                let head = origin.head();
                head.l1_number
                    .unwrap_or_else(|| mixed(&head.header.mix_hash, 1))
            }
            (_, Some(origin)) => origin.head().header.number,
            (numbering, None) => numbering.of(0),
        }
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

/// What is to be read of an upstream for a running chain that becomes a fork of it.
#[derive(Debug)]
pub struct Reforking {
    config: Config,
    settings: Settings,
    stop: Stop,
}

impl Reforking {
    /// Reads it, which takes the upstream's time and no chain.
    ///
    /// # Errors
    /// The upstream cannot be read.
    pub fn read(self) -> Result<Reforked, StateError> {
        let ground = ground(&self.config, &self.settings, self.stop)?;
        let config = self.config;
        Ok(Reforked { config, ground })
    }
}

/// What was read of an upstream for a running chain.
#[derive(Debug)]
pub struct Reforked {
    config: Config,
    ground: Ground,
}

impl Chain {
    /// What this chain was forked from, if it was.
    pub fn fork(&self) -> Option<&Fork> {
        self.fork.as_ref()
    }

    /// What a fork of another chain, or of another block, would begin with: `url` and `block` replace
    /// those of the present fork.
    ///
    /// # Errors
    /// There is no URL.
    pub fn reforking(
        &self,
        url: Option<&str>,
        block: Option<u64>,
    ) -> Result<Reforking, ReforkError> {
        let settings = match (url, &self.config.fork) {
            (Some(url), Some(present)) => present.at(url).map_err(ReforkError::Url)?,
            (Some(url), None) => Settings::new(url).map_err(ReforkError::Url)?,
            (None, Some(present)) => present.clone(),
            (None, None) => return Err(ReforkError::NoUrl),
        };
        let settings = Settings {
            block_number: block,
            ..settings
        };
        let config = Config {
            fork: Some(settings.clone()),
            ..self.config.clone()
        };
        Ok(Reforking {
            config,
            settings,
            stop: self.stop.clone(),
        })
    }

    /// Begins anew on that ground, and returns the fork that this was. Accounts, the way of mining and
    /// compiled programs stay.
    pub fn refork(&mut self, Reforked { config, ground }: Reforked) -> Option<Fork> {
        self.pool.clear();
        let forked = Self::on(&config, ground, self.compiler.clone());
        let before = std::mem::replace(self, forked);
        self.mining = before.mining;
        self.stop = before.stop;
        before.fork
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

    /// What `block.number` is in a block to come.
    pub fn numbering(&self) -> Numbering {
        let fork = self.fork.as_ref();
        fork.map_or(Numbering::L1(0), Fork::numbering)
    }

    /// The header of a block, those before the forked one included.
    pub(super) fn header_at(&self, number: u64) -> Result<Cow<'_, Header>, QueryError> {
        match (self.block_at(number), self.fork()) {
            (Some(block), _) => Ok(Cow::Borrowed(&block.header)),
            (None, Some(fork)) if number < self.history.first() => {
                let older = fork.older(number)?;
                let origin = older.origin().ok_or(QueryError::NoBlock)?;
                Ok(Cow::Owned(origin.head().header.clone()))
            }
            _ => Err(QueryError::NoBlock),
        }
    }

    /// What `block.number` is in a block, or in the one to come.
    pub(super) fn number_seen(&self, number: u64) -> Result<u64, QueryError> {
        match self.fork() {
            Some(fork) if number < self.history.first() => {
                Ok(fork.number_in(&*fork.older(number)?))
            }
            _ => Ok(self.numbering().of(number)),
        }
    }
}
