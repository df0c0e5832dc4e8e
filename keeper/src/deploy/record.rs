//! What a deployment did: the addresses, and what every step cost.

use std::path::Path;

use alloy::primitives::{Address, B256};
use serde::{Deserialize, Serialize};

use crate::config::{ConfigError, without_value};
use crate::error::Error;
use crate::rpc::Receipt;

/// Name and version of the document.
pub const SCHEMA: &str = "gimbal.addresses/1";

/// A deployed system, whole or in the making.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// [`SCHEMA`].
    pub schema: String,
    /// The chain.
    pub chain_id: u64,
    /// The vault.
    pub vault: Option<Address>,
    /// The engine.
    pub engine: Option<Address>,
    /// The adapter.
    pub adapter: Option<Address>,
    /// Every transaction, in order.
    pub steps: Vec<Step>,
}

/// One transaction of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What it did.
    pub step: String,
    /// Its hash.
    pub tx: B256,
    /// Its gas.
    pub gas_used: u64,
}

impl Deployment {
    /// Nothing yet.
    pub fn new(chain_id: u64) -> Self {
        Self {
            schema: SCHEMA.into(),
            chain_id,
            vault: None,
            engine: None,
            adapter: None,
            steps: Vec::new(),
        }
    }

    /// Reads a saved deployment.
    ///
    /// # Errors
    ///
    /// [`ConfigError`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        let deployment: Self =
            serde_json::from_str(&text).map_err(|error| ConfigError::Syntax {
                path: path.to_owned(),
                reason: without_value(&error.to_string()),
            })?;
        if deployment.schema == SCHEMA {
            Ok(deployment)
        } else {
            Err(ConfigError::Invalid(format!(
                "{} is a {:?}, not a {SCHEMA:?}",
                path.display(),
                deployment.schema
            )))
        }
    }

    /// Writes it in one move, so that a reader never sees half of it.
    ///
    /// # Errors
    ///
    /// [`Error::Write`].
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let failed = |error: std::io::Error| Error::Write {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let text = serde_json::to_string_pretty(self).map_err(|error| failed(error.into()))?;
        let draft = path.with_extension("json.part");
        std::fs::write(&draft, text + "\n").map_err(failed)?;
        std::fs::rename(&draft, path).map_err(failed)
    }

    /// Addresses of vault and engine, if the deployment got that far.
    pub fn addresses(&self) -> Option<crate::config::Addresses> {
        Some(crate::config::Addresses {
            vault: self.vault?,
            engine: self.engine?,
        })
    }

    /// Gas of all steps.
    pub fn gas_used(&self) -> u64 {
        self.steps.iter().map(|step| step.gas_used).sum()
    }

    pub(super) fn log(&mut self, step: impl Into<String>, receipt: &Receipt) {
        let step = step.into();
        tracing::info!(step, tx = %receipt.tx, gas_used = receipt.gas_used, "done");
        self.steps.push(Step {
            step,
            tx: receipt.tx,
            gas_used: receipt.gas_used,
        });
    }
}
