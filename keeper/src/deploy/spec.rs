//! What to build, in the contracts' own units.

use alloy::primitives::{Address, B256, U256};
use gimbal_abi::IEngine;
use gimbal_core::ASSETS_MAX;

use crate::config::ConfigError;

/// A system: vault, engine, adapter and their wiring. The owner is the key that deploys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemSpec {
    /// Name of the shares, at most 31 bytes.
    pub name: String,
    /// Symbol of the shares, at most 31 bytes.
    pub symbol: String,
    /// Who may halt and kill.
    pub guardian: Address,
    /// Who may rebalance.
    pub keepers: Vec<Address>,
    /// Chainlink's sequencer-uptime feed.
    pub sequencer_feed: Address,
    /// The canonical Uniswap V3 factory.
    pub factory: Address,
    /// Index of the asset that the pools are quoted in.
    pub reference: usize,
    /// The basket, in registry order.
    pub assets: Vec<AssetSpec>,
    /// Bounds on every rebalance.
    pub limits: IEngine::Limits,
    /// The seed, pulled from the owner. Without it the vault waits for `genesis`.
    pub genesis: Option<GenesisSpec>,
}

/// One asset of the basket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetSpec {
    /// How the engine prices it and how far it may drift.
    pub engine: IEngine::Asset,
    /// Share of it that swaps may take out in 24 hours, bps; the vault's default if absent.
    pub quota_bps: Option<u16>,
}

/// The first deposit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenesisSpec {
    /// {tok} of each asset.
    pub amounts: Vec<U256>,
    /// Shares minted for them, 1e15 of which are out of reach for ever.
    pub shares: U256,
}

impl SystemSpec {
    /// Refuses what the constructors would refuse, in words, before anything is paid for.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`].
    pub fn check(&self) -> Result<(), ConfigError> {
        let refuse = |text: String| Err(ConfigError::Invalid(text));
        let n = self.assets.len();
        if !(2..=ASSETS_MAX).contains(&n) {
            return refuse(format!("{n} assets; a basket has 2 to {ASSETS_MAX}"));
        }
        for (what, text) in [("name", &self.name), ("symbol", &self.symbol)] {
            if text.is_empty() || text.len() > 31 {
                return refuse(format!(
                    "the {what} of the shares has {} bytes; 1 to 31 fit",
                    text.len()
                ));
            }
        }
        let Some(reference) = self.assets.get(self.reference) else {
            return refuse(format!(
                "the reference asset {} is not in the basket of {n}",
                self.reference
            ));
        };
        if reference.engine.pool != Address::ZERO {
            return refuse("the reference asset has no pool: leave it out".into());
        }
        let targets: u128 = self
            .assets
            .iter()
            .map(|asset| u128::from(asset.engine.target))
            .sum();
        if targets != 1_000_000_000_000_000_000 {
            return refuse(format!(
                "the targets sum to {} %, not 100 %",
                targets as f64 / 1e16
            ));
        }
        for (i, asset) in self.assets.iter().enumerate() {
            let pool_missing = asset.engine.pool == Address::ZERO && i != self.reference;
            if pool_missing
                || asset.engine.token == Address::ZERO
                || asset.engine.feed == Address::ZERO
            {
                return refuse(format!("asset {i} lacks its token, its feed or its pool"));
            }
            if self.assets[..i]
                .iter()
                .any(|other| other.engine.token == asset.engine.token)
            {
                return refuse(format!("asset {i} is listed twice"));
            }
            if asset.engine.priceMin >= asset.engine.priceMax {
                return refuse(format!("asset {i}: price_min must be below price_max"));
            }
        }
        match &self.genesis {
            Some(genesis) if genesis.amounts.len() != n => refuse(format!(
                "genesis has {} amounts for {n} assets",
                genesis.amounts.len()
            )),
            Some(genesis) if genesis.amounts.iter().any(U256::is_zero) => {
                refuse("genesis needs some of every asset".into())
            }
            _ => Ok(()),
        }
    }

    /// Tokens in registry order.
    pub fn tokens(&self) -> Vec<Address> {
        self.assets.iter().map(|asset| asset.engine.token).collect()
    }
}

/// A short string as the vault's constructor takes it: its bytes, zero-padded.
pub(super) fn padded(text: &str) -> B256 {
    let mut word = B256::ZERO;
    word[..text.len().min(32)].copy_from_slice(&text.as_bytes()[..text.len().min(32)]);
    word
}
