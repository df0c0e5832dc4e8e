//! The harness of Gimbal's end-to-end tests: the shipped wasm on an in-process chain, beside real Uniswap V3 bytecode.
//!
//! - [`actors`]: who acts.
//! - [`chain`]: one node per test.
//! - [`blank`], [`tool`]: a chain with nothing on it, and the programs of others that a test starts.
//! - [`rpc`], `control`: calls and transactions; time and state by hand.
//! - [`revert`]: what a refused call said.
//! - [`sent`]: what a transaction did.
//! - [`mocks`]: what the Solidity mocks can be told to do.
//! - [`world`]: the market and the vaults that every test starts from, built once per process.
//! - [`gimbal`], `lock`: one vault with its engine and adapter, and what tests do with it.
//! - [`lab`]: a vault of hostile tokens on hostile pools.
//!
//! The tests themselves are one binary, `tests/it`.

pub mod actors;
pub mod blank;
pub mod chain;
mod control;
pub mod gimbal;
pub mod lab;
mod lock;
pub mod mocks;
pub mod revert;
pub mod rpc;
pub mod sent;
pub mod tool;
pub mod world;
