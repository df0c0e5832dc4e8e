//! The keeper as the enemy: what its calls can and cannot do to the vault.

use alloy::primitives::{Address, Bytes, U256, keccak256};
use alloy::sol_types::SolCall;
use eyre::{Result, bail};
use gimbal_abi::{IAdapter, IEngine, IVault};
use gimbal_e2e::actors::{KEEPER, OUTSIDER, OWNER};
use gimbal_e2e::chain::{Chain, Start};
use gimbal_e2e::mocks;
use gimbal_e2e::revert::Revert;
use gimbal_e2e::rpc::{GAS, Outcome};
use gimbal_e2e::world::{LINK, USDC, WBTC, WETH};

async fn revert_of(chain: &Chain, from: Address, to: Address, data: Bytes) -> Result<Revert> {
    match chain.ask(from, to, data, GAS).await? {
        Outcome::Reverted(revert) => Ok(revert),
        Outcome::Returned(data) => bail!("passed with {data}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trade_into_a_pushed_pool_is_refused_with_the_same_bytes_at_every_level() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let g = &chain.main;
    let push = chain.market.push_spot(WBTC, -60).await?;
    let amount = 10_000_000_u128;
    let trade = IEngine::Trade {
        maxIn: amount,
        minOut: 0,
        ..g.trade(WBTC, USDC)
    };
    let call = g.rebalance(&chain, vec![trade]).await?;
    let by_engine = revert_of(&chain, KEEPER.address, g.engine, call.abi_encode().into()).await?;
    let slippage = by_engine.decode::<IVault::Slippage>()?;
    assert_eq!(slippage.token, g.tokens[USDC]);
    assert!(slippage.got < slippage.want);

    let swap = IVault::executeSwapCall {
        venue: g.adapter,
        tokenIn: g.tokens[WBTC],
        maxIn: U256::from(amount),
        tokenOut: g.tokens[USDC],
        minOut: slippage.want,
        route: g.route(WBTC, USDC),
    };
    let by_vault = revert_of(&chain, g.engine, g.vault, swap.abi_encode().into()).await?;
    let before = chain.snapshot().await?;
    g.deal(&chain, WBTC, g.adapter, U256::from(amount)).await?;
    let swap = IAdapter::swapCall {
        tokenIn: g.tokens[WBTC],
        tokenOut: g.tokens[USDC],
        amountIn: U256::from(amount),
        minOut: slippage.want,
        route: g.route(WBTC, USDC),
    };
    let by_adapter = revert_of(&chain, g.vault, g.adapter, swap.abi_encode().into()).await?;
    chain.revert_to(before).await?;
    assert_eq!(by_engine, by_vault);
    assert_eq!(by_vault, by_adapter);

    let receipt = chain
        .transact(
            KEEPER.address,
            Some(g.engine),
            call.abi_encode().into(),
            U256::ZERO,
            GAS,
        )
        .await?;
    assert!(!receipt.status());
    assert_eq!(g.state(&chain).await?.nonce, 0);
    chain.market.restore(push).await?;
    let (done, _) = chain.run(KEEPER, g.engine, &call).await?;
    assert_eq!(
        done.outcome, 0,
        "once the pool is back, the same call is fine"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_pushed_further_is_refused_by_its_spot_price() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let g = &chain.main;
    for bps in [-150, 150, -500, 2_000] {
        let push = chain.market.push_spot(WBTC, bps).await?;
        let call = g.rebalance(&chain, vec![g.trade(WBTC, USDC)]).await?;
        let spot: IEngine::SpotDeviation = chain.refuses_with(KEEPER, g.engine, &call).await?;
        assert_eq!(spot.index, U256::from(WBTC), "{bps}");
        chain.market.restore(push).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn churn_in_one_call_or_in_the_next_is_refused() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let g = &chain.main;
    let there = g.trade(WBTC, USDC);
    let back = g.trade(USDC, WBTC);
    let call = g
        .rebalance(&chain, vec![there.clone(), back.clone()])
        .await?;
    let wrong = IEngine::WrongDirection {
        trade: U256::from(1),
    };
    chain.refuses(KEEPER, g.engine, &call, wrong).await?;
    // Between two assets that are both below their targets, or both above.
    for (asset_in, asset_out) in [(USDC, WETH), (WETH, LINK), (LINK, USDC)] {
        let call = g
            .rebalance(&chain, vec![g.trade(asset_in, asset_out)])
            .await?;
        let wrong = IEngine::WrongDirection { trade: U256::ZERO };
        chain.refuses(KEEPER, g.engine, &call, wrong).await?;
    }
    // The same leg again finds nothing left to sell or to buy.
    let call = g
        .rebalance(&chain, vec![there.clone(), there.clone()])
        .await?;
    let again = chain.refusal(KEEPER, g.engine, &call).await?;
    assert!(
        again.is::<IEngine::WrongDirection>() || again.is::<IEngine::TradeTooSmall>(),
        "{}",
        again.describe()
    );

    let partial = IEngine::Trade {
        maxIn: 5_000_000,
        ..there
    };
    chain
        .send(KEEPER, g.engine, &g.rebalance(&chain, vec![partial]).await?)
        .await?;
    chain.market.warp(901).await?;
    let call = g.rebalance(&chain, vec![back]).await?;
    chain
        .refuses(
            KEEPER,
            g.engine,
            &call,
            IEngine::WrongDirection { trade: U256::ZERO },
        )
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_and_venues_of_the_keepers_own_are_refused() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let g = &chain.main;
    let args = (g.factory, g.tokens[USDC], g.tokens[WBTC], U256::from(500));
    let args = alloy::sol_types::SolValue::abi_encode_params(&args);
    let own = chain
        .create(
            OUTSIDER,
            mocks::init_code("HostilePool", "HostilePool", &args)?,
        )
        .await?;
    let bad = IEngine::BadRoute { trade: U256::ZERO };
    let join = |pools: &[Address]| -> Bytes {
        pools
            .iter()
            .flat_map(|pool| pool.to_vec())
            .collect::<Vec<_>>()
            .into()
    };
    for route in [
        join(&[own]),
        join(&[g.pools[LINK]]),
        join(&[g.pools[WBTC], own]),
        join(&[own, g.pools[WBTC]]),
        join(&[g.pools[WBTC], g.pools[WBTC]]),
        Bytes::new(),
        g.pools[WBTC][..19].to_vec().into(),
        [g.pools[WBTC].to_vec(), vec![0]].concat().into(),
    ] {
        let trade = IEngine::Trade {
            route: route.clone(),
            ..g.trade(WBTC, USDC)
        };
        let call = g.rebalance(&chain, vec![trade]).await?;
        chain.refuses(KEEPER, g.engine, &call, bad.clone()).await?;
    }
    // The engine's venue list alone is not enough: the vault has its own.
    let (index, _) = chain
        .run(OWNER, g.engine, &IEngine::addVenueCall { venue: own })
        .await?;
    let trade = IEngine::Trade {
        venue: index.to(),
        ..g.trade(WBTC, USDC)
    };
    let call = g.rebalance(&chain, vec![trade]).await?;
    chain
        .refuses(KEEPER, g.engine, &call, IVault::UnknownVenue { venue: own })
        .await?;
    let trade = IEngine::Trade {
        venue: index.to::<u8>() + 1,
        ..g.trade(WBTC, USDC)
    };
    let call = g.rebalance(&chain, vec![trade]).await?;
    chain
        .refuses(
            KEEPER,
            g.engine,
            &call,
            IEngine::UnknownVenue {
                venue: index + U256::from(1),
            },
        )
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keepers_own_floor_can_only_tighten() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let g = &chain.main;
    let amount = 10_000_000_u128;
    let with = |min_out| IEngine::Trade {
        maxIn: amount,
        minOut: min_out,
        ..g.trade(WBTC, USDC)
    };
    let fair = g.prices(&chain).await?.chainlink[WBTC] * U256::from(amount)
        / U256::from(10).pow(U256::from(20));
    let high: u128 = (fair * U256::from(101) / U256::from(100)).to();
    let call = g.rebalance(&chain, vec![with(high)]).await?;
    let refused: IVault::Slippage = chain.refuses_with(KEEPER, g.engine, &call).await?;
    assert_eq!(refused.want, U256::from(high));
    let loose = chain
        .run(KEEPER, g.engine, &g.rebalance(&chain, vec![with(0)]).await?)
        .await?
        .1;
    let swap: IVault::Swapped = loose.event(g.vault)?;
    assert!(swap.got >= fair * U256::from(9_950) / U256::from(10_000));
    Ok(())
}

/// A seeded stream of numbers, the same in every run.
struct Dice(U256);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = keccak256(self.0.to_be_bytes::<32>()).into();
        self.0.as_limbs()[0] % sides
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_keeper_sends_one_call_loses_at_most_its_bound() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let g = &chain.main;
    let mut dice = Dice(U256::from(7_041_776));
    let mut passed = 0;
    for round in 0..60 {
        let calm = chain.snapshot().await?;
        let asset = [WBTC, WETH, LINK][dice.roll(3) as usize];
        if dice.roll(2) == 0 {
            let bps = i32::try_from(dice.roll(160))? - 80;
            let _pushed = chain.market.push_spot(asset, bps).await?;
        }
        let trades = (0..=dice.roll(4)).map(|_| {
            let asset_in = if dice.roll(4) == 0 {
                dice.roll(5)
            } else {
                WBTC as u64
            } as usize;
            let asset_out = dice.roll(4) as usize;
            let valid = asset_in < 4;
            let route = if valid && dice.roll(8) > 0 {
                g.route(asset_in, asset_out)
            } else {
                g.route(WBTC, USDC)
            };
            IEngine::Trade {
                venue: u8::from(dice.roll(12) == 0),
                assetIn: asset_in as u8,
                assetOut: asset_out as u8,
                maxIn: u128::from(dice.roll(1 << 30)) << dice.roll(30),
                minOut: 0,
                route,
            }
        });
        let call = g.rebalance(&chain, trades.collect()).await?;
        let before = g.nav(&chain).await?;
        let drift = g.check(&chain).await?.1;
        let receipt = chain
            .transact(
                KEEPER.address,
                Some(g.engine),
                call.abi_encode().into(),
                U256::ZERO,
                GAS,
            )
            .await?;
        let after = g.nav(&chain).await?;
        if receipt.status() {
            passed += 1;
            assert!(
                after * U256::from(10_000) >= before * U256::from(9_970),
                "INV-09: round {round}"
            );
            assert!(g.check(&chain).await?.1 <= drift, "INV-10: round {round}");
            assert_eq!(
                g.balances(&chain, g.vault).await?,
                g.state(&chain).await?.managed,
                "INV-01"
            );
            assert_eq!(
                g.balances(&chain, g.adapter).await?,
                vec![U256::ZERO; 4],
                "INV-12"
            );
        } else {
            assert_eq!(after, before, "round {round}");
            let revert =
                revert_of(&chain, KEEPER.address, g.engine, call.abi_encode().into()).await?;
            assert!(
                !revert.0.is_empty(),
                "INV-16: round {round} was refused without a word"
            );
        }
        chain.revert_to(calm).await?;
    }
    assert!(
        passed >= 3,
        "only {passed} of 60 calls passed: the test says little"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keeper_who_was_removed_can_do_nothing_more() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let g = &chain.main;
    let call = g.rebalance(&chain, vec![g.trade(WBTC, USDC)]).await?;
    let removed = IEngine::setKeeperCall {
        keeper: KEEPER.address,
        allowed: false,
    };
    chain
        .send(gimbal_e2e::actors::GUARDIAN, g.engine, &removed)
        .await?;
    chain
        .refuses(KEEPER, g.engine, &call, IEngine::NotRole { role: 3 })
        .await
}
