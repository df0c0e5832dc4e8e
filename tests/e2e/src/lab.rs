//! A vault of hostile tokens on hostile pools: everything around it does what a test tells it to.
//!
//! Assets: 0 USDC (the reference), 1 WBTC, 2 LINK, the market's own tokens. The pools trade at the feeds' opening prices
//! without a fee and answer `observe` as if they had done so for ever; the adapter trusts a factory that names whatever
//! pool it is told to.

use alloy::primitives::aliases::{I24, U24};
use alloy::primitives::{Address, U160, U256};
use alloy::sol_types::SolValue;
use eyre::{Result, eyre};
use gimbal_abi::IVault;
use gimbal_abi::uniswap::IUniswapV3Pool;
use gimbal_scripts::market::mocks::{HostilePool, MockFactory};
use gimbal_scripts::market::{FEE, Market, Side, Usd, sqrt_price};

use crate::actors::{ALICE, OWNER};
use crate::gimbal::Gimbal;
use crate::mocks;
use crate::rpc::Rpc;
use crate::world::{LINK, USDC, WBTC};

/// Shares that genesis of the lab mints: 3,000,000e18.
pub const SEED_SHARES: U256 = U256::from_limbs([6011292615620689920, 162630, 0, 0]);
/// The lab's assets, as indices of the market.
pub const MARKET_INDEX: [usize; 3] = [USDC, WBTC, LINK];
/// Inventory of a hostile pool, in dollars of each token.
const INVENTORY: u64 = 50_000_000;

/// The lab.
#[derive(Debug, Clone)]
pub struct Lab {
    /// Its vault, engine and adapter; the pools are hostile ones.
    pub gimbal: Gimbal,
}

/// What genesis of the lab takes: a million dollars of each asset.
#[must_use]
pub fn seed_amounts() -> Vec<U256> {
    let e = |mantissa: u64, exponent: u64| {
        U256::from(mantissa) * U256::from(10).pow(U256::from(exponent))
    };
    vec![e(1, 12), U256::from(1_666_666_666_u64), e(66_666, 18)]
}

impl Lab {
    /// Seeds the lab's vault from the owner, who has been funded for it.
    ///
    /// # Errors
    ///
    /// If the vault refuses.
    pub async fn seed(&self, rpc: &Rpc) -> Result<()> {
        let genesis = IVault::genesisCall {
            amounts: seed_amounts(),
            shares: SEED_SHARES,
        };
        rpc.send(OWNER, self.gimbal.vault, &genesis).await.map(drop)
    }

    /// Gives the owner what genesis takes, and its approval.
    ///
    /// # Errors
    ///
    /// If a token refuses.
    pub async fn fund_owner(&self, rpc: &Rpc) -> Result<()> {
        for (asset, amount) in seed_amounts().into_iter().enumerate() {
            self.gimbal.deal(rpc, asset, OWNER, amount).await?;
        }
        self.gimbal.approve_all(rpc, OWNER).await
    }

    /// Alice's deposit.
    ///
    /// # Errors
    ///
    /// If the vault refuses.
    pub async fn deposit_alice(&self, rpc: &Rpc) -> Result<()> {
        let thousand = U256::from(1_000) * U256::from(10).pow(U256::from(18));
        self.gimbal.deposit(rpc, ALICE, thousand).await
    }

    /// Moves a hostile pool to this price of its asset.
    ///
    /// # Errors
    ///
    /// If the price is out of a pool's range.
    pub async fn set_pool(
        &self,
        rpc: &Rpc,
        market: &Market,
        asset: usize,
        price: Usd,
    ) -> Result<()> {
        set_pool(rpc, market, self.gimbal.pools[asset], asset, price).await
    }

    /// Moves a feed and its hostile pool, average included, to this price at once.
    ///
    /// # Errors
    ///
    /// If the price is out of a pool's range.
    pub async fn set_price(
        &self,
        rpc: &Rpc,
        market: &Market,
        asset: usize,
        price: Usd,
    ) -> Result<()> {
        market.set_feed(MARKET_INDEX[asset], price).await?;
        self.set_pool(rpc, market, asset, price).await
    }

    /// What a hostile pool pays for `amount`, between the reference and another asset.
    ///
    /// # Errors
    ///
    /// If the pool does not answer.
    pub async fn quote(
        &self,
        rpc: &Rpc,
        asset_in: usize,
        asset_out: usize,
        amount: U256,
    ) -> Result<U256> {
        let g = &self.gimbal;
        let pool = g.pools[asset_in.max(asset_out)];
        let ratio = U256::from(
            rpc.view(pool, &IUniswapV3Pool::slot0Call {})
                .await?
                .sqrtPriceX96,
        );
        let q96 = 96_usize;
        Ok(if g.tokens[asset_in] < g.tokens[asset_out] {
            (((amount * ratio) >> q96) * ratio) >> q96
        } else {
            (((amount << q96) / ratio) << q96) / ratio
        })
    }
}

/// Creates the factory and the pools.
///
/// # Errors
///
/// If the node refuses.
pub async fn pools(rpc: &Rpc, market: &Market) -> Result<(Address, Vec<Address>)> {
    let factory = rpc
        .create(OWNER, mocks::init_code("HostilePool", "MockFactory", &[])?)
        .await?;
    let reference = market.assets[USDC].token;
    let mut pools = vec![Address::ZERO];
    for (asset, index) in MARKET_INDEX.into_iter().enumerate().skip(1) {
        let token = market.assets[index].token;
        let (token0, token1) = (token.min(reference), token.max(reference));
        let arguments = (factory, token0, token1, U256::from(FEE)).abi_encode_params();
        let pool = rpc
            .create(
                OWNER,
                mocks::init_code("HostilePool", "HostilePool", &arguments)?,
            )
            .await?;
        let set = MockFactory::setPoolCall {
            tokenA: token0,
            tokenB: token1,
            fee: U24::from(FEE),
            pool,
        };
        rpc.send(OWNER, factory, &set).await?;
        market.give_worth(USDC, pool, INVENTORY).await?;
        market.give_worth(index, pool, INVENTORY).await?;
        set_pool(rpc, market, pool, asset, market.assets[index].config.price).await?;
        pools.push(pool);
    }
    Ok((factory, pools))
}

async fn set_pool(
    rpc: &Rpc,
    market: &Market,
    pool: Address,
    asset: usize,
    price: Usd,
) -> Result<()> {
    let side = |index: usize, price| Side {
        price,
        decimals: market.assets[index].config.decimals,
    };
    let reference = side(USDC, market.assets[USDC].config.price);
    let asset_side = side(MARKET_INDEX[asset], price);
    let is_token0 = market.assets[MARKET_INDEX[asset]].token < market.assets[USDC].token;
    let ratio: U160 = if is_token0 {
        sqrt_price(asset_side, reference)?
    } else {
        sqrt_price(reference, asset_side)?
    };
    let tick =
        gimbal_core::tick::tick_at_sqrt_ratio(U256::from(ratio)).map_err(|e| eyre!("{e:?}"))?;
    let set = HostilePool::setPriceCall {
        sqrtPriceX96: ratio,
        tick: I24::try_from(tick)?,
    };
    rpc.send(OWNER, pool, &set).await.map(drop)
}
