//! npm's `forge`: a Solidity contract that calls a Stylus program, created and driven from outside.

use alloy::primitives::{Address, U256};
use alloy::sol;
use eyre::{OptionExt, Result};
use gimbal_e2e::blank::{Blank, DEV_ACCOUNT, DEV_KEY, SUPPLY, example};
use gimbal_e2e::tool::Tool;
use serde_json::Value;

sol! {
    #[sol(rpc)]
    interface Till {
        function token() external view returns (address);
        function supplyAtStart() external view returns (uint256);
        function paid(address from) external view returns (uint256);
    }
}

fn forge(chain: &Blank) -> Result<Tool> {
    let broadcast = chain.directory().join("broadcast");
    Ok(Tool::foundry("forge", chain.directory())?
        .env("ETH_RPC_URL", chain.url())
        .env("FOUNDRY_BROADCAST", broadcast.display())
        .at(example().join("solidity")))
}

#[tokio::test(flavor = "multi_thread")]
async fn forge_creates_a_contract_whose_constructor_calls_a_program() -> Result<()> {
    let chain = Blank::start().await?;
    let token = chain.token().await?;
    let at = token.address().to_string();
    let create = [
        "create",
        "src/Till.sol:Till",
        "--broadcast",
        "--json",
        "--private-key",
        DEV_KEY,
        "--constructor-args",
        &at,
    ];
    let printed = forge(&chain)?.done(&create).await?;
    let json = printed.find('{').ok_or_eyre("no JSON")?;
    let created: Value = serde_json::from_str(&printed[json..])?;
    let till: Address = serde_json::from_value(created["deployedTo"].clone())?;
    let till = Till::new(till, chain.client.clone());
    assert_eq!(till.token().call().await?, *token.address());
    assert_eq!(till.supplyAtStart().call().await?, U256::from(SUPPLY));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn forge_broadcasts_a_script_that_mixes_solidity_and_a_program() -> Result<()> {
    let chain = Blank::start().await?;
    let token = chain.token().await?;
    let forge = forge(&chain)?.env("TOKEN", token.address());
    let mut script = vec![
        "script",
        "script/Pay.s.sol:Pay",
        "--broadcast",
        "--slow",
        "--private-key",
        DEV_KEY,
    ];
    let url = chain.url();
    script.extend(["--rpc-url", &url, "--skip-simulation"]);
    let printed = forge.done(&script).await?;
    assert!(
        printed.contains("ONCHAIN EXECUTION COMPLETE & SUCCESSFUL"),
        "{printed}"
    );
    let record = chain
        .directory()
        .join("broadcast/Pay.s.sol/412346/run-latest.json");
    let record: Value = serde_json::from_str(&std::fs::read_to_string(record)?)?;
    let transactions = record["transactions"]
        .as_array()
        .ok_or_eyre("no transactions")?;
    assert_eq!(transactions.len(), 3);
    let till: Address = serde_json::from_value(transactions[0]["contractAddress"].clone())?;
    assert_eq!(
        token.balanceOf(till).call().await?,
        U256::from(35),
        "paid 70, half refunded"
    );
    assert_eq!(
        token.balanceOf(DEV_ACCOUNT).call().await?,
        U256::from(SUPPLY - 35)
    );
    let till = Till::new(till, chain.client.clone());
    assert_eq!(till.paid(DEV_ACCOUNT).call().await?, U256::from(35));

    // Without the flag forge runs the transactions again, without the twin, and its EVM knows no Stylus.
    script.pop();
    let complaint = forge.refused(&script).await?;
    assert!(complaint.contains("EvmError: Revert"), "{complaint}");
    Ok(())
}
