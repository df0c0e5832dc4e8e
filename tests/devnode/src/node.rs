//! A running node.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use jsonrpsee::server::RegisterMethodError;
use thiserror::Error;
use tokio::{
    runtime::{Builder, Runtime},
    sync::oneshot,
};

use crate::{
    chain::{
        Chain, StartError,
        dump::{self, DumpError},
        fork::{Fork, ForkInfo},
    },
    config::Config,
    fork::Stop,
    miner, report,
    rpc::{Api, module, server},
};

/// How long open connections may take to end at shutdown.
const DRAIN: Duration = Duration::from_millis(500);

/// {byte} Stack of every thread, mapped as it is used: compiling a large program recurses deeply.
const STACK_LEN: usize = 32 << 20;

/// Most threads that compute or wait, beside those that serve connections.
pub(crate) const BLOCKING_MAX: usize = 512;

/// Why a node cannot start, or ends badly.
#[derive(Debug, Error)]
pub enum Error {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// No browser sends this as an origin.
    #[error("not an origin: {0:?}")]
    Origin(String),
    /// The state file cannot be read or written.
    #[error("{}: {source}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// Why.
        source: DumpError,
    },
    /// There is no chain to serve.
    #[error(transparent)]
    Chain(#[from] StartError),
    /// Two methods have one name.
    #[error(transparent)]
    Methods(#[from] RegisterMethodError),
    /// The machine has no thread left.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
    /// The node's thread ended early.
    #[error("the node ended unexpectedly")]
    Ended,
}

/// A node that runs on its own threads until it is shut down or dropped.
#[derive(Debug)]
pub struct Node {
    started: Started,
    stop: Option<oneshot::Sender<()>>,
    ended: Option<oneshot::Receiver<Result<(), Error>>>,
    thread: Option<JoinHandle<()>>,
}

/// What a node found at its start.
#[derive(Debug)]
struct Started {
    address: SocketAddr,
    chain_id: u64,
    arbos_version: u64,
    fork: Option<ForkInfo>,
}

/// Starts a node and returns when it answers requests.
///
/// # Errors
/// [`Error::Listen`], [`Error::State`] for a state file that is not one or cannot be written,
/// [`Error::Thread`].
pub async fn spawn(config: Config) -> Result<Node, Error> {
    let (ready, started) = oneshot::channel();
    let (stop, stopped) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    let thread = thread::Builder::new()
        .name("stylus-devnode".into())
        .spawn(move || match start(&config) {
            Ok((runtime, started, run)) => {
                let _ = ready.send(Ok(started));
                let result = run.until(&runtime, stopped);
                runtime.shutdown_timeout(DRAIN);
                let _ = end.send(result);
            }
            Err(error) => {
                let _ = ready.send(Err(error));
            }
        })
        .map_err(Error::Thread)?;
    let started = started.await.map_err(|_| Error::Ended)??;
    Ok(Node {
        started,
        stop: Some(stop),
        ended: Some(ended),
        thread: Some(thread),
    })
}

struct Running {
    handle: jsonrpsee::server::ServerHandle,
    tasks: Vec<tokio::task::JoinHandle<()>>,
    api: Arc<Api>,
    /// Ends reads of a fork's upstream, which nobody waits for any more.
    stop: Stop,
}

fn start(config: &Config) -> Result<(Runtime, Started, Running), Error> {
    let stop = Stop::default();
    let mut chain = Chain::start(config, stop.clone())?;
    if let Some(path) = &config.state {
        load(&mut chain, path).map_err(in_file(path))?;
    }
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .thread_name("stylus-devnode")
        .thread_stack_size(STACK_LEN)
        .max_blocking_threads(BLOCKING_MAX)
        .build()
        .map_err(Error::Thread)?;
    let mut started = Started {
        address: SocketAddr::new(config.host, config.port),
        chain_id: chain.chain_id(),
        arbos_version: chain.arbos_version().map_err(StartError::from)?,
        fork: chain.fork().map(Fork::info),
    };
    let api = Arc::new(Api::new(chain, config.state.clone()));
    let module = module(Arc::clone(&api))?;
    let (address, handle) = runtime.block_on(server::start(config, module))?;
    started.address = address;
    let mut tasks = vec![runtime.spawn(miner::run(Arc::clone(&api)))];
    if report::is_heard() {
        tasks.push(runtime.spawn(report::run(Arc::clone(&api))));
    }
    if let Some(period) = config.state_interval {
        tasks.push(runtime.spawn(miner::save(Arc::clone(&api), period)));
    }
    let running = Running {
        handle,
        tasks,
        api,
        stop,
    };
    Ok((runtime, started, running))
}

impl Running {
    /// Serves until `stopped`, lets requests end, refuses those that take too long, and writes what was
    /// answered.
    fn until(self, runtime: &Runtime, stopped: oneshot::Receiver<()>) -> Result<(), Error> {
        let drain = || tokio::time::timeout(DRAIN, self.handle.clone().stopped());
        runtime.block_on(async {
            // A dropped sender is a stop as well.
            let _ = stopped.await;
            self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
            let _ = self.handle.stop();
            self.stop.stop();
            let _ = drain().await;
        });
        self.api.close();
        runtime.block_on(async {
            let _ = drain().await;
        });
        if let Some(fork) = self.api.read().fork() {
            fork.save();
        }
        let path = self.api.state_file().unwrap_or(Path::new(""));
        self.api.save().map_err(in_file(path))
    }
}

/// A file that does not exist yet is a fresh chain.
fn load(chain: &mut Chain, path: &Path) -> Result<(), DumpError> {
    dump::check_path(path)?;
    match fs::read(path) {
        Ok(bytes) => chain.load(&bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn in_file(path: &Path) -> impl FnOnce(DumpError) -> Error {
    |source| Error::State {
        path: path.into(),
        source,
    }
}

impl Node {
    /// Where the node listens.
    pub fn address(&self) -> SocketAddr {
        self.started.address
    }

    /// The port on which the node listens.
    pub fn port(&self) -> u16 {
        self.started.address.port()
    }

    /// The chain id that it started with.
    pub fn chain_id(&self) -> u64 {
        self.started.chain_id
    }

    /// The ArbOS version that it started with.
    pub fn arbos_version(&self) -> u64 {
        self.started.arbos_version
    }

    /// What it was forked from at its start, if it was.
    pub fn fork(&self) -> Option<&ForkInfo> {
        self.started.fork.as_ref()
    }

    /// URL for HTTP clients.
    pub fn url(&self) -> String {
        format!("http://{}", self.started.address)
    }

    /// URL for WebSocket clients.
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.started.address)
    }

    /// Stops the node and writes its state file.
    ///
    /// # Errors
    /// [`Error::State`] if the file cannot be written.
    pub async fn shutdown(mut self) -> Result<(), Error> {
        self.stop.take();
        match self.ended.take() {
            Some(ended) => ended.await.map_err(|_| Error::Ended)?,
            None => Ok(()),
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // It panicked, or it has written its state file: nothing more to do either way.
            let _ = thread.join();
        }
    }
}
