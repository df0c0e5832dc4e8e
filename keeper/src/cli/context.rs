//! From flags, environment and file to a node, a system and a key. Order: flag, environment, file, default.

use crate::cli::args::{Global, Key};
use crate::config::{Addresses, Config, ConfigError};
use crate::deploy::Deployment;
use crate::error::Error;
use crate::key::{KEY_VARIABLE, KeyError, KeySource, foundry_account};
use crate::rpc::Chain;
use crate::send::Sender;
use gimbal_abi::IVault;

/// The file, or the defaults if there is none.
pub(super) fn config(global: &Global) -> Result<Config, Error> {
    match &global.config {
        Some(path) => Ok(Config::read(path)?),
        None => Ok(Config::default()),
    }
}

/// The node. Nothing is sent yet.
pub(super) fn chain(global: &Global, config: &Config) -> Result<Chain, Error> {
    let url = global.rpc_url.as_deref().or(config.rpc_url.as_deref());
    let url = url.ok_or_else(|| {
        ConfigError::Missing("--rpc-url (or ETH_RPC_URL, or rpc_url in the configuration)".into())
    })?;
    Ok(Chain::connect(url)?)
}

/// Asks the node for its chain and refuses another one than the configuration's.
pub(super) async fn same_chain(chain: &Chain, want: Option<u64>) -> Result<u64, Error> {
    let got = chain.chain_id().await?;
    match want {
        Some(want) if want != got => Err(Error::WrongChain {
            endpoint: chain.endpoint().to_string(),
            got,
            want,
        }),
        _ => Ok(got),
    }
}

/// Where the system is. An engine that nobody names is asked of the vault.
pub(super) async fn addresses(
    global: &Global,
    config: &Config,
    chain: &Chain,
) -> Result<Addresses, Error> {
    let section = config.addresses.as_ref();
    let file = global
        .addresses
        .as_ref()
        .or(section.and_then(|section| section.file.as_ref()));
    if let Some(path) = file {
        let deployment = Deployment::read(path)?;
        same_chain(chain, Some(deployment.chain_id)).await?;
        let found = deployment.addresses();
        return Ok(found.ok_or_else(|| {
            ConfigError::Invalid(format!("{} is of an unfinished deployment", path.display()))
        })?);
    }
    let vault = section.and_then(|section| section.vault).ok_or_else(|| {
        ConfigError::Missing("--addresses (or [addresses] in the configuration)".into())
    })?;
    let engine = match section.and_then(|section| section.engine) {
        Some(engine) => engine,
        None => {
            let seen = chain.view(vault, &IVault::engineCall {}).await;
            seen.map_err(|error| Error::of_call("engine of the vault", error))?
        }
    };
    Ok(Addresses { vault, engine })
}

/// The source of the key, if there is one.
pub(super) fn key_source(key: &Key) -> Result<Option<KeySource>, Error> {
    if let Some(path) = &key.key_file {
        return Ok(Some(KeySource::File(path.clone())));
    }
    let keystore = match (&key.account, &key.keystore) {
        (Some(name), directory) => Some(foundry_account(name, directory.as_deref())),
        (None, Some(path)) => Some(path.clone()),
        (None, None) => None,
    };
    if let Some(path) = keystore {
        let password = key.password_file.clone().ok_or(KeyError::NoPassword)?;
        return Ok(Some(KeySource::Keystore { path, password }));
    }
    Ok(std::env::var_os(KEY_VARIABLE).map(|_| KeySource::Environment))
}

/// A signer on the node.
pub(super) fn sender(key: &Key, config: &Config, chain: &Chain) -> Result<Sender, Error> {
    let source = key_source(key)?.ok_or(KeyError::Missing)?;
    let signer = source.load()?;
    let sender = Sender::new(chain.clone(), signer, config.send_policy());
    Ok(sender.for_chain(config.chain_id))
}
