//! The system at one block, for people and for programs.

use alloy::primitives::{Address, U256};
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use crate::amount::{bps, decimal, decimal_or_null, percent, price, units, usd};
use crate::config::Addresses;
use crate::decide::{Decision, Policy, decide};
use crate::error::Error;
use crate::registry::Registry;
use crate::rpc::Chain;
use crate::snapshot::{Mode, Snapshot, Status, flag};

/// Name and version of the document.
pub const SCHEMA: &str = "gimbal.status/1";

/// The document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The chain.
    pub chain_id: u64,
    /// The block that was read.
    pub block: u64,
    /// Its chain time, s.
    pub timestamp: u64,
    /// The vault.
    pub vault: Address,
    /// The engine.
    pub engine: Address,
    /// The vault's mode.
    pub mode: Mode,
    /// Chain time of the latest halt; zero if none.
    pub halted_at: u64,
    /// Swaps so far.
    pub nonce: u64,
    /// Shares.
    #[serde(with = "decimal")]
    pub supply: U256,
    /// D18{usd}
    #[serde(with = "decimal_or_null")]
    pub nav: Option<U256>,
    /// D18{usd} per 1e18 shares.
    #[serde(with = "decimal_or_null")]
    pub nav_per_share: Option<U256>,
    /// Largest distance of a weight from its target, bps, cut.
    pub drift_bps: Option<u64>,
    /// Whether every asset is inside its band; null without prices.
    pub in_band: Option<bool>,
    /// The engine's verdict on a rebalance.
    pub engine_status: Status,
    /// What a keeper would do now.
    pub decision: String,
    /// Chain time of the last rebalance; zero if none.
    pub last_rebalance: u64,
    /// The account that was asked about.
    pub signer: Option<Address>,
    /// Whether that account may rebalance.
    pub signer_is_keeper: Option<bool>,
    /// The basket, in registry order.
    pub assets: Vec<AssetReport>,
}

/// One asset of the document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AssetReport {
    /// Its symbol.
    pub symbol: String,
    /// The token.
    pub token: Address,
    /// Its decimals.
    pub decimals: u8,
    /// {tok} that the vault manages.
    #[serde(with = "decimal")]
    pub managed: U256,
    /// D18{usd/whole token} by the feed; zero if none.
    #[serde(with = "decimal")]
    pub chainlink: U256,
    /// By the TWAP.
    #[serde(with = "decimal")]
    pub twap: U256,
    /// By the pool now.
    #[serde(with = "decimal")]
    pub spot: U256,
    /// What is wrong with the prices.
    pub flags: Vec<&'static str>,
    /// D18
    #[serde(with = "decimal_or_null")]
    pub weight: Option<U256>,
    /// D18
    #[serde(with = "decimal")]
    pub target: U256,
    /// bps
    pub band_bps: u16,
    /// Whether it is at or beyond its band.
    pub breached: Option<bool>,
    /// Share that swaps may still take out, D18.
    #[serde(with = "decimal")]
    pub quota_left: U256,
}

/// Reads the system; `signer` is an account to ask about.
///
/// # Errors
///
/// [`Error::Rpc`], [`Error::Mismatch`], [`Error::Refused`].
pub async fn read(
    chain: &Chain,
    addresses: Addresses,
    policy: &Policy,
    signer: Option<Address>,
) -> Result<Report, Error> {
    let chain_id = chain.chain_id().await?;
    let registry = Registry::read(chain, addresses).await?;
    let snapshot = Snapshot::read(chain, &registry, signer).await?;
    Ok(report(chain_id, &registry, &snapshot, policy))
}

