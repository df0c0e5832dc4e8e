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

/// The bench as built for tests, with few rounds: whether it measures, not what.
fn bench(arguments: &[&str]) -> Result<Value> {
    let bench = Path::new(env!("CARGO_BIN_EXE_bench"));
    let node = bench.with_file_name("stylus-devnode");
    ensure!(
        node.exists(),
        "{} is not built: run ./scripts/setup first",
        node.display()
    );
    let run = Command::new(bench).args(arguments).output()?;
    ensure!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    // One document and nothing else.
    Ok(serde_json::from_slice(&run.stdout)?)
}

#[test]
fn the_bench_measures_the_gas_of_every_operation() -> Result<()> {
    let gas = bench(&["gas", "--json"])?;
    for operation in [
        "mint_new_holder",
        "mint_holder",
        "redeem_part",
        "rebalance_one_hop",
        "rebalance_two_hops",
        "share_transfer",
    ] {
        let used = gas[operation].as_u64().ok_or_eyre(operation)?;
        // A transaction costs 21,000; a block of the chain allows 32 million.
        ensure!((21_000..32_000_000).contains(&used), "{operation}: {used}");
    }
    Ok(())
}

#[test]
fn the_bench_compares_the_devnode_with_anvil() -> Result<()> {
    let few = [
        "--rounds",
        "1",
        "--transfers",
        "80",
        "--swaps",
        "40",
        "--blocks",
        "200",
    ];
    let comparison = bench(&[&["devnode", "--json"], &few[..]].concat())?;
    assert_eq!(comparison["schema"], "gimbal.bench-devnode/1");
    let figures = comparison["figures"].as_array().ok_or_eyre("no figures")?;
    let names: Vec<&str> = figures
        .iter()
        .filter_map(|figure| figure["name"].as_str())
        .collect();
    assert_eq!(
        names,
        [
            "ready",
            "erc20_transfers",
            "uniswap_swaps",
            "empty_requests",
            "stylus_call",
            "first_stylus_call",
            "memory",
        ]
    );
    let mut missed = Vec::new();
    for figure in figures {
        let value = |key: &str| {
            figure[key]
                .as_f64()
                .filter(|value| *value > 0.0)
                .ok_or_eyre("a figure")
        };
        ensure!(
            (value("ours")? / value("theirs")? - value("ratio")?).abs() < 1e-9,
            "{figure}"
        );
        assert_eq!(
            figure["target"].is_null(),
            figure["met"].is_null(),
            "{figure}"
        );
        if figure["met"] == false {
            missed.push(&figure["name"]);
        }
    }
    assert_eq!(
        comparison["missed"]
            .as_array()
            .ok_or_eyre("missed")?
            .iter()
            .collect::<Vec<_>>(),
        missed
    );
    Ok(())
}

#[test]
fn an_unknown_part_of_the_bench_is_refused_before_anything_is_built() -> Result<()> {
    let run = Command::new(workspace_root().join("scripts/bench"))
        .arg("speed")
        .output()?;
    assert_eq!(run.status.code(), Some(2));
    let told = String::from_utf8(run.stderr)?;
    ensure!(told.contains("not \"speed\""), "{told}");
    Ok(())
}
