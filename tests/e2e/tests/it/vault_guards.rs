//! The vault's functions for users: guards walked in the documented order, each call violating all that are left.

use alloy::primitives::{Address, U256};
use eyre::Result;
use gimbal_abi::IVault;
use gimbal_e2e::actors::{ALICE, BOB, GUARDIAN, OUTSIDER, OWNER};
use gimbal_e2e::chain::{Chain, Start};
use gimbal_e2e::lab::{SEED_SHARES, seed_amounts};
use gimbal_e2e::mocks::Behaviour;
use gimbal_e2e::world::WETH;
use gimbal_scripts::market::mocks::HostileToken;

/// 1e15: what genesis locks for good.
const DEAD: U256 = U256::from_limbs([1_000_000_000_000_000, 0, 0, 0]);
/// Where it locks it.
const GRAVE: Address = Address::with_last_byte(1);
/// 1e18
const ONE: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

fn kill() -> IVault::killCall {
    IVault::killCall { reason: 9 }
}

#[tokio::test(flavor = "multi_thread")]
async fn genesis_walks_lock_owner_seeded_lengths_shares_amounts() -> Result<()> {
    let chain = Chain::start(Start::Unseeded).await?;
    let (g, vault) = (&chain.lab.gimbal, chain.lab.gimbal.vault);
    let genesis = |amounts: Vec<U256>, shares| IVault::genesisCall { amounts, shares };
    let short = || vec![U256::ZERO; 2];

    let lock = g.lock(&chain).await?;
    chain
        .refuses(OUTSIDER, vault, &genesis(short(), DEAD), IVault::Locked {})
        .await?;
    g.unlock(&chain, lock).await?;
    chain
        .refuses(
            OUTSIDER,
            vault,
            &genesis(short(), DEAD),
            IVault::NotRole { role: 0 },
        )
        .await?;
    let length = IVault::LengthMismatch {
        got: U256::from(2),
        want: U256::from(3),
    };
    chain
        .refuses(OWNER, vault, &genesis(short(), DEAD), length)
        .await?;
    let mut amounts = seed_amounts();
    amounts[1] = U256::ZERO;
    let small: IVault::SeedTooSmall = chain
        .refuses_with(OWNER, vault, &genesis(amounts.clone(), DEAD))
        .await?;
    assert_eq!(small.shares, DEAD);
    chain
        .refuses(
            OWNER,
            vault,
            &genesis(amounts, SEED_SHARES),
            IVault::ZeroAmount {},
        )
        .await?;

    let sent = chain
        .send(OWNER, vault, &genesis(seed_amounts(), SEED_SHARES))
        .await?;
    let seeded = IVault::Seeded {
        caller: OWNER.address,
        shares: SEED_SHARES,
        amounts: seed_amounts(),
    };
    sent.emits(vault, &seeded)?;
    assert_eq!(g.shares(&chain, GRAVE).await?, DEAD);
    assert_eq!(g.shares(&chain, OWNER).await?, SEED_SHARES - DEAD);
    let state = g.state(&chain).await?;
    assert_eq!((state.supply, state.managed), (SEED_SHARES, seed_amounts()));
    assert_eq!(g.balances(&chain, vault).await?, seed_amounts());

    chain
        .refuses(
            OUTSIDER,
            vault,
            &genesis(short(), DEAD),
            IVault::NotRole { role: 0 },
        )
        .await?;
    chain
        .refuses(
            OWNER,
            vault,
            &genesis(short(), DEAD),
            IVault::AlreadySeeded {},
        )
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn mint_walks_lock_mode_seeded_receiver_shares_lengths_limits() -> Result<()> {
    let chain = Chain::start(Start::Unseeded).await?;
    let (g, vault) = (&chain.lab.gimbal, chain.lab.gimbal.vault);
    let mint = |shares, receiver: Address, max_in: Vec<U256>| IVault::mintCall {
        shares,
        receiver,
        maxIn: max_in,
    };
    let wrong = || mint(U256::ZERO, Address::ZERO, vec![]);

    let alive = chain.snapshot().await?;
    chain.send(GUARDIAN, vault, &kill()).await?;
    let lock = g.lock(&chain).await?;
    chain
        .refuses(ALICE, vault, &wrong(), IVault::Locked {})
        .await?;
    g.unlock(&chain, lock).await?;
    chain
        .refuses(ALICE, vault, &wrong(), IVault::WrongMode { mode: 2 })
        .await?;
    chain.revert_to(alive).await?;
    chain
        .refuses(ALICE, vault, &wrong(), IVault::NotSeeded {})
        .await?;
    chain.lab.seed(&chain).await?;
    chain
        .refuses(
            ALICE,
            vault,
            &wrong(),
            IVault::ERC20InvalidReceiver {
                receiver: Address::ZERO,
            },
        )
        .await?;
    let length = IVault::LengthMismatch {
        got: U256::ZERO,
        want: U256::from(3),
    };
    chain
        .refuses(
            ALICE,
            vault,
            &mint(U256::ZERO, BOB.address, vec![]),
            IVault::ZeroAmount {},
        )
        .await?;
    chain
        .refuses(ALICE, vault, &mint(ONE, BOB.address, vec![]), length)
        .await?;

    g.fund(&chain, ALICE, ONE).await?;
    let needed = chain
        .view(vault, &IVault::previewMintCall { shares: ONE })
        .await?
        .amounts;
    for asset in 0..3 {
        let mut max_in = needed.clone();
        max_in[asset] -= U256::from(1);
        let exceeded = IVault::MaxInExceeded {
            token: g.tokens[asset],
            needed: needed[asset],
            maxIn: max_in[asset],
        };
        chain
            .refuses(ALICE, vault, &mint(ONE, BOB.address, max_in), exceeded)
            .await?;
    }
    chain
        .send(
            OWNER,
            g.tokens[1],
            &HostileToken::setFeeCall {
                bps: U256::from(100),
            },
        )
        .await?;
    let fee: IVault::FeeOnTransfer = chain
        .refuses_with(ALICE, vault, &mint(ONE, BOB.address, needed.clone()))
        .await?;
    assert_eq!((fee.token, fee.want), (g.tokens[1], needed[1]));
    assert_eq!(fee.got, needed[1] - needed[1] / U256::from(100));
    chain
        .send(
            OWNER,
            g.tokens[1],
            &HostileToken::setFeeCall { bps: U256::ZERO },
        )
        .await?;

    let (amounts, sent) = chain
        .run(ALICE, vault, &mint(ONE, BOB.address, needed.clone()))
        .await?;
    assert_eq!(amounts, needed);
    let minted = IVault::Minted {
        caller: ALICE.address,
        receiver: BOB.address,
        shares: ONE,
        amountsIn: needed.clone(),
    };
    sent.emits(vault, &minted)?;
    sent.emits(
        vault,
        &IVault::Transfer {
            from: Address::ZERO,
            to: BOB.address,
            value: ONE,
        },
    )?;
    assert_eq!(g.shares(&chain, BOB).await?, ONE);
    assert_eq!(g.balances(&chain, ALICE).await?, vec![U256::ZERO; 3]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn redeem_walks_lock_seeded_receiver_shares_allowance_balance_lengths_limits() -> Result<()> {
    let chain = Chain::start(Start::Unseeded).await?;
    let (g, vault) = (&chain.lab.gimbal, chain.lab.gimbal.vault);
    let (alice, bob) = (ALICE.address, BOB.address);
    let redeem = |shares, receiver, min_out: &[U256]| IVault::redeemCall {
        shares,
        receiver,
        owner: alice,
        minOut: min_out.to_vec(),
        skipMask: U256::ZERO,
    };
    let two = ONE * U256::from(2);

    let lock = g.lock(&chain).await?;
    chain
        .refuses(
            bob,
            vault,
            &redeem(U256::ZERO, Address::ZERO, &[two]),
            IVault::Locked {},
        )
        .await?;
    g.unlock(&chain, lock).await?;
    chain
        .refuses(
            bob,
            vault,
            &redeem(U256::ZERO, Address::ZERO, &[two]),
            IVault::NotSeeded {},
        )
        .await?;
    chain.lab.seed(&chain).await?;
    g.deposit(&chain, alice, ONE).await?;
    let receiver = IVault::ERC20InvalidReceiver {
        receiver: Address::ZERO,
    };
    chain
        .refuses(
            bob,
            vault,
            &redeem(U256::ZERO, Address::ZERO, &[two]),
            receiver,
        )
        .await?;
    chain
        .refuses(
            bob,
            vault,
            &redeem(U256::ZERO, bob, &[two]),
            IVault::ZeroAmount {},
        )
        .await?;
    let allowance = IVault::ERC20InsufficientAllowance {
        spender: bob,
        allowance: U256::ZERO,
        needed: two,
    };
    chain
        .refuses(bob, vault, &redeem(two, bob, &[two]), allowance)
        .await?;
    chain
        .send(
            alice,
            vault,
            &IVault::approveCall {
                spender: bob,
                value: two,
            },
        )
        .await?;
    let balance = IVault::ERC20InsufficientBalance {
        sender: alice,
        balance: ONE,
        needed: two,
    };
    chain
        .refuses(bob, vault, &redeem(two, bob, &[two]), balance)
        .await?;
    let length = IVault::LengthMismatch {
        got: U256::from(1),
        want: U256::from(3),
    };
    chain
        .refuses(bob, vault, &redeem(ONE, bob, &[two]), length)
        .await?;

    let due = chain
        .view(vault, &IVault::previewRedeemCall { shares: ONE })
        .await?
        .amounts;
    for asset in 0..3 {
        let mut min_out = due.clone();
        min_out[asset] += U256::from(1);
        let slippage = IVault::Slippage {
            token: g.tokens[asset],
            got: due[asset],
            want: min_out[asset],
        };
        chain
            .refuses(bob, vault, &redeem(ONE, bob, &min_out), slippage)
            .await?;
    }

    let (out, sent) = chain.run(bob, vault, &redeem(ONE, bob, &due)).await?;
    assert_eq!((out.amountsOut, out.owedMask), (due.clone(), U256::ZERO));
    let redeemed = IVault::Redeemed {
        caller: bob,
        receiver: bob,
        owner: alice,
        shares: ONE,
        amountsOut: due.clone(),
        owedMask: U256::ZERO,
    };
    sent.emits(vault, &redeemed)?;
    assert_eq!(g.balances(&chain, bob).await?, due);
    assert_eq!(g.shares(&chain, alice).await?, U256::ZERO);
    let left = chain
        .view(
            vault,
            &IVault::allowanceCall {
                owner: alice,
                spender: bob,
            },
        )
        .await?;
    assert_eq!(left, ONE);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn claim_walks_lock_listed_receiver_owed_transfer() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let (g, vault) = (&chain.lab.gimbal, chain.lab.gimbal.vault);
    let token = g.tokens[1];
    let claim = |asset, to| IVault::claimCall { asset, to };
    let stranger = chain.main.tokens[WETH];

    let lock = g.lock(&chain).await?;
    chain
        .refuses(
            ALICE,
            vault,
            &claim(stranger, Address::ZERO),
            IVault::Locked {},
        )
        .await?;
    g.unlock(&chain, lock).await?;
    chain
        .refuses(
            ALICE,
            vault,
            &claim(stranger, Address::ZERO),
            IVault::NotListed { token: stranger },
        )
        .await?;
    let receiver = IVault::ERC20InvalidReceiver {
        receiver: Address::ZERO,
    };
    chain
        .refuses(ALICE, vault, &claim(token, Address::ZERO), receiver)
        .await?;
    let nothing = IVault::NothingOwed {
        user: ALICE.address,
        asset: token,
    };
    chain
        .refuses(ALICE, vault, &claim(token, BOB.address), nothing)
        .await?;

    let behave = |b: Behaviour| HostileToken::setBehaviourCall { behaviour: b as u8 };
    chain
        .send(OWNER, token, &behave(Behaviour::Reverts))
        .await?;
    let (out, _) = chain.run(ALICE, vault, &g.redeem(ONE, ALICE)).await?;
    assert_eq!(out.owedMask, U256::from(0b010));
    chain
        .refuses_with::<HostileToken::Refused>(ALICE, vault, &claim(token, BOB.address))
        .await?;
    chain
        .send(OWNER, token, &behave(Behaviour::RevertsEmpty))
        .await?;
    chain
        .refuses(
            ALICE,
            vault,
            &claim(token, BOB.address),
            IVault::CallFailed { target: token },
        )
        .await?;
    chain
        .send(OWNER, token, &behave(Behaviour::ReturnFalse))
        .await?;
    chain
        .refuses(
            ALICE,
            vault,
            &claim(token, BOB.address),
            IVault::TransferFailed { token },
        )
        .await?;
    chain
        .send(OWNER, token, &behave(Behaviour::ReturnTrueOnly))
        .await?;
    chain
        .refuses(
            ALICE,
            vault,
            &claim(token, BOB.address),
            IVault::TransferFailed { token },
        )
        .await?;
    chain.send(OWNER, token, &behave(Behaviour::Normal)).await?;

    let (paid, sent) = chain.run(ALICE, vault, &claim(token, BOB.address)).await?;
    assert_eq!(paid, out.amountsOut[1]);
    let claimed = IVault::Claimed {
        user: ALICE.address,
        asset: token,
        to: BOB.address,
        amount: paid,
    };
    sent.emits(vault, &claimed)?;
    assert_eq!(g.balance(&chain, 1, BOB).await?, paid);
    assert_eq!(
        chain
            .view(vault, &IVault::reservedCall { asset: token })
            .await?,
        U256::ZERO
    );
    let nothing = IVault::NothingOwed {
        user: ALICE.address,
        asset: token,
    };
    chain
        .refuses(ALICE, vault, &claim(token, BOB.address), nothing)
        .await
}
