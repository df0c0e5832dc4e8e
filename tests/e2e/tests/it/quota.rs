//! The outflow quota: what a vault loses when its engine turns on it.

use alloy::primitives::{Address, Bytes, U256, bytes};
use eyre::Result;
use gimbal_abi::IVault;
use gimbal_e2e::actors::{ALICE, GUARDIAN, OWNER};
use gimbal_e2e::chain::{Chain, Start};
use gimbal_e2e::gimbal::Gimbal;
use gimbal_e2e::rpc::Rpc;

const DAY: u64 = 86_400;
const D18: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);
/// An engine and a venue in one: code that keeps what it is sent and returns two zero words.
const ROGUE: Address = Address::repeat_byte(0xbd);
const ROGUE_CODE: Bytes = bytes!("60406000f3");

/// The owner, or who stole its key, makes the rogue engine and venue.
async fn turn(rpc: &Rpc, g: &Gimbal) -> Result<()> {
    rpc.set_code(ROGUE, ROGUE_CODE).await?;
    rpc.send(OWNER, g.vault, &IVault::setEngineCall { engine: ROGUE })
        .await?;
    rpc.send(
        OWNER,
        g.vault,
        &IVault::setVenueCall {
            venue: ROGUE,
            allowed: true,
        },
    )
    .await?;
    Ok(())
}

fn steal(g: &Gimbal, asset: usize, amount: U256) -> IVault::executeSwapCall {
    IVault::executeSwapCall {
        venue: ROGUE,
        tokenIn: g.tokens[asset],
        maxIn: amount,
        tokenOut: g.tokens[(asset + 1) % g.len()],
        minOut: U256::ZERO,
        route: Bytes::new(),
    }
}

/// Takes as much of an asset as the quota lets through, in pieces of 1/`pieces` of what is there, then in halves.
async fn drain(rpc: &Rpc, g: &Gimbal, asset: usize, pieces: u64) -> Result<U256> {
    let mut taken = U256::ZERO;
    let mut amount = g.state(rpc).await?.managed[asset] / U256::from(pieces);
    // Smaller pieces than this are outrun by the refill.
    let crumb = amount / U256::from(10_000);
    while amount > crumb {
        match rpc.send(ROGUE, g.vault, &steal(g, asset, amount)).await {
            Ok(_) => taken += amount,
            Err(_) => amount /= U256::from(4),
        }
    }
    let percent = g.state(rpc).await?.managed[asset] / U256::from(100);
    let more: IVault::QuotaExceeded = rpc
        .refuses_with(ROGUE, g.vault, &steal(g, asset, percent))
        .await?;
    assert_eq!(more.token, g.tokens[asset]);
    assert!(more.used > more.cap);
    Ok(taken)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malicious_engine_takes_at_most_the_quota_in_a_day() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    turn(&chain, g).await?;
    for asset in 0..3 {
        let before = g.state(&chain).await?.managed[asset];
        let start = chain.now().await?;
        let taken = drain(&chain, g, asset, 7 + asset as u64).await?;
        let refill = U256::from(chain.now().await? - start);
        let bound = before / U256::from(4) + before * refill / U256::from(4 * DAY);
        assert!(taken <= bound, "INV-13: took {taken} of {before}");
        assert!(
            taken * U256::from(5) > before,
            "the quota is there to be used: {taken} of {before}"
        );
        let quota = chain
            .view(
                g.vault,
                &IVault::quotaCall {
                    asset: g.tokens[asset],
                },
            )
            .await?;
        assert!(
            quota.used <= quota.cap && quota.cap == D18 / U256::from(4),
            "{quota:?}"
        );
        assert_eq!(g.balance(&chain, asset, ROGUE).await?, taken);
    }
    let state = g.state(&chain).await?;
    assert_eq!(g.balances(&chain, g.vault).await?, state.managed, "INV-01");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quota_refills_with_time_and_never_more_than_once_over() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    turn(&chain, g).await?;
    drain(&chain, g, 1, 5).await?;

    chain.warp(DAY / 2).await?;
    let before = g.state(&chain).await?.managed[1];
    let half = drain(&chain, g, 1, 9).await?;
    assert!(
        half <= before * U256::from(130) / U256::from(1_000),
        "half a day refills half: {half} of {before}"
    );
    assert!(
        half >= before * U256::from(100) / U256::from(1_000),
        "{half} of {before}"
    );

    chain.warp(30 * DAY).await?;
    let quota = chain
        .view(g.vault, &IVault::quotaCall { asset: g.tokens[1] })
        .await?;
    assert_eq!(quota.used, U256::ZERO);
    let before = g.state(&chain).await?.managed[1];
    let month = drain(&chain, g, 1, 9).await?;
    assert!(
        month <= before / U256::from(4) + before / U256::from(1_000),
        "a month saves up nothing"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flash_mint_around_the_theft_takes_no_more_per_share() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    turn(&chain, g).await?;
    let before = g.state(&chain).await?;
    let shares = before.supply * U256::from(3);
    g.deposit(&chain, GUARDIAN, shares).await?;
    drain(&chain, g, 0, 5).await?;
    chain
        .send(GUARDIAN, g.vault, &g.redeem(shares, GUARDIAN))
        .await?;
    let after = g.state(&chain).await?;
    assert!(
        after.managed[0] * U256::from(1_000) >= before.managed[0] * U256::from(749),
        "{after:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_guardian_stops_the_theft_and_exit_goes_on() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    turn(&chain, g).await?;
    let piece = U256::from(1_000_000);
    chain.send(ROGUE, g.vault, &steal(g, 0, piece)).await?;

    let calm = chain.snapshot().await?;
    chain
        .send(
            GUARDIAN,
            g.vault,
            &IVault::setVenueCall {
                venue: ROGUE,
                allowed: false,
            },
        )
        .await?;
    chain
        .refuses(
            ROGUE,
            g.vault,
            &steal(g, 0, piece),
            IVault::UnknownVenue { venue: ROGUE },
        )
        .await?;
    chain.revert_to(calm).await?;

    let calm = chain.snapshot().await?;
    chain
        .send(
            GUARDIAN,
            g.vault,
            &IVault::setQuotaCall {
                asset: g.tokens[0],
                outBps: 0,
            },
        )
        .await?;
    chain
        .refuses_with::<IVault::QuotaExceeded>(ROGUE, g.vault, &steal(g, 0, piece))
        .await?;
    chain.revert_to(calm).await?;

    chain
        .send(GUARDIAN, g.vault, &IVault::haltCall { reason: 1 })
        .await?;
    chain
        .refuses(
            ROGUE,
            g.vault,
            &steal(g, 0, piece),
            IVault::WrongMode { mode: 1 },
        )
        .await?;
    chain.send(ALICE, g.vault, &g.redeem(D18, ALICE)).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_venue_that_pays_less_than_asked_is_refused() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    turn(&chain, g).await?;
    let want = U256::from(1);
    let call = IVault::executeSwapCall {
        minOut: want,
        ..steal(g, 0, U256::from(1_000_000))
    };
    let slippage = IVault::Slippage {
        token: g.tokens[1],
        got: U256::ZERO,
        want,
    };
    chain.refuses(ROGUE, g.vault, &call, slippage).await
}
