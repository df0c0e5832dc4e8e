//! What a node is started with.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
};

use alloy_primitives::{Address, U256, address};

pub use crate::chain::mining::Mining;
use crate::fork::Settings;

/// Chain id of Nitro's dev chain.
pub const CHAIN_ID: u64 = 412_346;

/// The ArbOS version that Arbitrum One runs.
pub const ARBOS_VERSION: u64 = 61;

/// Nitro's public development account. Its key is
/// `0xb6b15c8cb491557369f3c7d2c287b053eb229daa9c22138887752191c9520659`.
pub const DEV_ACCOUNT: Address = address!("0x3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E");

/// Port of Nitro's dev node.
pub const PORT: u16 = 8547;

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
    /// Number of the well-known test accounts funded beside [`DEV_ACCOUNT`], at most 10.
    pub accounts: usize,
    /// When blocks are made.
    pub mining: Mining,
    /// {wei} Balance of each funded account.
    pub balance: U256,
    /// Another chain to begin with. It decides on the chain id and the ArbOS version.
    pub fork: Option<Settings>,
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
            accounts: 10,
            mining: Mining::Auto,
            balance: U256::from(10_000) * U256::from(1_000_000_000_000_000_000u64),
            fork: None,
        }
    }
}

/// Accounts of the mnemonic "test test test test test test test test test test test junk", whose
/// keys every Ethereum tool knows.
pub const TEST_ACCOUNTS: [Address; 10] = [
    address!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
    address!("0x70997970C51812dc3A010C7d01b50e0d17dc79C8"),
    address!("0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"),
    address!("0x90F79bf6EB2c4f870365E785982E1f101E93b906"),
    address!("0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65"),
    address!("0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc"),
    address!("0x976EA74026E726554dB657fA54763abd0C3a0aa9"),
    address!("0x14dC79964da2C08b23698B3D3cc7Ca32193d9955"),
    address!("0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f"),
    address!("0xa0Ee7A142d267C1f36714E4a8F75612F20a79720"),
];

impl Config {
    /// The accounts that are funded at genesis.
    pub fn funded(&self) -> impl Iterator<Item = Address> {
        std::iter::once(DEV_ACCOUNT).chain(TEST_ACCOUNTS.into_iter().take(self.accounts))
    }
}
