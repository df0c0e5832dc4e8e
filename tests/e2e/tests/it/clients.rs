//! Real clients against the node: npm's `cast`.

use std::path::PathBuf;
use std::process::{Command, Output};

use alloy::primitives::U256;
use eyre::{Context, Result, ensure};
use gimbal_e2e::actors::{ALICE, BOB};
use gimbal_e2e::chain::{Chain, Start};
use gimbal_e2e::world::USDC;
use gimbal_scripts::artifact::workspace_root;

fn cast() -> PathBuf {
    workspace_root().join("scripts/npm/node_modules/.bin/cast")
}

/// What `cast` printed: its result, and its complaints. npm's launcher of `cast` ends with exit code 0 whatever happens.
struct Printed {
    out: String,
    err: String,
}

async fn run(chain: &Chain, arguments: &[&str]) -> Result<Printed> {
    let mut command = Command::new(cast());
    command
        .args(arguments)
        .env_clear()
        .env("ETH_RPC_URL", chain.url());
    command.envs(std::env::vars().filter(|(name, _)| name == "PATH" || name == "HOME"));
    let Output { stdout, stderr, .. } = tokio::task::spawn_blocking(move || command.output())
        .await?
        .wrap_err_with(|| {
            format!(
                "{} does not start: run ./scripts/setup first",
                cast().display()
            )
        })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    Ok(Printed {
        out: text(&stdout),
        err: text(&stderr),
    })
}

/// The result of a `cast` that must not complain.
async fn done(chain: &Chain, arguments: &[&str]) -> Result<String> {
    let Printed { out, err } = run(chain, arguments).await?;
    ensure!(!err.contains("Error"), "cast {arguments:?}: {err}");
    Ok(out)
}

#[tokio::test(flavor = "multi_thread")]
async fn cast_reads_the_chain_sends_a_transfer_and_calls_the_vault() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.main;
    assert_eq!(done(&chain, &["chain-id"]).await?, "412346");

    let (alice, bob) = (ALICE.address.to_string(), BOB.address.to_string());
    let wei: U256 = done(&chain, &["balance", &alice]).await?.parse()?;
    assert!(wei > U256::from(10).pow(U256::from(18)));

    g.deal(&chain, USDC, ALICE, U256::from(5_000_000)).await?;
    let token = g.tokens[USDC].to_string();
    let key = ALICE.key.to_string();
    let before = g.balance(&chain, USDC, BOB).await?;
    let transfer = [
        "send",
        &token,
        "transfer(address,uint256)",
        &bob,
        "1234567",
        "--private-key",
        &key,
        "--json",
    ];
    let sent: serde_json::Value = serde_json::from_str(&done(&chain, &transfer).await?)?;
    assert_eq!(sent["status"], "0x1", "{sent}");
    assert_eq!(
        g.balance(&chain, USDC, BOB).await?,
        before + U256::from(1_234_567)
    );

    let vault = g.vault.to_string();
    let supply = done(&chain, &["call", &vault, "totalSupply()(uint256)"]).await?;
    let supply: U256 = supply
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .parse()?;
    assert_eq!(supply, g.state(&chain).await?.supply);
    let transfer = [
        "send",
        &vault,
        "transfer(address,uint256)",
        &bob,
        "1000",
        "--private-key",
        &key,
        "--json",
    ];
    let sent: serde_json::Value = serde_json::from_str(&done(&chain, &transfer).await?)?;
    assert_eq!(sent["status"], "0x1", "a share token is a token: {sent}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn cast_is_told_why_a_call_is_refused() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let vault = chain.main.vault.to_string();
    let refused = run(&chain, &["call", &vault, "kill(uint8)", "1"]).await?;
    assert!(refused.out.is_empty(), "{}", refused.out);
    let words = refused.err;
    // NotRole(uint8) with role 1.
    let selector = alloy::primitives::hex::encode(
        <gimbal_abi::IVault::NotRole as alloy::sol_types::SolError>::SELECTOR,
    );
    assert!(
        words.contains(&selector) || words.contains("NotRole"),
        "{words}"
    );
    Ok(())
}
