//! A pool that turns on whoever trades with it, in place of a real one.

use alloy::primitives::aliases::U24;
use alloy::primitives::{Address, U256};
use alloy::sol_types::SolValue;
use eyre::{Result, WrapErr};
use gimbal_abi::uniswap::IUniswapV3Pool;

use super::{FEE, Market, mocks};

/// A hostile pool and the factory that vouches for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostileListing {
    /// Names the hostile pool and every real pool of the market; what the adapter must be told to trust.
    pub factory: Address,
    /// The pool; its traps are set through [`mocks::HostilePool`] and [`mocks::Reentrant`].
    pub pool: Address,
}

impl Market {
    /// Deploys one of the mocks in `tests/e2e/solidity`.
    ///
    /// - Errors: no such artifact, a constructor that reverts.
    pub async fn deploy_mock(
        &self,
        file: &str,
        contract: &str,
        arguments: &[u8],
    ) -> Result<Address> {
        let code = self.artifacts.mock(file, contract)?;
        self.chain
            .deploy(&self.deployer, code, arguments)
            .await
            .wrap_err_with(|| format!("deploying {contract}"))
    }

    /// Replaces the pool of an asset with a hostile one that stands at the same price and holds as much of both tokens.
    ///
    /// Nothing but [`Market::listing`] changes: the real pool stays where it is, and pushes go nowhere.
    ///
    /// - Errors: the asset is the reference.
    pub async fn turn_hostile(&mut self, index: usize) -> Result<HostileListing> {
        let real = self.listing(index)?.clone();
        let factory = self.deploy_mock("HostilePool", "MockFactory", &[]).await?;
        let (asset, reference) = (self.assets[index].token, self.assets[self.reference].token);
        let (token0, token1) = if real.asset_is_token0 {
            (asset, reference)
        } else {
            (reference, asset)
        };
        let arguments = (factory, token0, token1, U256::from(FEE)).abi_encode_params();
        let pool = self
            .deploy_mock("HostilePool", "HostilePool", &arguments)
            .await?;

        let slot = self
            .chain
            .read(real.pool, &IUniswapV3Pool::slot0Call {})
            .await?;
        let price = mocks::HostilePool::setPriceCall {
            sqrtPriceX96: slot.sqrtPriceX96,
            tick: slot.tick,
        };
        self.chain.send(&self.deployer, pool, &price).await?;
        let liquidity = self
            .chain
            .read(real.pool, &IUniswapV3Pool::liquidityCall {})
            .await?;
        self.chain
            .send(
                &self.deployer,
                pool,
                &mocks::HostilePool::setLiquidityCall { liquidity },
            )
            .await?;
        let depth = self.assets[index].config.depth;
        self.give_worth(index, pool, depth).await?;
        self.give_worth(self.reference, pool, depth).await?;

        if let Some(listing) = &mut self.assets[index].listing {
            listing.pool = pool;
        }
        for listed in self.assets.iter().filter(|a| a.token != reference) {
            let Some(listing) = &listed.listing else {
                continue;
            };
            let set = mocks::MockFactory::setPoolCall {
                tokenA: listed.token,
                tokenB: reference,
                fee: U24::from(FEE),
                pool: listing.pool,
            };
            self.chain.send(&self.deployer, factory, &set).await?;
        }
        Ok(HostileListing { factory, pool })
    }
}
