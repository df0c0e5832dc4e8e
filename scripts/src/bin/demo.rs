//! The whole loop on a chain, in one command.

use std::io::{IsTerminal, Write, stderr, stdin, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use alloy::primitives::utils::format_ether;
use clap::Parser;
use eyre::{OptionExt, Result, WrapErr};
use gimbal_scripts::artifact::Artifacts;
use gimbal_scripts::chain::{Chain, Clock, Ether};
use gimbal_scripts::demo::Error;
use gimbal_scripts::demo::key::{DEV_CHAIN, Keystore, payer};
use gimbal_scripts::demo::purse::Purse;
use gimbal_scripts::demo::target::{TimeTravel, connect, moves_time};
use gimbal_scripts::story::{self, Staging, Tale};
use gimbal_scripts::summary::{Summary, before_and_after, gas_per_step};
use tracing_subscriber::EnvFilter;

/// Chain ids of development nodes, on which ether is worth nothing.
const DEV_CHAINS: [u64; 3] = [DEV_CHAIN, 31_337, 1_337];
/// s between two words about the time that is left.
const WORD_EVERY_S: u64 = 10;
/// Transactions of the story, for the estimate of its time.
const TRANSACTIONS: u64 = 140;

/// Deposit, drift, a hostile trade refused, the keeper rebalances, redeem, kill, redeem: on a chain, for real.
#[derive(Debug, Parser)]
struct Options {
    /// Print one JSON object on stdout, and the tables on stderr
    #[arg(long)]
    json: bool,
    /// A running Stylus chain to use instead of a node of our own. GIMBAL_DEMO_KEY or a keystore pays; on chain 412346
    /// its public development key does where neither is given
    #[arg(long, value_name = "URL")]
    rpc_url: Option<String>,
    /// Keystore of the key that pays
    #[arg(
        long,
        value_name = "FILE",
        alias = "keystore-path",
        requires = "rpc_url"
    )]
    keystore: Option<PathBuf>,
    /// File with the keystore's password, mode 0600 (else ETH_PASSWORD, the path of such a file)
    #[arg(
        long,
        value_name = "FILE",
        alias = "keystore-password-path",
        requires = "keystore"
    )]
    password_file: Option<PathBuf>,
    /// Whether to move the chain's time instead of waiting
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        requires = "rpc_url"
    )]
    time_travel: TimeTravel,
    /// Spend without asking
    #[arg(long)]
    yes: bool,
    /// Where set-up put the built contracts
    #[arg(long, value_name = "DIR")]
    artifacts: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("error")),
        )
        .with_writer(stderr)
        .init();
    let artifacts = options
        .artifacts
        .clone()
        .map(Artifacts::at)
        .unwrap_or_default();
    let told = tokio::select! {
        told = tell(&options, &artifacts) => told,
        _ = interrupted(&options) => return ExitCode::from(Error::Interrupted.exit_code()),
    };
    match told.and_then(|tale| print(&tale, options.json)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:#}");
            let code = error.downcast_ref().map_or(1, Error::exit_code);
            ExitCode::from(code)
        }
    }
}

/// Ctrl-C where the story leaves nothing behind; on a chain that others use, `shared` hears it itself.
async fn interrupted(options: &Options) {
    if options.rpc_url.is_some() {
        std::future::pending::<()>().await;
    }
    tokio::signal::ctrl_c().await.ok();
}

async fn tell(options: &Options, artifacts: &Artifacts) -> Result<Tale> {
    if let Some(url) = &options.rpc_url {
        return shared(url, options, artifacts).await;
    }
    let node = stylus_devnode::spawn(stylus_devnode::Config::default())
        .await
        .wrap_err("starting the devnode")?;
    let chain = Chain::connect(&node.url()).await?;
    let tale = story::run(&chain, artifacts, &Staging::local()?, &say).await?;
    node.shutdown().await?;
    Ok(tale)
}

/// On a chain that is already running, with fresh accounts that one key pays; what they have left goes back to it.
async fn shared(url: &str, options: &Options, artifacts: &Artifacts) -> Result<Tale> {
    let chain = connect(url).await?;
    let asked = Keystore {
        file: options.keystore.clone(),
        password: options.password_file.clone(),
    };
    let payer = payer(asked, chain.chain_id())?;
    let travels = moves_time(&chain, options.time_travel).await?;
    let clock = if travels {
        Clock::Travel
    } else {
        Clock::Wait(wait)
    };
    let chain = chain.with(clock, Ether::Paid);
    let purse = Purse::plan(&chain, payer).await?;
    let mut staging = purse.staging()?;
    if !travels {
        staging = staging.in_real_time();
    }
    say(&plan(&chain, &purse, &staging, travels));
    confirm(&chain, options.yes)?;

    purse.pay().await?;
    let told = tokio::select! {
        told = story::run(&chain, artifacts, &staging, &say) => told,
        _ = tokio::signal::ctrl_c() => Err(Error::Interrupted.into()),
    };
    match purse.give_back().await {
        Ok(wei) => say(&format!(
            "{} ETH went back to {}.",
            format_ether(wei),
            purse.payer()
        )),
        Err(error) => say(&format!(
            "what the accounts have left could not be paid back: {error:#}"
        )),
    }
    told
}

fn plan(chain: &Chain, purse: &Purse, staging: &Staging, travels: bool) -> String {
    let time = if travels {
        "The node's clock is moved, so nothing is waited for.".to_owned()
    } else {
        let seconds = staging.waits_s();
        let window = staging.system.limits.twapWindow;
        format!(
            "The chain's clock cannot be moved: {seconds} s of waiting (the TWAP window is {window} s, the least that \
             the engine allows) and about {TRANSACTIONS} transactions, one after the other."
        )
    };
    format!(
        "The demo runs on chain {} at {}. {time}\n{} pays six fresh accounts at most {} ETH; what they have left goes back.",
        chain.chain_id(),
        chain.endpoint(),
        purse.payer(),
        format_ether(purse.most()),
    )
}

/// Asks on a terminal, unless nothing of value is spent; elsewhere `--yes` must have been given.
fn confirm(chain: &Chain, yes: bool) -> Result<(), Error> {
    if yes || DEV_CHAINS.contains(&chain.chain_id()) {
        return Ok(());
    }
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return Err(Error::Declined("this is no terminal, so --yes is needed"));
    }
    eprint!("Spend it? [y/N] ");
    let mut answer = String::new();
    if stdin().read_line(&mut answer).is_err() || !matches!(answer.trim(), "y" | "Y" | "yes") {
        return Err(Error::Declined("the answer was not yes"));
    }
    Ok(())
}

fn say(sentence: &str) {
    eprintln!("{sentence}");
}

fn wait(left: u64) {
    if left > 0 && left.is_multiple_of(WORD_EVERY_S) {
        eprintln!("  waiting, {left} s left");
    }
}

fn print(tale: &Tale, json: bool) -> Result<()> {
    let summary = Summary::of(tale).ok_or_eyre("a story without a rebalance")?;
    let tables = format!("{}\n{}", before_and_after(tale), gas_per_step(tale));
    let result = if json {
        say(&tables);
        serde_json::to_string(&summary)?
    } else {
        tables
    };
    writeln!(stdout(), "{result}").wrap_err("cannot write to stdout")
}
