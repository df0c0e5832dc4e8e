//! What a refused call said, decoded by name.

use alloy::primitives::{Bytes, hex};
use alloy::sol_types::{SolError, SolInterface};
use eyre::{Result, bail, ensure};
use gimbal_abi::{IAdapter, IEngine, IVault};

/// Revert data of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revert(pub Bytes);

impl Revert {
    /// Whether the data is an `E`, whatever its arguments.
    #[must_use]
    pub fn is<E: SolError>(&self) -> bool {
        self.0.len() >= 4 && self.0[..4] == E::SELECTOR
    }

    /// The error and its arguments.
    ///
    /// # Errors
    ///
    /// If the data is not exactly one encoded `E`.
    pub fn decode<E: SolError>(&self) -> Result<E> {
        if !self.is::<E>() {
            bail!("expected {}, got {}", E::SIGNATURE, self.describe());
        }
        let error = E::abi_decode_raw_validate(&self.0[4..])?;
        ensure!(
            error.abi_encode() == self.0.as_ref(),
            "{} has trailing bytes: {}",
            E::SIGNATURE,
            self.0
        );
        Ok(error)
    }

    /// Name and arguments, as far as Gimbal's interfaces know them.
    #[must_use]
    pub fn describe(&self) -> String {
        if self.0.is_empty() {
            return "empty revert data".to_owned();
        }
        if let Ok(error) = IVault::IVaultErrors::abi_decode(&self.0) {
            return format!("{error:?}");
        }
        if let Ok(error) = IEngine::IEngineErrors::abi_decode(&self.0) {
            return format!("{error:?}");
        }
        if let Ok(error) = IAdapter::IAdapterErrors::abi_decode(&self.0) {
            return format!("{error:?}");
        }
        if let Ok(error) = alloy::sol_types::Revert::abi_decode(&self.0) {
            return error.to_string();
        }
        format!("0x{}", hex::encode(&self.0))
    }
}
