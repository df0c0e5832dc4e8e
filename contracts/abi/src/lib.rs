//! The one copy of Gimbal's off-chain bindings.
//!
//! - [`IVault`], [`IEngine`], [`IAdapter`]: generated from the Solidity files in `contracts/interfaces`.
//! - [`token`]: ERC-20 and wrapped ether.
//! - [`chainlink`]: price and sequencer-uptime feeds.
//! - [`uniswap`]: V3 factory, pool, position manager and router.
//! - [`arbitrum`]: the precompiles and the deployer that Stylus programs need.
//!
//! Every interface has an `Instance` with typed calls, the call structs themselves, and `abi::contract()`, its JSON ABI
//! as data (the keeper decodes revert data with it).

pub mod arbitrum;
pub mod chainlink;
pub mod token;
pub mod uniswap;

mod adapter;
mod engine;
mod vault;

pub use adapter::IAdapter;
pub use engine::IEngine;
pub use vault::IVault;
