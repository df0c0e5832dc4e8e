//! The engine's functions, guards walked in the documented order.
//!
//! State is spoiled from the last guard to the first, with a snapshot before each; the walk then meets the errors in
//! order while it goes back through the snapshots.

use alloy::primitives::{I256, U256};
use eyre::{OptionExt, Result};
use gimbal_abi::{IEngine, IVault};
use gimbal_e2e::actors::{GUARDIAN, KEEPER, OUTSIDER, OWNER};
use gimbal_e2e::chain::{Chain, Start};
use gimbal_e2e::world::{LINK, USDC, WBTC, WETH};

const NOT_OWNER: IEngine::NotRole = IEngine::NotRole { role: 0 };

/// Snapshots of a state that was spoiled step by step.
struct Spoiled<'a> {
    chain: &'a Chain,
    stack: Vec<U256>,
}

impl<'a> Spoiled<'a> {
    fn new(chain: &'a Chain) -> Self {
        Self {
            chain,
            stack: Vec::new(),
        }
    }

    /// Call before the next thing is spoiled.
    async fn mark(&mut self) -> Result<()> {
        self.stack.push(self.chain.snapshot().await?);
        Ok(())
    }

    /// Undoes the thing spoiled last.
    async fn mend(&mut self) -> Result<()> {
        let snapshot = self.stack.pop().ok_or_eyre("nothing is spoiled")?;
        self.chain.revert_to(snapshot).await
    }
}

/// A feed's answer, as of now, times `bps` in 10,000.
async fn scale_feed(chain: &Chain, asset: usize, bps: u64) -> Result<()> {
    let price = chain
        .view(chain.main.engine, &IEngine::pricesCall {})
        .await?
        .chainlink[asset];
    let answer = price * U256::from(bps) / U256::from(10_000) / U256::from(10_000_000_000_u64);
    chain
        .market
        .set_feed_at(asset, I256::try_from(answer)?, chain.now().await?)
        .await
}

/// A feed answers just above the least price that the engine accepts.
async fn clamp_feed(chain: &Chain, asset: usize) -> Result<()> {
    let least = chain
        .view(
            chain.main.engine,
            &IEngine::assetCall {
                index: U256::from(asset),
            },
        )
        .await?
        .priceMin;
    let answer =
        U256::from(least) * U256::from(1_005) / U256::from(1_000) / U256::from(10_000_000_000_u64);
    chain
        .market
        .set_feed_at(asset, I256::try_from(answer)?, chain.now().await?)
        .await
}

