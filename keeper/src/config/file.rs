//! The file's sections, key by key.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use alloy::primitives::Address;
use serde::Deserialize;

use super::ConfigError;
use super::units::{Bps, Decimal, GasPrice, Seconds, Share, Usd, Whole};
use crate::decide::Policy;
use crate::keeper::Pace;
use crate::send::SendPolicy;

/// The whole file. `deploy` needs all but `addresses` and `keeper`, the other verbs need `addresses` (or `--addresses`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The chain that everything here is about; a node of another one is refused.
    pub chain_id: Option<u64>,
    /// The node; `--rpc-url` and `ETH_RPC_URL` come first.
    pub rpc_url: Option<String>,
    /// Where the system is.
    pub addresses: Option<AddressSection>,
    /// The shares and who guards them.
    pub vault: Option<VaultSection>,
    /// Prices and limits.
    pub engine: Option<EngineSection>,
    /// The venue.
    pub adapter: Option<AdapterSection>,
    /// The basket, in registry order.
    #[serde(default)]
    pub assets: Vec<AssetSection>,
    /// The seed.
    pub genesis: Option<GenesisSection>,
    /// The keeper's own caution.
    #[serde(default)]
    pub keeper: KeeperSection,
}

/// `[addresses]`: a file that `deploy --out` wrote, or the addresses themselves.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressSection {
    /// The file, relative to the working directory.
    pub file: Option<PathBuf>,
    /// The vault.
    pub vault: Option<Address>,
    /// The engine; the vault's own if absent.
    pub engine: Option<Address>,
}

/// `[vault]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultSection {
    /// Name of the shares.
    pub name: String,
    /// Symbol of the shares.
    pub symbol: String,
    /// Who may halt and kill; the owner if absent.
    pub guardian: Option<Address>,
}

/// `[engine]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineSection {
    /// Chainlink's sequencer-uptime feed.
    pub sequencer_feed: Address,
    /// Name of the asset that the pools are quoted in.
    pub reference: String,
    /// Who may rebalance; the owner if absent.
    pub keepers: Option<Vec<Address>>,
    /// Bounds on every rebalance.
    #[serde(default)]
    pub limits: LimitsSection,
}

/// `[engine.limits]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsSection {
    /// Output floor below the fair amount of every live source.
    pub slippage: Bps,
    /// Most nav that a rebalance may lose.
    pub loss: Bps,
    /// Most nav that a rebalance may gain.
    pub gain: Bps,
    /// Feed against TWAP: trades are refused at or above.
    pub deviation_skip: Bps,
    /// Feed against TWAP: the vault halts at or above.
    pub deviation_trip: Bps,
    /// Spot against TWAP, before and after each trade.
    pub deviation_spot: Bps,
    /// Largest trade, of nav.
    pub trade_max: Bps,
    /// Smallest trade.
    pub trade_usd_min: Usd,
    /// Between two rebalances.
    pub cooldown: Seconds,
    /// Window of the TWAP.
    pub twap_window: Seconds,
    /// After the sequencer came back.
    pub sequencer_grace: Seconds,
}

impl Default for LimitsSection {
    fn default() -> Self {
        Self {
            slippage: Bps(50),
            loss: Bps(30),
            gain: Bps(30),
            deviation_skip: Bps(150),
            deviation_trip: Bps(500),
            deviation_spot: Bps(75),
            trade_max: Bps(1_000),
            trade_usd_min: Usd(50_000_000_000_000_000_000),
            cooldown: Seconds(900),
            twap_window: Seconds(1_800),
            sequencer_grace: Seconds(3_600),
        }
    }
}

/// `[adapter]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdapterSection {
    /// The canonical Uniswap V3 factory.
    pub factory: Address,
}

/// `[[assets]]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssetSection {
    /// Name within this file.
    pub name: String,
    /// The token.
    pub token: Address,
    /// Its Chainlink feed in USD.
    pub feed: Address,
    /// Its Uniswap V3 pool against the reference; none for the reference.
    pub pool: Option<Address>,
    /// Oldest answer that is accepted.
    pub heartbeat: Seconds,
    /// Answers at or below are refused.
    pub price_min: Usd,
    /// Answers at or above are refused.
    pub price_max: Usd,
    /// Least harmonic-mean liquidity of the pool.
    pub liquidity_min: Option<Whole>,
    /// Share of nav.
    pub target: Share,
    /// Drift that allows a rebalance.
    pub band: Bps,
    /// Share that swaps may take out in 24 hours.
    pub quota: Option<Bps>,
}

/// `[genesis]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisSection {
    /// Shares to mint.
    pub shares: Decimal,
    /// Whole tokens of every asset, by name.
    pub amounts: BTreeMap<String, Decimal>,
}

/// `[keeper]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeeperSection {
    /// Slippage that the keeper accepts; the engine's limit if that is tighter.
    pub slippage: Bps,
    /// How long a call may take to reach a block.
    pub deadline: Seconds,
    /// Between two looks.
    pub poll: Seconds,
    /// Longest pause after errors.
    pub backoff_max: Seconds,
    /// Cap of the fee, in percent of the base fee.
    pub fee_percent: u32,
    /// Base fee above which the keeper waits.
    pub base_fee_max: GasPrice,
    /// How long to wait for a receipt.
    pub receipt_timeout: Seconds,
}

impl Default for KeeperSection {
    fn default() -> Self {
        Self {
            slippage: Bps(50),
            deadline: Seconds(60),
            poll: Seconds(15),
            backoff_max: Seconds(60),
            fee_percent: 200,
            base_fee_max: GasPrice(10_000_000_000),
            receipt_timeout: Seconds(60),
        }
    }
}

impl KeeperSection {
    pub(super) fn policy(&self) -> Policy {
        Policy {
            slippage_bps: self.slippage.0,
            deadline_s: self.deadline.0.into(),
        }
    }

    pub(super) fn send_policy(&self) -> SendPolicy {
        SendPolicy {
            fee_percent: self.fee_percent.max(100),
            base_fee_max: self.base_fee_max.0,
            receipt: Duration::from_secs(self.receipt_timeout.0.into()),
            ..SendPolicy::default()
        }
    }

    pub(super) fn pace(&self) -> Result<Pace, ConfigError> {
        // Without a pause the loop would flood the node.
        let pause = |key, seconds: Seconds| match seconds.0 {
            0 => Err(ConfigError::NoPause(key)),
            seconds => Ok(Duration::from_secs(seconds.into())),
        };
        Ok(Pace {
            poll: pause("keeper.poll", self.poll)?,
            backoff_max: pause("keeper.backoff_max", self.backoff_max)?,
        })
    }
}
