//! The payer's key: from a keystore or the environment, never from the command line's arguments.

use std::path::PathBuf;

use alloy::primitives::B256;
use alloy::signers::local::PrivateKeySigner;
use gimbal_keeper::key::{KeyError, KeySource};

use super::Error;
use crate::chain::DEV_KEY;

/// The environment variable that may hold a private key.
pub const VARIABLE: &str = "GIMBAL_DEMO_KEY";
/// Chain id of Nitro's development node and of `stylus-devnode`.
pub const DEV_CHAIN: u64 = 412_346;

/// An encrypted keystore and the file with its password.
#[derive(Debug, Clone, Default)]
pub struct Keystore {
    /// The keystore.
    pub file: Option<PathBuf>,
    /// The password's file.
    pub password: Option<PathBuf>,
}

impl Keystore {
    /// As foundry's variables name it: `ETH_KEYSTORE` and `ETH_PASSWORD`, both paths of files.
    fn of_environment() -> Self {
        let path = |name| std::env::var_os(name).map(PathBuf::from);
        Self {
            file: path("ETH_KEYSTORE"),
            password: path("ETH_PASSWORD"),
        }
    }

    fn open(self) -> Result<Option<PrivateKeySigner>, Error> {
        let Some(path) = self.file else {
            return Ok(None);
        };
        let password = self
            .password
            .or_else(|| Self::of_environment().password)
            .ok_or(KeyError::NoPassword)?;
        Ok(Some(KeySource::Keystore { path, password }.load()?))
    }
}

/// The key that pays: the keystore that was asked for, else [`VARIABLE`], else on a development chain its public key,
/// else the keystore that the environment names.
///
/// - Errors: [`Error::NoKey`], [`Error::NotAKey`], [`Error::Key`].
pub fn payer(asked: Keystore, chain_id: u64) -> Result<PrivateKeySigner, Error> {
    if let Some(key) = asked.open()? {
        return Ok(key);
    }
    if let Some(text) = std::env::var_os(VARIABLE) {
        return parse(&text.to_string_lossy());
    }
    if chain_id == DEV_CHAIN {
        return parse(DEV_KEY);
    }
    let named = Keystore::of_environment().open()?;
    named.ok_or(Error::NoKey { chain_id })
}

fn parse(text: &str) -> Result<PrivateKeySigner, Error> {
    let bytes: B256 = text.trim().parse().map_err(|_| Error::NotAKey)?;
    PrivateKeySigner::from_bytes(&bytes).map_err(|_| Error::NotAKey)
}
