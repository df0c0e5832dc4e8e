//! The node dies and comes back under the running keeper.

use std::sync::Mutex;
use std::time::Duration;

use alloy::primitives::U256;
use eyre::{Result, ensure};
use gimbal_abi::IVault;
use gimbal_e2e::actors::{ALICE, GUARDIAN};
use gimbal_e2e::chain::{Chain, Start};
use gimbal_e2e::world::{RISE, STEP_S, WBTC};
use gimbal_keeper::keeper::{Keeper, Outcome, Pace, Tally};
use tokio_util::sync::CancellationToken;

use crate::lifecycle::keeper;

const ONE: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);
const PACE: Pace = Pace {
    poll: Duration::from_millis(50),
    backoff_max: Duration::from_millis(500),
};
/// How long the keeper may take for anything, far beyond what it needs.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a keeper in the background has seen so far.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    errors: u32,
    waits: u32,
    rebalances: u32,
    halts: u32,
}

/// Runs a keeper until `story` is told, then stops it.
async fn beside<T>(
    keeper: &Keeper,
    seen: &Mutex<Seen>,
    story: impl Future<Output = Result<T>>,
) -> Result<(Tally, T)> {
    let stop = CancellationToken::new();
    let watch = |outcome: &Result<Outcome, gimbal_keeper::Error>| {
        let Ok(mut seen) = seen.lock() else { return };
        match outcome {
            Err(_) => seen.errors += 1,
            Ok(Outcome::Waited { .. } | Outcome::Planned(_)) => seen.waits += 1,
            Ok(Outcome::Rebalanced(_)) => seen.rebalances += 1,
            Ok(Outcome::Halted { .. }) => seen.halts += 1,
        }
    };
    let told = async {
        let told = story.await;
        stop.cancel();
        told
    };
    let (tally, told) = tokio::join!(keeper.run(PACE, &stop, watch), told);
    Ok((tally, told?))
}

/// Waits until the keeper has seen what is asked for.
async fn until(seen: &Mutex<Seen>, enough: impl Fn(&Seen) -> bool) -> Result<()> {
    let patience = tokio::time::Instant::now() + PATIENCE;
    while !seen.lock().is_ok_and(|seen| enough(&seen)) {
        ensure!(
            tokio::time::Instant::now() < patience,
            "the keeper has only seen {seen:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keeper_outlives_its_node_and_rebalances_on_the_next_one() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let keeper = keeper(&chain)?;
    let seen = Mutex::default();
    let (tally, chain) = beside(&keeper, &seen, async {
        until(&seen, |seen| seen.waits > 0).await?;
        let (shares, block) = (chain.main.shares(&chain, ALICE).await?, chain.now().await?);
        let chain = chain
            .restart(async { drop(until(&seen, |seen| seen.errors > 1).await) })
            .await?;
        ensure!(
            chain.main.shares(&chain, ALICE).await? == shares,
            "the state did not survive"
        );
        ensure!(chain.now().await? >= block, "time ran backwards");

        let start = chain.market.assets[WBTC].config.price;
        for step in 1..=6 {
            chain.market.warp(STEP_S).await?;
            chain
                .market
                .move_price(WBTC, start.times(RISE.powf(f64::from(step) / 6.0)))
                .await?;
        }
        chain.market.warp(1_860).await?;
        until(&seen, |seen| seen.rebalances > 0).await?;
        Ok(chain)
    })
    .await?;
    assert!(tally.errors > 1 && tally.rebalances >= 1, "{tally:?}");
    let g = &chain.main;
    assert!(g.state(&chain).await?.nonce >= 1);
    assert!(g.check(&chain).await?.1 < U256::from(20_000_000_000_000_000_u64));
    chain.send(ALICE, g.vault, &g.redeem(ONE, ALICE)).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keeper_that_starts_before_its_node_finds_it() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let keeper = keeper(&chain)?;
    let seen = Mutex::default();
    let (_, chain) = beside(&keeper, &seen, async {
        let chain = chain
            .restart(async { drop(until(&seen, |seen| seen.errors > 0).await) })
            .await?;
        until(&seen, |seen| seen.rebalances > 0).await?;
        Ok(chain)
    })
    .await?;
    assert!(chain.main.state(&chain).await?.nonce >= 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_halt_and_a_debt_survive_a_restart() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = chain.lab.gimbal.clone();
    let credit = IVault::redeemCall {
        skipMask: U256::from(0b010),
        ..g.redeem(ONE, ALICE)
    };
    chain.send(ALICE, g.vault, &credit).await?;
    chain
        .send(GUARDIAN, g.vault, &IVault::haltCall { reason: 5 })
        .await?;
    let (state, owed) = (g.state(&chain).await?, g.owed(&chain, 1, ALICE).await?);
    let chain = chain.restart(async {}).await?;
    assert_eq!(
        (g.state(&chain).await?, g.owed(&chain, 1, ALICE).await?),
        (state, owed)
    );
    chain
        .send(
            ALICE,
            g.vault,
            &IVault::claimCall {
                asset: g.tokens[1],
                to: ALICE.address,
            },
        )
        .await?;
    assert_eq!(g.balance(&chain, 1, ALICE).await?, owed);
    Ok(())
}
