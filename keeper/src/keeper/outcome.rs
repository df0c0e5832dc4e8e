//! What comes of looking.

use alloy::primitives::{B256, U256};
use serde::Serialize;

use crate::decide::{Proposal, Reason};
use crate::snapshot::Mode;

/// What came of one look.
#[derive(Debug)]
pub enum Outcome {
    /// Nothing was to be done.
    Waited {
        /// Why.
        reason: Reason,
        /// Chain time at which to ask again, if known.
        retry_at: Option<u64>,
    },
    /// A rebalance that was simulated but not sent.
    Planned(Proposal),
    /// A rebalance, done.
    Rebalanced(Box<Rebalanced>),
    /// The breaker is latched: by somebody, or by our own call an instant ago.
    Halted {
        /// The mode.
        mode: Mode,
        /// Chain time of the latest halt.
        since: u64,
    },
}

/// A rebalance, by the engine's own event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rebalanced {
    /// The transaction.
    pub tx: B256,
    /// Its gas.
    pub gas_used: u64,
    /// Its block.
    pub block: u64,
    /// Legs.
    pub trades: usize,
    /// D18{usd}
    #[serde(with = "crate::amount::decimal")]
    pub nav_before: U256,
    /// D18{usd}, at the same prices.
    #[serde(with = "crate::amount::decimal")]
    pub nav_after: U256,
    /// Largest distance of a weight from its target before it, D18.
    #[serde(with = "crate::amount::decimal")]
    pub drift_before: U256,
    /// The same after it.
    #[serde(with = "crate::amount::decimal")]
    pub drift_after: U256,
}

/// What a loop did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Looks.
    pub looks: u64,
    /// Rebalances.
    pub rebalances: u64,
    /// Errors.
    pub errors: u64,
}
