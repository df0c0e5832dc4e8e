//! Puts the market on chain: published bytecode of WETH and Uniswap V3, mock tokens and feeds.

use alloy::primitives::aliases::{I24, U24};
use alloy::primitives::{Address, Bytes, U160, U256};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolValue;
use eyre::{Result, WrapErr, ensure};
use gimbal_abi::token::{IERC20, IWETH9};
use gimbal_abi::uniswap::{
    INonfungiblePositionManager as Manager, IUniswapV3Factory, IUniswapV3Pool,
};

use super::config::{AssetConfig, MarketConfig, TokenKind};
use super::price::{FEED_DECIMALS, Side, Usd, sqrt_price};
use super::{Asset, Listing, Market, mocks};
use crate::artifact::Artifacts;
use crate::chain::Chain;

/// Widest range of a pool with tick spacing 10.
const TICK_MAX: i32 = 887_270;
/// How long before the market's start the sequencer has been up, s.
const SEQUENCER_UP_S: u64 = 30 * 86_400;
/// Size of that trade, bps.
const WARM_UP_BPS: i32 = 5;
/// What the deployer gets, {wei}: enough ether to wrap for pools and traders.
const DEPLOYER_ETHER: u128 = 10_000_000 * 10u128.pow(18);

impl Market {
    /// Deploys tokens, feeds, the Uniswap V3 factory and position manager, a pool of every asset against the
    /// reference, deep liquidity and an outside trader with money of its own.
    ///
    /// - Errors: missing artifacts, a node that refuses.
    pub async fn deploy(
        chain: &Chain,
        artifacts: &Artifacts,
        deployer: &PrivateKeySigner,
        config: &MarketConfig,
    ) -> Result<Self> {
        ensure!(
            config.reference < config.assets.len(),
            "the reference is not one of the assets"
        );
        chain
            .provide_ether(deployer.address(), U256::from(DEPLOYER_ETHER))
            .await?;
        let builder = Builder {
            chain,
            artifacts,
            deployer,
        };

        let weth = builder
            .published("canonical-weth/build/contracts/WETH9.json", &[])
            .await?;
        let factory = builder
            .published(&uniswap("v3-core", "UniswapV3Factory"), &[])
            .await?;
        let manager_args = (factory, weth, Address::ZERO).abi_encode_params();
        let manager = builder
            .published(
                &uniswap("v3-periphery", "NonfungiblePositionManager"),
                &manager_args,
            )
            .await?;
        let up_since = U256::from(chain.now().await?.saturating_sub(SEQUENCER_UP_S));
        let sequencer = builder
            .mock("MockFeed", "MockSequencerFeed", &up_since.abi_encode())
            .await?;
        let trader = builder.mock("PoolTrader", "PoolTrader", &[]).await?;

        let mut assets = Vec::with_capacity(config.assets.len());
        for asset in &config.assets {
            let token = match asset.kind {
                TokenKind::Weth => weth,
                TokenKind::Mock => builder.token("MockToken", asset).await?,
                TokenKind::Hostile => builder.token("HostileToken", asset).await?,
            };
            let feed = builder.feed(asset.price).await?;
            assets.push(Asset {
                config: asset.clone(),
                token,
                feed,
                listing: None,
            });
        }
        let mut market = Self {
            chain: chain.clone(),
            artifacts: artifacts.clone(),
            deployer: deployer.clone(),
            assets,
            reference: config.reference,
            factory,
            manager,
            sequencer,
            trader,
            weth,
        };
        for index in 0..market.assets.len() {
            if index != config.reference {
                market
                    .list(index)
                    .await
                    .wrap_err_with(|| format!("pool of {}", market.assets[index].config.symbol))?;
            }
        }
        market.fund_trader().await?;
        market.warm_up(config.warm_up_s).await?;
        Ok(market)
    }

    /// Creates, initialises and fills the pool of one asset.
    async fn list(&mut self, index: usize) -> Result<()> {
        let (asset, reference) = (
            self.assets[index].clone(),
            self.assets[self.reference].clone(),
        );
        let asset_is_token0 = asset.token < reference.token;
        let (first, second) = if asset_is_token0 {
            (&asset, &reference)
        } else {
            (&reference, &asset)
        };
        let start = sqrt_price(side(&first.config), side(&second.config))?;
        let pool = self.create_pool(first.token, second.token, start).await?;
        let depth = asset.config.depth;
        let amounts = [first, second].map(|a| units(depth, &a.config));
        for (token, amount) in [(first, amounts[0]), (second, amounts[1])] {
            self.give(self.index_of(token.token)?, self.deployer.address(), amount)
                .await?;
            let approve = IERC20::approveCall {
                spender: self.manager,
                value: amount,
            };
            self.chain
                .send(&self.deployer, token.token, &approve)
                .await?;
        }
        let mint = Manager::mintCall {
            params: Manager::MintParams {
                token0: first.token,
                token1: second.token,
                fee: U24::from(super::FEE),
                tickLower: I24::try_from(-TICK_MAX)?,
                tickUpper: I24::try_from(TICK_MAX)?,
                amount0Desired: amounts[0],
                amount1Desired: amounts[1],
                amount0Min: U256::ZERO,
                amount1Min: U256::ZERO,
                recipient: self.deployer.address(),
                deadline: U256::MAX,
            },
        };
        let minted = self
            .chain
            .read_as(self.deployer.address(), self.manager, &mint)
            .await?;
        self.chain.send(&self.deployer, self.manager, &mint).await?;
        if asset.config.cardinality > 1 {
            let grow = IUniswapV3Pool::increaseObservationCardinalityNextCall {
                observationCardinalityNext: asset.config.cardinality,
            };
            self.chain.send(&self.deployer, pool, &grow).await?;
        }
        self.assets[index].listing = Some(Listing {
            pool,
            asset_is_token0,
            position: minted.tokenId,
        });
        Ok(())
    }

