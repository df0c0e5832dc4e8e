//! One node: typed reads with a deadline each, errors that say what failed and hide what is secret.
//!
//! Answers are read into small structs of our own, so that a chain's extra fields or missing ones do not matter.

mod batch;
mod chain;
mod endpoint;
mod error;

pub use batch::{Answers, Batch, Slot, clockCall};
pub use chain::{Chain, Head, Receipt, Timeouts};
pub use endpoint::Endpoint;
pub use error::{CallError, RpcError};
