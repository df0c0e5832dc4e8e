//! What the demo leaves behind: one JSON object and two tables.

use alloy::primitives::{Address, B256, U256};
use comfy_table::{CellAlignment, Table};
use serde::{Serialize, Serializer};

use crate::story::Tale;
use crate::system::bps;

/// Name and version of the object.
pub const SCHEMA: &str = "gimbal.demo/1";

/// Gas of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GasUse {
    /// The step, in snake case.
    pub step: String,
    /// Its gas.
    pub gas_used: u64,
}

impl GasUse {
    /// Gas of a step of the story.
    pub fn new(step: impl Into<String>, gas_used: u64) -> Self {
        Self {
            step: step.into(),
            gas_used,
        }
    }

    /// Gas of a step of a deployment: `vault.setEngine` becomes `vault_set_engine`, addresses and approvals go.
    pub fn of_deployment(step: &str, gas_used: u64) -> Option<Self> {
        if step.starts_with("approve") {
            return None;
        }
        let words: Vec<&str> = step
            .split_whitespace()
            .filter(|word| !word.starts_with("0x"))
            .collect();
        let mut name = String::new();
        for c in words.join("_").chars() {
            match c {
                '.' => name.push('_'),
                c if c.is_ascii_uppercase() => name.extend(['_', c.to_ascii_lowercase()]),
                c => name.push(c),
            }
        }
        Some(Self::new(name, gas_used))
    }
}

/// The object that `demo --json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The chain.
    pub chain_id: u64,
    /// The vault.
    pub vault: Address,
    /// The engine.
    pub engine: Address,
    /// Band of every asset, bps.
    pub band_bps: u16,
    /// Drift before the rebalance, bps, two decimals.
    pub drift_bps_before: f64,
    /// Drift after it.
    pub drift_bps_after: f64,
    /// Value before the rebalance, D18{usd}.
    #[serde(serialize_with = "decimal")]
    pub nav_before: U256,
    /// Value after it.
    #[serde(serialize_with = "decimal")]
    pub nav_after: U256,
    /// The rebalance that brought the drift back into the band.
    pub rebalance: RebalanceSummary,
    /// Name of the error that refused the hostile trade.
    pub hostile_trade_error: String,
    /// Whether shares were redeemed after the kill.
    pub redeem_after_kill: bool,
    /// Gas of each step.
    #[serde(serialize_with = "by_step")]
    pub gas: Vec<GasUse>,
}

/// The rebalance in [`Summary`].
#[derive(Debug, Clone, Serialize)]
pub struct RebalanceSummary {
    /// The transaction.
    pub tx: B256,
    /// Its gas.
    pub gas_used: u64,
    /// Number of trades.
    pub trades: usize,
}

impl Summary {
    /// Sums up a tale; none if it has no rebalance.
    pub fn of(tale: &Tale) -> Option<Self> {
        let last = tale.rebalances.last()?;
        Some(Self {
            schema: SCHEMA,
            chain_id: tale.system.market.chain.chain_id(),
            vault: tale.system.vault,
            engine: tale.system.engine,
            band_bps: tale.band_bps,
            drift_bps_before: tale.before.drift_bps(),
            drift_bps_after: tale.after.drift_bps(),
            nav_before: tale.before.nav,
            nav_after: tale.after.nav,
            rebalance: RebalanceSummary {
                tx: last.tx,
                gas_used: last.gas_used,
                trades: last.trades,
            },
            hostile_trade_error: tale.attempt.error.name.clone(),
            redeem_after_kill: tale.redeem_after_kill,
            gas: tale.gas.clone(),
        })
    }
}

/// Weights, units and value before and after the rebalance.
pub fn before_and_after(tale: &Tale) -> Table {
    let mut table = table([
        "asset",
        "price USD",
        "target",
        "weight before",
        "weight after",
        "units before",
        "units after",
    ]);
    let (before, after) = (&tale.before, &tale.after);
    for (i, asset) in tale.system.market.assets.iter().enumerate() {
        let decimals = asset.config.decimals;
        table.add_row([
            asset.config.symbol.clone(),
            dollars(before.prices[i]),
            percent(before.targets[i]),
            percent(before.weights[i]),
            percent(after.weights[i]),
            units(before.managed[i], decimals, 4),
            units(after.managed[i], decimals, 4),
        ]);
    }
    let both = |name: &str, was: String, is: String| {
        [
            name.to_owned(),
            String::new(),
            String::new(),
            was,
            is,
            String::new(),
            String::new(),
        ]
    };
    table.add_row(both("nav USD", dollars(before.nav), dollars(after.nav)));
    table.add_row(both(
        "drift bps",
        before.drift_bps().to_string(),
        after.drift_bps().to_string(),
    ));
    table
}

