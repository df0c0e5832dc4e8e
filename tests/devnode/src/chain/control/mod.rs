//! What test methods do to the chain as a whole.
//!
//! [`snapshot`] goes back in time, [`reorganise`] takes blocks back and replaces them, [`settings`] changes
//! what holds for every block, [`deal`] gives tokens.

pub mod deal;
pub mod reorganise;
pub mod settings;
pub mod snapshot;
