//! Another chain as the ground that this one stands on.

pub mod error;

pub use error::{Reason, StateError};
