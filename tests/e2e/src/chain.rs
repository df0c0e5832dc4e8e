//! One node per test, started from a state of the [`world`](crate::world).

use std::ops::Deref;
use std::path::PathBuf;

use eyre::{Context, Result, eyre};
use gimbal_scripts::market::Market;
use stylus_devnode::{Config, Node, fork::Settings};
use tempfile::TempDir;

use crate::gimbal::Gimbal;
use crate::lab::Lab;
use crate::rpc::Rpc;
use crate::world::{World, world};

/// Where a test starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The lab's vault waits for `genesis`; everything else as in [`Start::Calm`].
    Unseeded,
    /// Both vaults are seeded, Alice and Bob have deposited, prices stand at their opening.
    Calm,
    /// As [`Start::Calm`], and the price of WBTC has risen by 15 % in small steps: the main vault is out of its band
    /// and ready for a rebalance.
    Drifted,
}

/// A chain of its own for one test: a node, the market and two vaults.
#[derive(Debug)]
pub struct Chain {
    node: Node,
    rpc: Rpc,
    directory: TempDir,
    /// The market, with this chain.
    pub market: Market,
    /// The vault of the market's four assets on real Uniswap V3 pools.
    pub main: Gimbal,
    /// The vault of hostile tokens on hostile pools.
    pub lab: Lab,
}

impl Chain {
    /// Starts a node in the given state. The first call of a process builds the world, which takes a while.
    ///
    /// # Errors
    ///
    /// If `./scripts/setup` has not been run, or the world cannot be built.
    pub async fn start(start: Start) -> Result<Self> {
        let world = world().await?;
        let directory = tempfile::tempdir()?;
        let state = directory.path().join("state.json");
        std::fs::write(&state, world.state(start))?;
        let node = spawn(state, 0).await?;
        Self::on(world, node, directory).await
    }

    async fn on(world: &World, node: Node, directory: TempDir) -> Result<Self> {
        let rpc = Rpc::new(&node.url())?;
        let chain = gimbal_scripts::chain::Chain::connect(&node.url()).await?;
        let market = Market {
            chain,
            ..world.market.clone()
        };
        Ok(Self {
            node,
            rpc,
            directory,
            market,
            main: world.main.clone(),
            lab: world.lab.clone(),
        })
    }

    /// A chain of its own that begins with the last block of this one: another node in fork mode.
    ///
    /// # Errors
    ///
    /// If the node cannot be started.
    pub async fn fork(&self) -> Result<Self> {
        let node = fork(self.url()).await?;
        Self::on(world().await?, node, tempfile::tempdir()?).await
    }

    /// Stops the node, which writes its state, and starts another on the same port from what it wrote. In between,
    /// `meanwhile` runs with nobody answering.
    ///
    /// # Errors
    ///
    /// If the node cannot be stopped or started.
    pub async fn restart(self, meanwhile: impl Future<Output = ()>) -> Result<Self> {
        let Self {
            node, directory, ..
        } = self;
        let port = node.port();
        node.shutdown().await?;
        meanwhile.await;
        let node = spawn(directory.path().join("state.json"), port).await?;
        Self::on(world().await?, node, directory).await
    }

    /// The node.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// A directory that lives as long as the chain.
    #[must_use]
    pub fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }
}

impl Deref for Chain {
    type Target = Rpc;

    fn deref(&self) -> &Rpc {
        &self.rpc
    }
}

/// A node that forks the chain at `url`, and keeps nothing on disk.
///
/// # Errors
///
/// If the chain there cannot be forked.
pub async fn fork(url: &str) -> Result<Node> {
    let mut settings = Settings::new(url).map_err(|reason| eyre!(reason))?;
    settings.cache = None;
    let config = Config {
        fork: Some(settings),
        ..Config::default()
    };
    stylus_devnode::spawn(config)
        .await
        .wrap_err("starting a fork")
}

async fn spawn(state: PathBuf, port: u16) -> Result<Node> {
    let config = Config {
        state: Some(state),
        port,
        ..Config::default()
    };
    stylus_devnode::spawn(config)
        .await
        .wrap_err("starting the devnode")
}
