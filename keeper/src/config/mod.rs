//! The configuration file, the command line's view of it, and what it is turned into.
//!
//! One TOML file describes a system (for `deploy`) and its keeper (for `run`). Unknown keys are errors. Secrets have no
//! place in it. `gimbal.example.toml` explains every key.

mod file;
mod units;

use std::path::{Path, PathBuf};

use alloy::primitives::{Address, U256};
use gimbal_abi::IEngine;
use gimbal_abi::token::IERC20;

use crate::decide::Policy;
use crate::deploy::{AssetSpec, GenesisSpec, SystemSpec};
use crate::error::Error;
use crate::keeper::Pace;
use crate::rpc::Chain;
use crate::send::SendPolicy;

pub use file::{
    AdapterSection, AddressSection, AssetSection, Config, EngineSection, GenesisSection,
    KeeperSection, LimitsSection, VaultSection,
};
pub use units::{Bps, Decimal, GasPrice, Seconds, Share, Usd, Whole};

/// Where a deployed system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// The vault.
    pub vault: Address,
    /// Its engine.
    pub engine: Address,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No file.
    #[error("cannot read {path}: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// Not what was expected, with the place.
    #[error("{path}: {reason}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The place and the parser's words, without the line itself.
        reason: String,
    },
    /// A missing key.
    #[error("{0} is missing")]
    Missing(String),
    /// A pause of nothing.
    #[error("{0} must be at least 1s")]
    NoPause(&'static str),
    /// A value that makes no sense.
    #[error("{0}")]
    Invalid(String),
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], with line and column for what the parser refuses.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        toml::from_str(&text).map_err(|error| ConfigError::Syntax {
            path: path.to_owned(),
            reason: without_source(&text, &error),
        })
    }

    /// What to deploy; `owner` stands in where no guardian or keeper is named. Reads the decimals of the tokens if there
    /// is a seed.
    ///
    /// # Errors
    ///
    /// [`Error::Config`], [`Error::Rpc`], [`Error::Refused`] if a token has no decimals.
    pub async fn system(&self, chain: &Chain, owner: Address) -> Result<SystemSpec, Error> {
        let missing = |key: &str| ConfigError::Missing(format!("[{key}] in the configuration"));
        let vault = self.vault.as_ref().ok_or_else(|| missing("vault"))?;
        let engine = self.engine.as_ref().ok_or_else(|| missing("engine"))?;
        let adapter = self.adapter.as_ref().ok_or_else(|| missing("adapter"))?;
        let reference = self.index_of(&engine.reference)?;
        let spec = SystemSpec {
            name: vault.name.clone(),
            symbol: vault.symbol.clone(),
            guardian: vault.guardian.unwrap_or(owner),
            keepers: engine.keepers.clone().unwrap_or_else(|| vec![owner]),
            sequencer_feed: engine.sequencer_feed,
            factory: adapter.factory,
            reference,
            assets: self.assets.iter().map(AssetSection::spec).collect(),
            limits: engine.limits.limits(),
            genesis: match &self.genesis {
                Some(genesis) => Some(self.seed(chain, genesis).await?),
                None => None,
            },
        };
        spec.check()?;
        Ok(spec)
    }

    /// When to rebalance.
    pub fn policy(&self) -> Policy {
        self.keeper.policy()
    }

    /// How to send.
    pub fn send_policy(&self) -> SendPolicy {
        self.keeper.send_policy()
    }

    /// How often to look.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoPause`].
    pub fn pace(&self) -> Result<Pace, ConfigError> {
        self.keeper.pace()
    }

    fn index_of(&self, name: &str) -> Result<usize, ConfigError> {
        let found = self.assets.iter().position(|asset| asset.name == name);
        found.ok_or_else(|| ConfigError::Invalid(format!("{name:?} is not the name of an asset")))
    }

    async fn seed(&self, chain: &Chain, genesis: &GenesisSection) -> Result<GenesisSpec, Error> {
        let mut amounts = vec![U256::ZERO; self.assets.len()];
        for (name, amount) in &genesis.amounts {
            let index = self.index_of(name)?;
            let token = self.assets[index].token;
            let decimals = chain
                .view(token, &IERC20::decimalsCall {})
                .await
                .map_err(|error| Error::of_call(format!("decimals of {name}"), error))?;
            let scaled = amount.scaled(decimals);
            amounts[index] = scaled
                .map_err(|reason| ConfigError::Invalid(format!("genesis of {name}: {reason}")))?;
        }
        let shares = genesis.shares.scaled(18).map_err(ConfigError::Invalid)?;
        Ok(GenesisSpec { amounts, shares })
    }
}

impl AssetSection {
    fn spec(&self) -> AssetSpec {
        AssetSpec {
            engine: IEngine::Asset {
                token: self.token,
                feed: self.feed,
                pool: self.pool.unwrap_or_default(),
                heartbeat: self.heartbeat.0,
                priceMin: self.price_min.0,
                priceMax: self.price_max.0,
                liquidityMin: self.liquidity_min.map_or(0, |least| least.0),
                target: self.target.0,
                band: self.band.0,
            },
            quota_bps: self.quota.map(|quota| quota.0),
        }
    }
}

impl LimitsSection {
    fn limits(&self) -> IEngine::Limits {
        IEngine::Limits {
            slippageBps: self.slippage.0,
            lossBps: self.loss.0,
            gainBps: self.gain.0,
            deviationSkipBps: self.deviation_skip.0,
            deviationTripBps: self.deviation_trip.0,
            deviationSpotBps: self.deviation_spot.0,
            tradeBpsMax: self.trade_max.0,
            cooldown: self.cooldown.0,
            twapWindow: self.twap_window.0,
            sequencerGrace: self.sequencer_grace.0,
            tradeUsdMin: self.trade_usd_min.0,
        }
    }
}

/// The place, the key and the parser's words but for the value. The parser quotes line and value, which may be a secret
/// that was put there by mistake.
fn without_source(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let Some(before) = before else {
        return without_value(error.message());
    };
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
    let key = text.lines().nth(line - 1).and_then(key_of);
    let key = key.map_or(String::new(), |key| format!(" ({key})"));
    let words = without_value(error.message());
    format!("line {line}, column {column}{key}: {words}")
}

/// The key of a line, if it is a plain one.
fn key_of(line: &str) -> Option<&str> {
    let (key, _) = line.split_once('=')?;
    let key = key.trim();
    let plain = |c: char| c.is_ascii_lowercase() || c == '_' || c == '.';
    (!key.is_empty() && key.chars().all(plain)).then_some(key)
}

/// serde's words for a wrong value, without the value: "invalid type: string \"…\", expected a map" and the like.
pub(crate) fn without_value(words: &str) -> String {
    let wrong = ["invalid type", "invalid value"]
        .into_iter()
        .find(|wrong| words.starts_with(wrong));
    match (wrong, words.rsplit_once(", expected ")) {
        (Some(wrong), Some((_, expected))) => format!("{wrong}, expected {expected}"),
        (Some(wrong), None) => wrong.to_owned(),
        (None, _) => words.to_owned(),
    }
}

#[cfg(test)]
mod tests;
