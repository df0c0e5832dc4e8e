//! viem and ethers under Node.js: `tests/e2e/clients/*.mjs`, each a list of checks that ends with exit code 0.

use eyre::Result;
use gimbal_e2e::blank::{Blank, DEV_KEY, wasm_file};
use gimbal_e2e::tool::Tool;
use gimbal_scripts::artifact::Artifacts;

/// Runs a script against a chain with the example on it; each line that it prints is a check that passed.
async fn script(name: &str) -> Result<Vec<String>> {
    let chain = Blank::start().await?;
    let token = chain.token().await?;
    let built = Artifacts::default().built().to_path_buf();
    let tool = Tool::node(name)
        .env("RPC_URL", chain.url())
        .env("WS_URL", chain.ws_url())
        .env("DEV_KEY", DEV_KEY)
        .env("TOKEN", token.address())
        .env("TOKEN_ABI", built.join("example.abi.json").display())
        .env("TWIN", built.join("example/Token.sol/Token.json").display())
        .env("WASM", wasm_file("example").display());
    let printed = tool.done::<&str>(&[]).await?;
    Ok(printed.lines().map(ToOwned::to_owned).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn viem_reads_writes_watches_and_controls_the_chain() -> Result<()> {
    let checks = script("viem.mjs").await?;
    let expected = [
        "chain",
        "read",
        "write",
        "refusal",
        "deploy",
        "watch",
        "logs",
        "proof",
        "mine",
        "balance",
        "impersonate",
        "snapshot",
        "time",
        "storage",
        "dump",
        "reset",
    ];
    assert_eq!(checks, expected);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn ethers_reads_writes_and_listens() -> Result<()> {
    assert_eq!(
        script("ethers.mjs").await?,
        [
            "network", "read", "write", "refusal", "deploy", "events", "batch"
        ]
    );
    Ok(())
}
