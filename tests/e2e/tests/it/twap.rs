//! The pools as price sources: young, thin, empty, and far behind the feed.

use alloy::primitives::U256;
use eyre::Result;
use gimbal_abi::uniswap::IUniswapV3Pool;
use gimbal_abi::{IEngine, IVault};
use gimbal_e2e::actors::{ALICE, KEEPER, OUTSIDER, OWNER};
use gimbal_e2e::chain::{Chain, Start};
use gimbal_e2e::mocks::Trap;
use gimbal_e2e::world::{LINK, USDC, WBTC, WETH};
use gimbal_scripts::market::Usd;
use gimbal_scripts::market::mocks::HostilePool;

const ONE: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);
const NO_TWAP: u64 = 8;
const THIN: u64 = 16;
const NEAR_BOUND: u64 = 4;
const TRIP: u64 = 64;

fn has(flags: U256, flag: u64) -> bool {
    flags & U256::from(flag) == U256::from(flag)
}

/// No trade happened and the way out is open.
async fn untouched(chain: &Chain, nonce: u64) -> Result<()> {
    assert_eq!(chain.main.state(chain).await?.nonce, nonce);
    chain
        .send(ALICE, chain.main.vault, &chain.main.redeem(ONE, ALICE))
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_remembers_one_observation_has_no_average() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let g = &chain.main;
    // slot0 of a pool: price 160 bits, tick 24, index 16, cardinality 16, next cardinality 16, ...
    let pool = g.pools[WBTC];
    let slot0 = chain.slot(pool, U256::ZERO).await?;
    let mask = (U256::from(1) << 48_usize) - U256::from(1);
    let single = (slot0 & !(mask << 184_usize))
        | (U256::from(1) << 200_usize)
        | (U256::from(1) << 216_usize);
    chain.set_slot(pool, U256::ZERO, single).await?;
    let push = chain.market.push_spot(WBTC, 1).await?;
    chain.market.restore(push).await?;
    let now = chain.view(pool, &IUniswapV3Pool::slot0Call {}).await?;
    assert_eq!((now.observationCardinality, now.observationIndex), (1, 0));

    let call = g.rebalance(&chain, vec![g.trade(WBTC, USDC)]).await?;
    chain
        .refuses(
            KEEPER,
            g.engine,
            &call,
            IEngine::TwapUnavailable {
                index: U256::from(WBTC),
            },
        )
        .await?;
    assert!(has(g.prices(&chain).await?.flags[WBTC], NO_TWAP));
    assert_eq!(g.check(&chain).await?.0, 5);
    // Not even when the one observation is older than the window: it would be the spot price of whoever traded last.
    chain.market.warp(1_860).await?;
    let call = g.rebalance(&chain, vec![g.trade(WBTC, USDC)]).await?;
    chain
        .refuses(
            KEEPER,
            g.engine,
            &call,
            IEngine::TwapUnavailable {
                index: U256::from(WBTC),
            },
        )
        .await?;
    untouched(&chain, 0).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fall_of_90_percent_in_one_step_ends_tripped_and_never_in_a_trade() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.main;
    chain
        .market
        .give_worth(LINK, chain.market.trader, 200_000_000)
        .await?;
    let price = chain.market.assets[LINK].config.price;
    chain.market.move_price(LINK, Usd(price.0 / 10)).await?;
    assert!(has(g.prices(&chain).await?.flags[LINK], TRIP));
    assert_eq!(g.check(&chain).await?.0, 7);
    for (asset_in, asset_out) in [(WBTC, LINK), (USDC, LINK), (WETH, LINK)] {
        let call = g
            .rebalance(&chain, vec![g.trade(asset_in, asset_out)])
            .await?;
        assert_eq!(chain.call(KEEPER, g.engine, &call).await?.outcome, 1);
    }
    let call = g.rebalance(&chain, vec![g.trade(USDC, LINK)]).await?;
    let (done, sent) = chain.run(KEEPER, g.engine, &call).await?;
    assert_eq!(done.outcome, 1);
    let tripped: IEngine::Tripped = sent.event(g.engine)?;
    assert_eq!(
        (tripped.caller, tripped.index),
        (KEEPER.address, U256::from(LINK))
    );
    assert!(sent.events::<IVault::Swapped>(g.vault).is_empty());
    assert_eq!(g.mode(&chain).await?, 1, "INV-14: a trip persists");
    chain
        .refuses_with::<IEngine::WrongMode>(KEEPER, g.engine, &call)
        .await?;
    untouched(&chain, 0).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fall_of_the_feed_alone_is_tripped_by_anyones_poke() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.main;
    assert_eq!(
        chain
            .call(OUTSIDER, g.engine, &IEngine::pokeCall {})
            .await?,
        0
    );
    let price = chain.market.assets[WETH].config.price;
    chain.market.set_feed(WETH, Usd(price.0 / 10)).await?;
    let (outcome, sent) = chain.run(OUTSIDER, g.engine, &IEngine::pokeCall {}).await?;
    assert_eq!(outcome, 1);
    let tripped: IEngine::Tripped = sent.event(g.engine)?;
    assert_eq!(
        (tripped.caller, tripped.index),
        (OUTSIDER.address, U256::from(WETH))
    );
    assert!(tripped.value >= tripped.limit, "{tripped:?}");
    assert_eq!(g.mode(&chain).await?, 1);
    untouched(&chain, 0).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_at_its_least_accepted_price_trips_even_where_pools_agree_to_nothing() -> Result<()>
{
    for (bps_of_min, expected) in [(10_050_u64, 1_u8), (10_000, 0), (9_000, 0)] {
        let chain = Chain::start(Start::Calm).await?;
        let g = &chain.main;
        let least = chain
            .view(
                g.engine,
                &IEngine::assetCall {
                    index: U256::from(USDC),
                },
            )
            .await?
            .priceMin;
        let price = u64::try_from(least / 10_000_000_000)? * bps_of_min / 10_000;
        chain.market.set_feed(USDC, Usd(price)).await?;
        let call = g.rebalance(&chain, vec![g.trade(WBTC, USDC)]).await?;
        if expected == 1 {
            assert!(has(g.prices(&chain).await?.flags[USDC], NEAR_BOUND));
            assert_eq!(g.check(&chain).await?.0, 7);
            assert_eq!(chain.call(KEEPER, g.engine, &call).await?.outcome, 1);
            assert_eq!(
                chain
                    .run(OUTSIDER, g.engine, &IEngine::pokeCall {})
                    .await?
                    .0,
                1
            );
            assert_eq!(g.mode(&chain).await?, 1);
        } else {
            // At the bound and beyond it the answer counts for nothing.
            chain
                .refuses(
                    KEEPER,
                    g.engine,
                    &call,
                    IEngine::BadPrice {
                        index: U256::from(USDC),
                    },
                )
                .await?;
        }
        untouched(&chain, 0).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_without_liquidity_lets_no_trade_through() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let g = &chain.main;
    chain.market.drain(WBTC).await?;
    assert_eq!(
        chain
            .view(g.pools[WBTC], &IUniswapV3Pool::liquidityCall {})
            .await?,
        0
    );
    let call = g.rebalance(&chain, vec![g.trade(WBTC, USDC)]).await?;
    let refusal = chain.refusal(KEEPER, g.engine, &call).await?;
    assert!(!refusal.0.is_empty(), "INV-16");

    chain.market.warp(1_860).await?;
    let call = g.rebalance(&chain, vec![g.trade(WBTC, USDC)]).await?;
    let thin: IEngine::ThinPool = chain.refuses_with(KEEPER, g.engine, &call).await?;
    assert_eq!(thin.index, U256::from(WBTC));
    assert!(has(g.prices(&chain).await?.flags[WBTC], THIN));
    assert_eq!(g.check(&chain).await?.0, 5);
    untouched(&chain, 0).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thin_pool_is_refused_by_name_and_the_others_still_trade() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    let price = chain.market.assets[WBTC].config.price.times(1.15);
    chain.lab.set_price(&chain, &chain.market, 1, price).await?;
    let least = chain
        .view(
            g.engine,
            &IEngine::assetCall {
                index: U256::from(2),
            },
        )
        .await?
        .liquidityMin;
    chain
        .send(
            OWNER,
            g.pools[2],
            &HostilePool::setLiquidityCall {
                liquidity: least / 2,
            },
        )
        .await?;
    let via_thin = g.rebalance(&chain, vec![g.trade(1, 2)]).await?;
    let thin: IEngine::ThinPool = chain.refuses_with(KEEPER, g.engine, &via_thin).await?;
    assert_eq!(thin.index, U256::from(2));
    assert!(thin.liquidity < U256::from(least));
    let other = g.rebalance(&chain, vec![g.trade(1, 0)]).await?;
    chain.send(KEEPER, g.engine, &other).await?;
    assert_eq!(g.state(&chain).await?.nonce, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_whose_observe_reverts_has_no_average() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    let price = chain.market.assets[WBTC].config.price.times(1.15);
    chain.lab.set_price(&chain, &chain.market, 1, price).await?;
    chain
        .send(
            OWNER,
            g.pools[1],
            &HostilePool::setTrapCall {
                trap: Trap::DuringObserve as u8,
            },
        )
        .await?;
    let call = g.rebalance(&chain, vec![g.trade(1, 0)]).await?;
    chain
        .refuses(
            KEEPER,
            g.engine,
            &call,
            IEngine::TwapUnavailable {
                index: U256::from(1),
            },
        )
        .await?;
    assert!(has(g.prices(&chain).await?.flags[1], NO_TWAP));
    chain.send(ALICE, g.vault, &g.redeem(ONE, ALICE)).await?;
    Ok(())
}
