//! Whether to rebalance now, and how. Pure: the live loop and a backtest call the same function.
//!
//! The order of the gates is that of cost: what the vault forbids, what the signer may not, what the prices do not
//! support, what the clock does not, and only then arithmetic. A call that would trip the breaker is never proposed,
//! and neither is one that the engine would refuse for a reason that can be seen from here.

use std::fmt;

use alloy::primitives::{Bytes, U256};
use gimbal_abi::IEngine;
use gimbal_core::fixed::{D18, mul_div_down, mul_div_up};
use gimbal_core::rebalance::{Bounds, Holding, Leg, plan};
use gimbal_core::slippage::{deviation_bps, fair_out_down, out_floor_up};
use gimbal_core::weights::value_down;
use gimbal_core::{Error as LawError, Price};

use crate::registry::Registry;
use crate::snapshot::{AssetView, Mode, Snapshot, Status, flag};

/// The keeper's own caution, inside what the engine allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Slippage below the fair amount of every live source; the engine's limit if that is tighter.
    pub slippage_bps: u16,
    /// Chain time in which a call must reach a block, s.
    pub deadline_s: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            slippage_bps: 50,
            deadline_s: 60,
        }
    }
}

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing, for a reason; asking before `retry_at` (chain time) is useless.
    Wait {
        /// The reason.
        reason: Reason,
        /// Chain time, if it is known.
        retry_at: Option<u64>,
    },
    /// Rebalance.
    Rebalance(Proposal),
    /// Nothing until somebody acts: the vault is halted or killed.
    Halted {
        /// The mode.
        mode: Mode,
        /// Chain time of the latest halt; zero if there was none.
        since: u64,
    },
}

/// A call to `rebalance`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The legs, in order.
    pub trades: Vec<Trade>,
    /// The vault's nonce.
    pub nonce: u64,
    /// Last chain time at which it is valid.
    pub deadline: u64,
    /// Drift before it, D18.
    pub drift: U256,
}

/// One leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Index of the asset to sell.
    pub sold: usize,
    /// Index of the asset to buy.
    pub bought: usize,
    /// {tokIn}
    pub amount_in: U256,
    /// {tokOut}
    pub out_min: U256,
    /// {uoa} of the input by the feed.
    pub value: U256,
    /// Packed pool addresses.
    pub route: Bytes,
}

/// Why nothing is to be done. Indices are registry order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The vault has no basket yet.
    NotSeeded,
    /// The signer may not rebalance.
    NotKeeper,
    /// The engine has no venue.
    NoVenue,
    /// Feeds whose answer is bad, old or at its bound.
    Price(usize),
    /// A pool without TWAP or liquidity.
    Twap(usize),
    /// Feed and TWAP disagree by this many bps: at or above the skip threshold, or the trip threshold.
    Deviation(usize, U256),
    /// Spot is away from TWAP.
    SpotDeviation(usize),
    /// Every asset is in its band.
    InBand,
    /// Too soon after the last rebalance.
    Cooldown,
    /// Out of band, but every trade is below the smallest size or out of quota.
    NothingToTrade,
    /// A pool's price less its fee does not bring the floor.
    BelowFloor {
        /// The asset to sell.
        sold: usize,
        /// The asset to buy.
        bought: usize,
        /// {tokOut} at the pool's price.
        quote: U256,
        /// {tokOut} of the floor.
        floor: U256,
    },
    /// The engine says no.
    Engine(Status),
    /// The numbers do not fit the law's domain.
    Law(LawError),
}

/// Decides. `now` is chain time.
pub fn decide(snapshot: &Snapshot, registry: &Registry, policy: &Policy, now: u64) -> Decision {
    if snapshot.mode != Mode::Active {
        return Decision::Halted {
            mode: snapshot.mode,
            since: snapshot.halted_at,
        };
    }
    match attempt(snapshot, registry, policy, now) {
        Ok(proposal) => Decision::Rebalance(proposal),
        Err((reason, retry_at)) => Decision::Wait { reason, retry_at },
    }
}

type Refusal = (Reason, Option<u64>);

fn attempt(
    snapshot: &Snapshot,
    registry: &Registry,
    policy: &Policy,
    now: u64,
) -> Result<Proposal, Refusal> {
    standing(snapshot)?;
    prices_usable(snapshot, registry)?;
    if !snapshot.breached().unwrap_or_default() {
        return Err((Reason::InBand, None));
    }
    let ready_at = snapshot
        .last_rebalance
        .saturating_add(snapshot.limits.cooldown.into());
    if now < ready_at {
        return Err((Reason::Cooldown, Some(ready_at)));
    }
    // The engine knows conditions that are not in the snapshot, such as the sequencer's. Band and cooldown were
    // judged above, by `now`: the engine's view of them is as old as the block.
    if !matches!(
        snapshot.status,
        Status::Ready | Status::NotBreached | Status::Cooldown
    ) {
        let retry_at = (snapshot.retry_at > now).then_some(snapshot.retry_at);
        return Err((Reason::Engine(snapshot.status), retry_at));
    }
    let trades = trades(snapshot, registry, policy)?;
    if trades.is_empty() {
        return Err((Reason::NothingToTrade, None));
    }
    Ok(Proposal {
        trades,
        nonce: snapshot.nonce,
        deadline: now.saturating_add(policy.deadline_s),
        drift: snapshot.drift().unwrap_or_default(),
    })
}

