//! Whether to rebalance now, and how. Pure: the live loop and a backtest call the same function.
//!
//! The order of the gates is that of cost: what the vault forbids, what the signer may not, what the prices do not
//! support, what the clock does not, and only then arithmetic. A call that would trip the breaker is never proposed,
//! and neither is one that the engine would refuse for a reason that can be seen from here.

mod legs;
mod reason;

use alloy::primitives::{Bytes, U256};
use gimbal_abi::IEngine;
use gimbal_core::Error as LawError;
use gimbal_core::slippage::deviation_bps;

use crate::registry::Registry;
use crate::snapshot::{Mode, Snapshot, Status, flag};

pub use reason::Reason;

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

/// Why not, and when to ask again.
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
    let trades = legs::trades(snapshot, registry, policy)?;
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

fn law(error: LawError) -> Refusal {
    (Reason::Law(error), None)
}

impl Proposal {
    /// The same with every trade half as large, less those that become too small; none if nothing is left. For pools
    /// that cannot take the whole at once: the rest is for the next time.
    pub fn halved(&self, usd_min: U256) -> Option<Self> {
        let two = U256::from(2);
        let trades: Vec<Trade> = self
            .trades
            .iter()
            .filter(|trade| trade.value / two >= usd_min)
            .map(|trade| Trade {
                amount_in: trade.amount_in / two,
                out_min: trade.out_min.div_ceil(two),
                value: trade.value / two,
                ..trade.clone()
            })
            .collect();
        (!trades.is_empty()).then(|| Self {
            trades,
            ..self.clone()
        })
    }

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

#[cfg(test)]
mod tests;