    async fn create_pool(
        &self,
        token0: Address,
        token1: Address,
        sqrt_price: U160,
    ) -> Result<Address> {
        let create = Manager::createAndInitializePoolIfNecessaryCall {
            token0,
            token1,
            fee: U24::from(super::FEE),
            sqrtPriceX96: sqrt_price,
        };
        self.chain
            .send(&self.deployer, self.manager, &create)
            .await?;
        let get = IUniswapV3Factory::getPoolCall {
            tokenA: token0,
            tokenB: token1,
            fee: U24::from(super::FEE),
        };
        let pool = self.chain.read(self.factory, &get).await?;
        ensure!(pool != Address::ZERO, "the factory knows no pool");
        Ok(pool)
    }

    /// The trader gets as much as the pools hold, so that it can move them far and back.
    async fn fund_trader(&self) -> Result<()> {
        let mut total = 0;
        for (index, asset) in self.assets.iter().enumerate() {
            if index != self.reference {
                self.give(index, self.trader, units(asset.config.depth, &asset.config))
                    .await?;
                total += asset.config.depth;
            }
        }
        self.give(
            self.reference,
            self.trader,
            units(total, &self.assets[self.reference].config),
        )
        .await
    }

    /// One small trade there and back in every pool that grew its observations: the growth takes effect with the first
    /// observation that is written, which takes a new second and a new tick.
    async fn warm_up(&self, warm_up_s: u64) -> Result<()> {
        self.warp(warm_up_s).await?;
        for (index, asset) in self.assets.iter().enumerate() {
            if asset.listing.is_some() && asset.config.cardinality > 1 {
                let push = self.push_spot(index, WARM_UP_BPS).await?;
                self.restore(push).await?;
            }
        }
        Ok(())
    }

    /// Gives `amount` base units of an asset to `to`: mock tokens are minted, ether is wrapped.
    ///
    /// - Errors: a node that refuses.
    pub async fn give(&self, index: usize, to: Address, amount: U256) -> Result<()> {
        let asset = &self.assets[index];
        if asset.config.kind != TokenKind::Weth {
            let mint = mocks::MockToken::mintCall { to, value: amount };
            return self
                .chain
                .send(&self.deployer, asset.token, &mint)
                .await
                .map(drop);
        }
        self.chain
            .pay(&self.deployer, asset.token, &IWETH9::depositCall {}, amount)
            .await?;
        if to != self.deployer.address() {
            let transfer = IERC20::transferCall { to, value: amount };
            self.chain
                .send(&self.deployer, asset.token, &transfer)
                .await?;
        }
        Ok(())
    }

    /// Gives `dollars` worth of an asset, at its opening price, to `to`.
    ///
    /// - Errors: a node that refuses.
    pub async fn give_worth(&self, index: usize, to: Address, dollars: u64) -> Result<U256> {
        let amount = units(dollars, &self.assets[index].config);
        self.give(index, to, amount).await?;
        Ok(amount)
    }
}

/// Deploys single contracts.
struct Builder<'a> {
    chain: &'a Chain,
    artifacts: &'a Artifacts,
    deployer: &'a PrivateKeySigner,
}

impl Builder<'_> {
    async fn create(&self, code: Bytes, args: &[u8], what: &str) -> Result<Address> {
        self.chain
            .deploy(self.deployer, code, args)
            .await
            .wrap_err_with(|| format!("deploying {what}"))
    }

    async fn published(&self, path: &str, args: &[u8]) -> Result<Address> {
        self.create(self.artifacts.published(path)?, args, path)
            .await
    }

    async fn mock(&self, file: &str, name: &str, args: &[u8]) -> Result<Address> {
        self.create(self.artifacts.mock(file, name)?, args, name)
            .await
    }

    async fn token(&self, contract: &str, asset: &AssetConfig) -> Result<Address> {
        let args = (
            asset.symbol.clone(),
            asset.symbol.clone(),
            U256::from(asset.decimals),
        )
            .abi_encode_params();
        self.mock(contract, contract, &args).await
    }

    async fn feed(&self, price: Usd) -> Result<Address> {
        self.mock(
            "MockFeed",
            "MockFeed",
            &(U256::from(FEED_DECIMALS), price.answer()).abi_encode_params(),
        )
        .await
    }
}

fn uniswap(package: &str, contract: &str) -> String {
    format!("@uniswap/{package}/artifacts/contracts/{contract}.sol/{contract}.json")
}

fn side(config: &AssetConfig) -> Side {
    Side {
        price: config.price,
        decimals: config.decimals,
    }
}

/// Base units of an asset that are worth `dollars` at its opening price, rounded down.
pub(super) fn units(dollars: u64, config: &AssetConfig) -> U256 {
    let whole = U256::from(dollars)
        * U256::from(10).pow(U256::from(u32::from(config.decimals + FEED_DECIMALS)));
    whole / U256::from(config.price.0.max(1))
}
