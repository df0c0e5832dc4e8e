//! The way out: `redeem` pays what can be paid and owes the rest, whatever the tokens do.

use alloy::primitives::{Address, Bytes, U256};
use alloy::providers::Provider;
use alloy::sol_types::{SolCall, SolValue};
use eyre::Result;
use gimbal_abi::IVault;
use gimbal_e2e::actors::{ALICE, BOB, GUARDIAN, OUTSIDER, OWNER};
use gimbal_e2e::chain::{Chain, Start};
use gimbal_e2e::gimbal::Gimbal;
use gimbal_e2e::mocks::{self, Behaviour, FeedMode};
use gimbal_e2e::revert::Revert;
use gimbal_e2e::rpc::{Outcome, Rpc};
use gimbal_scripts::market::mocks::{HostileToken, MockFeed};

/// 1e18
const ONE: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

async fn behave(rpc: &Rpc, g: &Gimbal, asset: usize, behaviour: Behaviour) -> Result<()> {
    let call = HostileToken::setBehaviourCall {
        behaviour: behaviour as u8,
    };
    rpc.send(OWNER, g.tokens[asset], &call).await.map(drop)
}

async fn block(rpc: &Rpc, g: &Gimbal, asset: usize, account: Address, blocked: bool) -> Result<()> {
    rpc.send(
        OWNER,
        g.tokens[asset],
        &HostileToken::setBlockedCall { account, blocked },
    )
    .await
    .map(drop)
}

/// Redeems one share of Alice's and checks that every asset was either paid or is owed, exactly.
async fn redeem_one(rpc: &Rpc, g: &Gimbal, receiver: Address) -> Result<U256> {
    let due = rpc
        .view(g.vault, &IVault::previewRedeemCall { shares: ONE })
        .await?
        .amounts;
    let call = IVault::redeemCall {
        receiver,
        ..g.redeem(ONE, ALICE)
    };
    let before = g.state(rpc).await?;
    let mut paid_before = Vec::new();
    let mut owed_before = Vec::new();
    for asset in 0..g.len() {
        paid_before.push(raw_balance(rpc, g, asset, receiver).await?);
        owed_before.push(g.owed(rpc, asset, receiver).await?);
    }

    let (out, sent) = rpc.run(ALICE, g.vault, &call).await?;

    assert_eq!(out.amountsOut, due);
    let after = g.state(rpc).await?;
    assert_eq!(after.supply, before.supply - ONE);
    for asset in 0..g.len() {
        let paid = raw_balance(rpc, g, asset, receiver).await? - paid_before[asset];
        let owed = g.owed(rpc, asset, receiver).await? - owed_before[asset];
        let is_owed = out.owedMask.bit(asset);
        let expected = if is_owed {
            (U256::ZERO, due[asset])
        } else {
            (due[asset], U256::ZERO)
        };
        assert_eq!((paid, owed), expected, "asset {asset}");
        assert_eq!(after.managed[asset], before.managed[asset] - due[asset]);
        let event = IVault::Owed {
            user: receiver,
            asset: g.tokens[asset],
            amount: due[asset],
        };
        assert_eq!(
            sent.events::<IVault::Owed>(g.vault).contains(&event),
            is_owed
        );
    }
    Ok(out.owedMask)
}

