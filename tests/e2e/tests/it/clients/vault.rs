//! npm's `cast` on Gimbal's own vault.

use alloy::primitives::U256;
use eyre::Result;
use gimbal_e2e::actors::{ALICE, BOB};
use gimbal_e2e::chain::{Chain, Start};
use gimbal_e2e::tool::Tool;
use gimbal_e2e::world::USDC;

fn cast(chain: &Chain) -> Result<Tool> {
    Ok(Tool::foundry("cast", chain.directory())?.env("ETH_RPC_URL", chain.url()))
}

#[tokio::test(flavor = "multi_thread")]
async fn cast_reads_the_chain_sends_a_transfer_and_calls_the_vault() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.main;
    let cast = cast(&chain)?;
    assert_eq!(cast.done(&["chain-id"]).await?, "412346");

    let (alice, bob) = (ALICE.address.to_string(), BOB.address.to_string());
    let wei: U256 = cast.done(&["balance", &alice]).await?.parse()?;
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
    let sent: serde_json::Value = serde_json::from_str(&cast.done(&transfer).await?)?;
    assert_eq!(sent["status"], "0x1", "{sent}");
    assert_eq!(
        g.balance(&chain, USDC, BOB).await?,
        before + U256::from(1_234_567)
    );

    let vault = g.vault.to_string();
    let supply = cast
        .done(&["call", &vault, "totalSupply()(uint256)"])
        .await?;
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
    let sent: serde_json::Value = serde_json::from_str(&cast.done(&transfer).await?)?;
    assert_eq!(sent["status"], "0x1", "a share token is a token: {sent}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn cast_is_told_why_a_call_is_refused() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let vault = chain.main.vault.to_string();
    let words = cast(&chain)?
        .refused(&["call", &vault, "kill(uint8)", "1"])
        .await?;
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
