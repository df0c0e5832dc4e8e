//! What test methods do to the chain as a whole.
//!
//! [`snapshot`] goes back in time, [`settings`] changes what holds for every block, [`deal`] gives tokens.

pub mod deal;
pub mod settings;
pub mod snapshot;
