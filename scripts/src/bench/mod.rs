//! Figures: what `./scripts/bench` measures.
//!
//! - [`peer`]: the two nodes that are compared, as processes.
//! - [`throughput`]: ether transfers per second.
//! - [`gas`]: gas of the vault's operations.

pub mod gas;
pub mod peer;
pub mod throughput;
