//! The devnode beside anvil in one run: rounds in turn, medians, ratios, targets.

use std::path::{Path, PathBuf};

use eyre::{Result, ensure};
use serde::Serialize;

use super::calls::Twins;
use super::figure::{Figure, Target};
use super::load::WINDOW;
use super::peer::{Peer, anvil};
use super::rates::{Ground, SENDERS, requests_per_second};
use super::{cold, memory};
use crate::artifact::Artifacts;

/// Name and version of the object.
pub const SCHEMA: &str = "gimbal.bench-devnode/1";
/// Longest time until the first answer, {ms}.
const READY_MS: f64 = 200.0;
/// Most that a warm Stylus call may take, in calls of its Solidity twin.
const STYLUS_RATIO: f64 = 2.0;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Rounds of each node, in turn.
    pub rounds: usize,
    /// ERC-20 transfers of a round.
    pub transfers: usize,
    /// Swaps of a round.
    pub swaps: usize,
    /// Blocks behind the memory figure.
    pub blocks: usize,
}

/// All figures.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Processors of this machine.
    pub processors: usize,
    /// Processes that wanted to run in the last minute, before and after: well above 1 before, the machine was busy.
    pub load: [Option<f64>; 2],
    /// Whether this is a release build; figures of any other mean little.
    pub release: bool,
    /// The figures.
    pub figures: Vec<Figure>,
    /// Names of those that miss their target.
    pub missed: Vec<&'static str>,
}

impl Comparison {
    /// A figure by name.
    pub fn figure(&self, name: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.name == name)
    }
}

/// Both nodes' values of one figure.
type Rounds = (Vec<f64>, Vec<f64>);

/// Measures everything. `told` hears what is being measured.
///
/// - Errors: a program that is not built, a node that fails.
pub async fn compare(
    devnode: &Path,
    artifacts: &Artifacts,
    scale: Scale,
    told: &dyn Fn(&str),
) -> Result<Comparison> {
    ensure!(scale.rounds > 0, "no rounds");
    let nodes = [devnode.to_path_buf(), anvil()?];
    let before = load();
    let mut figures = vec![ready(&nodes, scale, told).await?];
    figures.extend(rates(&nodes, artifacts, scale, told).await?);
    figures.extend(stylus(devnode, artifacts, scale, told).await?);
    if cfg!(target_os = "linux") {
        figures.push(resident(&nodes, artifacts, scale, told).await?);
    }
    let missed = figures
        .iter()
        .filter(|figure| figure.met == Some(false))
        .map(|figure| figure.name)
        .collect();
    Ok(Comparison {
        schema: SCHEMA,
        processors: std::thread::available_parallelism().map_or(1, usize::from),
        load: [before, load()],
        release: !cfg!(debug_assertions),
        figures,
        missed,
    })
}

async fn ready(nodes: &[PathBuf; 2], scale: Scale, told: &dyn Fn(&str)) -> Result<Figure> {
    told("time to the first answer");
    let mut taken: Rounds = Default::default();
    for _ in 0..scale.rounds * 2 + 1 {
        taken.0.push(millis(&nodes[0]).await?);
        taken.1.push(millis(&nodes[1]).await?);
    }
    let note = "from process start to the answer to eth_chainId";
    let theirs = ("anvil", taken.1);
    Figure::of(
        ("ready", "ms"),
        taken.0,
        theirs,
        Target::AtMost(READY_MS),
        note,
    )
}

async fn millis(program: &Path) -> Result<f64> {
    Ok(Peer::start(program, &[]).await?.ready().as_secs_f64() * 1e3)
}

async fn rates(
    nodes: &[PathBuf; 2],
    artifacts: &Artifacts,
    scale: Scale,
    told: &dyn Fn(&str),
) -> Result<[Figure; 3]> {
    let mut taken: [Rounds; 3] = Default::default();
    for round in 1..=scale.rounds {
        told(&format!(
            "transfers and swaps, round {round} of {}",
            scale.rounds
        ));
        for (index, program) in nodes.iter().enumerate() {
            let node = Peer::start(program, &[]).await?;
            let ground = Ground::prepare(node.url(), artifacts).await?;
            let rates = [
                ground.transfers(scale.transfers).await?,
                ground.swaps(scale.swaps).await?,
                requests_per_second(node.url()).await?,
            ];
            for (rate, (ours, theirs)) in rates.into_iter().zip(&mut taken) {
                if index == 0 {
                    ours.push(rate)
                } else {
                    theirs.push(rate)
                }
            }
        }
    }
    let [transfers, swaps, requests] = taken;
    let figure = |name, (ours, theirs): Rounds, target, note: String| {
        Figure::of((name, "1/s"), ours, ("anvil", theirs), target, note)
    };
    let how = |what: &str, count: usize| {
        format!(
            "{count} {what} of {SENDERS} senders, each over one keep-alive connection and at most {WINDOW} ahead of the \
             chain; client and node share this machine's processors"
        )
    };
    let least = Target::RatioAtLeast(1.0);
    Ok([
        figure(
            "erc20_transfers",
            transfers,
            least,
            how("ERC-20 transfers", scale.transfers),
        )?,
        figure(
            "uniswap_swaps",
            swaps,
            least,
            how("swaps through Uniswap's SwapRouter", scale.swaps),
        )?,
        figure(
            "empty_requests",
            requests,
            Target::None,
            "eth_chainId over one connection: what client and transport allow".into(),
        )?,
    ])
}

async fn stylus(
    devnode: &Path,
    artifacts: &Artifacts,
    scale: Scale,
    told: &dyn Fn(&str),
) -> Result<[Figure; 2]> {
    told("warm and cold Stylus calls");
    let node = Peer::start(devnode, &[]).await?;
    let twins = Twins::deploy(node.url(), artifacts).await?;
    let (ours, theirs) = twins.transfer_us(node.url(), scale.rounds * 4 + 1).await?;
    drop(node);
    let mut first: Rounds = Default::default();
    for _ in 0..scale.rounds {
        let (cold, cached) = cold::first_call_ms(devnode, artifacts).await?;
        first.0.push(cached);
        first.1.push(cold);
    }
    Ok([
        Figure::of(
            ("stylus_call", "us"),
            ours,
            ("the Solidity twin", theirs),
            Target::RatioAtMost(STYLUS_RATIO),
            "eth_call of an ERC-20 transfer by the example program and by its twin, in batches of 200",
        )?,
        Figure::of(
            ("first_stylus_call", "ms"),
            first.0,
            ("an empty cache", first.1),
            Target::RatioAtMost(1.0),
            "first call of the example program after a start: from the cache on disk, and compiled anew",
        )?,
    ])
}

async fn resident(
    nodes: &[PathBuf; 2],
    artifacts: &Artifacts,
    scale: Scale,
    told: &dyn Fn(&str),
) -> Result<Figure> {
    told(&format!("memory after {} blocks", scale.blocks));
    let ours = memory::after_blocks(&nodes[0], artifacts, scale.blocks).await?;
    let theirs = memory::after_blocks(&nodes[1], artifacts, scale.blocks).await?;
    let note = format!(
        "resident after {} blocks of one ERC-20 transfer each",
        scale.blocks
    );
    let theirs = ("anvil", vec![theirs]);
    Figure::of(
        ("memory", "MiB"),
        vec![ours],
        theirs,
        Target::RatioAtMost(1.0),
        note,
    )
}

/// The load average of the last minute, where the system tells it.
fn load() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}
