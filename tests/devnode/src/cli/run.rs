//! Running the node until it is stopped.

use std::{
    io::{IsTerminal, Write},
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use alloy_primitives::{Address, B256, U256};
use clap::Args;
use stylus_devnode::{
    Config, DEV_ACCOUNT, Node,
    config::{self, Mining, Mnemonic},
    spawn,
    wallet::{DERIVATION_PATH, Wallet, WalletError},
};
use tokio::signal;
use tracing_subscriber::EnvFilter;

/// What the node is started with.
#[derive(Debug, Args)]
#[group(id = "run")]
pub(super) struct Flags {
    /// Port to listen on; 0 takes a free one
    #[arg(short, long, default_value_t = config::PORT)]
    port: u16,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1", value_parser = host)]
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
    /// Seconds between two writes of the state file while the node runs
    #[arg(short, long, value_name = "SECONDS", requires = "state", value_parser = clap::value_parser!(u64).range(1..))]
    state_interval: Option<u64>,
    /// Seconds that the executions of a request may take which are not mined: calls, estimates, traces;
    /// a batch starts no request after three times that
    #[arg(long, default_value_t = config::CALL_TIMEOUT.as_secs(), value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    call_timeout: u64,
    /// Balance of each funded account, in ether
    #[arg(long, default_value_t = 10_000, value_name = "ETHER")]
    balance: u64,
    /// Number of the mnemonic's accounts to fund beside Nitro's dev account
    #[arg(short, long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(..=i64::from(config::ACCOUNTS_MAX)))]
    accounts: u16,
    /// Words from which the accounts come, at m/44'/60'/0'/0/i; better given by the environment,
    /// since other users of the machine can see command lines [default: the well-known test words]
    #[arg(
        short,
        long,
        env = "STYLUS_DEVNODE_MNEMONIC",
        hide_env_values = true,
        value_name = "WORDS"
    )]
    mnemonic: Option<Mnemonic>,
    /// Print private keys of a mnemonic that is not the well-known one too
    #[arg(long)]
    show_keys: bool,
    /// Make a block every so many seconds (fractions allowed), not one for each transaction
    #[arg(short, long, value_name = "SECONDS", value_parser = period, conflicts_with = "no_mining")]
    block_time: Option<Mining>,
    /// Make blocks on request only
    #[arg(long, alias = "no-mine")]
    no_mining: bool,
    /// Folder for compiled Stylus programs; in the user's cache folder if not given
    #[arg(long, value_name = "FOLDER")]
    module_cache: Option<PathBuf>,
    /// Keep compiled Stylus programs in memory only
    #[arg(long, conflicts_with = "module_cache")]
    no_module_cache: bool,
    /// Web origin whose pages may call the node; * for every page
    #[arg(long, default_value = "*", value_name = "ORIGIN")]
    allow_origin: String,
    /// Let no web page call the node
    #[arg(long, conflicts_with = "allow_origin")]
    no_cors: bool,
    /// Take requests of up to 512 MiB instead of 5 MiB; dumps may be so large in any case
    #[arg(long)]
    no_request_size_limit: bool,
    #[command(flatten)]
    fork: super::fork::Flags,
    /// Log every request too, and why it failed
    #[arg(short, long)]
    verbose: bool,
    /// Print nothing
    #[arg(short = 'q', long, visible_alias = "quiet", conflicts_with = "verbose")]
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
            wallet: Arc::new(Wallet::new(
                self.mnemonic.clone().unwrap_or_default(),
                self.accounts,
            )?),
            call_timeout: Duration::from_secs(self.call_timeout),
            allow_origin: (!self.no_cors).then(|| self.allow_origin.clone()),
            request_max: match self.no_request_size_limit {
                true => config::BODY_MAX,
                false => config::REQUEST_MAX,
            },
            state_interval: self.state_interval.map(Duration::from_secs),
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

