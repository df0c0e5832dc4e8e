//! The typed half of this repository's scripts: a market to test against, the demo's story, the gates.
//!
//! - [`artifact`]: bytecode on disk.
//! - [`chain`]: sign, send, insist on success, travel in time.
//! - [`gates`]: what must hold of every build.
//! - [`market`]: tokens, feeds and real Uniswap V3 pools.
//! - [`pack`]: raw wasm to the bytes that are deployed.

pub mod artifact;
pub mod chain;
pub mod gates;
pub mod market;
pub mod pack;
