//! Honest rebalances: what one does, how soon the next may come, and what cannot stop one.

use alloy::primitives::U256;
use eyre::Result;
use gimbal_abi::{IEngine, IVault};
use gimbal_e2e::actors::{ALICE, BOB, KEEPER, OWNER};
use gimbal_e2e::chain::{Chain, Start};
use gimbal_e2e::world::{LINK, USDC, WBTC, WETH};
use gimbal_scripts::market::Usd;

const ONE: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);
const READY: u8 = 0;
const NOT_BREACHED: u8 = 1;
const COOLDOWN: u8 = 2;

/// Sells WBTC, the only asset above its target, for each of the three below.
fn all_legs(chain: &Chain) -> Vec<IEngine::Trade> {
    [USDC, WETH, LINK]
        .map(|bought| chain.main.trade(WBTC, bought))
        .to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_trades_bring_every_asset_back_to_its_target() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let g = &chain.main;
    let (status, drift) = g.check(&chain).await?;
    assert_eq!(status, READY);
    let before = g.state(&chain).await?;
    let adapter = g.balances(&chain, g.adapter).await?;
    let call = g.rebalance(&chain, all_legs(&chain)).await?;
    let (done, sent) = chain.run(KEEPER, g.engine, &call).await?;
    assert_eq!(done.outcome, 0);

    let event: IEngine::Rebalanced = sent.event(g.engine)?;
    assert_eq!((event.keeper, event.nonce), (KEEPER.address, 0));
    assert_eq!(event.driftBefore, drift);
    assert_eq!(event.prices, g.prices(&chain).await?.chainlink);
    assert!(
        event.driftAfter < U256::from(2_000_000_000_000_000_u64),
        "INV-10: {event:?}"
    );
    let loss =
        event.navBefore.saturating_sub(event.navAfter) * U256::from(10_000) / event.navBefore;
    assert!(loss <= U256::from(30), "INV-09: {loss} bps");

    let after = g.state(&chain).await?;
    assert_eq!(after.nonce, 3);
    assert_eq!(after.supply, before.supply);
    let swaps = sent.events::<IVault::Swapped>(g.vault);
    assert_eq!(swaps.len(), 3);
    let sold: U256 = swaps.iter().map(|swap| swap.spent).sum();
    assert_eq!(after.managed[WBTC], before.managed[WBTC] - sold);
    for (swap, bought) in swaps.iter().zip([USDC, WETH, LINK]) {
        assert_eq!(swap.tokenOut, g.tokens[bought]);
        assert_eq!(after.managed[bought], before.managed[bought] + swap.got);
        let prices = &event.prices;
        let fair = swap.spent * prices[WBTC] / prices[bought];
        let fair = fair
            * U256::from(10).pow(U256::from(chain.market.assets[bought].config.decimals))
            / U256::from(10).pow(U256::from(8));
        assert!(
            swap.got >= fair * U256::from(9_950) / U256::from(10_000),
            "INV-11: asset {bought}"
        );
    }
    assert_eq!(g.balances(&chain, g.vault).await?, after.managed, "INV-01");
    assert_eq!(g.balances(&chain, g.adapter).await?, adapter, "INV-12");
    assert_eq!(
        chain.view(g.engine, &IEngine::lastRebalanceCall {}).await?,
        chain.now().await?
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rapid_repetition_meets_cooldown_then_nonce_then_band() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let g = &chain.main;
    let first = g.rebalance(&chain, all_legs(&chain)).await?;
    chain.send(KEEPER, g.engine, &first).await?;
    let until = chain.now().await? + 900;
    for _ in 0..3 {
        chain
            .refuses(KEEPER, g.engine, &first, IEngine::Cooldown { until })
            .await?;
        let fresh = g.rebalance(&chain, all_legs(&chain)).await?;
        chain
            .refuses(KEEPER, g.engine, &fresh, IEngine::Cooldown { until })
            .await?;
    }
    let check = chain
        .view(g.engine, &IEngine::checkRebalanceCall {})
        .await?;
    assert_eq!((check.status, check.retryAt), (COOLDOWN, until));

    chain.market.refresh_feeds().await?;
    chain.warp_to(until).await?;
    let mut replayed = first;
    replayed.deadline = until + 100;
    chain
        .refuses(
            KEEPER,
            g.engine,
            &replayed,
            IEngine::BadNonce { got: 0, want: 3 },
        )
        .await?;
    let (status, drift) = g.check(&chain).await?;
    assert_eq!(status, NOT_BREACHED);
    let fresh = g.rebalance(&chain, all_legs(&chain)).await?;
    chain
        .refuses(KEEPER, g.engine, &fresh, IEngine::NotBreached { drift })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn small_steps_reduce_drift_each_time_until_the_band_ends_them() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let g = &chain.main;
    g.set_limits(&chain, |limits| limits.cooldown = 60).await?;
    let band = U256::from(20_000_000_000_000_000_u64);
    let mut drift = g.check(&chain).await?.1;
    let mut steps = 0;
    while drift >= band {
        let step = IEngine::Trade {
            maxIn: 5_000_000,
            ..g.trade(WBTC, [USDC, WETH, LINK][steps % 3])
        };
        let (done, _) = chain
            .run(KEEPER, g.engine, &g.rebalance(&chain, vec![step]).await?)
            .await?;
        assert_eq!(done.outcome, 0);
        chain.market.warp(61).await?;
        let next = g.check(&chain).await?.1;
        assert!(
            next < drift,
            "INV-10: step {steps} left {next}, was {drift}"
        );
        drift = next;
        steps += 1;
    }
    assert!(steps > 1, "{steps} steps");
    let call = g.rebalance(&chain, all_legs(&chain)).await?;
    chain
        .refuses_with::<IEngine::NotBreached>(KEEPER, g.engine, &call)
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_donation_or_a_redeem_just_before_does_not_stop_a_rebalance() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let g = &chain.main;
    // The keeper aims exactly, from what it saw.
    let simulated = g.rebalance(&chain, all_legs(&chain)).await?;
    let dry = chain.snapshot().await?;
    let swaps = chain
        .send(KEEPER, g.engine, &simulated)
        .await?
        .events::<IVault::Swapped>(g.vault);
    chain.revert_to(dry).await?;
    let exact = swaps.iter().zip(all_legs(&chain)).map(|(swap, leg)| {
        let (spent, got) = (swap.spent.to::<u128>(), swap.got.to::<u128>());
        IEngine::Trade {
            maxIn: spent,
            minOut: got * 9_990 / 10_000,
            ..leg
        }
    });
    let call = g.rebalance(&chain, exact.collect()).await?;

    for who in 0..5 {
        let calm = chain.snapshot().await?;
        match who {
            0 => {
                for asset in 0..4 {
                    g.deal(&chain, asset, g.vault, U256::from(1)).await?;
                }
            }
            4 => {
                // A tenth of the basket, where the next trade's leftovers would be: it must not look like a gain.
                let managed = g.state(&chain).await?.managed;
                for (asset, amount) in managed.iter().enumerate() {
                    g.deal(&chain, asset, g.adapter, amount / U256::from(10))
                        .await?;
                }
            }
            1 => {
                let one_percent = g.state(&chain).await?.supply / U256::from(100);
                chain
                    .send(ALICE, g.vault, &g.redeem(one_percent, ALICE))
                    .await?;
            }
            2 => {
                let half = g.shares(&chain, BOB).await? / U256::from(2);
                chain.send(BOB, g.vault, &g.redeem(half, BOB)).await?;
            }
            _ => g.deposit(&chain, BOB, ONE * U256::from(10_000)).await?,
        }
        let (done, _) = chain.run(KEEPER, g.engine, &call).await?;
        assert_eq!(done.outcome, 0, "case {who}");
        chain.revert_to(calm).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gain_beyond_its_bound_means_a_wrong_price_and_is_refused() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    let price = chain.market.assets[WBTC].config.price.times(1.15);
    chain.lab.set_price(&chain, &chain.market, 1, price).await?;
    // The pool pays a percent more than the feed says, and says so in its average as well.
    chain
        .lab
        .set_pool(&chain, &chain.market, 1, price.times(1.01))
        .await?;
    let call = g.rebalance(&chain, vec![g.trade(1, 0)]).await?;
    assert_eq!(chain.call(KEEPER, g.engine, &call).await?.outcome, 0);
    g.set_limits(&chain, |limits| limits.gainBps = 1).await?;
    let gain: IEngine::GainTooLarge = chain.refuses_with(KEEPER, g.engine, &call).await?;
    assert!(
        gain.bps > gain.limit && gain.limit == U256::from(1),
        "{gain:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loss_beyond_its_bound_is_refused() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    let price = chain.market.assets[WBTC].config.price.times(1.3);
    chain.lab.set_price(&chain, &chain.market, 1, price).await?;
    // Half a percent less than the feed, just inside the slippage that each trade may have.
    chain
        .lab
        .set_pool(&chain, &chain.market, 1, price.times(0.9955))
        .await?;
    let call = g.rebalance(&chain, vec![g.trade(1, 0)]).await?;
    assert_eq!(chain.call(KEEPER, g.engine, &call).await?.outcome, 0);
    g.set_limits(&chain, |limits| limits.lossBps = 0).await?;
    let loss: IEngine::LossTooLarge = chain.refuses_with(KEEPER, g.engine, &call).await?;
    assert!(
        loss.bps > U256::ZERO && loss.limit == U256::ZERO,
        "{loss:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_better_of_feed_and_average_is_the_floor() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    let price = chain.market.assets[WBTC].config.price.times(1.2);
    chain.lab.set_price(&chain, &chain.market, 1, price).await?;
    // The feed is a percent below the pool: the average is the better source for a sale, and the pool pays it.
    chain.market.set_feed(WBTC, price.times(0.99)).await?;
    let sell = IEngine::Trade {
        maxIn: 1_000_000,
        ..g.trade(1, 0)
    };
    let (_, sent) = chain
        .run(
            KEEPER,
            g.engine,
            &g.rebalance(&chain, vec![sell.clone()]).await?,
        )
        .await?;
    let swap: IVault::Swapped = sent.event(g.vault)?;
    let by_twap = price.d18() * swap.spent / U256::from(10).pow(U256::from(20));
    assert!(swap.got >= by_twap * U256::from(9_950) / U256::from(10_000));

    // The feed is a percent above the pool: nobody pays the feed's price less half a percent.
    chain.market.warp(1_000).await?;
    chain.market.set_feed(WBTC, price.times(1.01)).await?;
    let call = g.rebalance(&chain, vec![sell]).await?;
    let refused: IVault::Slippage = chain.refuses_with(KEEPER, g.engine, &call).await?;
    let by_feed =
        price.times(1.01).d18() * U256::from(1_000_000) / U256::from(10).pow(U256::from(20));
    let floor = by_feed * U256::from(9_950) / U256::from(10_000);
    assert!(
        refused.want >= floor && refused.want <= floor + U256::from(100),
        "{refused:?}, {floor}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deviation_between_skip_and_trip_is_refused_and_heals_by_itself() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let g = &chain.main;
    let price = Usd(u64::try_from(
        g.prices(&chain).await?.chainlink[WBTC] / U256::from(10_000_000_000_u64),
    )?);
    chain.market.set_feed(WBTC, price.times(1.03)).await?;
    let call = g.rebalance(&chain, all_legs(&chain)).await?;
    let refused: IEngine::Deviation = chain.refuses_with(KEEPER, g.engine, &call).await?;
    assert_eq!(refused.index, U256::from(WBTC));
    assert_eq!(g.check(&chain).await?.0, 6);
    chain.market.set_feed(WBTC, price).await?;
    assert_eq!(chain.call(KEEPER, g.engine, &call).await?.outcome, 0);
    chain
        .send(OWNER, g.vault, &IVault::haltCall { reason: 1 })
        .await?;
    assert_eq!(g.check(&chain).await?.0, 8);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trade_that_brings_so_much_that_the_target_is_passed_is_refused() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    g.set_limits(&chain, |limits| {
        limits.gainBps = 200;
        limits.deviationSkipBps = 500;
    })
    .await?;
    let price = chain.market.assets[WBTC].config.price.times(1.6);
    chain.lab.set_price(&chain, &chain.market, 1, price).await?;
    chain
        .lab
        .set_pool(&chain, &chain.market, 1, price.times(1.045))
        .await?;
    let call = g.rebalance(&chain, vec![g.trade(1, 0)]).await?;
    let passed = IEngine::Overshoot { index: U256::ZERO };
    chain.refuses(KEEPER, g.engine, &call, passed).await
}
