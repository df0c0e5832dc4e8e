//! The chain: state, blocks, clock, and what changes them.
//!
//! | module | owns |
//! |---|---|
//! | [`state`] | accounts and storage with an undo log, what is laid over them, views of it, its trie, proofs |
//! | [`blocks`] | blocks, and how they and what is in them are found |
//! | [`pool`] | transactions that wait |
//! | [`mining`] | checks of transactions, a block's start, its transactions, the block to come |
//! | [`calls`] | calls, estimates, made-up blocks, traces of what was mined |
//! | [`control`] | what test methods do: snapshots, reorganisations, settings |
//! | [`fork`] | the chain that this one was forked from, and what came before the forked block |
//! | [`clock`], [`genesis`], [`dump`] | the time, the first state, what survives a restart |
//! | [`progress`] | what a request has done for good when it is made again |

pub mod blocks;
pub mod calls;
pub mod clock;
pub mod control;
pub mod dump;
pub mod fork;
pub mod genesis;
pub mod mining;
pub mod pool;
pub mod progress;
pub mod state;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use alloy_primitives::{Address, B256, U256, map::AddressHashSet};
use revm::context::{BlockEnv, CfgEnv};
use thiserror::Error;

use self::{
    blocks::{
        block::{Block, Seal, seal},
        history::History,
    },
    clock::Clock,
    control::{settings::Settings, snapshot::Snapshot},
    fork::{Fork, Ground},
    mining::{Mining, pending::Pending},
    pool::Pool,
    progress::Mark,
    state::{State, overlay::Overlay, view::View},
};
use crate::{
    arbos,
    config::Config,
    evm::{deadline::Deadline, env, session::Session},
    fork::{StateError, Stop},
    stylus::{CompileError, Compiler},
    wallet::Wallet,
};

