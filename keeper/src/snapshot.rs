//! All that a decision needs, read at one block in one batch.

use alloy::primitives::{Address, U256};
use alloy::rpc::types::BlockId;
use gimbal_abi::{IEngine, IVault};
use gimbal_core::price::feed_price;
use gimbal_core::{Error as LawError, Price};

use crate::error::Error;
use crate::registry::Registry;
use crate::rpc::{Answers, Batch, CallError, Chain, Head, Slot};

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
        let head = chain.head().await?;
        let asked = Asked::new(registry, signer);
        let at = BlockId::number(head.number);
        let answers = asked.batch.send(chain, at).await?;
        asked.slots.read(answers, head, signer)
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

struct Asked {
    batch: Batch,
    slots: Slots,
}

struct Slots {
    state: Slot<IVault::stateCall>,
    mode: Slot<IVault::modeSinceCall>,
    check: Slot<IEngine::checkRebalanceCall>,
    prices: Slot<IEngine::pricesCall>,
    weights: Slot<IEngine::weightsCall>,
    nav: Slot<IEngine::navCall>,
    limits: Slot<IEngine::limitsCall>,
    last: Slot<IEngine::lastRebalanceCall>,
    venues: Slot<IEngine::venuesCall>,
    keeper: Option<Slot<IEngine::isKeeperCall>>,
    assets: Vec<(Slot<IEngine::assetCall>, Slot<IVault::quotaCall>)>,
}

impl Asked {
    fn new(registry: &Registry, signer: Option<Address>) -> Self {
        let (vault, engine) = (registry.addresses.vault, registry.addresses.engine);
        let mut batch = Batch::default();
        let slots = Slots {
            state: batch.add(vault, &IVault::stateCall {}),
            mode: batch.add(vault, &IVault::modeSinceCall {}),
            check: batch.add(engine, &IEngine::checkRebalanceCall {}),
            prices: batch.add(engine, &IEngine::pricesCall {}),
            weights: batch.add(engine, &IEngine::weightsCall {}),
            nav: batch.add(engine, &IEngine::navCall {}),
            limits: batch.add(engine, &IEngine::limitsCall {}),
            last: batch.add(engine, &IEngine::lastRebalanceCall {}),
            venues: batch.add(engine, &IEngine::venuesCall {}),
            keeper: signer.map(|account| batch.add(engine, &IEngine::isKeeperCall { account })),
            assets: registry
                .assets
                .iter()
                .enumerate()
                .map(|(i, asset)| {
                    let index = U256::from(i);
                    (
                        batch.add(engine, &IEngine::assetCall { index }),
                        batch.add(vault, &IVault::quotaCall { asset: asset.token }),
                    )
                })
                .collect(),
        };
        Self { batch, slots }
    }
}

impl Slots {
    fn read(
        self,
        mut answers: Answers<'_>,
        head: Head,
        signer: Option<Address>,
    ) -> Result<Snapshot, Error> {
        let failed = |error| Error::of_call("reading the snapshot", error);
        let state = answers.take(self.state).map_err(failed)?;
        let prices = answers.take(self.prices).map_err(failed)?;
        let check = answers.take(self.check).map_err(failed)?;
        // Nav and weights revert without a good price for every asset: that is a state, not a failure.
        let weights = optional(answers.take(self.weights))?.map(|weights| weights.current);
        let n = self.assets.len();
        let lengths = [
            state.managed.len(),
            prices.chainlink.len(),
            prices.twap.len(),
            prices.spot.len(),
            prices.flags.len(),
            weights.as_ref().map_or(n, Vec::len),
        ];
        if lengths.iter().any(|length| *length != n) {
            return Err(Error::Mismatch(format!(
                "the contracts answered for {lengths:?} assets, not for {n}"
            )));
        }
        let mut assets = Vec::with_capacity(n);
        for (i, (asset, quota)) in self.assets.into_iter().enumerate() {
            let (asset, quota) = (
                answers.take(asset).map_err(failed)?,
                answers.take(quota).map_err(failed)?,
            );
            assets.push(AssetView {
                managed: state.managed[i],
                quota_used: quota.used,
                quota_cap: quota.cap,
                chainlink: prices.chainlink[i],
                twap: prices.twap[i],
                spot: prices.spot[i],
                flags: prices.flags[i].saturating_to(),
                weight: weights.as_ref().map(|weights| weights[i]),
                target: U256::from(asset.target),
                band_bps: asset.band,
            });
        }
        let signer = match (signer, self.keeper) {
            (Some(address), Some(slot)) => Some(SignerView {
                address,
                keeper: answers.take(slot).map_err(failed)?,
            }),
            _ => None,
        };
        Ok(Snapshot {
            block: head.number,
            timestamp: head.timestamp,
            mode: mode_of(state.mode)?,
            halted_at: answers.take(self.mode).map_err(failed)?.haltedAt,
            nonce: state.nonce,
            supply: state.supply,
            assets,
            nav: optional(answers.take(self.nav))?,
            limits: answers.take(self.limits).map_err(failed)?,
            last_rebalance: answers.take(self.last).map_err(failed)?,
            venues: answers.take(self.venues).map_err(failed)?,
            status: Status::from(check.status),
            retry_at: check.retryAt,
            signer,
        })
    }
}

fn optional<T>(answer: Result<T, CallError>) -> Result<Option<T>, Error> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(CallError::Revert(_)) => Ok(None),
        Err(CallError::Rpc(error)) => Err(error.into()),
    }
}

fn mode_of(mode: u8) -> Result<Mode, Error> {
    match mode {
        0 => Ok(Mode::Active),
        1 => Ok(Mode::Halted),
        2 => Ok(Mode::Killed),
        other => Err(Error::Mismatch(format!(
            "the vault is in a mode {other} that this version does not know"
        ))),
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
