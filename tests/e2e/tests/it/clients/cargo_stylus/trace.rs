//! `cargo stylus trace` and `simulate`: the host calls of a program, nested where it called others.

use alloy::primitives::{Address, Bytes, U256, hex};
use alloy::sol_types::{SolCall, SolValue};
use eyre::{OptionExt, Result};
use gimbal_e2e::blank::{DEV_ACCOUNT, Token};
use serde_json::Value;

use super::Author;

fn names(steps: &[Value]) -> Vec<&str> {
    steps
        .iter()
        .filter_map(|step| step["name"].as_str())
        .collect()
}

async fn steps(author: &Author, arguments: &[&str]) -> Result<Vec<Value>> {
    let printed = author.tool.done(&author.arguments(arguments)).await?;
    let json = printed.find('[').ok_or_eyre("no steps")?;
    Ok(serde_json::from_str(&printed[json..])?)
}

#[tokio::test(flavor = "multi_thread")]
async fn trace_shows_the_host_calls_of_a_program_and_where_it_called_another() -> Result<()> {
    let author = Author::new().await?;
    let token = author.chain.token().await?;
    let till = author
        .chain
        .create("Till", &token.address().abi_encode())
        .await?;
    let sent = token
        .transferAndCall(till, U256::from(70), Bytes::new())
        .send()
        .await?;
    let hash = sent.get_receipt().await?.transaction_hash.to_string();

    let trace = ["trace", "--tx", &hash];
    let native = steps(&author, &["trace", "--tx", &hash, "--use-native-tracer"]).await?;
    assert_eq!(
        native,
        steps(&author, &trace).await?,
        "whichever tracer is asked for"
    );
    let names = names(&native);
    assert_eq!(names.first(), Some(&"user_entrypoint"), "{names:?}");
    assert_eq!(names.last(), Some(&"user_returned"), "{names:?}");
    let position = |name: &str| names.iter().position(|found| *found == name);
    let order = [
        "storage_load_bytes32",
        "emit_log",
        "storage_flush_cache",
        "call_contract",
        "write_result",
    ];
    let positions: Option<Vec<usize>> = order.iter().map(|name| position(name)).collect();
    let positions = positions.ok_or_eyre(format!("not all of {order:?} in {names:?}"))?;
    assert!(positions.is_sorted(), "{names:?}");
    let call = &native[position("call_contract").ok_or_eyre("no call")?];
    let called: Address = serde_json::from_value(call["address"].clone())?;
    assert_eq!(called, till);
    assert_eq!(
        call["steps"],
        Value::Array(Vec::new()),
        "an EVM contract makes no host calls"
    );
    let ink = |step: &Value| Some((step["startInk"].as_u64()?, step["endInk"].as_u64()?));
    let inks: Option<Vec<(u64, u64)>> = native.iter().map(ink).collect();
    assert!(
        inks.ok_or_eyre("no ink")?
            .iter()
            .all(|(start, end)| start >= end)
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn simulate_shows_the_host_calls_of_what_was_not_sent() -> Result<()> {
    let author = Author::new().await?;
    let token = author.chain.token().await?;
    let call = Token::balanceOfCall {
        account: DEV_ACCOUNT,
    };
    let (from, to) = (DEV_ACCOUNT.to_string(), token.address().to_string());
    let data = hex::encode_prefixed(call.abi_encode());
    let simulate = ["simulate", "--from", &from, "--to", &to, "--data", &data];
    let steps = steps(&author, &[&simulate[..], &["--use-native-tracer"]].concat()).await?;
    assert!(
        names(&steps).contains(&"storage_load_bytes32"),
        "{:?}",
        names(&steps)
    );
    Ok(())
}
