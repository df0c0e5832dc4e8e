//! Why nothing is to be done, in words.

use std::fmt;

use alloy::primitives::U256;
use gimbal_core::Error as LawError;

use crate::registry::Registry;
use crate::snapshot::Status;

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
