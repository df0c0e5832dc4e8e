//! Re-entrancy with real frames: a token and a pool that call every function of Gimbal from inside its own calls.
//!
//! The attacker is given every role first, so that each of its calls would be let through at any other time (the first
//! test shows it); what stops them is that an operation is open.

use alloy::primitives::{Address, U256};
use alloy::sol_types::SolCall;
use eyre::{Result, ensure};
use gimbal_abi::{IAdapter, IEngine, IVault};
use gimbal_e2e::actors::{ALICE, BOB, KEEPER, OUTSIDER, OWNER};
use gimbal_e2e::chain::{Chain, Start};
use gimbal_e2e::gimbal::Gimbal;
use gimbal_e2e::mocks::Trap;
use gimbal_e2e::revert::Revert;
use gimbal_e2e::rpc::{GAS, Outcome, Rpc};
use gimbal_e2e::world::WBTC;
use gimbal_scripts::market::mocks::{HostilePool, Reentrant};

use crate::attack::{Attack, ONE, attack, callback, empower, look, on_the_rest, on_vault};

async fn arm(rpc: &Rpc, attacker: Address, attacks: &[Attack]) -> Result<()> {
    rpc.send(OUTSIDER, attacker, &Reentrant::disarmCall {})
        .await?;
    for a in attacks {
        rpc.send(
            OUTSIDER,
            attacker,
            &Reentrant::armCall {
                target: a.target,
                data: a.data.clone(),
            },
        )
        .await?;
    }
    Ok(())
}

/// All attacks were made at least once, and all failed.
async fn all_failed(rpc: &Rpc, attacker: Address, attacks: &[Attack]) -> Result<()> {
    let count: usize = rpc
        .view(attacker, &Reentrant::outcomeCountCall {})
        .await?
        .to();
    ensure!(
        count >= attacks.len() && count.is_multiple_of(attacks.len()),
        "{count} of {} fired",
        attacks.len()
    );
    for i in 0..count {
        let outcome = rpc
            .view(attacker, &Reentrant::outcomeCall { i: U256::from(i) })
            .await?;
        let name = attacks[i % attacks.len()].name;
        ensure!(
            !outcome.ok,
            "{name} was let through while an operation was open"
        );
    }
    Ok(())
}

