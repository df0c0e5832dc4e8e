//! A running chain that becomes a fork, of another block or of another chain.

use thiserror::Error;

use super::{Fork, Ground, ground};
use crate::{
    chain::Chain,
    config::Config,
    fork::{Settings, StateError, Stop},
};

/// Why a running chain cannot become a fork.
#[derive(Debug, Error)]
pub enum ReforkError {
    /// Neither given nor known.
    #[error("forking.jsonRpcUrl is missing, and this node is no fork yet")]
    NoUrl,
    /// No URL of an upstream.
    #[error("forking.jsonRpcUrl: {0}")]
    Url(String),
    /// It cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
}

/// What is to be read of an upstream for a running chain that becomes a fork of it.
#[derive(Debug)]
pub struct Reforking {
    config: Config,
    settings: Settings,
    stop: Stop,
}

impl Reforking {
    /// Reads it, which takes the upstream's time and no chain.
    ///
    /// # Errors
    /// The upstream cannot be read.
    pub fn read(self) -> Result<Reforked, StateError> {
        let ground = ground(&self.config, &self.settings, self.stop)?;
        let config = self.config;
        Ok(Reforked { config, ground })
    }
}

/// What was read of an upstream for a running chain.
#[derive(Debug)]
pub struct Reforked {
    config: Config,
    ground: Ground,
}

impl Chain {
    /// What a fork of another chain, or of another block, would begin with: `url` and `block` replace
    /// those of the present fork.
    ///
    /// # Errors
    /// There is no URL.
    pub fn reforking(
        &self,
        url: Option<&str>,
        block: Option<u64>,
    ) -> Result<Reforking, ReforkError> {
        let settings = match (url, &self.config.fork) {
            (Some(url), Some(present)) => present.at(url).map_err(ReforkError::Url)?,
            (Some(url), None) => Settings::new(url).map_err(ReforkError::Url)?,
            (None, Some(present)) => present.clone(),
            (None, None) => return Err(ReforkError::NoUrl),
        };
        let settings = Settings {
            block_number: block,
            ..settings
        };
        let config = Config {
            fork: Some(settings.clone()),
            ..self.config.clone()
        };
        Ok(Reforking {
            config,
            settings,
            stop: self.stop.clone(),
        })
    }

    /// Begins anew on that ground, and returns the fork that this was. Accounts, the way of mining and
    /// compiled programs stay.
    pub fn refork(&mut self, Reforked { config, ground }: Reforked) -> Option<Fork> {
        self.pool.clear();
        let forked = Self::on(&config, ground, self.compiler.clone());
        let before = std::mem::replace(self, forked);
        self.mining = before.mining;
        self.stop = before.stop;
        before.fork
    }
}
