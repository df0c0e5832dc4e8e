//! The off-chain half of Gimbal as a library; the command `gimbal` is a thin shell around it.
//!
//! | module | owns |
//! |---|---|
//! | [`decide`] | whether to rebalance and how: pure, shared with the backtest |
//! | [`snapshot`], [`registry`] | what a decision needs, read at one block |
//! | [`keeper`] | look, decide, simulate, act; once or for ever |
//! | [`send`] | one signer, one transaction at a time |
//! | [`rpc`] | one node: typed reads with deadlines, batches |
//! | [`decode`] | revert data by name |
//! | [`deploy`] | a whole system from three wasm files |
//! | [`actions`] | deposit and redeem |
//! | [`status`] | the system as a table and as JSON |
//! | [`config`], [`key`] | the file and the secret |
//! | [`amount`] | numbers as people read them |
//! | [`error`] | what can go wrong, and its exit code |
//! | [`cli`] | the command line |

pub mod actions;
pub mod amount;
pub mod cli;
pub mod config;
pub mod decide;
pub mod decode;
pub mod deploy;
pub mod error;
pub mod keeper;
pub mod key;
pub mod registry;
pub mod rpc;
pub mod send;
pub mod snapshot;
pub mod status;

pub use error::Error;
