//! The share token as an ERC-20, and the vault's views while an operation is open.

use alloy::primitives::{Address, U256};
use eyre::Result;
use gimbal_abi::IVault;
use gimbal_e2e::actors::{ALICE, BOB, OUTSIDER, OWNER};
use gimbal_e2e::chain::{Chain, Start};

/// 1e18
const ONE: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

#[tokio::test(flavor = "multi_thread")]
async fn shares_are_an_erc20_with_its_errors() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let (g, vault) = (&chain.lab.gimbal, chain.lab.gimbal.vault);
    let (alice, bob, zero) = (ALICE.address, BOB.address, Address::ZERO);
    let held = g.shares(&chain, alice).await?;
    let more = held + U256::from(1);

    assert_eq!(chain.view(vault, &IVault::decimalsCall {}).await?, 18);
    assert!(!chain.view(vault, &IVault::nameCall {}).await?.is_empty());
    assert!(!chain.view(vault, &IVault::symbolCall {}).await?.is_empty());

    let approve = |spender| IVault::approveCall {
        spender,
        value: held,
    };
    chain
        .refuses(
            alice,
            vault,
            &approve(zero),
            IVault::ERC20InvalidSpender { spender: zero },
        )
        .await?;
    let transfer = |to, value| IVault::transferCall { to, value };
    chain
        .refuses(
            alice,
            vault,
            &transfer(zero, more),
            IVault::ERC20InvalidReceiver { receiver: zero },
        )
        .await?;
    let balance = IVault::ERC20InsufficientBalance {
        sender: alice,
        balance: held,
        needed: more,
    };
    chain
        .refuses(alice, vault, &transfer(bob, more), balance.clone())
        .await?;
    let pull = |to, value| IVault::transferFromCall {
        from: alice,
        to,
        value,
    };
    let allowance = IVault::ERC20InsufficientAllowance {
        spender: bob,
        allowance: U256::ZERO,
        needed: more,
    };
    chain
        .refuses(bob, vault, &pull(bob, more), allowance)
        .await?;

    let sent = chain
        .send(
            alice,
            vault,
            &IVault::approveCall {
                spender: bob,
                value: more,
            },
        )
        .await?;
    sent.emits(
        vault,
        &IVault::Approval {
            owner: alice,
            spender: bob,
            value: more,
        },
    )?;
    chain.refuses(bob, vault, &pull(bob, more), balance).await?;
    let sent = chain.send(bob, vault, &pull(bob, ONE)).await?;
    sent.emits(
        vault,
        &IVault::Transfer {
            from: alice,
            to: bob,
            value: ONE,
        },
    )?;
    let sent = chain.send(alice, vault, &transfer(bob, ONE)).await?;
    sent.emits(
        vault,
        &IVault::Transfer {
            from: alice,
            to: bob,
            value: ONE,
        },
    )?;
    assert_eq!(g.shares(&chain, alice).await?, held - ONE - ONE);
    let left = chain
        .view(
            vault,
            &IVault::allowanceCall {
                owner: alice,
                spender: bob,
            },
        )
        .await?;
    assert_eq!(left, more - ONE);

    let own = chain.snapshot().await?;
    chain.send(alice, vault, &transfer(alice, ONE)).await?;
    assert_eq!(
        g.shares(&chain, alice).await?,
        held - ONE - ONE,
        "a transfer to oneself changes nothing"
    );
    chain.revert_to(own).await
}

#[tokio::test(flavor = "multi_thread")]
async fn views_of_balances_and_supply_refuse_while_an_operation_is_open() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let (g, vault) = (&chain.lab.gimbal, chain.lab.gimbal.vault);
    assert!(!chain.view(vault, &IVault::stateChangeActiveCall {}).await?);
    let lock = g.lock(&chain).await?;

    chain
        .refuses(OUTSIDER, vault, &IVault::stateCall {}, IVault::Locked {})
        .await?;
    chain
        .refuses(
            OUTSIDER,
            vault,
            &IVault::totalSupplyCall {},
            IVault::Locked {},
        )
        .await?;
    chain
        .refuses(
            OUTSIDER,
            vault,
            &IVault::previewMintCall { shares: ONE },
            IVault::Locked {},
        )
        .await?;
    chain
        .refuses(
            OUTSIDER,
            vault,
            &IVault::previewRedeemCall { shares: ONE },
            IVault::Locked {},
        )
        .await?;
    assert!(chain.view(vault, &IVault::stateChangeActiveCall {}).await?);
    assert_eq!(chain.view(vault, &IVault::modeSinceCall {}).await?.mode, 0);
    assert_eq!(
        chain.view(vault, &IVault::ownerCall {}).await?,
        OWNER.address
    );
    g.unlock(&chain, lock).await?;
    assert!(!chain.view(vault, &IVault::stateChangeActiveCall {}).await?);
    Ok(())
}