/// Balance of a token that may have no code any more.
async fn raw_balance(rpc: &Rpc, g: &Gimbal, asset: usize, of: Address) -> Result<U256> {
    Ok(g.balance(rpc, asset, of).await.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocklisted_vault_owes_and_pays_exactly_that_later() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    block(&chain, g, 1, g.vault, true).await?;
    assert_eq!(
        redeem_one(&chain, g, ALICE.address).await?,
        U256::from(0b010)
    );
    assert_eq!(
        redeem_one(&chain, g, ALICE.address).await?,
        U256::from(0b010)
    );

    let owed = g.owed(&chain, 1, ALICE).await?;
    let reserved = chain
        .view(g.vault, &IVault::reservedCall { asset: g.tokens[1] })
        .await?;
    assert_eq!(owed, reserved, "INV-02");
    let claim = IVault::claimCall {
        asset: g.tokens[1],
        to: ALICE.address,
    };
    let blocked: HostileToken::Blocked = chain.refuses_with(ALICE, g.vault, &claim).await?;
    assert_eq!(blocked.account, g.vault, "the token's own words");
    assert_eq!(g.owed(&chain, 1, ALICE).await?, owed);

    block(&chain, g, 1, g.vault, false).await?;
    chain.send(ALICE, g.vault, &claim).await?;
    assert_eq!(g.balance(&chain, 1, ALICE).await?, owed, "INV-08");
    chain
        .refuses_with::<IVault::NothingOwed>(ALICE, g.vault, &claim)
        .await?;
    let state = g.state(&chain).await?;
    assert_eq!(
        g.balance(&chain, 1, g.vault).await?,
        state.managed[1],
        "INV-01"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocklisted_receiver_is_owed_and_may_send_it_elsewhere() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    block(&chain, g, 2, BOB.address, true).await?;
    assert_eq!(redeem_one(&chain, g, BOB.address).await?, U256::from(0b100));
    let owed = g.owed(&chain, 2, BOB).await?;
    let claim = |to| IVault::claimCall {
        asset: g.tokens[2],
        to,
    };
    chain
        .refuses_with::<IVault::NothingOwed>(ALICE, g.vault, &claim(ALICE.address))
        .await?;
    chain
        .refuses_with::<HostileToken::Blocked>(BOB, g.vault, &claim(BOB.address))
        .await?;
    chain.send(BOB, g.vault, &claim(OUTSIDER.address)).await?;
    assert_eq!(g.balance(&chain, 2, OUTSIDER).await?, owed);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_misbehaviour_of_a_token_is_a_payment_or_a_debt_and_never_stops_the_others()
-> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    for (behaviour, mask) in [
        (Behaviour::ReturnFalse, 0b010),
        (Behaviour::ReturnTrueOnly, 0b010),
        (Behaviour::NoReturn, 0),
        (Behaviour::Reverts, 0b010),
        (Behaviour::RevertsEmpty, 0b010),
        (Behaviour::BurnGas, 0b010),
        (Behaviour::Bomb, 0),
        (Behaviour::RevertBomb, 0b010),
        (Behaviour::Normal, 0),
    ] {
        behave(&chain, g, 1, behaviour).await?;
        assert_eq!(
            redeem_one(&chain, g, ALICE.address).await?,
            U256::from(mask),
            "{behaviour:?}"
        );
    }
    let owed = g.owed(&chain, 1, ALICE).await?;
    let had = g.balance(&chain, 1, ALICE).await?;
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
    assert_eq!(g.balance(&chain, 1, ALICE).await?, had + owed);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn any_subset_of_tokens_may_fail_in_any_mode_and_whatever_the_rest_of_gimbal_does()
-> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    let garbage = g.tokens[0];
    for feed in &g.feeds {
        chain
            .send(
                OUTSIDER,
                *feed,
                &MockFeed::setModeCall {
                    mode: FeedMode::Burn as u8,
                },
            )
            .await?;
    }
    chain
        .send(OWNER, g.vault, &IVault::setEngineCall { engine: garbage })
        .await?;
    chain
        .send(
            OWNER,
            g.vault,
            &IVault::setVenueCall {
                venue: g.adapter,
                allowed: false,
            },
        )
        .await?;
    for subset in 0..8_u64 {
        match subset {
            3 => drop(
                chain
                    .send(OWNER, g.vault, &IVault::haltCall { reason: 1 })
                    .await?,
            ),
            5 => drop(
                chain
                    .send(GUARDIAN, g.vault, &IVault::killCall { reason: 1 })
                    .await?,
            ),
            _ => {}
        }
        for asset in 0..3 {
            let fails = subset >> asset & 1 == 1;
            behave(
                &chain,
                g,
                asset,
                if fails {
                    Behaviour::RevertsEmpty
                } else {
                    Behaviour::Normal
                },
            )
            .await?;
        }
        assert_eq!(
            redeem_one(&chain, g, ALICE.address).await?,
            U256::from(subset),
            "INV-07"
        );
    }
    assert_eq!(g.mode(&chain).await?, 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_whose_code_is_gone_is_owed_and_cannot_be_claimed() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    chain.set_code(g.tokens[2], Bytes::new()).await?;
    assert_eq!(
        redeem_one(&chain, g, ALICE.address).await?,
        U256::from(0b100)
    );
    let claim = IVault::claimCall {
        asset: g.tokens[2],
        to: ALICE.address,
    };
    let refusal = chain.refusal(ALICE, g.vault, &claim).await?;
    assert!(
        refusal.is::<IVault::TransferFailed>()
            || refusal.is::<IVault::NoCode>()
            || refusal.is::<IVault::CallFailed>(),
        "{}",
        refusal.describe()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_robbed_of_one_token_still_pays_the_others() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    let all = g.balance(&chain, 0, g.vault).await?;
    let seize = HostileToken::seizeCall {
        from: g.vault,
        value: all,
    };
    chain.send(OWNER, g.tokens[0], &seize).await?;
    assert_eq!(
        redeem_one(&chain, g, ALICE.address).await?,
        U256::from(0b001)
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn skipped_tokens_are_credited_without_a_call() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    behave(&chain, g, 0, Behaviour::BurnGas).await?;
    let call = IVault::redeemCall {
        skipMask: U256::from(0b101),
        ..g.redeem(ONE, ALICE)
    };
    let (out, sent) = chain.run(ALICE, g.vault, &call).await?;
    assert_eq!(out.owedMask, U256::from(0b101));
    assert!(
        sent.receipt.gas_used < 400_000,
        "used {} gas",
        sent.receipt.gas_used
    );
    assert_eq!(g.owed(&chain, 0, ALICE).await?, out.amountsOut[0]);
    assert_eq!(g.owed(&chain, 2, ALICE).await?, out.amountsOut[2]);
    assert_eq!(g.balance(&chain, 1, ALICE).await?, out.amountsOut[1]);
    let beyond = IVault::redeemCall {
        skipMask: U256::MAX << 3,
        ..g.redeem(ONE, ALICE)
    };
    let out = chain.call(ALICE, g.vault, &beyond).await?;
    assert_eq!(
        out.owedMask,
        U256::from(0b001),
        "bits beyond the assets mean nothing"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_short_of_gas_gets_insufficient_gas_and_never_a_debt() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    let data: Bytes = g.redeem(ONE, ALICE).abi_encode().into();
    let mut short = 0;
    let mut enough = 0;
    for gas in (100_000..1_300_000).step_by(40_000) {
        match chain.ask(ALICE.address, g.vault, data.clone(), gas).await? {
            Outcome::Returned(data) => {
                let out = IVault::redeemCall::abi_decode_returns(&data)?;
                assert_eq!(
                    out.owedMask,
                    U256::ZERO,
                    "{gas} gas turned a payment into a debt"
                );
                enough += 1;
            }
            Outcome::Reverted(revert) if revert.is::<IVault::InsufficientGas>() => {
                let error = revert.decode::<IVault::InsufficientGas>()?;
                assert!(error.available < error.needed, "{error:?}");
                short += 1;
            }
            Outcome::Reverted(Revert(data)) => {
                assert!(data.is_empty() && enough == 0, "{gas} gas: {data}")
            }
        }
    }
    assert!(short > 0 && enough > 0, "{short} short, {enough} enough");

    let receipt = chain
        .transact(ALICE.address, Some(g.vault), data, U256::ZERO, 450_000)
        .await?;
    assert!(!receipt.status());
    for asset in 0..3 {
        assert_eq!(g.owed(&chain, asset, ALICE).await?, U256::ZERO);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fee_switched_on_later_stops_mint_and_swap_but_not_redeem() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    g.fund(&chain, BOB, ONE).await?;
    chain
        .send(
            OWNER,
            g.tokens[0],
            &HostileToken::setFeeCall {
                bps: U256::from(50),
            },
        )
        .await?;
    let refused: IVault::FeeOnTransfer =
        chain.refuses_with(BOB, g.vault, &g.mint(ONE, BOB)).await?;
    assert_eq!(refused.token, g.tokens[0]);
    assert!(refused.got < refused.want);
    let had = g.balance(&chain, 0, ALICE).await?;
    let (out, _) = chain.run(ALICE, g.vault, &g.redeem(ONE, ALICE)).await?;
    assert_eq!(out.owedMask, U256::ZERO);
    let fee = out.amountsOut[0] * U256::from(50) / U256::from(10_000);
    assert_eq!(
        g.balance(&chain, 0, ALICE).await?,
        had + out.amountsOut[0] - fee
    );
    assert_eq!(
        g.balance(&chain, 0, g.vault).await?,
        g.state(&chain).await?.managed[0],
        "INV-01"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_in_an_odd_shape_stops_a_mint_but_balances_judge_a_redeem() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    let token = g.tokens[1];
    g.fund(&chain, BOB, ONE * U256::from(10)).await?;
    // Bytes of the answer, its first word, and whether it says that the transfer happened.
    for (size, word, says_so) in [
        (31_u64, 1_u64, false),
        (1, 1, false),
        (32, 2, false),
        (32, 0, false),
        (0, 0, true),
        (64, 1, true),
        (33, 1, true),
    ] {
        let arguments = (U256::from(8), U256::from(size), U256::from(word)).abi_encode_params();
        let code = mocks::init_code("OddToken", "OddToken", &arguments)?;
        let odd = chain.create(OWNER, code).await?;
        let code = chain.provider().get_code_at(odd).await?;
        chain.set_code(token, code).await?;

        let mint = g.mint(ONE, BOB);
        if says_so {
            chain.send(BOB, g.vault, &mint).await?;
        } else {
            let failed = IVault::TransferFailed { token };
            chain.refuses(BOB, g.vault, &mint, failed).await?;
        }
        let mask = redeem_one(&chain, g, ALICE.address).await?;
        assert_eq!(mask, U256::ZERO, "{size} bytes, {word}");
    }
    Ok(())
}
