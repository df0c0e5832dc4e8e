//! Figures of this repository, measured now, on this machine.

use std::io::{Write, stderr, stdout};
use std::path::Path;

use clap::{Parser, ValueEnum};
use comfy_table::Table;
use eyre::{Result, WrapErr};
use gimbal_scripts::artifact::Artifacts;
use gimbal_scripts::bench::compare::{Comparison, Scale, compare};
use gimbal_scripts::bench::gas::{self, Gas};
use gimbal_scripts::bench::peer::Peer;
use gimbal_scripts::chain::Chain;
use serde::Serialize;

/// Name and version of the object that holds everything.
const SCHEMA: &str = "gimbal.bench/2";

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Gas of the vault's operations.
    Gas,
    /// The devnode beside anvil.
    Devnode,
}

/// Gas of the vault's operations; the devnode beside anvil: start-up, throughput, calls, memory.
#[derive(Debug, Parser)]
struct Options {
    /// One part; everything if none is named
    part: Option<Part>,
    /// Print one JSON object on stdout, and the tables on stderr
    #[arg(long)]
    json: bool,
    /// Rounds of the comparison, the two nodes in turn
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// ERC-20 transfers of one round
    #[arg(long, default_value_t = 2_400)]
    transfers: usize,
    /// Uniswap V3 swaps of one round
    #[arg(long, default_value_t = 1_200)]
    swaps: usize,
    /// Blocks behind the memory figure
    #[arg(long, default_value_t = 10_000)]
    blocks: usize,
}

#[derive(Debug, Serialize)]
struct Everything {
    schema: &'static str,
    gas: Gas,
    devnode: Comparison,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let devnode = std::env::current_exe()?.with_file_name("stylus-devnode");
    let (table, object) = match options.part {
        Some(Part::Gas) => {
            let gas = measure_gas(&devnode).await?;
            (gas_table(&gas).to_string(), serde_json::to_string(&gas)?)
        }
        Some(Part::Devnode) => {
            let comparison = measure_devnode(&devnode, &options).await?;
            (
                speed_table(&comparison),
                serde_json::to_string(&comparison)?,
            )
        }
        None => {
            let everything = Everything {
                schema: SCHEMA,
                gas: measure_gas(&devnode).await?,
                devnode: measure_devnode(&devnode, &options).await?,
            };
            let tables = [
                gas_table(&everything.gas).to_string(),
                speed_table(&everything.devnode),
            ];
            (tables.join("\n"), serde_json::to_string(&everything)?)
        }
    };
    if options.json {
        writeln!(stderr(), "{table}")?;
    }
    let result = if options.json { object } else { table };
    writeln!(stdout(), "{result}").wrap_err("cannot write to stdout")
}

async fn measure_gas(devnode: &Path) -> Result<Gas> {
    say("gas of the vault's operations");
    let node = Peer::start(devnode, &[]).await?;
    gas::measure(&Chain::connect(node.url()).await?, &Artifacts::default()).await
}

async fn measure_devnode(devnode: &Path, options: &Options) -> Result<Comparison> {
    let scale = Scale {
        rounds: options.rounds,
        transfers: options.transfers,
        swaps: options.swaps,
        blocks: options.blocks,
    };
    compare(devnode, &Artifacts::default(), scale, &say).await
}

fn say(what: &str) {
    eprintln!("bench: {what}");
}

fn gas_table(gas: &Gas) -> Table {
    let mut table = Table::new();
    table.set_header(["operation, 4 assets", "gas"]);
    for (operation, used) in [
        ("mint, new holder", gas.mint_new_holder),
        ("mint, holder", gas.mint_holder),
        ("redeem, part", gas.redeem_part),
        ("rebalance, one trade, one pool", gas.rebalance_one_hop),
        ("rebalance, one trade, two pools", gas.rebalance_two_hops),
        ("share transfer, new holder", gas.share_transfer),
    ] {
        table.add_row([operation.to_owned(), used.to_string()]);
    }
    table
}

/// Figures, targets, and what to think of them.
fn speed_table(comparison: &Comparison) -> String {
    let mut table = Table::new();
    table.set_header([
        "figure", "unit", "ours", "beside", "theirs", "ratio", "target",
    ]);
    for figure in &comparison.figures {
        let verdict = match (&figure.target, figure.met) {
            (Some(target), Some(true)) => format!("{target}: met"),
            (Some(target), _) => format!("{target}: MISSED"),
            _ => String::new(),
        };
        table.add_row([
            figure.name.to_owned(),
            figure.unit.to_owned(),
            format!("{:.1}", figure.ours),
            figure.beside.to_owned(),
            format!("{:.1}", figure.theirs),
            format!("{:.2}", figure.ratio),
            verdict,
        ]);
    }
    let notes = comparison
        .figures
        .iter()
        .map(|figure| format!("\n{}: {}", figure.name, figure.note));
    let build = if comparison.release {
        "release"
    } else {
        "debug: figures mean little"
    };
    let [before, after] = comparison
        .load
        .map(|load| load.map_or("unknown".into(), |load| format!("{load:.1}")));
    format!(
        "{table}{}\n{} processors, load {before} before and {after} after, {build} build.",
        notes.collect::<String>(),
        comparison.processors
    )
}
