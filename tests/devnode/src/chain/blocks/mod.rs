//! The blocks of a chain: what they hold, how they are found, and what came since a reader looked.
//!
//! [`history`] keeps them, [`block`] seals them, [`query`] finds blocks, receipts and logs, [`follow`]
//! tells what came and what went, [`numbering`] what `block.number` is.

pub mod block;
pub mod follow;
pub mod history;
pub mod numbering;
pub mod query;
