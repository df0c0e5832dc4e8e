//! A market to test against: tokens, feeds and real Uniswap V3 pools with deep liquidity.
//!
//! - [`MarketConfig`]: which assets, at what price, how deep.
//! - [`Market::deploy`]: puts it on chain (any development node: no Stylus is needed).
//! - [`Market::move_price`], [`Market::push_spot`], [`Market::restore`]: an outside trader's swaps.
//! - [`Market::set_feed`], [`Market::refresh_feeds`], [`Market::warp`]: what oracles and clocks do.
//! - [`mocks`]: bindings of the mock and hostile contracts.

mod config;
mod deploy;
pub mod mocks;
mod moves;
mod price;

use alloy::primitives::{Address, U256};
use alloy::signers::local::PrivateKeySigner;
use eyre::{OptionExt, Result};

use crate::artifact::Artifacts;
use crate::chain::Chain;

pub use config::{AssetConfig, MarketConfig, TokenKind};
pub use moves::Push;
pub use price::{FEED_DECIMALS, Side, Usd, shift, sqrt_price};

/// Fee of every pool, 1e-6.
pub const FEE: u32 = 500;

/// The pool of an asset.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The pool, against the reference.
    pub pool: Address,
    /// Which side of it the asset is.
    pub asset_is_token0: bool,
    /// The deployer's position in it, an NFT of the position manager.
    pub position: U256,
}

/// An asset on chain.
#[derive(Debug, Clone)]
pub struct Asset {
    /// What was asked for.
    pub config: AssetConfig,
    /// The token.
    pub token: Address,
    /// The price feed, 8 decimals.
    pub feed: Address,
    /// The pool; none for the reference.
    pub listing: Option<Listing>,
}

/// A market on chain.
#[derive(Debug, Clone)]
pub struct Market {
    /// Where it lives.
    pub chain: Chain,
    /// Where more mocks can be had from.
    pub artifacts: Artifacts,
    /// Owner of the positions; mints and wraps.
    pub deployer: PrivateKeySigner,
    /// The assets, in configuration order.
    pub assets: Vec<Asset>,
    /// Index of the reference asset.
    pub reference: usize,
    /// The canonical Uniswap V3 factory.
    pub factory: Address,
    /// The position manager.
    pub manager: Address,
    /// The sequencer-uptime feed.
    pub sequencer: Address,
    /// The outside trader's contract, with money of its own.
    pub trader: Address,
    /// Wrapped ether, listed or not.
    pub weth: Address,
}

impl Market {
    /// Token addresses in order.
    pub fn tokens(&self) -> Vec<Address> {
        self.assets.iter().map(|asset| asset.token).collect()
    }

    /// The pool of an asset.
    ///
    /// - Errors: the reference has none.
    pub fn listing(&self, index: usize) -> Result<&Listing> {
        let asset = self.assets.get(index).ok_or_eyre("no such asset")?;
        asset
            .listing
            .as_ref()
            .ok_or_eyre("the reference asset has no pool")
    }

    /// Base units of an asset that are worth `dollars` at its opening price, rounded down.
    pub fn worth(&self, index: usize, dollars: u64) -> U256 {
        deploy::units(dollars, &self.assets[index].config)
    }

    fn index_of(&self, token: Address) -> Result<usize> {
        self.assets
            .iter()
            .position(|asset| asset.token == token)
            .ok_or_eyre("not a token of the market")
    }
}