/// Why there is no chain to start with.
#[derive(Debug, Error)]
pub enum StartError {
    /// Programs cannot be compiled on this machine.
    #[error(transparent)]
    Compiler(#[from] CompileError),
    /// The chain to fork cannot be read.
    #[error(transparent)]
    Fork(#[from] StateError),
}

/// A chain in memory. Never without a block.
#[derive(Debug)]
pub struct Chain {
    /// What transactions are signed for.
    chain_id: u64,
    /// The world state after the last block, and later edits.
    pub state: State,
    /// Its blocks.
    pub history: History,
    /// The clock that stamps blocks.
    pub clock: Clock,
    snapshots: BTreeMap<u64, Snapshot>,
    next_snapshot: u64,
    /// The accounts that are funded at genesis and may send without a signature.
    pub wallet: Arc<Wallet>,
    /// Clock and settings at the start.
    start: (Clock, Settings),
    /// Accounts that are impersonated.
    pub impersonated: AddressHashSet,
    /// Whether any account may send without a signature.
    pub impersonate_all: bool,
    /// `block.coinbase`
    pub coinbase: Address,
    /// {gas} Limit of a block.
    pub gas_limit: u64,
    /// When blocks are made.
    pub(super) mining: Mining,
    /// What waits to be mined.
    pub pool: Pool,
    pending: Mutex<Option<Arc<Pending>>>,
    /// What the present request has done for good.
    mark: Mark,
    /// What it was forked from.
    fork: Option<Fork>,
    /// What it was started with.
    config: Config,
    /// Ends the reads of a fork.
    stop: Stop,
    compiler: Compiler,
}

impl Chain {
    /// A chain with its first block: genesis, or the block that it is forked from.
    ///
    /// # Errors
    /// Every [`StartError`].
    pub fn new(config: &Config) -> Result<Self, StartError> {
        Self::start(config, Stop::default())
    }

    /// As [`Self::new`]; `stop` ends the reads of a fork.
    ///
    /// # Errors
    /// Every [`StartError`].
    pub fn start(config: &Config, stop: Stop) -> Result<Self, StartError> {
        let compiler = Compiler::with_folder(config.module_cache.as_deref())?;
        let chain = match &config.fork {
            Some(settings) => {
                let ground = fork::ground(config, settings, stop.clone())?;
                Self::on(config, ground, compiler)
            }
            None => Self::fresh(config, genesis::state(config)?, compiler),
        };
        Ok(Self { stop, ..chain })
    }

    fn fresh(config: &Config, mut state: State, compiler: Compiler) -> Self {
        let clock = config
            .timestamp
            .map_or_else(Clock::default, Clock::starting_at);
        let genesis = Seal {
            parent: B256::ZERO,
            state_root: state.root(),
            number: 0,
            timestamp: clock.now(),
            base_fee: arbos::genesis::BASE_FEE,
            l1_number: 0,
            arbos_version: config.arbos_version,
            sends: (0, B256::ZERO),
            beneficiary: env::SEQUENCER,
            gas_limit: env::BLOCK_GAS_LIMIT,
        };
        let root = seal(genesis, Vec::new(), state.position());
        Self::with(config, config.chain_id, state, root, clock, compiler)
    }

    /// A fork. Its clock runs on from the forked block.
    fn on(config: &Config, ground: Ground, compiler: Compiler) -> Self {
        let head = ground.fork.head();
        let time = config.timestamp.unwrap_or(head.header.timestamp);
        let root = Block {
            header: head.header.clone(),
            hash: head.hash,
            txs: Vec::new(),
            position: ground.state.position(),
        };
        let (clock, chain_id) = (Clock::starting_at(time), ground.fork.chain_id());
        let chain = Self::with(config, chain_id, ground.state, root, clock, compiler);
        Self {
            fork: Some(ground.fork),
            ..chain
        }
    }

    fn with(
        config: &Config,
        chain_id: u64,
        state: State,
        root: Block,
        clock: Clock,
        compiler: Compiler,
    ) -> Self {
        let settings = Settings {
            chain_id,
            coinbase: env::SEQUENCER,
            gas_limit: root.header.gas_limit,
        };
        Self {
            chain_id,
            state,
            clock,
            start: (clock, settings),
            wallet: Arc::clone(&config.wallet),
            snapshots: BTreeMap::new(),
            next_snapshot: 1,
            impersonated: AddressHashSet::default(),
            impersonate_all: false,
            coinbase: settings.coinbase,
            gas_limit: settings.gas_limit,
            mining: config.mining,
            pool: Pool::default(),
            pending: Mutex::default(),
            mark: Mark::default(),
            history: History::new(root),
            fork: None,
            config: config.clone(),
            stop: Stop::default(),
            compiler,
        }
    }

    /// The chain id.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The last block.
    pub fn head(&self) -> &Block {
        self.history.head()
    }

    /// Differs between any two states that the chain was in, as far as a dump tells them apart.
    pub fn stamp(&self) -> (B256, u64, u64) {
        let changes = self.state.generation();
        (self.head().hash, changes, self.pool.version())
    }

    /// Whether the account may send without a signature.
    pub fn is_unlocked(&self, address: &Address) -> bool {
        self.impersonate_all
            || self.wallet.accounts.contains(address)
            || self.impersonated.contains(address)
    }

    /// {wei/gas} Base fee of the next block.
    pub fn base_fee(&self) -> Result<u64, StateError> {
        arbos::base_fee(&self.latest())
    }

    /// The ArbOS version in force.
    pub fn arbos_version(&self) -> Result<u64, StateError> {
        arbos::version(&self.latest())
    }

    /// The current state.
    pub fn latest(&self) -> View<'_> {
        View::new(&self.state, &self.history, Overlay::default())
    }

    /// The environment of the next block.
    fn environment(&self, number: u64, timestamp: u64, base_fee: u64) -> BlockEnv {
        BlockEnv {
            number: U256::from(self.numbering().of(number, timestamp)),
            beneficiary: self.coinbase,
            gas_limit: self.gas_limit,
            ..env::block(timestamp, base_fee)
        }
    }

    /// How long the executions of a request may take, unless they are mined.
    pub fn call_timeout(&self) -> Duration {
        self.config.call_timeout
    }

    /// When the executions of a request that begins now have to end, unless they are mined.
    pub fn deadline(&self) -> Deadline {
        Deadline::after(self.call_timeout(), self.stop.clone())
    }

    /// What a transaction begins with that sees `view`.
    fn session(
        &self,
        view: &View<'_>,
        l2_block: u64,
        is_call: bool,
    ) -> Result<Session, StateError> {
        let version = arbos::version(view)?;
        let limits = arbos::limits(view)?;
        let compiler = self.compiler.clone();
        Ok(Session::new(version, limits, l2_block, is_call, compiler))
    }
}

/// The rules of execution when `view` was the state: an upgrade brings others, and a fork of another
/// chain id, or a chain that was renamed, had another.
fn rules_in(view: &View<'_>) -> Result<CfgEnv, StateError> {
    Ok(env::config(arbos::chain_id(view)?, arbos::version(view)?))
}
