//! From a plan to trades: quota, floor, quote and route of each leg.

use alloy::primitives::U256;
use gimbal_abi::IEngine;
use gimbal_core::fixed::{D18, mul_div_down, mul_div_up};
use gimbal_core::rebalance::{Bounds, Holding, Leg, plan};
use gimbal_core::slippage::{fair_out_down, out_floor_up};
use gimbal_core::weights::value_down;
use gimbal_core::{Error as LawError, Price};

use super::{Policy, Reason, Refusal, Trade, law};
use crate::registry::Registry;
use crate::snapshot::{AssetView, Snapshot, flag};

/// The trades of the law's plan that the quota allows and the pools can bring, each with its floor.
pub(super) fn trades(
    snapshot: &Snapshot,
    registry: &Registry,
    policy: &Policy,
) -> Result<Vec<Trade>, Refusal> {
    let limits = &snapshot.limits;
    let mut holdings = Vec::with_capacity(snapshot.assets.len());
    let (mut bands, mut sellable) = (Vec::new(), Vec::new());
    for (asset, listed) in snapshot.assets.iter().zip(&registry.assets) {
        holdings.push(Holding {
            amount: asset.managed,
            price: asset.feed(listed.decimals).map_err(law)?,
            target: asset.target,
        });
        bands.push(asset.band_bps);
        sellable.push(quota_left(asset.managed, asset.quota_used, asset.quota_cap).map_err(law)?);
    }
    let planned = plan(&holdings, &bands, &sellable, bounds(limits)).map_err(law)?;

    let mut quota = Quota::of(&snapshot.assets);
    let slippage = policy.slippage_bps.min(limits.slippageBps);
    let mut trades = Vec::new();
    let mut unpriced = None;
    for leg in planned.legs() {
        let Some(leg) = quota.fit(leg).map_err(law)? else {
            continue;
        };
        let value = value_down(leg.amount_in, holdings[leg.sold].price).map_err(law)?;
        if value < U256::from(limits.tradeUsdMin) {
            continue;
        }
        // A leg whose pools are off must not hold up the others.
        match priced(snapshot, registry, &leg, value, slippage) {
            Ok(trade) => trades.push(trade),
            Err(refusal) => unpriced = Some(refusal),
        }
    }
    match unpriced {
        Some(refusal) if trades.is_empty() => Err(refusal),
        _ => Ok(trades),
    }
}

/// A little inside the engine's bounds: its prices may be a block younger than ours.
fn bounds(limits: &IEngine::Limits) -> Bounds {
    let margin = (limits.tradeBpsMax / 100).max(1);
    Bounds {
        usd_min: U256::from(limits.tradeUsdMin).saturating_mul(U256::from(101)) / U256::from(100),
        bps_max: limits.tradeBpsMax.saturating_sub(margin),
    }
}

/// The leg with its floor under every live source, if its pools can bring it.
fn priced(
    snapshot: &Snapshot,
    registry: &Registry,
    leg: &Leg,
    value: U256,
    slippage_bps: u16,
) -> Result<Trade, Refusal> {
    let view = |i: usize| (&snapshot.assets[i], registry.assets[i].decimals);
    let ((sold, sold_decimals), (bought, bought_decimals)) = (view(leg.sold), view(leg.bought));
    for i in [leg.sold, leg.bought] {
        if i != registry.reference && snapshot.assets[i].flags & flag::SPOT != 0 {
            return Err((Reason::SpotDeviation(i), None));
        }
    }
    let floor = |price_in: Price, price_out: Price| {
        out_floor_up(leg.amount_in, price_in, price_out, slippage_bps)
    };
    let feeds = (
        sold.feed(sold_decimals).map_err(law)?,
        bought.feed(bought_decimals).map_err(law)?,
    );
    let mut out_min = floor(feeds.0, feeds.1).map_err(law)?;
    // The reference has neither TWAP nor spot: its feed stands in for both, as in the engine.
    let of = |i: usize, feed, pool: Option<Price>| {
        if i == registry.reference {
            Some(feed)
        } else {
            pool
        }
    };
    let averages = (
        of(leg.sold, feeds.0, sold.average(sold_decimals)),
        of(leg.bought, feeds.1, bought.average(bought_decimals)),
    );
    if let (Some(price_in), Some(price_out)) = averages {
        out_min = out_min.max(floor(price_in, price_out).map_err(law)?);
    }
    let markets = (
        of(leg.sold, feeds.0, sold.market(sold_decimals)),
        of(leg.bought, feeds.1, bought.market(bought_decimals)),
    );
    if let (Some(price_in), Some(price_out)) = markets {
        let before_fee = fair_out_down(leg.amount_in, price_in, price_out).map_err(law)?;
        let million = U256::from(1_000_000);
        let kept = million.saturating_sub(U256::from(registry.fee_ppm(leg.sold, leg.bought)));
        let quote = mul_div_down(before_fee, kept, million).map_err(law)?;
        if quote < out_min {
            let reason = Reason::BelowFloor {
                sold: leg.sold,
                bought: leg.bought,
                quote,
                floor: out_min,
            };
            return Err((reason, None));
        }
    }
    Ok(Trade {
        sold: leg.sold,
        bought: leg.bought,
        amount_in: leg.amount_in,
        out_min,
        value,
        route: registry.route(leg.sold, leg.bought),
    })
}

/// {tok} that swaps may still take out: `floor(managed * (cap - used) / 1e18)`.
fn quota_left(managed: U256, used: U256, cap: U256) -> Result<U256, LawError> {
    mul_div_down(managed, cap.saturating_sub(used), D18)
}

/// The vault's outflow bucket, leg by leg: it counts fractions of what is managed at each swap, so a second sale of one
/// asset weighs more than its amount.
struct Quota {
    assets: Vec<(U256, U256, U256)>,
}

impl Quota {
    fn of(assets: &[AssetView]) -> Self {
        let of = |asset: &AssetView| (asset.managed, asset.quota_used, asset.quota_cap);
        Self {
            assets: assets.iter().map(of).collect(),
        }
    }

    /// The leg as far as the quota goes; none if nothing is left.
    fn fit(&mut self, leg: &Leg) -> Result<Option<Leg>, LawError> {
        let (managed, used, cap) = &mut self.assets[leg.sold];
        let amount_in = leg.amount_in.min(quota_left(*managed, *used, *cap)?);
        if amount_in.is_zero() {
            return Ok(None);
        }
        *used += mul_div_up(amount_in, D18, *managed)?;
        *managed -= amount_in;
        Ok(Some(Leg { amount_in, ..*leg }))
    }
}
