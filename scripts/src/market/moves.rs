//! What happens in a market: trades by others, feed answers, time.

use alloy::primitives::{I256, U160, U256};
use alloy::rpc::types::TransactionReceipt;
use eyre::{OptionExt, Result, ensure};
use gimbal_abi::uniswap::{INonfungiblePositionManager as Manager, IUniswapV3Pool};

use super::price::{Side, Usd, shift, sqrt_price};
use super::{Market, mocks};

/// A pool that was pushed off its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a pushed pool stays pushed until `Market::restore`"]
pub struct Push {
    /// Index of the asset.
    pub index: usize,
    /// Square-root price before, Q64.96.
    pub before: U160,
    /// Square-root price after, Q64.96.
    pub after: U160,
}

impl Market {
    /// Moves the feed and, by a real swap of the outside trader, the pool of an asset to `price`.
    ///
    /// The pool moves against the reference at the reference's opening price.
    ///
    /// - Errors: the asset is the reference; the trader has run out of money.
    pub async fn move_price(&self, index: usize, price: Usd) -> Result<()> {
        self.set_feed(index, price).await?;
        self.move_pool(index, self.pool_price(index, price)?)
            .await
            .map(drop)
    }

    /// Moves only the pool's spot by `bps`, up or down, as an accomplice of a dishonest keeper would.
    ///
    /// - Errors: as [`Market::move_price`].
    pub async fn push_spot(&self, index: usize, bps: i32) -> Result<Push> {
        let before = self.spot(index).await?;
        let after = shift(before, bps, self.listing(index)?.asset_is_token0)?;
        self.move_pool(index, after).await?;
        Ok(Push {
            index,
            before,
            after,
        })
    }

    /// Takes a push back.
    ///
    /// - Errors: as [`Market::move_price`].
    pub async fn restore(&self, push: Push) -> Result<()> {
        self.move_pool(push.index, push.before).await.map(drop)
    }

    /// The pool's square-root price, Q64.96.
    ///
    /// - Errors: the asset is the reference.
    pub async fn spot(&self, index: usize) -> Result<U160> {
        let slot = self
            .chain
            .read(self.listing(index)?.pool, &IUniswapV3Pool::slot0Call {})
            .await?;
        Ok(slot.sqrtPriceX96)
    }

    /// Square-root price at which the pool of an asset agrees with `price`.
    ///
    /// - Errors: the asset is the reference, or the price is out of range.
    pub fn pool_price(&self, index: usize, price: Usd) -> Result<U160> {
        let reference = &self.assets[self.reference].config;
        let reference = Side {
            price: reference.price,
            decimals: reference.decimals,
        };
        let asset = Side {
            price,
            decimals: self.assets[index].config.decimals,
        };
        if self.listing(index)?.asset_is_token0 {
            sqrt_price(asset, reference)
        } else {
            sqrt_price(reference, asset)
        }
    }

    /// Swaps until the pool stands at `target`, and checks that it does.
    ///
    /// - Errors: as [`Market::move_price`].
    pub async fn move_pool(&self, index: usize, target: U160) -> Result<TransactionReceipt> {
        let call = mocks::PoolTrader::moveToCall {
            pool: self.listing(index)?.pool,
            target,
        };
        let receipt = self.chain.send(&self.deployer, self.trader, &call).await?;
        ensure!(
            self.spot(index).await? == target,
            "the pool stopped short of the target price"
        );
        Ok(receipt)
    }

    /// A fresh answer of an asset's feed.
    ///
    /// - Errors: a node that refuses.
    pub async fn set_feed(&self, index: usize, price: Usd) -> Result<()> {
        let call = mocks::MockFeed::setCall {
            answer: price.answer(),
        };
        self.chain
            .send(&self.deployer, self.assets[index].feed, &call)
            .await
            .map(drop)
    }

    /// Any answer of an asset's feed, as of any time.
    ///
    /// - Errors: a node that refuses.
    pub async fn set_feed_at(&self, index: usize, answer: I256, updated_at: u64) -> Result<()> {
        let call = mocks::MockFeed::setAtCall {
            answer,
            updatedAt: U256::from(updated_at),
        };
        self.chain
            .send(&self.deployer, self.assets[index].feed, &call)
            .await
            .map(drop)
    }

    /// How an asset's feed misbehaves; see [`mocks::MockFeed`] for the modes.
    ///
    /// - Errors: a node that refuses.
    pub async fn set_feed_mode(&self, index: usize, mode: u8) -> Result<()> {
        let call = mocks::MockFeed::setModeCall { mode };
        self.chain
            .send(&self.deployer, self.assets[index].feed, &call)
            .await
            .map(drop)
    }

    /// Every feed repeats its answer as of now.
    ///
    /// - Errors: a node that refuses.
    pub async fn refresh_feeds(&self) -> Result<()> {
        for asset in &self.assets {
            self.chain
                .send(&self.deployer, asset.feed, &mocks::MockFeed::refreshCall {})
                .await?;
        }
        Ok(())
    }

    /// The sequencer goes down, or came up, at `since`.
    ///
    /// - Errors: a node that refuses.
    pub async fn set_sequencer(&self, up: bool, since: u64) -> Result<()> {
        let down = if up { I256::ZERO } else { I256::ONE };
        let call = mocks::MockSequencerFeed::setStatusCall {
            down,
            since: U256::from(since),
        };
        self.chain
            .send(&self.deployer, self.sequencer, &call)
            .await
            .map(drop)
    }

    /// Lets time pass and refreshes every feed after it.
    ///
    /// - Errors: a node that refuses.
    pub async fn warp(&self, seconds: u64) -> Result<()> {
        self.chain.warp(seconds).await?;
        self.refresh_feeds().await
    }

    /// Takes the deployer's liquidity, all there is, out of an asset's pool.
    ///
    /// - Errors: a node that refuses.
    pub async fn drain(&self, index: usize) -> Result<()> {
        let id = self.listing(index)?.position;
        let position = self
            .chain
            .read(self.manager, &Manager::positionsCall { tokenId: id })
            .await?;
        let decrease = Manager::decreaseLiquidityCall {
            params: Manager::DecreaseLiquidityParams {
                tokenId: id,
                liquidity: position.liquidity,
                amount0Min: U256::ZERO,
                amount1Min: U256::ZERO,
                deadline: U256::MAX,
            },
        };
        self.chain
            .send(&self.deployer, self.manager, &decrease)
            .await?;
        let collect = Manager::collectCall {
            params: Manager::CollectParams {
                tokenId: id,
                recipient: self.deployer.address(),
                amount0Max: u128::MAX,
                amount1Max: u128::MAX,
            },
        };
        self.chain
            .send(&self.deployer, self.manager, &collect)
            .await
            .map(drop)
    }

    /// How far the pool's spot is from `price`, bps of `price`, for reports.
    ///
    /// - Errors: the asset is the reference.
    pub async fn spot_offset_bps(&self, index: usize, price: Usd) -> Result<f64> {
        let (spot, fair) = (self.spot(index).await?, self.pool_price(index, price)?);
        let ratio = f64::from(spot) / f64::from(fair);
        let ratio = if self.listing(index)?.asset_is_token0 {
            ratio * ratio
        } else {
            1.0 / (ratio * ratio)
        };
        Some((ratio - 1.0) * 10_000.0)
            .filter(|bps| bps.is_finite())
            .ok_or_eyre("no finite offset")
    }
}
