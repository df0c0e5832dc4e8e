//! Figures: what `./scripts/bench` measures.
//!
//! - [`gas`]: gas of the vault's operations.
//! - [`compare`]: the devnode beside anvil, and the targets that it has to meet.
//! - [`peer`], [`line`], [`load`]: nodes as processes, the one client of both, signed transactions ready to be sent.
//! - [`rates`], [`calls`], [`cold`], [`memory`]: what is compared.
//! - [`figure`]: a figure and its target.

pub mod calls;
pub mod cold;
pub mod compare;
pub mod figure;
pub mod gas;
pub mod line;
pub mod load;
pub mod memory;
pub mod peer;
pub mod rates;