/// Runs `call` with and without the attacks and compares what it left behind.
async fn survives(
    chain: &Chain,
    g: &Gimbal,
    attacker: Address,
    attacks: &[Attack],
    (from, to, call): (Address, Address, &impl SolCall),
) -> Result<()> {
    let before = chain.snapshot().await?;
    arm(chain, attacker, &[]).await?;
    chain.send(from, to, call).await?;
    let undisturbed = look(chain, g, attacker).await?;
    chain.revert_to(before).await?;
    let before = chain.snapshot().await?;
    arm(chain, attacker, attacks).await?;
    chain.send(from, to, call).await?;
    all_failed(chain, attacker, attacks).await?;
    assert_eq!(look(chain, g, attacker).await?, undisturbed);
    chain.revert_to(before).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_attacks_pass_when_no_operation_is_open() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    let attacker = g.tokens[1];
    empower(&chain, g, attacker).await?;
    let limits = g.limits(&chain).await?;
    for a in on_vault(g, attacker)
        .into_iter()
        .chain(on_the_rest(g, &limits))
    {
        let outcome = chain.ask(attacker, a.target, a.data, GAS).await?;
        let (passed, words) = match outcome {
            Outcome::Returned(_) => (true, String::new()),
            Outcome::Reverted(revert) => (false, revert.describe()),
        };
        assert_eq!(passed, a.passes, "{}: {words}", a.name);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_every_role_changes_nothing_from_inside_mint_and_claim() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    let attacker = g.tokens[1];
    empower(&chain, g, attacker).await?;
    let mut attacks = on_vault(g, attacker);
    attacks.extend(on_the_rest(g, &g.limits(&chain).await?));
    attacks.push(attack(g.adapter, &callback(attacker, 1_000), false));

    g.fund(&chain, BOB, ONE).await?;
    let mint = g.mint(ONE, BOB);
    survives(&chain, g, attacker, &attacks, (BOB.address, g.vault, &mint)).await?;

    let credit = IVault::redeemCall {
        skipMask: U256::from(0b010),
        ..g.redeem(ONE, ALICE)
    };
    chain.send(ALICE, g.vault, &credit).await?;
    let claim = IVault::claimCall {
        asset: attacker,
        to: ALICE.address,
    };
    survives(
        &chain,
        g,
        attacker,
        &attacks,
        (ALICE.address, g.vault, &claim),
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_every_role_changes_nothing_from_inside_redeem() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    let attacker = g.tokens[1];
    empower(&chain, g, attacker).await?;
    let mut attacks = on_vault(g, attacker);
    attacks.extend(on_the_rest(g, &g.limits(&chain).await?));
    let redeem = g.redeem(ONE, ALICE);
    let start = chain.snapshot().await?;
    arm(&chain, attacker, &[]).await?;
    chain.send(ALICE, g.vault, &redeem).await?;
    let undisturbed = look(&chain, g, attacker).await?;
    chain.revert_to(start).await?;

    // One at a time: the token has 300,000 gas for all of it.
    for a in attacks {
        let before = chain.snapshot().await?;
        let attacks = [a];
        arm(&chain, attacker, &attacks).await?;
        chain.send(ALICE, g.vault, &redeem).await?;
        all_failed(&chain, attacker, &attacks).await?;
        assert_eq!(
            look(&chain, g, attacker).await?,
            undisturbed,
            "{}",
            attacks[0].name
        );
        chain.revert_to(before).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_owns_the_vault_changes_nothing_from_inside_genesis() -> Result<()> {
    let chain = Chain::start(Start::Unseeded).await?;
    let g = &chain.lab.gimbal;
    let attacker = g.tokens[1];
    let mut attacks = on_vault(g, attacker);
    attacks.extend(on_the_rest(g, &g.limits(&chain).await?));
    chain
        .send(
            OWNER,
            g.vault,
            &IVault::setGuardianCall {
                guardian: attacker,
                allowed: true,
            },
        )
        .await?;
    arm(&chain, attacker, &attacks).await?;
    chain.lab.seed(&chain).await?;
    all_failed(&chain, attacker, &attacks).await?;
    let state = g.state(&chain).await?;
    assert_eq!(
        (state.mode, state.managed),
        (0, gimbal_e2e::lab::seed_amounts())
    );
    Ok(())
}

/// Brings WBTC out of its band at once, with an average that agrees.
async fn drift_lab(chain: &Chain) -> Result<IEngine::rebalanceCall> {
    let price = chain.market.assets[WBTC].config.price.times(1.15);
    chain.lab.set_price(chain, &chain.market, 1, price).await?;
    let g = &chain.lab.gimbal;
    g.rebalance(chain, vec![g.trade(1, 0)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_with_every_role_change_nothing_from_inside_a_rebalance() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    for attacker in [g.tokens[1], g.tokens[0]] {
        let calm = chain.snapshot().await?;
        empower(&chain, g, attacker).await?;
        let call = drift_lab(&chain).await?;
        let mut attacks = on_vault(g, attacker);
        attacks.extend(on_the_rest(g, &g.limits(&chain).await?));
        attacks.push(attack(g.adapter, &callback(attacker, 1_000), false));
        survives(
            &chain,
            g,
            attacker,
            &attacks,
            (KEEPER.address, g.engine, &call),
        )
        .await?;
        chain.revert_to(calm).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_with_every_role_changes_nothing_from_inside_swap() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    let attacker = g.pools[1];
    empower(&chain, g, attacker).await?;
    let call = drift_lab(&chain).await?;
    let mut attacks = on_vault(g, attacker);
    attacks.extend(on_the_rest(g, &g.limits(&chain).await?));
    for trap in [Trap::BeforeCallback, Trap::AfterCallback] {
        chain
            .send(
                OUTSIDER,
                attacker,
                &HostilePool::setTrapCall { trap: trap as u8 },
            )
            .await?;
        survives(
            &chain,
            g,
            attacker,
            &attacks,
            (KEEPER.address, g.engine, &call),
        )
        .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_uses_up_the_callback_early_is_refused_at_the_real_one() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    let pool = g.pools[1];
    let call = drift_lab(&chain).await?;
    chain
        .send(
            OUTSIDER,
            pool,
            &HostilePool::setTrapCall {
                trap: Trap::BeforeCallback as u8,
            },
        )
        .await?;
    let early = [attack(g.adapter, &callback(g.tokens[1], 1), false)];
    arm(&chain, pool, &early).await?;
    chain
        .refuses(
            KEEPER,
            g.engine,
            &call,
            IAdapter::UnexpectedCallback { caller: pool },
        )
        .await?;

    // After the real callback there is none left to use.
    chain
        .send(
            OUTSIDER,
            pool,
            &HostilePool::setTrapCall {
                trap: Trap::AfterCallback as u8,
            },
        )
        .await?;
    chain.send(KEEPER, g.engine, &call).await?;
    all_failed(&chain, pool, &early).await?;
    let outcome = chain
        .view(pool, &Reentrant::outcomeCall { i: U256::ZERO })
        .await?;
    let error = Revert(outcome.data).decode::<IAdapter::UnexpectedCallback>()?;
    assert_eq!(error.caller, pool);
    Ok(())
}