/// An address of this machine; a name that stands for one is what anvil's users may write.
fn host(text: &str) -> Result<IpAddr, String> {
    match text {
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        _ => text.parse().map_err(|_| "not an IP address".into()),
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

/// How a process ends that a signal ended before its time.
const INTERRUPTED: u8 = 130;

/// How long a second signal counts as the first: a process group and its parent may both pass one on, as
/// `timeout`, npm and Docker do.
const ECHO: Duration = Duration::from_secs(1);

/// Starts the node, prints where it is, and waits for the end. A later signal ends it at once.
pub(super) async fn run(flags: &Flags) -> eyre::Result<ExitCode> {
    let mut signals = Signals::new()?;
    if !flags.silent {
        log(flags.verbose);
    }
    let config = flags.config()?;
    let node = tokio::select! {
        node = spawn(config.clone()) => node?,
        // There is nothing to be written yet.
        () = signals.next() => return Ok(ExitCode::from(INTERRUPTED)),
    };
    if !flags.silent {
        let accounts = accounts(&config, flags.show_keys)?;
        let text = match flags.json {
            true => json(&node, &config, &accounts),
            false => text(&node, &config, &accounts),
        };
        // Nobody reads: nothing to tell.
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }
    signals.next().await;
    tokio::select! {
        ended = node.shutdown() => ended?,
        () = signals.insist() => {
            eprintln!("error: stopped before the state was written");
            std::process::exit(INTERRUPTED.into());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Logs to stderr what `RUST_LOG` asks for; without it warnings, and what the node and its programs tell.
fn log(verbose: bool) {
    let usual = match verbose {
        true => "warn,stylus_devnode=debug,stylus::console=info",
        false => "warn,stylus_devnode=info,stylus::console=info",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
}

/// What asks the node to end.
#[cfg(unix)]
struct Signals {
    interrupt: signal::unix::Signal,
    terminate: signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use signal::unix::{SignalKind, signal};

        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// What asks the node to end.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Signals {
    /// A signal that is no echo of the one before it.
    async fn insist(&mut self) {
        let first = Instant::now();
        loop {
            self.next().await;
            if first.elapsed() >= ECHO {
                return;
            }
        }
    }
}

/// A funded account, with its key if that is no secret or was asked for.
struct Account {
    address: Address,
    key: Option<B256>,
}

fn accounts(config: &Config, show_keys: bool) -> Result<Vec<Account>, WalletError> {
    let wallet = &config.wallet;
    let show = |address: &Address| {
        show_keys || *address == DEV_ACCOUNT || wallet.public_mnemonic().is_some()
    };
    let account = |address: &Address| {
        let key = match show(address) {
            true => wallet.key(address)?.map(|key| key.to_bytes()),
            false => None,
        };
        Ok(Account {
            address: *address,
            key,
        })
    };
    wallet.accounts.iter().map(account).collect()
}

fn text(node: &Node, config: &Config, accounts: &[Account]) -> String {
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
    text.push_str("\naccounts and private keys\n");
    for account in accounts {
        let key = account
            .key
            .map_or("(not shown)".into(), |key| key.to_string());
        let note = match account.address == DEV_ACCOUNT {
            true => "  (Nitro's dev account)",
            false => "",
        };
        text.push_str(&format!("  {}  {key}{note}\n", account.address));
    }
    if let Some(words) = config.wallet.public_mnemonic() {
        text.push_str(&format!(
            "\nmnemonic   {words}\npath       {DERIVATION_PATH}/i\n"
        ));
    }
    text.push_str(&format!("\nlistening on {}", node.url()));
    text
}

/// Keys are null where they are not shown; the mnemonic likewise.
fn json(node: &Node, config: &Config, accounts: &[Account]) -> String {
    let addresses: Vec<_> = accounts.iter().map(|account| account.address).collect();
    let keys: Vec<_> = accounts.iter().map(|account| account.key).collect();
    serde_json::json!({
        "schema": "stylus-devnode.started/1",
        "url": node.url(),
        "ws_url": node.ws_url(),
        "port": node.port(),
        "chain_id": node.chain_id(),
        "arbos_version": node.arbos_version(),
        "fork": node.fork(),
        "accounts": addresses,
        "private_keys": keys,
        "wallet": {
            "mnemonic": config.wallet.public_mnemonic(),
            "derivation_path": DERIVATION_PATH,
        },
    })
    .to_string()
}
