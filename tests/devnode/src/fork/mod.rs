//! Another chain as the ground that this one stands on.
//!
//! A fork begins with one block of the upstream. Its state is read when it is needed and never
//! changes; what changes locally lies over it in [`State`](crate::chain::state::State).
//!
//! | module | owns |
//! |---|---|
//! | [`settings`] | endpoint, block, patience |
//! | `client`, `pace`, `wording` | JSON-RPC with repetitions, a rate and a limit of time; what errors mean |
//! | [`upstream`], [`head`] | the other chain: id, blocks, requests that are passed on |
//! | [`pin`], `memory` | one block's state, read by its hash and remembered |
//! | `disk` | what was read, for the next start |

mod client;
mod disk;
pub mod head;
mod memory;
mod pace;
pub mod pin;
pub mod settings;
pub mod upstream;
mod wording;

pub use crate::errands::error::{Reason, StateError};
pub use client::Stop;
pub use memory::Account;
pub use pin::Pin;
pub use settings::Settings;
