//! What a transaction did.

use alloy::primitives::Address;
use alloy::rpc::types::TransactionReceipt;
use alloy::sol_types::SolEvent;
use eyre::{Result, ensure};

/// A transaction that succeeded.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Its receipt.
    pub receipt: TransactionReceipt,
}

impl Sent {
    /// Events of one kind that `contract` emitted, in order.
    #[must_use]
    pub fn events<E: SolEvent>(&self, contract: Address) -> Vec<E> {
        self.receipt
            .logs()
            .iter()
            .filter(|log| log.address() == contract)
            .filter_map(|log| E::decode_log(&log.inner).ok())
            .map(|log| log.data)
            .collect()
    }

    /// Asserts that `contract` emitted exactly one `E`, equal to `expected`.
    ///
    /// # Errors
    ///
    /// If it did not.
    pub fn emits<E: SolEvent + PartialEq + std::fmt::Debug>(
        &self,
        contract: Address,
        expected: &E,
    ) -> Result<()> {
        let found = self.events::<E>(contract);
        ensure!(
            found.len() == 1 && found[0] == *expected,
            "expected {expected:?}, found {found:?}"
        );
        Ok(())
    }

    /// The one `E` that `contract` emitted.
    ///
    /// # Errors
    ///
    /// If there are none or several.
    pub fn event<E: SolEvent + std::fmt::Debug>(&self, contract: Address) -> Result<E> {
        let mut found = self.events::<E>(contract);
        ensure!(
            found.len() == 1,
            "expected one {}, found {found:?}",
            E::SIGNATURE
        );
        Ok(found.remove(0))
    }
}
