//! Flags of fork mode. The spellings of anvil are taken too.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use stylus_devnode::fork::{
    Settings,
    settings::{COMPUTE_UNITS, REMOTE_RPS},
};

/// How to fork.
#[derive(Debug, Args)]
#[command(next_help_heading = "Fork mode")]
#[group(id = "fork")]
pub(crate) struct Flags {
    /// HTTP endpoint of a chain to begin with, whose state is read when it is needed
    #[arg(short = 'f', long, visible_alias = "rpc-url", value_name = "URL")]
    fork_url: Option<String>,
    /// Block to begin with; the last one if not given
    #[arg(long, requires = "fork_url", value_name = "NUMBER")]
    fork_block_number: Option<u64>,
    /// Chain id that the upstream must have
    #[arg(long, requires = "fork_url", value_name = "ID")]
    fork_chain_id: Option<u64>,
    /// How often a failed read is repeated
    #[arg(long, alias = "retries", requires = "fork_url", default_value_t = 5)]
    fork_retries: u32,
    /// Pause before the first repetition, which doubles for each further one, in milliseconds
    #[arg(
        long,
        requires = "fork_url",
        default_value_t = 200,
        value_name = "MILLISECONDS"
    )]
    fork_retry_backoff: u64,
    /// How long the upstream may take to answer, in milliseconds
    #[arg(
        long,
        alias = "timeout",
        requires = "fork_url",
        default_value_t = 15_000,
        value_parser = clap::value_parser!(u64).range(1..),
        value_name = "MILLISECONDS"
    )]
    fork_timeout: u64,
    #[arg(long, requires = "fork_url", value_name = "REQUESTS", help = rps_help())]
    fork_rps: Option<u32>,
    /// As --fork-rps, in the units in which some providers count
    #[arg(
        long,
        requires = "fork_url",
        conflicts_with = "fork_rps",
        value_name = "CUPS"
    )]
    compute_units_per_second: Option<u32>,
    /// Do not limit the rate of reads
    #[arg(
        long,
        alias = "no-rpc-rate-limit",
        requires = "fork_url",
        conflicts_with_all = ["fork_rps", "compute_units_per_second"]
    )]
    no_rate_limit: bool,
    /// Folder for state that was read; the user's cache folder if not given
    #[arg(long, requires = "fork_url", value_name = "FOLDER")]
    cache_path: Option<PathBuf>,
    /// Keep no state on disk that was read
    #[arg(long, requires = "fork_url", conflicts_with = "cache_path")]
    no_storage_caching: bool,
}

fn rps_help() -> String {
    format!(
        "Most reads per second; 0 for no limit [default: {REMOTE_RPS}, none for an upstream on this machine]"
    )
}

impl Flags {
    /// What to fork, if anything.
    ///
    /// # Errors
    /// What is wrong with the URL.
    pub(crate) fn settings(
        &self,
        chain_id: Option<u64>,
        arbos_version: Option<u64>,
    ) -> eyre::Result<Option<Settings>> {
        let Some(url) = &self.fork_url else {
            return Ok(None);
        };
        let usual = Settings::new(url).map_err(|error| eyre::eyre!("--fork-url: {error}"))?;
        let cache = match self.no_storage_caching {
            true => None,
            false => self.cache_path.clone().or(usual.cache.clone()),
        };
        Ok(Some(Settings {
            block_number: self.fork_block_number,
            chain_id,
            upstream_chain_id: self.fork_chain_id,
            arbos_version,
            rps: self.rps(),
            retries: self.fork_retries,
            backoff: Duration::from_millis(self.fork_retry_backoff),
            timeout: Duration::from_millis(self.fork_timeout),
            cache,
            ..usual
        }))
    }

    fn rps(&self) -> Option<u32> {
        if self.no_rate_limit {
            return Some(0);
        }
        let units = self.compute_units_per_second;
        self.fork_rps
            .or(units.map(|units| (units / COMPUTE_UNITS).max(1)))
    }
}
