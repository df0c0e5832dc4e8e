//! The commands that the README shows beside demo and test, run as a reader would run them.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use eyre::{OptionExt, Result, ensure};
use gimbal_scripts::artifact::workspace_root;
use gimbal_scripts::chain::Chain;
use serde_json::Value;

#[tokio::test]
async fn the_devnode_script_starts_a_chain() -> Result<()> {
    let mut node = Command::new(workspace_root().join("scripts/devnode"))
        .args(["--port", "0", "--json"])
        .stdout(Stdio::piped())
        .spawn()?;
    let stdout = node.stdout.take().ok_or_eyre("no stdout")?;
    let mut first = String::new();
    BufReader::new(stdout).read_line(&mut first)?;
    let told: Value = serde_json::from_str(&first)?;
    let url = told["url"].as_str().ok_or_eyre("no url")?;
    let chain = Chain::connect(url).await?;
    assert_eq!(chain.chain_id(), 412_346);
    node.kill()?;
    node.wait()?;
    Ok(())
}

#[test]
fn the_bench_measures_everything_it_promises() -> Result<()> {
    let bench = Path::new(env!("CARGO_BIN_EXE_bench"));
    let node = bench.with_file_name("stylus-devnode");
    ensure!(
        node.exists(),
        "{} is not built: run ./scripts/setup first",
        node.display()
    );
    let run = Command::new(bench)
        .args(["--json", "--transfers", "80"])
        .output()?;
    ensure!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let stdout = String::from_utf8(run.stdout)?;
    let figures: Value = serde_json::from_str(stdout.lines().last().ok_or_eyre("no output")?)?;
    assert_eq!(figures["schema"], "gimbal.bench/1");
    for operation in [
        "mint_new_holder",
        "mint_holder",
        "redeem_part",
        "rebalance_one_hop",
        "rebalance_two_hops",
        "share_transfer",
    ] {
        let gas = figures["gas"][operation].as_u64().ok_or_eyre(operation)?;
        // A transaction costs 21,000; a block of the chain allows 32 million.
        ensure!((21_000..32_000_000).contains(&gas), "{operation}: {gas}");
    }
    for node in ["devnode", "anvil"] {
        for figure in ["ready_ms", "transfers_per_second"] {
            let value = figures[node][figure].as_f64().ok_or_eyre(figure)?;
            ensure!(value > 0.0, "{node} {figure}: {value}");
        }
    }
    Ok(())
}
