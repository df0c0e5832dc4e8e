//! What is deployed on a market: the keeper's specification, filled in from what is on chain.

use alloy::primitives::{Address, U256};
use eyre::{Result, WrapErr};
use gimbal_abi::IEngine;
use gimbal_abi::uniswap::IUniswapV3Pool;
use gimbal_keeper::deploy::{AssetSpec, GenesisSpec, SystemSpec};

use super::{ONE, Roles, SystemConfig};
use crate::market::Market;

/// Price bounds of a volatile asset are its opening price divided and multiplied by this.
const BOUND_FACTOR: u64 = 20;
/// The reference asset may leave a dollar by this much.
const REFERENCE_BOUND: f64 = 0.05;
/// A pool may lose all but this part of its opening liquidity before it counts as thin.
const LIQUIDITY_DIVISOR: u128 = 10;

/// What [`System::deploy`] builds, for tests that deploy it themselves.
///
/// - Errors: a node that does not answer.
pub async fn specification(
    market: &Market,
    roles: &Roles,
    config: &SystemConfig,
) -> Result<SystemSpec> {
    let n = market.assets.len();
    let mut assets = Vec::with_capacity(n);
    for (index, asset) in market.assets.iter().enumerate() {
        let (pool, liquidity) = match &asset.listing {
            Some(listing) => (
                listing.pool,
                market
                    .chain
                    .read(listing.pool, &IUniswapV3Pool::liquidityCall {})
                    .await?,
            ),
            None => (Address::ZERO, 0),
        };
        let opening = asset.config.price;
        let (least, most) = if index == market.reference {
            (
                opening.times(1.0 - REFERENCE_BOUND).d18(),
                opening.times(1.0 + REFERENCE_BOUND).d18(),
            )
        } else {
            (
                opening.d18() / U256::from(BOUND_FACTOR),
                opening.d18() * U256::from(BOUND_FACTOR),
            )
        };
        let equal = u64::try_from(ONE / n as u128).wrap_err("an even share")?;
        let engine = IEngine::Asset {
            token: asset.token,
            feed: asset.feed,
            pool,
            heartbeat: config.heartbeat_s,
            priceMin: least.to(),
            priceMax: most.to(),
            liquidityMin: liquidity / LIQUIDITY_DIVISOR,
            target: config.targets.get(index).copied().unwrap_or(equal),
            band: config.band_bps,
        };
        assets.push(AssetSpec {
            engine,
            quota_bps: None,
        });
    }
    // {usd} / n of each asset; a share is worth a dollar at the start.
    let genesis = config.seed.map(|dollars| GenesisSpec {
        amounts: (0..n)
            .map(|index| market.worth(index, dollars / n as u64))
            .collect(),
        shares: U256::from(dollars) * U256::from(ONE),
    });
    Ok(SystemSpec {
        name: "Gimbal four".into(),
        symbol: "GIM4".into(),
        guardian: roles.guardian.address(),
        keepers: vec![roles.keeper.address()],
        sequencer_feed: market.sequencer,
        factory: config.factory.unwrap_or(market.factory),
        reference: market.reference,
        assets,
        limits: config.limits.clone(),
        genesis,
    })
}
