//! npm's `cast` on a fresh chain with a Stylus program on it.
//!
//! `cast run` and `cast call --trace` execute in an EVM of cast's own, which fetches state from the node. It cannot run
//! Stylus programs: of a transaction that reaches one it shows the way there and `OpcodeNotFound`.

use alloy::primitives::{Address, U256, address};
use alloy::providers::Provider;
use alloy::sol_types::{SolError, SolValue};
use eyre::{OptionExt, Result};
use gimbal_e2e::blank::{Blank, DEV_ACCOUNT, DEV_KEY, SUPPLY, Token};
use gimbal_e2e::tool::Tool;
use serde_json::Value;

/// The first account of the well-known mnemonic, funded and unlocked at genesis.
const UNLOCKED: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const BOB: Address = address!("0x00000000000000000000000000000000000B0B00");

fn cast(chain: &Blank) -> Result<Tool> {
    Ok(Tool::foundry("cast", chain.directory())?.env("ETH_RPC_URL", chain.url()))
}

/// The words of a command line, and more that may hold spaces.
fn words<'a>(line: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    line.split_whitespace()
        .chain(more.iter().copied())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn cast_estimates_sends_and_reads_a_program() -> Result<()> {
    let chain = Blank::start().await?;
    let token = chain.token().await?;
    let cast = cast(&chain)?;
    let (at, bob) = (token.address().to_string(), BOB.to_string());

    let supply = cast.done(&["call", &at, "totalSupply()(uint256)"]).await?;
    assert!(supply.starts_with(&SUPPLY.to_string()), "{supply}");
    let transfer = ["transfer(address,uint256)", &bob, "7"];
    let from = ["--from", &DEV_ACCOUNT.to_string()].map(ToString::to_string);
    let mut estimate = vec!["estimate", &at];
    estimate.extend(transfer);
    estimate.extend(from.iter().map(String::as_str));
    let estimated: u64 = cast.done(&estimate).await?.parse()?;

    let mut send = vec!["send", at.as_str()];
    send.extend(transfer);
    send.extend(["--json", "--private-key", DEV_KEY]);
    let sent: Value = serde_json::from_str(&cast.done(&send).await?)?;
    assert_eq!(sent["status"], "0x1", "{sent}");
    let used: U256 = sent["gasUsed"].as_str().ok_or_eyre("no gasUsed")?.parse()?;
    assert!(used <= U256::from(estimated), "{used} of {estimated}");
    assert_eq!(token.balanceOf(BOB).call().await?, U256::from(7));

    let hash = sent["transactionHash"].as_str().ok_or_eyre("no hash")?;
    assert_eq!(cast.done(&["receipt", hash, "status"]).await?, "true");
    assert_eq!(
        cast.done(&["tx", hash, "to"]).await?.to_lowercase(),
        at.to_lowercase()
    );
    assert_eq!(
        cast.done(&["block-number"]).await?,
        chain.client.get_block_number().await?.to_string()
    );
    assert!(cast.done(&["code", &at]).await?.starts_with("0xeff000"));
    // Slot 2 holds the supply, as in the twin's Solidity layout.
    assert_eq!(
        cast.done(&["storage", &at, "2"]).await?.parse::<U256>()?,
        U256::from(SUPPLY)
    );
    assert_eq!(cast.done(&["rpc", "eth_chainId"]).await?, "\"0x64aba\"");
    assert_eq!(cast.done(&["chain-id"]).await?, "412346");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn cast_signs_by_keystore_and_lets_the_node_sign() -> Result<()> {
    let chain = Blank::start().await?;
    let cast = cast(&chain)?;
    let import = "wallet import dev --keystore-dir . --unsafe-password secret --private-key";
    cast.done(&words(import, &[DEV_KEY])).await?;
    let bob = BOB.to_string();
    let send = words(
        "send --value 1ether --keystore dev --password secret",
        &[&bob],
    );
    cast.done(&send).await?;
    let send = words(
        "send --value 2ether --unlocked --legacy --from",
        &[UNLOCKED, &bob],
    );
    cast.done(&send).await?;
    assert_eq!(
        cast.done(&["balance", "--ether", &bob]).await?,
        "3.000000000000000000"
    );

    let send = words("send --value 1 --async --private-key", &[DEV_KEY, &bob]);
    let hash = cast.done(&send).await?;
    assert!(cast.done(&["receipt", &hash]).await?.contains("success"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn cast_filters_logs_by_address_signature_topic_and_block() -> Result<()> {
    let chain = Blank::start().await?;
    let token = chain.token().await?;
    let created = chain.client.get_block_number().await?;
    for value in [5u64, 6] {
        token
            .transfer(BOB, U256::from(value))
            .send()
            .await?
            .get_receipt()
            .await?;
    }
    let cast = cast(&chain)?;
    let (at, bob) = (token.address().to_string(), BOB.to_string());
    let event = "Transfer(address indexed,address indexed,uint256)";
    let count = async |more: &[&str]| -> Result<usize> {
        let printed = cast.done(&words("logs --json", more)).await?;
        Ok(serde_json::from_str::<Vec<Value>>(&printed)?.len())
    };
    let first = (created + 1).to_string();
    assert_eq!(
        count(&["--address", &at, event]).await?,
        3,
        "the constructor's too"
    );
    assert_eq!(count(&["--address", &at, event, "", &bob]).await?, 2);
    assert_eq!(
        count(&["--from-block", &first, "--to-block", &first, event]).await?,
        1
    );
    assert_eq!(count(&["--address", &bob, event]).await?, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn cast_is_told_why_a_program_refuses() -> Result<()> {
    let chain = Blank::start().await?;
    let token = chain.token().await?;
    let cast = cast(&chain)?;
    let at = token.address().to_string();
    let call = [
        "call",
        &at,
        "transfer(address,uint256)",
        &BOB.to_string(),
        "1",
    ];
    let complaint = cast.refused(&call).await?;
    let error = alloy::hex::encode(Token::ERC20InsufficientBalance::SELECTOR);
    assert!(complaint.contains(&error), "{complaint}");

    let mut send = vec!["send"];
    send.extend(&call[1..]);
    send.extend(["--unlocked", "--from", UNLOCKED]);
    let complaint = cast.refused(&send).await?;
    assert!(complaint.contains("Failed to estimate gas"), "{complaint}");
    send.extend(["--gas-limit", "1000000", "--json"]);
    let sent: Value = serde_json::from_str(&cast.run(&send).await?.out)?;
    assert_eq!(sent["status"], "0x0", "{sent}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn cast_replays_and_proves_what_happened_in_the_evm() -> Result<()> {
    let chain = Blank::start().await?;
    let arguments = ("Twin", "TWN", U256::from(SUPPLY), DEV_ACCOUNT).abi_encode_params();
    let twin = chain.create("Token", &arguments).await?;
    let at = twin.to_string();
    let token = Token::new(twin, chain.client.clone());
    let receipt = token
        .transfer(BOB, U256::from(7))
        .send()
        .await?
        .get_receipt()
        .await?;
    token
        .transfer(BOB, U256::from(1))
        .send()
        .await?
        .get_receipt()
        .await?;

    let cast = cast(&chain)?;
    let hash = receipt.transaction_hash.to_string();
    let run = cast.done(&["run", &hash]).await?;
    assert!(run.contains("Transaction successfully executed."), "{run}");
    let used = format!("Gas used: {}", receipt.gas_used);
    assert!(run.contains(&used), "{used} is not in: {run}");
    let call = [
        "call",
        "--trace",
        &at,
        "balanceOf(address)",
        &BOB.to_string(),
    ];
    let traced = cast.done(&call).await?;
    assert!(traced.contains("[Return] 8"), "{traced}");

    let bob = BOB.to_string();
    let approve = ["access-list", &at, "approve(address,uint256)", &bob, "5"];
    let list = cast.done(&approve).await?.to_lowercase();
    assert!(
        list.contains(&at.to_lowercase()) && list.contains("gas used"),
        "{list}"
    );

    let proof: Value = serde_json::from_str(&cast.done(&["proof", &at, "2"]).await?)?;
    let supply: U256 = serde_json::from_value(proof["storageProof"][0]["value"].clone())?;
    assert_eq!(supply, U256::from(SUPPLY));
    assert_eq!(
        cast.done(&["codehash", &at]).await?,
        proof["codeHash"].as_str().ok_or_eyre("no hash")?
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn cast_replays_no_program_and_says_where_it_stopped() -> Result<()> {
    let chain = Blank::start().await?;
    let token = chain.token().await?;
    let sent = token.transfer(BOB, U256::from(7)).send().await?;
    let hash = sent.get_receipt().await?.transaction_hash.to_string();
    let run = cast(&chain)?.run(&["run", &hash]).await?;
    assert!(run.out.contains("OpcodeNotFound"), "{run:?}");
    Ok(())
}
