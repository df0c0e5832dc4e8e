//! Running the node until it is stopped.

use std::{io::Write, net::IpAddr, path::PathBuf, process::ExitCode};

use alloy_primitives::U256;
use clap::Args;
use stylus_devnode::{
    Config, DEV_ACCOUNT, Node,
    config::{self, Mining},
    spawn,
};
use tokio::signal;

/// What the node is started with.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = config::PORT)]
    port: u16,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// File to load at start, if it exists, and to write at shutdown
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// ArbOS version whose rules apply [default: 61, or the upstream's]
    #[arg(long, value_parser = clap::value_parser!(u64).range(30..=61))]
    arbos_version: Option<u64>,
    /// Chain id [default: 412346, or the upstream's]
    #[arg(long)]
    chain_id: Option<u64>,
    /// Time of the genesis block, in seconds since 1970
    #[arg(long, value_name = "SECONDS")]
    timestamp: Option<u64>,
    /// Balance of each funded account, in ether
    #[arg(long, default_value_t = 10_000, value_name = "ETHER")]
    balance: u64,
    /// Number of well-known test accounts to fund beside Nitro's dev account
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u8).range(..=10))]
    accounts: u8,
    /// Make a block every so many seconds (fractions allowed), not one for each transaction
    #[arg(long, value_name = "SECONDS", value_parser = period, conflicts_with = "no_mining")]
    block_time: Option<Mining>,
    /// Make blocks on request only
    #[arg(long)]
    no_mining: bool,
    /// Folder for compiled Stylus programs; in the user's cache folder if not given
    #[arg(long, value_name = "FOLDER")]
    module_cache: Option<PathBuf>,
    /// Keep compiled Stylus programs in memory only
    #[arg(long, conflicts_with = "module_cache")]
    no_module_cache: bool,
    #[command(flatten)]
    fork: super::fork::Flags,
    /// Print nothing
    #[arg(long)]
    silent: bool,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

impl Flags {
    fn config(&self) -> eyre::Result<Config> {
        Ok(Config {
            host: self.host,
            port: self.port,
            chain_id: self.chain_id.unwrap_or(config::CHAIN_ID),
            arbos_version: self.arbos_version.unwrap_or(config::ARBOS_VERSION),
            state: self.state.clone(),
            module_cache: self.module_cache(),
            timestamp: self.timestamp,
            accounts: usize::from(self.accounts),
            mining: match self.no_mining {
                true => Mining::Manual,
                false => self.block_time.unwrap_or_default(),
            },
            balance: U256::from(self.balance) * U256::from(1_000_000_000_000_000_000u64),
            fork: self.fork.settings(self.chain_id, self.arbos_version)?,
        })
    }
}

impl Flags {
    fn module_cache(&self) -> Option<PathBuf> {
        let usual = || Some(dirs::cache_dir()?.join("stylus-devnode/modules"));
        match self.no_module_cache {
            true => None,
            false => self.module_cache.clone().or_else(usual),
        }
    }
}

/// {s}
fn period(text: &str) -> Result<Mining, String> {
    let period_s: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    match Mining::every(period_s) {
        Some(mining @ Mining::Interval(_)) => Ok(mining),
        _ => Err("must be from 0.001 to 31536000".into()),
    }
}

/// Starts the node, prints where it is, and waits for the end.
pub(super) async fn run(flags: &Flags) -> eyre::Result<ExitCode> {
    let config = flags.config()?;
    let node = spawn(config.clone()).await?;
    if !flags.silent {
        let mut out = std::io::stdout().lock();
        let text = if flags.json {
            json(&node, &config)
        } else {
            text(&node, &config)
        };
        // Nobody reads: nothing to tell.
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }
    wait().await?;
    node.shutdown().await?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(unix)]
async fn wait() -> std::io::Result<()> {
    let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
    tokio::select! {
        result = signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn wait() -> std::io::Result<()> {
    signal::ctrl_c().await
}

fn text(node: &Node, config: &Config) -> String {
    let mut text = format!(
        "stylus-devnode {}\n\nchain id   {}\nArbOS      {}\n",
        env!("CARGO_PKG_VERSION"),
        node.chain_id(),
        node.arbos_version(),
    );
    if let Some(fork) = node.fork() {
        text.push_str(&format!(
            "\nfork of    {}\nblock      {} {}\n",
            fork.upstream, fork.block_number, fork.block_hash
        ));
        if fork.is_offline {
            text.push_str("upstream   is down: only state that was read before is there\n");
        }
    }
    text.push_str("\naccounts\n");
    for account in config.funded() {
        let note = if account == DEV_ACCOUNT {
            "  (Nitro's dev account)"
        } else {
            ""
        };
        text.push_str(&format!("  {account}{note}\n"));
    }
    text.push_str(&format!("\nlistening on {}", node.url()));
    text
}

fn json(node: &Node, config: &Config) -> String {
    let accounts: Vec<_> = config.funded().collect();
    serde_json::json!({
        "schema": "stylus-devnode.started/1",
        "url": node.url(),
        "ws_url": node.ws_url(),
        "port": node.port(),
        "chain_id": node.chain_id(),
        "arbos_version": node.arbos_version(),
        "fork": node.fork(),
        "accounts": accounts,
    })
    .to_string()
}
