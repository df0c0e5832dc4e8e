//! A system at one moment, as its own contracts tell it.

use alloy::primitives::U256;
use eyre::Result;
use gimbal_abi::{IEngine, IVault};

use super::System;

/// A system at one moment.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Whether a rebalance would be accepted, and the drift.
    pub check: IEngine::checkRebalanceReturn,
    /// Value, D18{usd}.
    pub nav: U256,
    /// Feed prices, D18{usd/whole token}.
    pub prices: Vec<U256>,
    /// What is wrong with the prices, per asset; the bits of the engine's `prices()`.
    pub flags: Vec<U256>,
    /// Weights, D18.
    pub weights: Vec<U256>,
    /// Target weights, D18.
    pub targets: Vec<U256>,
    /// {tok} of each asset that the vault manages.
    pub managed: Vec<U256>,
    /// Shares.
    pub supply: U256,
    /// 0 active, 1 halted, 2 killed.
    pub mode: u8,
    /// Swaps so far.
    pub nonce: u64,
}

impl Reading {
    /// `max over i of |weight - target|`, bps, two decimals.
    pub fn drift_bps(&self) -> f64 {
        bps(self.check.drift)
    }
}

impl System {
    /// What the engine says of itself at this moment.
    ///
    /// - Errors: no good price for every asset.
    pub async fn reading(&self) -> Result<Reading> {
        let chain = &self.market.chain;
        let weights = chain.read(self.engine, &IEngine::weightsCall {}).await?;
        let state = chain.read(self.vault, &IVault::stateCall {}).await?;
        let prices = chain.read(self.engine, &IEngine::pricesCall {}).await?;
        Ok(Reading {
            check: chain
                .read(self.engine, &IEngine::checkRebalanceCall {})
                .await?,
            nav: chain.read(self.engine, &IEngine::navCall {}).await?,
            prices: prices.chainlink,
            flags: prices.flags,
            weights: weights.current,
            targets: weights.targets,
            managed: state.managed,
            supply: state.supply,
            mode: state.mode,
            nonce: state.nonce,
        })
    }
}

/// A D18 fraction in bps, two decimals.
pub fn bps(d18: U256) -> f64 {
    (f64::from(d18) / 1e12).round() / 100.0
}
