//! JSON-RPC over HTTP and WebSocket.
//!
//! Each file registers the methods of one concern. A method is a plain function of the chain and
//! its arguments; [`methods::Methods`] runs it on a blocking thread under the chain's lock, and again
//! where a fork's state was missing: [`Api::look`], [`Api::change`].

pub mod account;
pub mod args;
mod arrivals;
pub mod block;
mod bodies;
pub mod control;
pub mod debug;
pub mod error;
pub mod execute;
pub mod feed;
pub mod fill;
pub mod filters;
pub mod format;
pub mod http;
pub mod methods;
pub mod mining;
pub mod network;
mod older;
pub mod pool;
pub mod proof;
pub mod server;
pub mod settings;
pub mod sign;
mod simulate;
pub mod subscribe;
pub mod table;
pub mod trace;
pub mod transact;
pub mod transaction;
mod typed_data;

use std::{
    collections::BTreeMap,
    mem,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use alloy_primitives::B256;
use jsonrpsee::{RpcModule, server::RegisterMethodError, types::ErrorObjectOwned};
use tokio::sync::{Semaphore, watch};

use crate::{
    chain::{
        Chain,
        dump::{self, DumpError},
        mining::Mining,
    },
    errands, node,
};
use arrivals::Arrivals;
use error::RpcError;
use feed::Accepted;
use methods::Methods;

/// How long a method of many steps keeps the chain to itself, but for a single step that takes longer.
const SLICE: Duration = Duration::from_millis(50);

/// How long it then stays away: the lock is not fair, and who waits for it must wake up.
const PAUSE: Duration = Duration::from_millis(1);

/// Most requests that wait for a fork's upstream at a time: half of the threads.
const WAITING_MAX: usize = node::BLOCKING_MAX / 2;

/// What every method works on.
#[derive(Debug)]
pub struct Api {
    chain: RwLock<Chain>,
    state: Option<PathBuf>,
    saving: Mutex<()>,
    head: watch::Sender<u64>,
    accepted: Mutex<Accepted>,
    arrivals: Arrivals,
    mining: watch::Sender<Mining>,
    is_closed: AtomicBool,
    is_logged: AtomicBool,
    waiting: Semaphore,
}

impl Api {
    /// Serves a chain; `state` is where it is saved.
    pub fn new(chain: Chain, state: Option<PathBuf>) -> Self {
        let head = watch::Sender::new(chain.head().header.number);
        let mining = watch::Sender::new(chain.mining());
        Self {
            chain: RwLock::new(chain),
            state,
            saving: Mutex::default(),
            head,
            accepted: Mutex::default(),
            arrivals: Arrivals::default(),
            mining,
            is_closed: AtomicBool::new(false),
            is_logged: AtomicBool::new(true),
            waiting: Semaphore::new(WAITING_MAX),
        }
    }

    /// The chain, to look at. A panic of an earlier method does not make it unusable: execution
    /// works on views, and commits only what ended well.
    pub fn read(&self) -> RwLockReadGuard<'_, Chain> {
        self.chain.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chain, to change.
    ///
    /// # Errors
    /// [`RpcError::Closed`] after [`Self::close`].
    pub fn write(&self) -> Result<RwLockWriteGuard<'_, Chain>, RpcError> {
        let chain = self.chain.write().unwrap_or_else(PoisonError::into_inner);
        match self.is_closed.load(Ordering::SeqCst) {
            true => Err(RpcError::Closed),
            false => Ok(chain),
        }
    }

    /// Refuses every change from now on: what was answered is what [`Self::save`] writes. Returns when
    /// the last change is made.
    pub fn close(&self) {
        // Whoever changes the chain now has it before us, and whoever comes later sees this.
        self.is_closed.store(true, Ordering::SeqCst);
        let mut chain = self.chain.write().unwrap_or_else(PoisonError::into_inner);
        chain.pool.drop_waiting();
    }

    /// Runs a method that only looks at the chain. Its result is that of a run in which no state of a
    /// fork's upstream was missing; the chain is free while such state is read.
    ///
    /// # Errors
    /// The method's; [`RpcError::State`] where the reads do not end.
    pub fn look<R>(
        &self,
        mut method: impl FnMut(&Chain) -> Result<R, RpcError>,
    ) -> Result<R, RpcError> {
        errands::attend(|| method(&self.read()))
    }

    /// As [`Self::look`], of a method that changes the chain. What a run has done in which state was
    /// missing is undone up to the last [`Chain::keep`].
    ///
    /// # Errors
    /// As for [`Self::look`], and [`RpcError::Closed`].
    pub fn change<R>(
        &self,
        mut method: impl FnMut(&mut Chain) -> Result<R, RpcError>,
    ) -> Result<R, RpcError> {
        errands::attend(|| {
            let mut chain = self.write()?;
            chain.mark();
            let result = method(&mut chain);
            match errands::outstanding() {
                Some(_) => chain.undo(),
                None => errands::commit(),
            }
            self.publish(&chain);
            result
        })
    }

    /// As [`Self::change`], step by step until one says that there are no more. Each step is kept, and
    /// after every [`SLICE`] others get at the chain: what they read is what the steps so far made, and
    /// what they change is what the next step begins with.
    ///
    /// # Errors
    /// A step's; the steps before it stay.
    pub fn advance(
        &self,
        mut step: impl FnMut(&mut Chain) -> Result<bool, RpcError>,
    ) -> Result<(), RpcError> {
        loop {
            let goes_on = self.change(|chain| {
                let start = Instant::now();
                while step(chain)? {
                    chain.keep();
                    if start.elapsed() >= SLICE {
                        return Ok(true);
                    }
                }
                Ok(false)
            })?;
            if !goes_on {
                return Ok(());
            }
            thread::sleep(PAUSE);
        }
    }

    /// Tells those who follow the chain what it has come to.
    pub fn publish(&self, chain: &Chain) {
        self.head.send_replace(chain.head().header.number);
        let mining = chain.mining();
        self.mining
            .send_if_modified(|present| mem::replace(present, mining) != mining);
    }

    /// Whether the log is to tell what is mined.
    pub fn is_logged(&self) -> bool {
        self.is_logged.load(Ordering::Relaxed)
    }

    /// Switches what [`Self::is_logged`] tells.
    pub fn set_logged(&self, is_logged: bool) {
        self.is_logged.store(is_logged, Ordering::Relaxed);
    }

    /// Follows when blocks are made.
    pub fn mining(&self) -> watch::Receiver<Mining> {
        self.mining.subscribe()
    }

    /// Announces a transaction that was taken, before its block.
    pub fn accept(&self, hash: B256) {
        self.accepted().push(hash);
        self.head.send_modify(|_| ());
    }

    /// The transactions that were taken last.
    pub fn accepted(&self) -> MutexGuard<'_, Accepted> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows the last block's number.
    pub fn heads(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    /// Where [`Self::save`] writes.
    pub fn state_file(&self) -> Option<&Path> {
        self.state.as_deref()
    }

    /// Writes the state file, if there is one.
    pub fn save(&self) -> Result<(), DumpError> {
        match &self.state {
            Some(path) => {
                let _one_at_a_time = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
                // The chain goes on while the file is written.
                let dump = self.read().dump()?;
                dump::write(path, &dump)
            }
            None => Ok(()),
        }
    }
}

/// All methods of the node.
pub fn module(api: Arc<Api>) -> Result<RpcModule<Arc<Api>>, RegisterMethodError> {
    let mut methods = Methods::new(api);
    network::register(&mut methods)?;
    account::register(&mut methods)?;
    proof::register(&mut methods)?;
    block::register(&mut methods)?;
    transaction::register(&mut methods)?;
    execute::register(&mut methods)?;
    simulate::register(&mut methods)?;
    transact::register(&mut methods)?;
    pool::register(&mut methods)?;
    mining::register(&mut methods)?;
    sign::register(&mut methods)?;
    control::register(&mut methods)?;
    settings::register(&mut methods)?;
    filters::register(&mut methods)?;
    subscribe::register(&mut methods)?;
    debug::register(&mut methods)?;
    trace::register(&mut methods)?;
    let names = methods.module().method_names();
    let spaces = names.filter_map(|name| Some((name.split_once('_')?.0, "1.0")));
    let spaces: BTreeMap<_, _> = spaces.chain([("rpc", "1.0")]).collect();
    methods
        .module()
        .register_method("rpc_modules", move |_, _, _| {
            Ok::<_, ErrorObjectOwned>(spaces.clone())
        })?;
    Ok(methods.into_module())
}
