//! The typed half of this repository's scripts: a market to test against, the demo's story, the gates.
//!
//! - [`artifact`]: bytecode on disk.
//! - [`bench`]: what `./scripts/bench` measures.
//! - [`chain`]: sign, send, insist on success, let time pass.
//! - [`demo`]: the story on a chain that is already running.
//! - [`market`]: tokens, feeds and real Uniswap V3 pools.
//! - [`system`]: Gimbal on a market, deployed by the keeper's own code.
//! - [`story`]: the whole loop, chapter by chapter.
//! - [`summary`]: what the demo prints.
//! - [`gates`]: what must hold of every build.
//! - [`pack`]: raw wasm to the bytes that are deployed.

pub mod artifact;
pub mod bench;
pub mod chain;
pub mod demo;
pub mod gates;
pub mod market;
pub mod pack;
pub mod story;
pub mod summary;
pub mod system;
