//! A local Arbitrum chain that runs Stylus programs and EVM contracts in one state.
//!
//! ```no_run
//! # async fn example() -> Result<(), stylus_devnode::Error> {
//! let node = stylus_devnode::spawn(stylus_devnode::Config::default()).await?;
//! println!("{}", node.url());
//! node.shutdown().await?;
//! # Ok(())
//! # }
//! ```

pub mod arbos;
pub mod chain;
pub mod config;
pub mod evm;
pub mod node;
pub mod precompiles;
pub mod rpc;

pub use config::{ARBOS_VERSION, CHAIN_ID, Config, DEV_ACCOUNT, TEST_ACCOUNTS};
pub use node::{Error, Node, spawn};

pub mod stylus;
