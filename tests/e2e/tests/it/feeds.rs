//! Feeds that lie, stall or break, and a sequencer that was down: trades stop, the way out does not.

use alloy::primitives::{I256, U256};
use eyre::Result;
use gimbal_abi::{IEngine, IVault};
use gimbal_e2e::actors::{ALICE, BOB, KEEPER, OUTSIDER};
use gimbal_e2e::chain::{Chain, Start};
use gimbal_e2e::mocks::FeedMode;
use gimbal_e2e::world::{LINK, USDC, WBTC, WETH};
use gimbal_scripts::market::mocks::MockFeed;

const ONE: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);
const BAD: u64 = 1;
const STALE: u64 = 2;
const STATUS_SEQUENCER: u8 = 3;
const STATUS_PRICE: u8 = 4;
const HEARTBEAT: u64 = 3_600;
const GRACE: u64 = 3_600;

/// With an answer that counts for nothing, the engine refuses every trade and every valuation, trips nothing, and the
/// vault goes on minting and redeeming.
async fn price_is_refused(chain: &Chain, asset: usize, stale: bool, what: &str) -> Result<()> {
    let (g, index) = (&chain.main, U256::from(asset));
    let call = g.rebalance(chain, vec![g.trade(WBTC, USDC)]).await?;
    let nav = IEngine::navCall {};
    let weights = IEngine::weightsCall {};
    for refusal in [
        chain.refusal(KEEPER, g.engine, &call).await?,
        chain.refusal(OUTSIDER, g.engine, &nav).await?,
        chain.refusal(OUTSIDER, g.engine, &weights).await?,
    ] {
        if stale {
            assert_eq!(
                refusal.decode::<IEngine::StalePrice>()?.index,
                index,
                "{what}"
            );
        } else {
            assert_eq!(
                refusal.decode::<IEngine::BadPrice>()?.index,
                index,
                "{what}"
            );
        }
    }
    let (status, drift) = g.check(chain).await?;
    assert_eq!((status, drift), (STATUS_PRICE, U256::ZERO), "{what}");
    assert_eq!(
        chain
            .call(OUTSIDER, g.engine, &IEngine::pokeCall {})
            .await?,
        0,
        "{what}"
    );
    assert_eq!(
        chain
            .call(ALICE, g.vault, &g.redeem(ONE, ALICE))
            .await?
            .owedMask,
        U256::ZERO,
        "{what}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_zero_negative_future_or_undated_counts_for_nothing() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let g = &chain.main;
    let good = chain.market.assets[WETH].config.price.answer();
    let now = chain.now().await?;
    let cases = [
        ("zero", I256::ZERO, now),
        ("minus one", I256::MINUS_ONE, now),
        ("the least number", I256::MIN, now),
        ("the largest number", I256::MAX, now),
        ("minus the right price", -good, now),
        ("from the future", good, now + 100_000),
        ("undated", good, 0),
    ];
    for asset in [WETH, USDC] {
        for (what, answer, at) in cases {
            let calm = chain.snapshot().await?;
            chain.market.set_feed_at(asset, answer, at).await?;
            price_is_refused(&chain, asset, false, what).await?;
            let prices = g.prices(&chain).await?;
            assert_eq!(prices.chainlink[asset], U256::ZERO, "INV-15: {what}");
            assert_eq!(
                prices.flags[asset] & U256::from(BAD | STALE),
                U256::from(BAD),
                "{what}"
            );
            chain.revert_to(calm).await?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_reverts_or_answers_in_another_shape_counts_for_nothing() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    for mode in [
        FeedMode::Revert,
        FeedMode::Empty,
        FeedMode::Short,
        FeedMode::Bomb,
        FeedMode::Burn,
    ] {
        let calm = chain.snapshot().await?;
        // The feed of the last asset: one that burns all gas leaves the engine a 64th for the rest.
        chain.market.set_feed_mode(LINK, mode as u8).await?;
        if mode == FeedMode::Burn {
            let g = &chain.main;
            let call = g.rebalance(&chain, vec![g.trade(WBTC, USDC)]).await?;
            chain.refusal(KEEPER, g.engine, &call).await?;
            chain.send(ALICE, g.vault, &g.redeem(ONE, ALICE)).await?;
        } else {
            price_is_refused(&chain, LINK, false, &format!("{mode:?}")).await?;
            let prices = chain.main.prices(&chain).await?;
            assert_eq!(prices.chainlink[LINK], U256::ZERO, "{mode:?}");
        }
        chain.revert_to(calm).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_good_for_its_heartbeat_to_the_second() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let g = &chain.main;
    let good = chain.market.assets[WETH].config.price.answer();
    let at = chain.now().await?;
    chain.market.set_feed_at(WETH, good, at).await?;
    for asset in [USDC, WBTC, LINK] {
        let answer = I256::try_from(
            g.prices(&chain).await?.chainlink[asset] / U256::from(10_000_000_000_u64),
        )?;
        chain.market.set_feed_at(asset, answer, at + 60).await?;
    }
    chain.warp_to(at + HEARTBEAT).await?;
    let call = g.rebalance(&chain, vec![g.trade(WBTC, USDC)]).await?;
    assert_eq!(chain.call(KEEPER, g.engine, &call).await?.outcome, 0);
    chain.warp_to(at + HEARTBEAT + 1).await?;
    price_is_refused(&chain, WETH, true, "a second too old").await?;
    assert_eq!(
        g.prices(&chain).await?.flags[WETH] & U256::from(BAD | STALE),
        U256::from(STALE)
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_changes_its_decimals_leads_to_no_trade() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let g = &chain.main;
    let good = chain.market.assets[WBTC].config.price.answer();
    let wider = good * I256::try_from(10_000_000_000_u64)?;
    let narrower = good / I256::try_from(10_000)?;
    for (decimals, answer) in [(18, wider), (4, narrower)] {
        let calm = chain.snapshot().await?;
        let feed = chain.market.assets[WBTC].feed;
        chain
            .send(OUTSIDER, feed, &MockFeed::setDecimalsCall { decimals })
            .await?;
        chain
            .market
            .set_feed_at(WBTC, answer, chain.now().await?)
            .await?;
        let call = g.rebalance(&chain, vec![g.trade(WBTC, USDC)]).await?;
        chain
            .refuses(
                KEEPER,
                g.engine,
                &call,
                IEngine::BadPrice {
                    index: U256::from(WBTC),
                },
            )
            .await?;
        assert_eq!(g.state(&chain).await?.nonce, 0);
        chain.revert_to(calm).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn mint_and_redeem_know_no_feed() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.main;
    for asset in 0..g.len() {
        chain
            .market
            .set_feed_mode(asset, FeedMode::Revert as u8)
            .await?;
    }
    chain
        .send(
            OUTSIDER,
            g.sequencer,
            &MockFeed::setModeCall {
                mode: FeedMode::Revert as u8,
            },
        )
        .await?;
    g.deposit(&chain, BOB, ONE).await?;
    chain.send(BOB, g.vault, &g.redeem(ONE, BOB)).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequencer_that_is_down_or_says_nothing_stops_trades() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let g = &chain.main;
    let now = chain.now().await?;
    let call = g.rebalance(&chain, vec![g.trade(WBTC, USDC)]).await?;
    let refused = async || -> Result<()> {
        chain
            .refuses(KEEPER, g.engine, &call, IEngine::SequencerDown {})
            .await?;
        assert_eq!(g.check(&chain).await?.0, STATUS_SEQUENCER);
        chain.send(ALICE, g.vault, &g.redeem(ONE, ALICE)).await?;
        Ok(())
    };
    chain.market.set_sequencer(false, now - 10).await?;
    refused().await?;
    chain.market.set_sequencer(true, 0).await?;
    refused().await?;
    chain.market.set_sequencer(true, now + 100_000).await?;
    refused().await?;
    chain.market.set_sequencer(true, now - GRACE).await?;
    for mode in [FeedMode::Revert, FeedMode::Empty, FeedMode::Short] {
        chain
            .send(
                OUTSIDER,
                g.sequencer,
                &MockFeed::setModeCall { mode: mode as u8 },
            )
            .await?;
        refused().await?;
    }
    chain
        .send(
            OUTSIDER,
            g.sequencer,
            &MockFeed::setModeCall {
                mode: FeedMode::Normal as u8,
            },
        )
        .await?;
    assert_eq!(chain.call(KEEPER, g.engine, &call).await?.outcome, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_sequencer_came_back_its_grace_passes_to_the_second() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let g = &chain.main;
    let up = chain.now().await? + 20;
    chain.warp_to(up).await?;
    chain.market.set_sequencer(true, up).await?;
    let until = up + GRACE;
    let mut call = g.rebalance(&chain, vec![g.trade(WBTC, USDC)]).await?;
    call.deadline = until + 1_000;
    chain.warp_to(until - 100).await?;
    chain.market.refresh_feeds().await?;
    chain.warp_to(until - 1).await?;
    chain
        .refuses(KEEPER, g.engine, &call, IEngine::SequencerGrace { until })
        .await?;
    assert_eq!(g.check(&chain).await?.0, STATUS_SEQUENCER);
    chain
        .refuses(
            OUTSIDER,
            g.engine,
            &IEngine::pokeCall {},
            IEngine::SequencerGrace { until },
        )
        .await?;
    chain.warp_to(until).await?;
    assert_eq!(chain.call(KEEPER, g.engine, &call).await?.outcome, 0);
    assert_eq!(
        chain.view(g.vault, &IVault::modeSinceCall {}).await?.mode,
        0
    );
    Ok(())
}
