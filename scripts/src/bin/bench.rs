//! Figures of this repository, measured now, on this machine.

use std::path::{Path, PathBuf};

use clap::Parser;
use comfy_table::Table;
use eyre::{OptionExt, Result};
use gimbal_scripts::artifact::{Artifacts, workspace_root};
use gimbal_scripts::bench::gas::{self, Gas};
use gimbal_scripts::bench::peer::Peer;
use gimbal_scripts::bench::throughput::transfers_per_second;
use gimbal_scripts::chain::Chain;
use serde::Serialize;

/// Start-ups of each node of which the median counts.
const STARTS: usize = 5;
/// Rounds of the throughput comparison, the two nodes in turn.
const ROUNDS: usize = 3;

/// Gas of the vault's operations; start-up and transfers per second of the devnode beside anvil's.
#[derive(Debug, Parser)]
struct Options {
    /// Print one JSON object as the last line of stdout
    #[arg(long)]
    json: bool,
    /// Ether transfers of one throughput round
    #[arg(long, default_value_t = 1_200)]
    transfers: usize,
}

#[derive(Debug, Serialize)]
struct Figures {
    schema: &'static str,
    gas: Gas,
    devnode: Speed,
    anvil: Speed,
    transfers_ratio: f64,
}

#[derive(Debug, Serialize)]
struct Speed {
    ready_ms: f64,
    transfers_per_second: f64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let artifacts = Artifacts::default();
    let devnode = std::env::current_exe()?.with_file_name("stylus-devnode");
    let anvil: PathBuf = workspace_root().join("scripts/npm/node_modules/.bin/anvil");

    eprintln!("bench: gas of the vault's operations");
    let node = Peer::start(&devnode, &[]).await?;
    let gas = gas::measure(&Chain::connect(node.url()).await?, &artifacts).await?;
    drop(node);

    eprintln!("bench: start-up and transfers, devnode and anvil in turn");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(round(&devnode, &[], options.transfers).await?);
        theirs.push(round(&anvil, &[], options.transfers).await?);
    }
    let devnode = Speed {
        ready_ms: ready(&devnode, &[]).await?,
        transfers_per_second: median(ours)?,
    };
    let anvil = Speed {
        ready_ms: ready(&anvil, &[]).await?,
        transfers_per_second: median(theirs)?,
    };
    let figures = Figures {
        schema: "gimbal.bench/1",
        transfers_ratio: devnode.transfers_per_second / anvil.transfers_per_second,
        gas,
        devnode,
        anvil,
    };
    println!("{}\n{}", gas_table(&figures.gas), speed_table(&figures));
    if options.json {
        println!("{}", serde_json::to_string(&figures)?);
    }
    Ok(())
}

/// {1/s} of one fresh node.
async fn round(program: &Path, args: &[&str], transfers: usize) -> Result<f64> {
    let node = Peer::start(program, args).await?;
    transfers_per_second(node.url(), transfers).await
}

/// {ms} from process start to the first answer.
async fn ready(program: &Path, args: &[&str]) -> Result<f64> {
    let mut starts = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        starts.push(Peer::start(program, args).await?.ready().as_secs_f64() * 1e3);
    }
    median(starts)
}

fn median(mut values: Vec<f64>) -> Result<f64> {
    values.sort_by(f64::total_cmp);
    values
        .get(values.len() / 2)
        .copied()
        .ok_or_eyre("nothing was measured")
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

fn speed_table(figures: &Figures) -> Table {
    let mut table = Table::new();
    table.set_header(["node", "ready, ms", "transfers per s"]);
    for (name, speed) in [
        ("stylus-devnode", &figures.devnode),
        ("anvil", &figures.anvil),
    ] {
        table.add_row([
            name.to_owned(),
            format!("{:.1}", speed.ready_ms),
            format!("{:.0}", speed.transfers_per_second),
        ]);
    }
    table
}
