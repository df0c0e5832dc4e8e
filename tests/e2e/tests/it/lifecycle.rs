//! The main job on a real chain state, and its counterpart: the jump that rightly stops it.

use alloy::primitives::U256;
use eyre::{Result, ensure};
use gimbal_abi::{IEngine, IVault};
use gimbal_e2e::actors::{ALICE, BOB, KEEPER, OWNER};
use gimbal_e2e::chain::{Chain, Start};
use gimbal_e2e::world::{USDC, WBTC};
use gimbal_keeper::config::Addresses;
use gimbal_keeper::decide::Policy;
use gimbal_keeper::keeper::{Keeper, Outcome};
use gimbal_keeper::rpc::Chain as KeeperChain;
use gimbal_keeper::send::{SendPolicy, Sender};
use gimbal_scripts::artifact::Artifacts;
use gimbal_scripts::story::{self, Staging};
use gimbal_scripts::summary::Summary;

const ONE: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

/// The keeper in process, with the key that may rebalance the main vault.
pub(crate) fn keeper(chain: &Chain) -> Result<Keeper> {
    let addresses = Addresses {
        vault: chain.main.vault,
        engine: chain.main.engine,
    };
    let sender = Sender::new(
        KeeperChain::connect(chain.url())?,
        KEEPER.signer(),
        SendPolicy::default(),
    );
    Ok(Keeper::new(sender, addresses, Policy::default()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_loop_happens_on_chain() -> Result<()> {
    let node = stylus_devnode::spawn(stylus_devnode::Config::default()).await?;
    let chain = gimbal_scripts::chain::Chain::connect(&node.url()).await?;
    let tale = story::run(&chain, &Artifacts::default(), &Staging::local()?, &|_| {}).await?;
    let summary = Summary::of(&tale).ok_or_else(|| eyre::eyre!("no rebalance"))?;

    assert_eq!(
        (summary.schema, summary.chain_id, summary.band_bps),
        ("gimbal.demo/1", 412_346, 200)
    );
    assert!(
        summary.drift_bps_before > 200.0 && summary.drift_bps_after < 200.0,
        "{summary:?}"
    );
    assert!(
        summary.nav_after * U256::from(10_000) >= summary.nav_before * U256::from(9_970),
        "INV-09"
    );
    assert_eq!(summary.hostile_trade_error, "Slippage");
    assert!(summary.redeem_after_kill);
    assert!(
        summary.gas.iter().all(|step| step.gas_used > 21_000),
        "{summary:?}"
    );

    // The chain says the same.
    let system = &tale.system;
    let state = chain.read(system.vault, &IVault::stateCall {}).await?;
    assert_eq!(
        (state.mode, usize::try_from(state.nonce)?),
        (2, summary.rebalance.trades)
    );
    let receipt =
        alloy::providers::Provider::get_transaction_receipt(chain.provider(), summary.rebalance.tx)
            .await?;
    let receipt = receipt.ok_or_else(|| eyre::eyre!("no receipt of the rebalance"))?;
    assert_eq!(
        (receipt.status(), receipt.gas_used),
        (true, summary.rebalance.gas_used)
    );
    assert!(
        chain
            .read(
                system.vault,
                &IVault::balanceOfCall {
                    account: system.roles.bob.address()
                }
            )
            .await?
            .is_zero()
    );
    for asset in &system.market.assets {
        assert!(
            chain.balance(asset.token, system.adapter).await?.is_zero(),
            "INV-12"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keeper_brings_drift_back_into_the_band_and_then_waits() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let g = &chain.main;
    let keeper = keeper(&chain)?;
    let before = g.state(&chain).await?;
    let outcome = keeper.once().await?;
    let Outcome::Rebalanced(done) = outcome else {
        eyre::bail!("not rebalanced: {outcome:?}")
    };
    let receipt = chain.receipt(done.tx).await?;
    assert!(receipt.status());
    let after = g.state(&chain).await?;
    assert_eq!(usize::try_from(after.nonce)?, done.trades);
    assert_eq!(after.supply, before.supply);
    assert!(g.check(&chain).await?.1 < U256::from(20_000_000_000_000_000_u64));
    assert_eq!(g.balances(&chain, g.vault).await?, after.managed, "INV-01");
    let again = keeper.once().await?;
    assert!(matches!(again, Outcome::Waited { .. }), "{again:?}");
    assert_eq!(g.state(&chain).await?.nonce, after.nonce);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_jump_of_15_percent_latches_the_breaker_until_the_owner_resumes() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.main;
    let price = chain.market.assets[WBTC].config.price.times(1.15);
    chain.market.move_price(WBTC, price).await?;

    // The honest keeper sees it coming and sends nothing.
    let outcome = keeper(&chain)?.once().await?;
    ensure!(matches!(outcome, Outcome::Waited { .. }), "{outcome:?}");
    assert_eq!(g.mode(&chain).await?, 0);

    // A careless one trips, by returning: the transaction succeeds and the latch lasts.
    let call = g.rebalance(&chain, vec![g.trade(WBTC, USDC)]).await?;
    let (done, sent) = chain.run(KEEPER, g.engine, &call).await?;
    assert_eq!((done.outcome, done.navAfter), (1, U256::ZERO));
    let tripped: IEngine::Tripped = sent.event(g.engine)?;
    assert_eq!(
        (tripped.caller, tripped.index),
        (KEEPER.address, U256::from(WBTC))
    );
    assert_eq!(tripped.limit, U256::from(500));
    assert!(tripped.value >= tripped.limit);
    sent.emits(
        g.vault,
        &IVault::Halted {
            caller: g.engine,
            reason: tripped.reason,
        },
    )?;
    let halted_at = chain.now().await?;
    let state = g.state(&chain).await?;
    assert_eq!((state.mode, state.nonce), (1, 0), "INV-14");

    // No trade, but everything else.
    chain
        .refuses(KEEPER, g.engine, &call, IEngine::WrongMode { mode: 1 })
        .await?;
    chain.send(ALICE, g.vault, &g.redeem(ONE, ALICE)).await?;
    g.deposit(&chain, BOB, ONE).await?;

    // Not while the sources disagree, not before an hour has passed.
    let resume = IEngine::resumeCall {};
    let deviation: IEngine::Deviation = chain.refuses_with(OWNER, g.engine, &resume).await?;
    assert_eq!(deviation.index, U256::from(WBTC));
    chain.market.warp(1_860).await?;
    chain
        .refuses(
            OWNER,
            g.engine,
            &resume,
            IVault::MinHalt {
                until: halted_at + 3_600,
            },
        )
        .await?;
    chain.market.warp(1_800).await?;
    chain
        .refuses(KEEPER, g.engine, &resume, IEngine::NotRole { role: 0 })
        .await?;
    chain.send(OWNER, g.engine, &resume).await?;
    assert_eq!(g.mode(&chain).await?, 0);
    let (done, _) = chain
        .run(KEEPER, g.engine, &call_again(&chain).await?)
        .await?;
    assert_eq!(done.outcome, 0);
    Ok(())
}

async fn call_again(chain: &Chain) -> Result<IEngine::rebalanceCall> {
    chain
        .main
        .rebalance(chain, vec![chain.main.trade(WBTC, USDC)])
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_nothing_trades_or_mints_and_everybody_leaves() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let g = &chain.main;
    chain
        .send(
            gimbal_e2e::actors::GUARDIAN,
            g.vault,
            &IVault::killCall { reason: 1 },
        )
        .await?;
    assert!(matches!(
        keeper(&chain)?.once().await?,
        Outcome::Halted { .. }
    ));
    chain
        .refuses(
            KEEPER,
            g.engine,
            &call_again(&chain).await?,
            IEngine::WrongMode { mode: 2 },
        )
        .await?;
    chain
        .refuses(
            BOB,
            g.vault,
            &g.mint(ONE, BOB),
            IVault::WrongMode { mode: 2 },
        )
        .await?;
    chain
        .refuses(
            OWNER,
            g.engine,
            &IEngine::resumeCall {},
            IVault::WrongMode { mode: 2 },
        )
        .await?;
    for holder in [ALICE, BOB, OWNER] {
        let shares = g.shares(&chain, holder).await?;
        let (out, _) = chain
            .run(holder, g.vault, &g.redeem(shares, holder))
            .await?;
        assert_eq!(out.owedMask, U256::ZERO);
    }
    assert_eq!(
        g.state(&chain).await?.supply,
        U256::from(1_000_000_000_000_000_u64),
        "INV-03"
    );
    Ok(())
}
