//! What a node is started with.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use alloy_primitives::{Address, U256};

use crate::fork::Settings;

pub use crate::{
    chain::mining::Mining,
    wallet::{ACCOUNTS_MAX, DEV_ACCOUNT, Mnemonic, TEST_ACCOUNTS, Wallet},
};

/// Chain id of Nitro's dev chain.
pub const CHAIN_ID: u64 = 412_346;

/// The ArbOS version that Arbitrum One runs.
pub const ARBOS_VERSION: u64 = 61;

/// Port of Nitro's dev node.
pub const PORT: u16 = 8547;

/// How long a request may execute what is not mined, unless the node is told otherwise.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(20);

/// How many times that long a batch goes on.
pub const BATCH_TIMEOUTS: u32 = 3;

/// {byte} Largest request unless told otherwise, as in geth.
pub const REQUEST_MAX: u32 = 5 << 20;

/// {byte} Largest request of all, which loads a dump, and largest answer.
pub const BODY_MAX: u32 = 512 << 20;

/// How to start a node. The default listens on a free loopback port and keeps nothing on disk.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to listen on.
    pub host: IpAddr,
    /// Port to listen on; 0 takes a free one.
    pub port: u16,
    /// Chain id.
    pub chain_id: u64,
    /// ArbOS version whose rules apply.
    pub arbos_version: u64,
    /// File that is loaded at start, if it exists, and written at shutdown.
    pub state: Option<PathBuf>,
    /// Folder of compiled Stylus programs, for this node and later ones; kept in memory only if none.
    pub module_cache: Option<PathBuf>,
    /// {s} Time of the genesis block, from which the clock runs on; the wall clock if none.
    pub timestamp: Option<u64>,
    /// The accounts that are funded, and their keys.
    pub wallet: Arc<Wallet>,
    /// When blocks are made.
    pub mining: Mining,
    /// {wei} Balance of each funded account.
    pub balance: U256,
    /// Another chain to begin with. It decides on the chain id and the ArbOS version.
    pub fork: Option<Settings>,
    /// Longest time that a request's executions may take which are not mined: calls, estimates, traces.
    /// A batch starts no request after [`BATCH_TIMEOUTS`] times that.
    pub call_timeout: Duration,
    /// {byte} Largest request, except one that loads a dump.
    pub request_max: u32,
    /// The origin whose web pages may read answers, `*` for all of them; none if none.
    pub allow_origin: Option<String>,
    /// Time between two writes of the state file while the node runs; only at shutdown if none.
    pub state_interval: Option<Duration>,
}

impl Config {
    /// The accounts that are funded at the start.
    pub fn funded(&self) -> impl Iterator<Item = Address> {
        self.wallet.accounts.iter().copied()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            chain_id: CHAIN_ID,
            arbos_version: ARBOS_VERSION,
            state: None,
            module_cache: None,
            timestamp: None,
            wallet: Arc::default(),
            mining: Mining::Auto,
            request_max: REQUEST_MAX,
            allow_origin: Some("*".into()),
            state_interval: None,
            call_timeout: CALL_TIMEOUT,
            balance: U256::from(10_000) * U256::from(1_000_000_000_000_000_000u64),
            fork: None,
        }
    }
}
