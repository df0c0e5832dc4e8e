//! Gas of the vault's operations with four assets, from receipts on a chain of our own.

use alloy::primitives::U256;
use eyre::{Result, ensure};
use gimbal_abi::IEngine;
use serde::Serialize;

use crate::artifact::Artifacts;
use crate::chain::Chain;
use crate::market::MarketConfig;
use crate::story::{Staging, drift, hostile, open};
use crate::system::{ONE, System};

/// s for which a measured rebalance is valid.
const DEADLINE_S: u64 = 600;

/// Gas per operation, `gasUsed` of the receipt; four assets, plain ERC-20 tokens, no approval counted.
#[derive(Debug, Clone, Serialize)]
pub struct Gas {
    /// `mint` by a new holder.
    pub mint_new_holder: u64,
    /// `mint` by a holder.
    pub mint_holder: u64,
    /// `redeem` of a part, all tokens paid.
    pub redeem_part: u64,
    /// `rebalance` with one trade through one pool.
    pub rebalance_one_hop: u64,
    /// `rebalance` with one trade through two pools.
    pub rebalance_two_hops: u64,
    /// `transfer` of shares to a new holder.
    pub share_transfer: u64,
}

/// Runs every operation on a fresh node.
///
/// - Errors: an operation that did not succeed.
pub async fn measure(chain: &Chain, artifacts: &Artifacts) -> Result<Gas> {
    let staging = Staging::local()?;
    let config = &staging.system;
    let quiet = |_: &str| {};
    let system = open::open(chain, artifacts, &staging, &quiet, &mut Vec::new()).await?;
    let shares = U256::from(1_000) * U256::from(ONE);
    let carol = crate::chain::account("carol")?;
    chain.set_ether(carol.address(), U256::from(ONE)).await?;

    let mint_new_holder = mint(&system, &carol, shares).await?;
    let mint_holder = mint(&system, &carol, shares).await?;
    let redeemed = system.redeem(&carol, shares).await?;
    let redeem_part = chain.gas_used(redeemed.tx).await?;
    let transfer = gimbal_abi::token::IERC20::transferCall {
        to: crate::chain::account("dave")?.address(),
        value: U256::from(ONE),
    };
    let share_transfer = chain.send(&carol, system.vault, &transfer).await?.gas_used;

    drift::drift(&system, config.band_bps, drift::Tempo::default(), &quiet).await?;
    let rebalance_one_hop = rebalance(&system, MarketConfig::USDC).await?;
    let rebalance_two_hops = rebalance(&system, MarketConfig::LINK).await?;
    Ok(Gas {
        mint_new_holder,
        mint_holder,
        redeem_part,
        rebalance_one_hop,
        rebalance_two_hops,
        share_transfer,
    })
}

async fn mint(
    system: &System,
    user: &alloy::signers::local::PrivateKeySigner,
    shares: U256,
) -> Result<u64> {
    system.fund(user.address(), shares).await?;
    let minted = system.deposit(user, shares).await?;
    system.market.chain.gas_used(minted.tx).await
}

/// One trade from the asset that drifted into `bought`; the chain is put back afterwards.
async fn rebalance(system: &System, bought: usize) -> Result<u64> {
    let chain = &system.market.chain;
    let snapshot: String = chain.rpc("evm_snapshot", ()).await?;
    let call = IEngine::rebalanceCall {
        trades: vec![IEngine::Trade {
            venue: 0,
            assetIn: u8::try_from(drift::MOVER)?,
            assetOut: u8::try_from(bought)?,
            maxIn: u128::MAX,
            minOut: 0,
            route: hostile::route(&system.market, drift::MOVER, bought),
        }],
        nonce: system.reading().await?.nonce,
        deadline: chain.now().await? + DEADLINE_S,
    };
    let receipt = chain
        .send(&system.roles.keeper, system.engine, &call)
        .await?;
    let reverted: bool = chain.rpc("evm_revert", (snapshot,)).await?;
    ensure!(reverted, "evm_revert refused a snapshot it had given");
    Ok(receipt.gas_used)
}
