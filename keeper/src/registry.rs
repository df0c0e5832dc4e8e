//! What never changes about a deployed system: its basket, in registry order, and how to route through it.

use alloy::primitives::{Address, Bytes};
use alloy::rpc::types::BlockId;
use gimbal_abi::token::IERC20;
use gimbal_abi::uniswap::IUniswapV3Pool;
use gimbal_abi::{IEngine, IVault};

use crate::config::Addresses;
use crate::error::Error;
use crate::rpc::{Batch, Chain};

/// The basket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    /// Where the system is.
    pub addresses: Addresses,
    /// Index of the asset that pools are quoted in.
    pub reference: usize,
    /// The assets, in registry order.
    pub assets: Vec<Listed>,
}

/// One asset of the basket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The token.
    pub token: Address,
    /// Its symbol, or its address if it has none that is text.
    pub symbol: String,
    /// Its decimals.
    pub decimals: u8,
    /// Its pool against the reference; none for the reference.
    pub pool: Option<Pool>,
}

/// A pool of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// The pool.
    pub address: Address,
    /// Its fee in millionths.
    pub fee_ppm: u32,
}

impl Registry {
    /// Reads the registry in two batches, and refuses addresses that do not belong together.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`], [`Error::Rpc`], [`Error::Refused`].
    pub async fn read(chain: &Chain, addresses: Addresses) -> Result<Self, Error> {
        let failed = |error| Error::of_call("reading the registry", error);
        for (what, address) in [("vault", addresses.vault), ("engine", addresses.engine)] {
            if chain.code(address).await?.is_empty() {
                return Err(Error::Mismatch(format!(
                    "there is no code at the {what}'s address {address}"
                )));
            }
        }
        let mut batch = Batch::default();
        let state = batch.add(addresses.vault, &IVault::stateCall {});
        let engine = batch.add(addresses.vault, &IVault::engineCall {});
        let vault = batch.add(addresses.engine, &IEngine::vaultCall {});
        let reference = batch.add(addresses.engine, &IEngine::referenceCall {});
        let mut answers = batch.send(chain, BlockId::latest()).await?;
        let tokens = answers.take(state).map_err(failed)?.assets;
        let (named, held) = (
            answers.take(engine).map_err(failed)?,
            answers.take(vault).map_err(failed)?,
        );
        if held != addresses.vault || named != addresses.engine {
            return Err(Error::Mismatch(format!(
                "the vault {} names the engine {named}, and the engine {} names the vault {held}",
                addresses.vault, addresses.engine
            )));
        }
        let reference: usize = answers.take(reference).map_err(failed)?.saturating_to();

        let mut batch = Batch::default();
        let slots: Vec<_> = tokens
            .iter()
            .enumerate()
            .map(|(i, token)| {
                let index = alloy::primitives::U256::from(i);
                (
                    batch.add(*token, &IERC20::symbolCall {}),
                    batch.add(*token, &IERC20::decimalsCall {}),
                    batch.add(addresses.engine, &IEngine::assetCall { index }),
                )
            })
            .collect();
        let mut answers = batch.send(chain, BlockId::latest()).await?;
        let mut assets = Vec::with_capacity(tokens.len());
        for (token, (symbol, decimals, asset)) in tokens.iter().zip(slots) {
            let pool = answers.take(asset).map_err(failed)?.pool;
            assets.push((
                Listed {
                    token: *token,
                    symbol: answers
                        .take(symbol)
                        .map_or_else(|_| token.to_string(), |text| printable(&text)),
                    decimals: answers.take(decimals).map_err(failed)?,
                    pool: None,
                },
                pool,
            ));
        }
        Ok(Self {
            addresses,
            reference,
            assets: with_fees(chain, assets).await?,
        })
    }

    /// The path from one asset to another: the pools of the two that are not the reference.
    pub fn route(&self, sold: usize, bought: usize) -> Bytes {
        let pools = [sold, bought]
            .into_iter()
            .filter_map(|i| self.assets.get(i)?.pool);
        pools
            .flat_map(|pool| pool.address.0.0)
            .collect::<Vec<u8>>()
            .into()
    }

    /// Fees along the path, in millionths, rounded up.
    pub fn fee_ppm(&self, sold: usize, bought: usize) -> u32 {
        let pools = [sold, bought]
            .into_iter()
            .filter_map(|i| self.assets.get(i)?.pool);
        pools.map(|pool| pool.fee_ppm).sum()
    }
}

async fn with_fees(chain: &Chain, assets: Vec<(Listed, Address)>) -> Result<Vec<Listed>, Error> {
    let mut batch = Batch::default();
    let slots: Vec<_> = assets
        .iter()
        .map(|(_, pool)| (!pool.is_zero()).then(|| batch.add(*pool, &IUniswapV3Pool::feeCall {})))
        .collect();
    let mut answers = batch.send(chain, BlockId::latest()).await?;
    let mut listed = Vec::with_capacity(assets.len());
    for ((mut asset, address), slot) in assets.into_iter().zip(slots) {
        if let Some(slot) = slot {
            let fee = answers
                .take(slot)
                .map_err(|error| Error::of_call(format!("fee of the pool {address}"), error))?;
            asset.pool = Some(Pool {
                address,
                fee_ppm: fee.to(),
            });
        }
        listed.push(asset);
    }
    Ok(listed)
}

/// A token chooses its own symbol: nothing of it may move a terminal's cursor.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(16).collect()
}
