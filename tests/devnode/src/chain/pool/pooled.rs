//! One transaction of a pool, and who waits for it.

use std::sync::Arc;

use alloy_consensus::{TxEnvelope, transaction::Recovered};
use alloy_primitives::B256;
use tokio::sync::oneshot;

use crate::chain::mining::{conditions::Conditions, send::TxError};

/// Learns how a transaction fared that waits for the one before it.
pub type Waiter = oneshot::Sender<Result<B256, TxError>>;

/// A transaction in the pool.
#[derive(Debug)]
pub struct Pooled {
    /// The transaction.
    pub tx: Arc<Recovered<TxEnvelope>>,
    /// What must hold when it is mined.
    pub conditions: Option<Arc<Conditions>>,
    /// Its number in order of arrival.
    pub arrival: u64,
    pub(super) bytes: usize,
    /// Its sender, as long as it has no answer.
    pub(super) waiter: Option<Waiter>,
}

impl Pooled {
    /// Tells whoever waits how the transaction fared.
    pub fn settle(self, result: Result<B256, TxError>) {
        if let Some(waiter) = self.waiter {
            // Its client may have gone.
            let _ = waiter.send(result);
        }
    }

    /// {byte} What it takes when it is sent, and its conditions.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// What a mark keeps of it: nothing if its sender has no answer.
    pub(super) fn keep(&self) -> Option<Self> {
        self.waiter.is_none().then(|| Self {
            tx: Arc::clone(&self.tx),
            conditions: self.conditions.clone(),
            waiter: None,
            ..*self
        })
    }
}