/// The document of a snapshot.
pub fn report(chain_id: u64, registry: &Registry, snapshot: &Snapshot, policy: &Policy) -> Report {
    let assets = registry
        .assets
        .iter()
        .zip(&snapshot.assets)
        .map(|(listed, asset)| AssetReport {
            symbol: listed.symbol.clone(),
            token: listed.token,
            decimals: listed.decimals,
            managed: asset.managed,
            chainlink: asset.chainlink,
            twap: asset.twap,
            spot: asset.spot,
            flags: flag::NAMES
                .iter()
                .filter(|(bit, _)| asset.flags & bit != 0)
                .map(|(_, name)| *name)
                .collect(),
            weight: asset.weight,
            target: asset.target,
            band_bps: asset.band_bps,
            breached: asset.breached(),
            quota_left: asset.quota_cap.saturating_sub(asset.quota_used),
        });
    Report {
        schema: SCHEMA,
        chain_id,
        block: snapshot.block,
        timestamp: snapshot.timestamp,
        vault: registry.addresses.vault,
        engine: registry.addresses.engine,
        mode: snapshot.mode,
        halted_at: snapshot.halted_at,
        nonce: snapshot.nonce,
        supply: snapshot.supply,
        nav: snapshot.nav,
        nav_per_share: snapshot.nav_per_share(),
        drift_bps: snapshot.drift().map(|drift| bps(drift).saturating_to()),
        in_band: snapshot.breached().map(|breached| !breached),
        engine_status: snapshot.status,
        decision: words(&decide(snapshot, registry, policy, snapshot.now), registry),
        last_rebalance: snapshot.last_rebalance,
        signer: snapshot.signer.map(|signer| signer.address),
        signer_is_keeper: snapshot.signer.map(|signer| signer.keeper),
        assets: assets.collect(),
    }
}

/// A price, unless the source has none.
fn known(price: U256) -> Option<U256> {
    (!price.is_zero()).then_some(price)
}

/// A decision in words.
pub fn words(decision: &Decision, registry: &Registry) -> String {
    match decision {
        Decision::Wait {
            reason,
            retry_at: None,
        } => format!("wait: {}", reason.words(registry)),
        Decision::Wait {
            reason,
            retry_at: Some(at),
        } => format!("wait until {at}: {}", reason.words(registry)),
        Decision::Halted { mode, since } => format!("nothing: the vault is {mode:?} since {since}"),
        Decision::Rebalance(proposal) => {
            let name = |i: usize| &registry.assets[i].symbol;
            let legs = proposal.trades.iter().map(|trade| {
                let amount = units(trade.amount_in, registry.assets[trade.sold].decimals, 6);
                format!("{amount} {} for {}", name(trade.sold), name(trade.bought))
            });
            format!("rebalance: sell {}", legs.collect::<Vec<_>>().join(", "))
        }
    }
}

impl Report {
    /// The document as tables.
    pub fn render(&self) -> String {
        let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".into());
        let mut assets = Table::new();
        assets.load_style(UTF8_BORDERS_ONLY);
        assets.set_header([
            "asset",
            "managed",
            "weight",
            "target",
            "band",
            "feed $",
            "TWAP $",
            "spot $",
            "quota left",
            "flags",
        ]);
        for asset in &self.assets {
            let mark = if asset.breached == Some(true) {
                " !"
            } else {
                ""
            };
            assets.add_row([
                asset.symbol.clone(),
                units(asset.managed, asset.decimals, 4),
                or_dash(asset.weight.map(percent)) + mark,
                percent(asset.target),
                format!("{} bps", asset.band_bps),
                or_dash(known(asset.chainlink).map(price)),
                or_dash(known(asset.twap).map(price)),
                or_dash(known(asset.spot).map(price)),
                percent(asset.quota_left),
                asset.flags.join(" "),
            ]);
        }
        for column in assets.column_iter_mut().skip(1).take(8) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let mode = format!("{:?}", self.mode).to_uppercase();
        let mut lines = vec![
            format!("vault   {}   engine {}", self.vault, self.engine),
            format!(
                "chain   {}   block {}   time {}",
                self.chain_id, self.block, self.timestamp
            ),
            format!(
                "mode    {mode}   nonce {}   last rebalance {}",
                self.nonce, self.last_rebalance
            ),
            format!(
                "nav     {} USD   shares {}   per share {} USD",
                or_dash(self.nav.map(usd)),
                units(self.supply, 18, 4),
                or_dash(self.nav_per_share.map(price)),
            ),
            format!(
                "drift   {}",
                or_dash(self.drift_bps.map(|bps| format!("{bps} bps")))
            ),
            format!("next    {}", self.decision),
        ];
        if let (Some(signer), Some(keeper)) = (self.signer, self.signer_is_keeper) {
            lines.push(format!(
                "signer  {signer} {}",
                if keeper {
                    "is a keeper"
                } else {
                    "is not a keeper"
                }
            ));
        }
        format!("{}\n{assets}", lines.join("\n"))
    }
}
