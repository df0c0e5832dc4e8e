//! `demo --rpc-url` against chains that run already: with and without a clock that can be moved.

mod strict;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};

use alloy::primitives::U256;
use alloy::primitives::utils::parse_ether;
use alloy::providers::Provider;
use alloy::signers::local::PrivateKeySigner;
use eyre::{OptionExt, Result, ensure};
use gimbal_scripts::chain::{Chain, account, dev_account};
use gimbal_scripts::demo::key::VARIABLE;
use serde_json::Value;
use stylus_devnode::{Config, Node, spawn};

use strict::Strict;

const ONE: u64 = 1_000_000_000_000_000_000;
/// A chain that the demo does not know as a development chain.
const OTHER_CHAIN: u64 = 421_614;

/// The command without whatever the tester's own environment says about keys.
fn demo(url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
    command
        .args(["--rpc-url", url])
        .env_remove(VARIABLE)
        .env_remove("ETH_KEYSTORE")
        .env_remove("ETH_PASSWORD")
        .stdin(Stdio::null());
    command
}

async fn run(mut command: Command) -> Result<Output> {
    Ok(tokio::task::spawn_blocking(move || command.output()).await??)
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Standard output is the one object, and the object says that everything happened.
fn checked(output: &Output) -> Result<Value> {
    ensure!(output.status.success(), "{}", stderr(output));
    let summary: Value = serde_json::from_slice(&output.stdout)?;
    ensure!(summary["schema"] == "gimbal.demo/1");
    ensure!(summary["hostile_trade_error"] == "Slippage", "{summary}");
    ensure!(summary["redeem_after_kill"] == true, "{summary}");
    let band = summary["band_bps"].as_f64().ok_or_eyre("band_bps")?;
    let drift = |key: &str| summary[key].as_f64().ok_or_eyre("drift");
    ensure!(drift("drift_bps_before")? > band && drift("drift_bps_after")? < band);
    Ok(summary)
}

async fn other_chain() -> Result<Node> {
    let config = Config {
        chain_id: OTHER_CHAIN,
        ..Config::default()
    };
    Ok(spawn(config).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_needs_no_method_that_a_public_chain_lacks() -> Result<()> {
    let node = other_chain().await?;
    let chain = Chain::connect(&node.url()).await?;
    let payer = account("demo payer")?;
    chain.set_ether(payer.address(), U256::from(ONE)).await?;
    let strict = Strict::before(&node.url())?;

    let home = tempfile::tempdir()?;
    let password = home.path().join("password");
    fs::write(&password, "open sesame\n")?;
    fs::set_permissions(&password, fs::Permissions::from_mode(0o600))?;
    let name = "keystore";
    let mut random = alloy::signers::k256::elliptic_curve::rand_core::OsRng;
    PrivateKeySigner::encrypt_keystore(
        home.path(),
        &mut random,
        payer.to_bytes(),
        "open sesame",
        Some(name),
    )?;
    let mut command = demo(&strict.url());
    command
        .args(["--json", "--yes", "--keystore"])
        .arg(home.path().join(name))
        .arg("--password-file")
        .arg(&password);
    let output = run(command).await?;
    let summary = checked(&output)?;
    assert_eq!(summary["chain_id"], OTHER_CHAIN);
    let told = stderr(&output);
    ensure!(told.contains("69 s of waiting"), "{told}");
    ensure!(told.contains("waiting, 60 s left"), "{told}");
    // Asked once whether time can be moved, and nothing else of that kind.
    assert_eq!(strict.refused(), ["evm_increaseTime"]);

    // What it said that it costs at most is what it took at most, and the rest came back.
    let most = told
        .split("at most ")
        .nth(1)
        .and_then(|rest| rest.split(" ETH").next())
        .ok_or_eyre("no bound was stated")?;
    let most: U256 = parse_ether(most)?;
    let left = chain.provider().get_balance(payer.address()).await?;
    let spent = U256::from(ONE) - left;
    ensure!(
        spent > U256::ZERO && spent * U256::from(2) < most,
        "spent {spent} of {most}"
    );
    node.shutdown().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_can_be_told_twice_on_one_chain() -> Result<()> {
    let node = spawn(Config::default()).await?;
    let mut vaults = Vec::new();
    for _ in 0..2 {
        let mut command = demo(&node.url());
        command.args(["--json", "--time-travel", "always"]);
        let output = run(command).await?;
        vaults.push(checked(&output)?["vault"].clone());
        ensure!(stderr(&output).contains("clock is moved"));
    }
    ensure!(
        vaults[0] != vaults[1],
        "the second run used the first's vault"
    );
    node.shutdown().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_starts_without_key_ether_and_consent() -> Result<()> {
    let node = other_chain().await?;
    let strict = Strict::before(&node.url())?;
    let refused = async |command: Command, words: &str| -> Result<()> {
        let output = run(command).await?;
        let told = stderr(&output);
        ensure!(
            output.status.code() == Some(3),
            "{:?}: {told}",
            output.status
        );
        ensure!(told.contains(words) && !told.contains("secret"), "{told}");
        ensure!(output.stdout.is_empty());
        Ok(())
    };

    refused(
        demo(&strict.url()),
        "chain 421614 needs a funded key: set GIMBAL_DEMO_KEY",
    )
    .await?;

    let mut poor = demo(&strict.url());
    poor.env(VARIABLE, account("nobody")?.to_bytes().to_string());
    refused(
        poor,
        "holds 0.000000000000000000 ETH; the demo may need 0.0",
    )
    .await?;

    let mut mistyped = demo(&strict.url());
    mistyped.env(VARIABLE, "0xsecret");
    refused(mistyped, "GIMBAL_DEMO_KEY holds no private key").await?;

    let mut unasked = demo(&strict.url());
    unasked.env(VARIABLE, dev_account()?.to_bytes().to_string());
    refused(unasked, "this is no terminal, so --yes is needed").await?;

    let mut travelling = demo(&strict.url());
    travelling
        .env(VARIABLE, dev_account()?.to_bytes().to_string())
        .args(["--time-travel", "always"]);
    refused(travelling, "has no evm_increaseTime and evm_mine").await?;

    let before = Chain::connect(&node.url())
        .await?
        .provider()
        .get_block_number()
        .await?;
    assert_eq!(before, 0, "something was sent");
    node.shutdown().await?;

    let gone = run(demo("http://user:secret@127.0.0.1:9/key")).await?;
    assert_eq!(gone.status.code(), Some(4));
    assert_eq!(
        stderr(&gone).trim(),
        "demo: no node answers at http://127.0.0.1:9"
    );
    Ok(())
}
