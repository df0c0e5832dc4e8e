//! `trace`: a transaction's calls, decoded.

mod abi;
mod names;
mod tree;
mod value;

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};

use alloy::providers::{Provider, ProviderBuilder};
use alloy_primitives::{Address, B256};
use clap::Args;
use eyre::{WrapErr, eyre};
use serde_json::{Value, json};
use stylus_devnode::config;

use self::{abi::Abis, tree::Tree};

/// Print the calls of a mined transaction as a tree, with gas, decoded
///
/// Works against every node that has callTracer. Exit status: 0 printed, 1 not.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Hash of the transaction
    tx: B256,
    /// Node to ask
    #[arg(long, env = "ETH_RPC_URL", default_value_t = format!("http://127.0.0.1:{}", config::PORT))]
    rpc_url: String,
    /// ABI file or a folder of them: ABI arrays, Foundry artifacts, output of cargo stylus export-abi
    #[arg(long, value_name = "PATH")]
    abi: Vec<PathBuf>,
    /// Name of an address, for example vault=0x12..
    #[arg(long, value_name = "NAME=ADDRESS", value_parser = label)]
    label: Vec<(String, Address)>,
    /// Build with names of a program that was deployed without them, which tells what its panics say (a
    /// stylus-devnode only)
    #[arg(long, value_name = "ADDRESS=FILE", value_parser = names::build)]
    wasm: Vec<names::Build>,
    /// Show the host calls of programs as well (a node with stylusTracer only)
    #[arg(long)]
    host_calls: bool,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

fn label(text: &str) -> Result<(String, Address), String> {
    let (name, address) = text.split_once('=').ok_or("not NAME=ADDRESS")?;
    // Either way round.
    match (address.parse(), name.parse()) {
        (Ok(parsed), _) => Ok((name.into(), parsed)),
        (Err(_), Ok(parsed)) => Ok((address.into(), parsed)),
        (Err(error), Err(_)) => Err(format!("'{address}': {error}")),
    }
}

/// Prints the tree.
///
/// # Errors
/// An ABI or a build that cannot be read, a node that cannot be reached or has no trace.
pub(super) async fn trace(flags: &Flags) -> eyre::Result<ExitCode> {
    let mut abis = Abis::built_in()?;
    for path in &flags.abi {
        abis.read(path)
            .wrap_err_with(|| path.display().to_string())?;
    }
    abis.label(&flags.label);
    let url = flags
        .rpc_url
        .parse()
        .wrap_err_with(|| format!("--rpc-url '{}'", flags.rpc_url))?;
    let client = ProviderBuilder::new().connect_http(url);
    let ask = async |options: Value| -> eyre::Result<Value> {
        let params = json!([flags.tx, options]);
        let answer = client.raw_request("debug_traceTransaction".into(), params);
        answer.await.map_err(|error| match error.as_error_resp() {
            Some(answer) => eyre!("{}: {}", flags.rpc_url, answer.message),
            None => eyre::Report::new(error).wrap_err(flags.rpc_url.clone()),
        })
    };
    let mut config = json!({"withLog": true});
    if !flags.wasm.is_empty() {
        config["names"] = names::names(&client, &flags.wasm).await?;
    }
    let calls = ask(json!({"tracer": "callTracer", "tracerConfig": config})).await?;
    let steps = match flags.host_calls {
        true => Some(ask(json!({"tracer": "stylusTracer"})).await?),
        false => None,
    };
    let tree = Tree::new(&abis, &calls, steps.as_ref());
    let text = match flags.json {
        true => json!({"schema": "stylus-devnode.trace/1", "tx": flags.tx, "root": tree.json()})
            .to_string(),
        false => tree.text(io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()),
    };
    // Nobody reads: nothing to tell.
    let _ = writeln!(io::stdout().lock(), "{}", text.trim_end());
    Ok(ExitCode::SUCCESS)
}
