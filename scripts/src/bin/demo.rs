//! The whole loop on a local chain, in one command.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use eyre::{OptionExt, Result, WrapErr};
use gimbal_scripts::artifact::Artifacts;
use gimbal_scripts::chain::Chain;
use gimbal_scripts::story;
use gimbal_scripts::summary::{Summary, before_and_after, gas_per_step};
use tracing_subscriber::EnvFilter;

/// Deposit, drift, a hostile trade refused, the keeper rebalances, redeem, kill, redeem: on a local chain, for real.
#[derive(Debug, Parser)]
struct Options {
    /// Print one JSON object as the last line of stdout
    #[arg(long)]
    json: bool,
    /// A running development node to use instead of one of our own
    #[arg(long, value_name = "URL")]
    rpc_url: Option<String>,
    /// Where set-up put the built contracts
    #[arg(long, value_name = "DIR")]
    artifacts: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match demo(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn demo(options: Options) -> Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn")),
        )
        .with_writer(std::io::stderr)
        .init();
    let artifacts = options.artifacts.map(Artifacts::at).unwrap_or_default();
    let (node, url) = match options.rpc_url {
        Some(url) => (None, url),
        None => {
            let node = stylus_devnode::spawn(stylus_devnode::Config::default())
                .await
                .wrap_err("starting the devnode")?;
            let url = node.url();
            (Some(node), url)
        }
    };
    let chain = Chain::connect(&url).await?;
    let tale = story::run(&chain, &artifacts, &|sentence| eprintln!("{sentence}")).await?;
    let summary = Summary::of(&tale).ok_or_eyre("a story without a rebalance")?;
    println!("{}\n{}", before_and_after(&tale), gas_per_step(&tale));
    if options.json {
        println!("{}", serde_json::to_string(&summary)?);
    }
    if let Some(node) = node {
        node.shutdown().await?;
    }
    Ok(())
}
