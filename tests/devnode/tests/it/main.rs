//! The node through real clients: transactions, calls and test methods over JSON-RPC.
//!
//! Programs are wat text (`wat/`), compressed and deployed as cargo-stylus does it.

mod arbitrum;
mod blocks;
mod fork;
mod gas;
mod program;
mod rig;
mod rpc;
mod stylus;
mod tracing;
