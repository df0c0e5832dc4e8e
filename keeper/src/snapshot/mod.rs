//! All that a decision needs, read at one block in one batch.

mod read;

use alloy::primitives::{Address, U256};
use gimbal_abi::IEngine;
use gimbal_core::price::feed_price;
use gimbal_core::{Error as LawError, Price};

use crate::error::Error;
use crate::registry::Registry;
use crate::rpc::Chain;

/// What the vault allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Everything.
    Active,
    /// No trade.
    Halted,
    /// Nothing but the way out.
    Killed,
}

/// The engine's own answer to "would a rebalance be accepted now?".
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Yes.
    Ready,
    /// Every asset is in its band.
    NotBreached,
    /// Too soon after the last one.
    Cooldown,
    /// The sequencer is down or just came back.
    Sequencer,
    /// A feed's answer is bad or old.
    Price,
    /// A pool has no TWAP or too little liquidity.
    Twap,
    /// Feed and TWAP disagree.
    Deviation,
    /// A call would halt the vault.
    WouldTrip,
    /// Halted.
    Halted,
    /// Killed.
    Killed,
    /// A number that this version does not know.
    Unknown(u8),
}

/// Bits of [`AssetView::flags`], the engine's.
pub mod flag {
    /// The feed's answer is not a price.
    pub const BAD: u64 = 1;
    /// The feed's answer is too old.
    pub const STALE: u64 = 2;
    /// The feed's answer is within 1 % of its bound.
    pub const CLAMPED: u64 = 4;
    /// The pool has no TWAP.
    pub const NO_TWAP: u64 = 8;
    /// The pool is thin.
    pub const THIN: u64 = 16;
    /// Feed against TWAP at or above the skip threshold.
    pub const SKIP: u64 = 32;
    /// Feed against TWAP at or above the trip threshold.
    pub const TRIP: u64 = 64;
    /// Spot against TWAP.
    pub const SPOT: u64 = 128;
    /// Bits and their names.
    pub const NAMES: [(u64, &str); 8] = [
        (BAD, "bad"),
        (STALE, "stale"),
        (CLAMPED, "clamped"),
        (NO_TWAP, "no-twap"),
        (THIN, "thin"),
        (SKIP, "deviation"),
        (TRIP, "trip"),
        (SPOT, "spot"),
    ];
}

/// The system at one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Number of the block.
    pub block: u64,
    /// Chain time of the block, s.
    pub timestamp: u64,
    /// Chain time of the block to come, s, as well as it can be known.
    pub now: u64,
    /// The vault's mode.
    pub mode: Mode,
    /// Chain time of the latest halt; zero if none.
    pub halted_at: u64,
    /// Swaps so far.
    pub nonce: u64,
    /// Shares; zero before genesis.
    pub supply: U256,
    /// The basket, in registry order.
    pub assets: Vec<AssetView>,
    /// Value by feed prices, D18{usd}; none without a good price for every asset.
    pub nav: Option<U256>,
    /// The engine's bounds.
    pub limits: IEngine::Limits,
    /// Chain time of the last rebalance.
    pub last_rebalance: u64,
    /// The engine's venues.
    pub venues: Vec<Address>,
    /// The engine's own verdict.
    pub status: Status,
    /// When the engine says to ask again; zero if unknown.
    pub retry_at: u64,
    /// The signer, if one was asked about.
    pub signer: Option<SignerView>,
}

/// One asset at one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssetView {
    /// {tok} that the vault manages.
    pub managed: U256,
    /// Share that swaps took out lately, D18.
    pub quota_used: U256,
    /// The most that it may be, D18.
    pub quota_cap: U256,
    /// Feed price, D18{usd/whole token}; zero if there is none.
    pub chainlink: U256,
    /// TWAP, same unit.
    pub twap: U256,
    /// Pool spot, same unit.
    pub spot: U256,
    /// What is wrong with the prices: bits of [`flag`].
    pub flags: u64,
    /// Weight, D18; none without a good price for every asset.
    pub weight: Option<U256>,
    /// Target, D18.
    pub target: U256,
    /// Band, bps.
    pub band_bps: u16,
}

/// The signing key's standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignerView {
    /// The address.
    pub address: Address,
    /// Whether it may rebalance.
    pub keeper: bool,
}

impl Snapshot {
    /// Reads everything at the latest block: one request for the block, one batch for the rest.
    ///
    /// # Errors
    ///
    /// [`Error::Rpc`]; [`Error::Refused`] if a view that cannot fail does.
    pub async fn read(
        chain: &Chain,
        registry: &Registry,
        signer: Option<Address>,
    ) -> Result<Self, Error> {
        read::read(chain, registry, signer).await
    }

    /// `max over i of |weight - target|`, D18, by the prices of the snapshot.
    pub fn drift(&self) -> Option<U256> {
        let distances = self
            .assets
            .iter()
            .map(|asset| Some(asset.weight?.abs_diff(asset.target)));
        distances.collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// Whether any asset is at or beyond its band.
    pub fn breached(&self) -> Option<bool> {
        let all = self
            .assets
            .iter()
            .map(AssetView::breached)
            .collect::<Option<Vec<_>>>()?;
        Some(all.contains(&true))
    }

    /// D18{usd} per 1e18 shares.
    pub fn nav_per_share(&self) -> Option<U256> {
        let scaled = self
            .nav?
            .checked_mul(U256::from(1_000_000_000_000_000_000_u64))?;
        scaled.checked_div(self.supply)
    }
}

impl AssetView {
    /// The feed's price in the law's unit.
    ///
    /// # Errors
    ///
    /// [`LawError::PriceZero`] and what else [`feed_price`] refuses.
    pub fn feed(&self, decimals: u8) -> Result<Price, LawError> {
        feed_price(self.chainlink, 18, decimals)
    }

    /// The TWAP in the law's unit; none if there is none.
    pub fn average(&self, decimals: u8) -> Option<Price> {
        feed_price(self.twap, 18, decimals).ok()
    }

    /// The pool's price in the law's unit; none if there is none.
    pub fn market(&self, decimals: u8) -> Option<Price> {
        feed_price(self.spot, 18, decimals).ok()
    }

    /// Whether the asset is at or beyond its band.
    pub fn breached(&self) -> Option<bool> {
        // {D18} = {bps} * {D18/bps}
        let band = U256::from(self.band_bps) * U256::from(100_000_000_000_000_u64);
        Some(self.weight?.abs_diff(self.target) >= band)
    }
}

impl From<u8> for Status {
    fn from(status: u8) -> Self {
        match status {
            0 => Self::Ready,
            1 => Self::NotBreached,
            2 => Self::Cooldown,
            3 => Self::Sequencer,
            4 => Self::Price,
            5 => Self::Twap,
            6 => Self::Deviation,
            7 => Self::WouldTrip,
            8 => Self::Halted,
            9 => Self::Killed,
            other => Self::Unknown(other),
        }
    }
}