async fn make_stale(chain: &Chain, asset: usize) -> Result<()> {
    let heartbeat = chain
        .view(
            chain.main.engine,
            &IEngine::assetCall {
                index: U256::from(asset),
            },
        )
        .await?
        .heartbeat;
    let price = chain
        .view(chain.main.engine, &IEngine::pricesCall {})
        .await?
        .chainlink[asset];
    let answer = I256::try_from(price / U256::from(10_000_000_000_u64))?;
    chain
        .market
        .set_feed_at(
            asset,
            answer,
            chain.now().await? - u64::from(heartbeat) - 7_200,
        )
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn rebalance_walks_every_guard_up_to_the_trades() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let (g, engine) = (&chain.main, chain.main.engine);
    let small = IEngine::Trade {
        maxIn: 10_000_000,
        ..g.trade(WBTC, USDC)
    };
    chain
        .send(KEEPER, engine, &g.rebalance(&chain, vec![small]).await?)
        .await?;
    let limits = g.limits(&chain).await?;
    chain.market.warp(u64::from(limits.cooldown)).await?;
    let good = g.rebalance(&chain, vec![g.trade(WBTC, USDC)]).await?;
    assert_eq!(chain.call(KEEPER, engine, &good).await?.outcome, 0);

    let mut spoiled = Spoiled::new(&chain);
    spoiled.mark().await?;
    let weights = chain.view(engine, &IEngine::weightsCall {}).await?;
    let targets = weights.targets.iter().map(|t| t.to::<u64>()).collect();
    chain
        .send(
            OWNER,
            engine,
            &IEngine::setTargetsCall {
                targets,
                bands: vec![2_500; 4],
            },
        )
        .await?;
    spoiled.mark().await?;
    scale_feed(&chain, WBTC, 10_200).await?;
    spoiled.mark().await?;
    g.set_limits(&chain, |l| l.twapWindow = 86_400).await?;
    spoiled.mark().await?;
    clamp_feed(&chain, LINK).await?;
    spoiled.mark().await?;
    make_stale(&chain, WETH).await?;
    spoiled.mark().await?;
    chain
        .market
        .set_feed_at(USDC, I256::ZERO, chain.now().await?)
        .await?;
    spoiled.mark().await?;
    let up = chain.now().await? - 10;
    chain.market.set_sequencer(true, up).await?;
    spoiled.mark().await?;
    chain.market.set_sequencer(false, up).await?;
    spoiled.mark().await?;
    chain
        .send(GUARDIAN, g.vault, &IVault::haltCall { reason: 1 })
        .await?;
    spoiled.mark().await?;
    g.set_limits(&chain, |l| l.cooldown = 864_000).await?;

    let now = chain.now().await?;
    let nonce = good.nonce + 1;
    let mut call = IEngine::rebalanceCall {
        trades: vec![],
        nonce,
        deadline: now - 1,
    };
    chain
        .refuses(OUTSIDER, engine, &call, IEngine::NotRole { role: 3 })
        .await?;
    chain
        .refuses(OWNER, engine, &call, IEngine::NotRole { role: 3 })
        .await?;
    chain
        .refuses(
            KEEPER,
            engine,
            &call,
            IEngine::DeadlinePassed { deadline: now - 1 },
        )
        .await?;
    call.deadline = now + 864_000;
    chain
        .refuses(
            KEEPER,
            engine,
            &call,
            IEngine::TradeCount { count: U256::ZERO },
        )
        .await?;
    call.trades = vec![g.trade(USDC, USDC); 5];
    chain
        .refuses(
            KEEPER,
            engine,
            &call,
            IEngine::TradeCount {
                count: U256::from(5),
            },
        )
        .await?;
    call.trades.truncate(4);
    let last = chain.view(engine, &IEngine::lastRebalanceCall {}).await?;
    chain
        .refuses(
            KEEPER,
            engine,
            &call,
            IEngine::Cooldown {
                until: last + 864_000,
            },
        )
        .await?;
    spoiled.mend().await?;
    chain
        .refuses(KEEPER, engine, &call, IEngine::WrongMode { mode: 1 })
        .await?;
    spoiled.mend().await?;
    chain
        .refuses(
            KEEPER,
            engine,
            &call,
            IEngine::BadNonce {
                got: nonce,
                want: good.nonce,
            },
        )
        .await?;
    call.nonce = good.nonce;
    chain
        .refuses(KEEPER, engine, &call, IEngine::SequencerDown {})
        .await?;
    spoiled.mend().await?;
    let until = up + u64::from(limits.sequencerGrace);
    chain
        .refuses(KEEPER, engine, &call, IEngine::SequencerGrace { until })
        .await?;
    spoiled.mend().await?;
    chain
        .refuses(
            KEEPER,
            engine,
            &call,
            IEngine::BadPrice {
                index: U256::from(USDC),
            },
        )
        .await?;
    spoiled.mend().await?;
    chain
        .refuses(
            KEEPER,
            engine,
            &call,
            IEngine::StalePrice {
                index: U256::from(WETH),
            },
        )
        .await?;
    spoiled.mend().await?;
    call.trades = vec![g.trade(WBTC, USDC)];
    assert_eq!(
        chain.call(KEEPER, engine, &call).await?.outcome,
        1,
        "a clamped feed trips"
    );
    spoiled.mend().await?;
    chain
        .refuses(
            KEEPER,
            engine,
            &call,
            IEngine::TwapUnavailable {
                index: U256::from(WBTC),
            },
        )
        .await?;
    spoiled.mend().await?;
    let deviation: IEngine::Deviation = chain.refuses_with(KEEPER, engine, &call).await?;
    assert_eq!(deviation.index, U256::from(WBTC));
    assert!(
        (150..500).contains(&deviation.bps.to::<u64>()),
        "{deviation:?}"
    );
    spoiled.mend().await?;
    let drift = g.check(&chain).await?.1;
    chain
        .refuses(KEEPER, engine, &call, IEngine::NotBreached { drift })
        .await?;
    spoiled.mend().await?;
    assert_eq!(chain.call(KEEPER, engine, &call).await?.outcome, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rebalance_walks_every_guard_of_a_trade() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let (g, engine) = (&chain.main, chain.main.engine);
    let honest = g.trade(WBTC, USDC);
    let second = async |trade: IEngine::Trade| -> Result<IEngine::rebalanceCall> {
        let first = IEngine::Trade {
            maxIn: 10_000_000,
            ..g.trade(WBTC, LINK)
        };
        g.rebalance(&chain, vec![first, trade]).await
    };
    let one = U256::from(1);

    let mut trade = IEngine::Trade {
        venue: 9,
        assetIn: 200,
        assetOut: 200,
        maxIn: 0,
        minOut: u128::MAX,
        route: g.pools[LINK].to_vec().into(),
    };
    let unknown = IEngine::UnknownVenue {
        venue: U256::from(9),
    };
    chain
        .refuses(KEEPER, engine, &second(trade.clone()).await?, unknown)
        .await?;
    trade.venue = 0;
    let index = IEngine::NotListed {
        index: U256::from(200),
    };
    chain
        .refuses(KEEPER, engine, &second(trade.clone()).await?, index)
        .await?;
    // Bought instead of sold, along a route of another asset.
    (trade.assetIn, trade.assetOut) = (USDC as u8, WBTC as u8);
    chain
        .refuses(
            KEEPER,
            engine,
            &second(trade.clone()).await?,
            IEngine::BadRoute { trade: one },
        )
        .await?;
    trade.route = g.route(USDC, WBTC);
    chain
        .refuses(
            KEEPER,
            engine,
            &second(trade.clone()).await?,
            IEngine::WrongDirection { trade: one },
        )
        .await?;
    (trade.assetIn, trade.assetOut) = (WBTC as u8, USDC as u8);
    let small: IEngine::TradeTooSmall = chain
        .refuses_with(KEEPER, engine, &second(trade.clone()).await?)
        .await?;
    assert_eq!((small.trade, small.usd), (one, U256::ZERO));
    trade.maxIn = honest.maxIn;
    g.set_limits(&chain, |l| l.tradeBpsMax = 70).await?;
    let large: IEngine::TradeTooLarge = chain
        .refuses_with(KEEPER, engine, &second(trade.clone()).await?)
        .await?;
    assert_eq!(large.trade, one);
    g.set_limits(&chain, |l| l.tradeBpsMax = 1_000).await?;

    let push = chain.market.push_spot(WBTC, 200).await?;
    let spot: IEngine::SpotDeviation = chain
        .refuses_with(KEEPER, engine, &second(trade.clone()).await?)
        .await?;
    assert_eq!(spot.index, U256::from(WBTC));
    chain.market.restore(push).await?;
    trade.maxIn = 10_000_000;
    let slippage: IVault::Slippage = chain
        .refuses_with(KEEPER, engine, &second(trade.clone()).await?)
        .await?;
    assert_eq!(
        (slippage.token, slippage.want),
        (g.tokens[USDC], U256::from(u128::MAX))
    );
    trade.minOut = 0;
    let done = chain.call(KEEPER, engine, &second(trade).await?).await?;
    assert_eq!(done.outcome, 0);
    assert!(done.navAfter < done.navBefore && !done.navAfter.is_zero());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn resume_walks_owner_sequencer_prices_clamp_twap_deviation_and_the_vaults_own() -> Result<()>
{
    let chain = Chain::start(Start::Drifted).await?;
    let (g, engine) = (&chain.main, chain.main.engine);
    let resume = IEngine::resumeCall {};
    let mut spoiled = Spoiled::new(&chain);
    spoiled.mark().await?;
    chain
        .send(GUARDIAN, g.vault, &IVault::haltCall { reason: 1 })
        .await?;
    spoiled.mark().await?;
    scale_feed(&chain, WBTC, 10_200).await?;
    spoiled.mark().await?;
    g.set_limits(&chain, |l| l.twapWindow = 86_400).await?;
    spoiled.mark().await?;
    clamp_feed(&chain, LINK).await?;
    spoiled.mark().await?;
    make_stale(&chain, WETH).await?;
    spoiled.mark().await?;
    chain
        .market
        .set_sequencer(false, chain.now().await? - 10)
        .await?;

    chain.refuses(GUARDIAN, engine, &resume, NOT_OWNER).await?;
    chain
        .refuses(OWNER, engine, &resume, IEngine::SequencerDown {})
        .await?;
    spoiled.mend().await?;
    chain
        .refuses(
            OWNER,
            engine,
            &resume,
            IEngine::StalePrice {
                index: U256::from(WETH),
            },
        )
        .await?;
    spoiled.mend().await?;
    chain
        .refuses(
            OWNER,
            engine,
            &resume,
            IEngine::BadPrice {
                index: U256::from(LINK),
            },
        )
        .await?;
    spoiled.mend().await?;
    let twap: IEngine::TwapUnavailable = chain.refuses_with(OWNER, engine, &resume).await?;
    assert_eq!(twap.index, U256::from(g.others()[0]));
    spoiled.mend().await?;
    let deviation: IEngine::Deviation = chain.refuses_with(OWNER, engine, &resume).await?;
    assert_eq!(deviation.index, U256::from(WBTC));
    spoiled.mend().await?;
    let until = chain
        .view(g.vault, &IVault::modeSinceCall {})
        .await?
        .haltedAt
        + 3_600;
    chain
        .refuses(OWNER, engine, &resume, IVault::MinHalt { until })
        .await?;
    chain.market.warp(3_600).await?;
    let sent = chain.send(OWNER, engine, &resume).await?;
    sent.emits(g.vault, &IVault::Resumed { caller: engine })?;
    chain
        .refuses(OWNER, engine, &resume, IVault::WrongMode { mode: 0 })
        .await
}