fn standing(snapshot: &Snapshot) -> Result<(), Refusal> {
    if snapshot.supply.is_zero() {
        return Err((Reason::NotSeeded, None));
    }
    if snapshot.signer.is_some_and(|signer| !signer.keeper) {
        return Err((Reason::NotKeeper, None));
    }
    if snapshot.venues.is_empty() {
        return Err((Reason::NoVenue, None));
    }
    Ok(())
}

/// Every source of every asset, although the engine reads the TWAPs of the traded assets alone: a deviation anywhere
/// may be the first sign of a wrong feed, and a call is what latches the breaker.
fn prices_usable(snapshot: &Snapshot, registry: &Registry) -> Result<(), Refusal> {
    for (i, (asset, listed)) in snapshot.assets.iter().zip(&registry.assets).enumerate() {
        let feed = asset
            .feed(listed.decimals)
            .map_err(|_| (Reason::Price(i), None))?;
        if asset.flags & (flag::BAD | flag::STALE | flag::CLAMPED) != 0 {
            return Err((Reason::Price(i), None));
        }
        if i == registry.reference {
            continue;
        }
        let Some(average) = asset.average(listed.decimals) else {
            return Err((Reason::Twap(i), None));
        };
        if asset.flags & (flag::NO_TWAP | flag::THIN) != 0 {
            return Err((Reason::Twap(i), None));
        }
        let bps = deviation_bps(feed, average).map_err(law)?;
        let skip = U256::from(snapshot.limits.deviationSkipBps);
        if bps >= skip || asset.flags & (flag::SKIP | flag::TRIP) != 0 {
            return Err((Reason::Deviation(i, bps), None));
        }
    }
    Ok(())
}

fn trades(
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
    // The reference has no TWAP of its own: its feed stands in, as in the engine.
    let average = |i: usize, asset: &AssetView, decimals, feed| {
        if i == registry.reference {
            Some(feed)
        } else {
            asset.average(decimals)
        }
    };
    let averages = (
        average(leg.sold, sold, sold_decimals, feeds.0),
        average(leg.bought, bought, bought_decimals, feeds.1),
    );
    if let (Some(price_in), Some(price_out)) = averages {
        out_min = out_min.max(floor(price_in, price_out).map_err(law)?);
    }
    if let (Some(price_in), Some(price_out)) =
        (sold.market(sold_decimals), bought.market(bought_decimals))
    {
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

fn law(error: LawError) -> Refusal {
    (Reason::Law(error), None)
}

impl Proposal {
    /// The call itself, with the venue at `venue`.
    ///
    /// # Errors
    ///
    /// [`LawError::Overflow`] if an amount does not fit the ABI.
    pub fn call(&self, venue: u8) -> Result<IEngine::rebalanceCall, LawError> {
        let narrow = |amount: U256| u128::try_from(amount).map_err(|_| LawError::Overflow);
        let index = |i: usize| u8::try_from(i).map_err(|_| LawError::Overflow);
        let trades = self.trades.iter().map(|trade| {
            Ok(IEngine::Trade {
                venue,
                assetIn: index(trade.sold)?,
                assetOut: index(trade.bought)?,
                maxIn: narrow(trade.amount_in)?,
                minOut: narrow(trade.out_min)?,
                route: trade.route.clone(),
            })
        });
        Ok(IEngine::rebalanceCall {
            trades: trades.collect::<Result<_, LawError>>()?,
            nonce: self.nonce,
            deadline: self.deadline,
        })
    }
}

impl Reason {
    /// The reason in words, with symbols for indices.
    pub fn words(&self, registry: &Registry) -> String {
        let name = |i: &usize| {
            let listed = registry.assets.get(*i);
            listed.map_or_else(|| format!("asset {i}"), |asset| asset.symbol.clone())
        };
        match self {
            Self::Price(i) => format!("the feed of {} is bad, stale or at its bound", name(i)),
            Self::Twap(i) => format!(
                "the pool of {} has no TWAP or too little liquidity",
                name(i)
            ),
            Self::Deviation(i, bps) => {
                format!("feed and TWAP of {} disagree by {bps} bps", name(i))
            }
            Self::SpotDeviation(i) => {
                format!("the pool price of {} is away from its TWAP", name(i))
            }
            Self::BelowFloor {
                sold,
                bought,
                quote,
                floor,
            } => format!(
                "selling {} for {} brings {quote} at the pools' prices, below the floor of {floor}",
                name(sold),
                name(bought)
            ),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSeeded => f.write_str("the vault has no basket yet"),
            Self::NotKeeper => f.write_str("the signer is not a keeper of the engine"),
            Self::NoVenue => f.write_str("the engine has no venue"),
            Self::InBand => f.write_str("every asset is inside its band"),
            Self::Cooldown => f.write_str("cooldown since the last rebalance"),
            Self::NothingToTrade => {
                f.write_str("out of band, but every trade is too small or out of quota")
            }
            Self::Engine(status) => write!(f, "the engine answers {status:?}"),
            Self::Law(error) => write!(f, "outside the law's domain: {error:?}"),
            Self::Price(i) => write!(f, "price of asset {i}"),
            Self::Twap(i) => write!(f, "TWAP of asset {i}"),
            Self::Deviation(i, bps) => write!(f, "deviation of asset {i}: {bps} bps"),
            Self::SpotDeviation(i) => write!(f, "spot deviation of asset {i}"),
            Self::BelowFloor { sold, bought, .. } => write!(
                f,
                "pool price below the floor from asset {sold} to {bought}"
            ),
        }
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
