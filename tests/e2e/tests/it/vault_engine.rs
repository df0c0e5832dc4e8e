//! The vault's functions for its engine: guards walked in the documented order.

use alloy::primitives::U256;
use eyre::Result;
use gimbal_abi::IVault;
use gimbal_e2e::actors::{GUARDIAN, OUTSIDER, OWNER};
use gimbal_e2e::chain::{Chain, Start};
use gimbal_e2e::world::WETH;

const HOUR: u64 = 3_600;
const NOT_ENGINE: IVault::NotRole = IVault::NotRole { role: 2 };

fn halt() -> IVault::haltCall {
    IVault::haltCall { reason: 7 }
}

fn kill() -> IVault::killCall {
    IVault::killCall { reason: 8 }
}

#[tokio::test(flavor = "multi_thread")]
async fn execute_swap_walks_lock_engine_mode_seeded_venue_tokens_amount_quota_outcome() -> Result<()>
{
    let chain = Chain::start(Start::Unseeded).await?;
    let (g, vault) = (&chain.lab.gimbal, chain.lab.gimbal.vault);
    let stranger = chain.main.tokens[WETH];
    let swap = |venue, token_in, max_in: u64, token_out, min_out: U256| IVault::executeSwapCall {
        venue,
        tokenIn: token_in,
        maxIn: U256::from(max_in),
        tokenOut: token_out,
        minOut: min_out,
        route: g.route(0, 1),
    };
    let wrong = || swap(OUTSIDER.address, stranger, 0, stranger, U256::MAX);

    let calm = chain.snapshot().await?;
    chain.send(OWNER, vault, &halt()).await?;
    let lock = g.lock(&chain).await?;
    chain
        .refuses(OUTSIDER, vault, &wrong(), IVault::Locked {})
        .await?;
    g.unlock(&chain, lock).await?;
    chain.refuses(OWNER, vault, &wrong(), NOT_ENGINE).await?;
    chain
        .refuses(g.engine, vault, &wrong(), IVault::WrongMode { mode: 1 })
        .await?;
    chain.send(OWNER, vault, &kill()).await?;
    chain
        .refuses(g.engine, vault, &wrong(), IVault::WrongMode { mode: 2 })
        .await?;
    chain.revert_to(calm).await?;
    chain
        .refuses(g.engine, vault, &wrong(), IVault::NotSeeded {})
        .await?;
    chain.lab.seed(&chain).await?;
    chain
        .refuses(
            g.engine,
            vault,
            &wrong(),
            IVault::UnknownVenue {
                venue: OUTSIDER.address,
            },
        )
        .await?;
    let (a, b) = (g.tokens[0], g.tokens[1]);
    let unlisted = IVault::NotListed { token: stranger };
    chain
        .refuses(
            g.engine,
            vault,
            &swap(g.adapter, stranger, 0, a, U256::MAX),
            unlisted.clone(),
        )
        .await?;
    chain
        .refuses(
            g.engine,
            vault,
            &swap(g.adapter, a, 0, stranger, U256::MAX),
            unlisted,
        )
        .await?;
    let same = chain
        .refusal(g.engine, vault, &swap(g.adapter, a, 0, a, U256::MAX))
        .await?;
    assert!(
        same.is::<IVault::DuplicateAsset>() || same.is::<IVault::NotListed>(),
        "{}",
        same.describe()
    );
    chain
        .refuses(
            g.engine,
            vault,
            &swap(g.adapter, a, 0, b, U256::MAX),
            IVault::ZeroAmount {},
        )
        .await?;

    let managed = g.state(&chain).await?.managed;
    let quarter = u64::try_from(managed[0] / U256::from(4))?;
    let exceeded: IVault::QuotaExceeded = chain
        .refuses_with(
            g.engine,
            vault,
            &swap(g.adapter, a, quarter + 1, b, U256::MAX),
        )
        .await?;
    assert_eq!(exceeded.token, a);
    let slippage: IVault::Slippage = chain
        .refuses_with(
            g.engine,
            vault,
            &swap(g.adapter, a, 1_000_000, b, U256::MAX),
        )
        .await?;
    assert_eq!((slippage.token, slippage.want), (b, U256::MAX));

    let ((spent, got), sent) = {
        let (out, sent) = chain
            .run(
                g.engine,
                vault,
                &swap(g.adapter, a, 1_000_000, b, slippage.got),
            )
            .await?;
        ((out.spent, out.got), sent)
    };
    assert_eq!((spent, got), (U256::from(1_000_000), slippage.got));
    let swapped = IVault::Swapped {
        nonce: 1,
        venue: g.adapter,
        tokenIn: a,
        tokenOut: b,
        spent,
        got,
    };
    let found: IVault::Swapped = sent.event(vault)?;
    assert!(found.nonce <= 1, "the nonce counts swaps from 0");
    assert_eq!(IVault::Swapped { nonce: 1, ..found }, swapped);
    let state = g.state(&chain).await?;
    assert_eq!(state.nonce, 1);
    assert_eq!(
        (state.managed[0], state.managed[1]),
        (managed[0] - spent, managed[1] + got)
    );
    assert_eq!(g.balances(&chain, vault).await?, state.managed);
    assert_eq!(
        g.balances(&chain, g.adapter).await?,
        vec![U256::ZERO; 3],
        "INV-12"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn trip_walks_lock_engine_mode_and_latches() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let (g, vault) = (&chain.lab.gimbal, chain.lab.gimbal.vault);
    let trip = IVault::tripCall { reason: 3 };
    let alive = chain.snapshot().await?;
    chain.send(OWNER, vault, &kill()).await?;
    let lock = g.lock(&chain).await?;
    chain
        .refuses(OWNER, vault, &trip, IVault::Locked {})
        .await?;
    g.unlock(&chain, lock).await?;
    chain.refuses(OWNER, vault, &trip, NOT_ENGINE).await?;
    chain
        .refuses(g.engine, vault, &trip, IVault::WrongMode { mode: 2 })
        .await?;
    chain.revert_to(alive).await?;

    let sent = chain.send(g.engine, vault, &trip).await?;
    sent.emits(
        vault,
        &IVault::Halted {
            caller: g.engine,
            reason: 3,
        },
    )?;
    let since = chain.view(vault, &IVault::modeSinceCall {}).await?;
    assert_eq!((since.mode, since.haltedAt), (1, chain.now().await?));
    let again = chain.send(g.engine, vault, &trip).await?;
    assert!(
        again.receipt.logs().is_empty(),
        "a trip of a halted vault does nothing"
    );
    assert_eq!(
        chain.view(vault, &IVault::modeSinceCall {}).await?.haltedAt,
        since.haltedAt
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn resume_walks_lock_engine_mode_minimum_halt() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let (g, vault) = (&chain.lab.gimbal, chain.lab.gimbal.vault);
    let resume = IVault::resumeCall {};
    let lock = g.lock(&chain).await?;
    chain
        .refuses(OWNER, vault, &resume, IVault::Locked {})
        .await?;
    g.unlock(&chain, lock).await?;
    chain.refuses(OWNER, vault, &resume, NOT_ENGINE).await?;
    chain
        .refuses(g.engine, vault, &resume, IVault::WrongMode { mode: 0 })
        .await?;
    let alive = chain.snapshot().await?;
    chain.send(OWNER, vault, &kill()).await?;
    chain
        .refuses(g.engine, vault, &resume, IVault::WrongMode { mode: 2 })
        .await?;
    chain.revert_to(alive).await?;

    chain.send(GUARDIAN, vault, &halt()).await?;
    let until = chain.view(vault, &IVault::modeSinceCall {}).await?.haltedAt + HOUR;
    chain
        .refuses(g.engine, vault, &resume, IVault::MinHalt { until })
        .await?;
    chain.warp_to(until - 1).await?;
    let early: IVault::MinHalt = chain.refuses_with(g.engine, vault, &resume).await?;
    assert_eq!(early.until, until);
    chain.warp_to(until).await?;
    let sent = chain.send(g.engine, vault, &resume).await?;
    sent.emits(vault, &IVault::Resumed { caller: g.engine })?;
    assert_eq!(g.mode(&chain).await?, 0);
    Ok(())
}