/// Gas of each step.
pub fn gas_per_step(tale: &Tale) -> Table {
    let mut table = table(["step", "gas used"]);
    for used in &tale.gas {
        table.add_row([used.step.clone(), grouped(&used.gas_used.to_string())]);
    }
    table
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::UTF8_BORDERS_ONLY)
        .set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// D18{usd} as dollars and cents, rounded down.
pub fn dollars(d18: U256) -> String {
    units(d18, 18, 2)
}

fn percent(d18: U256) -> String {
    format!("{:.2} %", bps(d18) / 100.0)
}

/// An amount of base units as whole tokens, cut to `places` decimals.
fn units(amount: U256, decimals: u8, places: u8) -> String {
    let scale = U256::from(10).pow(U256::from(decimals));
    let cut = U256::from(10).pow(U256::from(decimals.saturating_sub(places)));
    let width = usize::from(places.min(decimals));
    format!(
        "{}.{:0>width$}",
        grouped(&(amount / scale).to_string()),
        (amount % scale / cut).to_string()
    )
}

/// Digits in groups of three.
fn grouped(digits: &str) -> String {
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn decimal<S: Serializer>(value: &U256, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_string())
}

/// Steps as keys; a step that happened more than once is summed.
fn by_step<S: Serializer>(gas: &[GasUse], serializer: S) -> Result<S::Ok, S::Error> {
    let mut summed: Vec<(&str, u64)> = Vec::new();
    for used in gas {
        match summed.iter_mut().find(|(step, _)| *step == used.step) {
            Some((_, total)) => *total += used.gas_used,
            None => summed.push((&used.step, used.gas_used)),
        }
    }
    serializer.collect_map(summed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_a_deployment_become_keys() {
        let named = |step| GasUse::of_deployment(step, 1).map(|used| used.step);
        assert_eq!(named("deploy vault").as_deref(), Some("deploy_vault"));
        assert_eq!(
            named("vault.setEngine").as_deref(),
            Some("vault_set_engine")
        );
        assert_eq!(
            named("engine.setKeeper 0x00ff").as_deref(),
            Some("engine_set_keeper")
        );
        assert_eq!(named("approve 0x00ff"), None);
    }

    #[test]
    fn amounts_are_cut_not_rounded() {
        assert_eq!(units(U256::from(1_234_567_899u64), 6, 2), "1,234.56");
        assert_eq!(units(U256::from(5u64), 8, 4), "0.0000");
        assert_eq!(units(U256::from(105u64), 2, 4), "1.05");
        assert_eq!(dollars(U256::from(3_000_000_000_000_000_000u64)), "3.00");
    }

    #[test]
    fn the_object_has_exactly_the_promised_fields_in_order() {
        let rebalance = RebalanceSummary {
            tx: B256::ZERO,
            gas_used: 1,
            trades: 3,
        };
        let summary = Summary {
            schema: SCHEMA,
            chain_id: 412_346,
            vault: Address::ZERO,
            engine: Address::ZERO,
            band_bps: 200,
            drift_bps_before: 271.08,
            drift_bps_after: 0.22,
            nav_before: U256::MAX,
            nav_after: U256::ONE,
            rebalance,
            hostile_trade_error: "Slippage".into(),
            redeem_after_kill: true,
            gas: vec![GasUse::new("mint", 5)],
        };
        let zero = format!("{:?}", Address::ZERO);
        let (hash, most) = (B256::ZERO, U256::MAX);
        let expected = format!(
            r#"{{"schema":"gimbal.demo/1","chain_id":412346,"vault":"{zero}","engine":"{zero}","band_bps":200,"#
        ) + r#""drift_bps_before":271.08,"drift_bps_after":0.22,"#
            + &format!(
                r#""nav_before":"{most}","nav_after":"1","rebalance":{{"tx":"{hash}","gas_used":1,"trades":3}},"#
            )
            + r#""hostile_trade_error":"Slippage","redeem_after_kill":true,"gas":{"mint":5}}"#;
        assert_eq!(serde_json::to_string(&summary).unwrap(), expected);
    }

    #[test]
    fn repeated_steps_are_summed_in_order() {
        struct Gas(Vec<GasUse>);
        impl Serialize for Gas {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                by_step(&self.0, serializer)
            }
        }
        let gas = Gas(vec![
            GasUse::new("b", 1),
            GasUse::new("a", 2),
            GasUse::new("b", 3),
        ]);
        assert_eq!(serde_json::to_string(&gas).unwrap(), r#"{"b":4,"a":2}"#);
    }
}
