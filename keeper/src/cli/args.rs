//! Verbs and flags.

use std::path::PathBuf;

use alloy::primitives::Address;
use clap::{Args, Parser, Subcommand};

use crate::config::{Bps, Decimal};

/// Keeps a portfolio level on chain.
#[derive(Debug, Parser)]
#[command(name = "gimbal", version, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
    /// Flags of every verb.
    #[command(flatten)]
    pub global: Global,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Deploy, activate and wire a whole system; run again, it does what is missing
    Deploy(Deploy),
    /// Mint shares for a basket of tokens
    Deposit(Deposit),
    /// Burn shares for the tokens behind them; works in every mode
    Redeem(Redeem),
    /// Show weights, prices by source, drift and mode
    Status(Status),
    /// Look once, and rebalance if it is due
    Once(Once),
    /// Look again and again, and rebalance whenever it is due
    Run(Run),
}

/// Flags of every verb.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// Configuration file
    #[arg(short, long, env = "GIMBAL_CONFIG", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Node to talk to
    #[arg(
        short,
        long,
        env = "ETH_RPC_URL",
        hide_env_values = true,
        value_name = "URL",
        global = true,
        alias = "endpoint"
    )]
    pub rpc_url: Option<String>,
    /// Addresses that `gimbal deploy --out` wrote
    #[arg(
        short,
        long,
        env = "GIMBAL_ADDRESSES",
        value_name = "FILE",
        global = true
    )]
    pub addresses: Option<PathBuf>,
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Log less: warnings and errors only
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Log more; RUST_LOG overrides it
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
}

/// Where the signing key is. `GIMBAL_PRIVATE_KEY` may hold it if none of these is given.
#[derive(Clone, Debug, Default, Args)]
pub struct Key {
    /// File with the private key, mode 0600
    #[arg(long, value_name = "FILE", alias = "private-key-path")]
    pub key_file: Option<PathBuf>,
    /// Keystore file, or with --account the directory of keystores
    #[arg(
        long,
        env = "ETH_KEYSTORE",
        value_name = "PATH",
        conflicts_with = "key_file",
        alias = "keystore-path"
    )]
    pub keystore: Option<PathBuf>,
    /// Name of an account in ~/.foundry/keystores
    #[arg(
        long,
        env = "ETH_KEYSTORE_ACCOUNT",
        value_name = "NAME",
        conflicts_with = "key_file"
    )]
    pub account: Option<String>,
    /// File with the keystore's password, mode 0600
    #[arg(
        long,
        env = "ETH_PASSWORD",
        value_name = "FILE",
        alias = "keystore-password-path"
    )]
    pub password_file: Option<PathBuf>,
}

/// `gimbal deploy`
#[derive(Debug, Args)]
pub struct Deploy {
    /// Directory with vault.wasm, engine.wasm and adapter.wasm
    #[arg(long, value_name = "DIR")]
    pub artifacts: PathBuf,
    /// File for the addresses; an existing one is continued
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Check everything, send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Key of the owner
    #[command(flatten)]
    pub key: Key,
}

/// `gimbal deposit`
#[derive(Debug, Args)]
pub struct Deposit {
    /// Shares to mint, such as 12.5
    #[arg(long, value_name = "NUMBER")]
    pub shares: Decimal,
    /// Who gets them; the signer if left out
    #[arg(long, value_name = "ADDRESS")]
    pub receiver: Option<Address>,
    /// How much more than now each asset may cost
    #[arg(long, value_name = "BPS", default_value = "10bps")]
    pub slack: Bps,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Show the plan, send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Key of the depositor
    #[command(flatten)]
    pub key: Key,
}

/// `gimbal redeem`
#[derive(Debug, Args)]
pub struct Redeem {
    /// Shares to burn, such as 12.5
    #[arg(long, value_name = "NUMBER")]
    pub shares: Decimal,
    /// Who gets the tokens; the signer if left out
    #[arg(long, value_name = "ADDRESS")]
    pub receiver: Option<Address>,
    /// Least part of what each asset would bring now, of 10000
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(0..=10_000))]
    pub min_out_bps: Option<u16>,
    /// Symbol or address of a token to leave for `claim` instead of paying it; may be repeated
    #[arg(long, value_name = "TOKEN", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Show the plan, send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Key of the holder
    #[command(flatten)]
    pub key: Key,
}

/// `gimbal status`
#[derive(Debug, Args)]
pub struct Status {
    /// Exit with 10 if an asset is out of its band, with 7 if the vault is halted
    #[arg(long)]
    pub exit_code: bool,
    /// Account to ask about: may it rebalance?
    #[arg(long, value_name = "ADDRESS")]
    pub keeper: Option<Address>,
}

/// `gimbal once`
#[derive(Debug, Args)]
pub struct Once {
    /// Simulate, send nothing; needs no key
    #[arg(long)]
    pub dry_run: bool,
    /// Account to simulate as in a dry run without a key
    #[arg(long, value_name = "ADDRESS", requires = "dry_run")]
    pub keeper: Option<Address>,
    /// Key of the keeper
    #[command(flatten)]
    pub key: Key,
}

/// `gimbal run`
#[derive(Debug, Args)]
pub struct Run {
    /// Simulate, send nothing; needs no key
    #[arg(long)]
    pub dry_run: bool,
    /// Account to simulate as in a dry run without a key
    #[arg(long, value_name = "ADDRESS", requires = "dry_run")]
    pub keeper: Option<Address>,
    /// Key of the keeper
    #[command(flatten)]
    pub key: Key,
}
