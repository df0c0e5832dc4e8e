//! The vault's functions for its engine, its guardians and its owner: guards walked in the documented order.

use alloy::primitives::{Address, Bytes, U256};
use eyre::Result;
use gimbal_abi::IVault;
use gimbal_e2e::actors::{ALICE, BOB, GUARDIAN, OUTSIDER, OWNER};
use gimbal_e2e::chain::{Chain, Start};
use gimbal_e2e::world::WETH;

const NOT_OWNER: IVault::NotRole = IVault::NotRole { role: 0 };
const NOT_GUARDIAN: IVault::NotRole = IVault::NotRole { role: 1 };

fn halt() -> IVault::haltCall {
    IVault::haltCall { reason: 7 }
}

fn kill() -> IVault::killCall {
    IVault::killCall { reason: 8 }
}

#[tokio::test(flavor = "multi_thread")]
async fn halt_and_kill_walk_lock_role_mode_and_a_guardian_that_kills_is_one_no_more() -> Result<()>
{
    let chain = Chain::start(Start::Calm).await?;
    let (g, vault) = (&chain.lab.gimbal, chain.lab.gimbal.vault);
    let lock = g.lock(&chain).await?;
    chain
        .refuses(OUTSIDER, vault, &halt(), IVault::Locked {})
        .await?;
    chain
        .refuses(OUTSIDER, vault, &kill(), IVault::Locked {})
        .await?;
    g.unlock(&chain, lock).await?;
    chain
        .refuses(OUTSIDER, vault, &halt(), NOT_GUARDIAN)
        .await?;
    chain
        .refuses(OUTSIDER, vault, &kill(), NOT_GUARDIAN)
        .await?;
    chain
        .refuses(g.engine, vault, &kill(), NOT_GUARDIAN)
        .await?;

    let sent = chain.send(GUARDIAN, vault, &halt()).await?;
    sent.emits(
        vault,
        &IVault::Halted {
            caller: GUARDIAN.address,
            reason: 7,
        },
    )?;
    assert_eq!(g.mode(&chain).await?, 1);
    let sent = chain.send(GUARDIAN, vault, &kill()).await?;
    sent.emits(
        vault,
        &IVault::Killed {
            caller: GUARDIAN.address,
            reason: 8,
        },
    )?;
    sent.emits(
        vault,
        &IVault::GuardianSet {
            caller: GUARDIAN.address,
            guardian: GUARDIAN.address,
            allowed: false,
        },
    )?;
    assert_eq!(g.mode(&chain).await?, 2);
    assert!(
        !chain
            .view(
                vault,
                &IVault::isGuardianCall {
                    account: GUARDIAN.address
                }
            )
            .await?
    );

    chain
        .refuses(GUARDIAN, vault, &halt(), NOT_GUARDIAN)
        .await?;
    chain
        .refuses(GUARDIAN, vault, &kill(), NOT_GUARDIAN)
        .await?;
    chain
        .refuses(OWNER, vault, &halt(), IVault::WrongMode { mode: 2 })
        .await?;
    chain
        .refuses(OWNER, vault, &kill(), IVault::WrongMode { mode: 2 })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn ownership_moves_in_two_steps() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let (g, vault) = (&chain.lab.gimbal, chain.lab.gimbal.vault);
    let give = |new_owner| IVault::transferOwnershipCall {
        newOwner: new_owner,
    };
    let accept = IVault::acceptOwnershipCall {};
    let lock = g.lock(&chain).await?;
    chain
        .refuses(OUTSIDER, vault, &give(Address::ZERO), IVault::Locked {})
        .await?;
    chain
        .refuses(OUTSIDER, vault, &accept, IVault::Locked {})
        .await?;
    g.unlock(&chain, lock).await?;
    chain
        .refuses(OUTSIDER, vault, &give(Address::ZERO), NOT_OWNER)
        .await?;
    chain
        .refuses(OWNER, vault, &give(Address::ZERO), IVault::ZeroAddress {})
        .await?;
    chain
        .refuses(BOB, vault, &accept, IVault::NotRole { role: 4 })
        .await?;

    let sent = chain.send(OWNER, vault, &give(BOB.address)).await?;
    let started = IVault::OwnershipTransferStarted {
        previousOwner: OWNER.address,
        newOwner: BOB.address,
    };
    sent.emits(vault, &started)?;
    assert_eq!(
        chain.view(vault, &IVault::ownerCall {}).await?,
        OWNER.address
    );
    assert_eq!(
        chain.view(vault, &IVault::pendingOwnerCall {}).await?,
        BOB.address
    );
    chain
        .refuses(OWNER, vault, &accept, IVault::NotRole { role: 4 })
        .await?;
    let sent = chain.send(BOB, vault, &accept).await?;
    let moved = IVault::OwnershipTransferred {
        previousOwner: OWNER.address,
        newOwner: BOB.address,
    };
    sent.emits(vault, &moved)?;
    assert_eq!(
        chain.view(vault, &IVault::pendingOwnerCall {}).await?,
        Address::ZERO
    );
    chain
        .refuses(OWNER, vault, &give(ALICE.address), NOT_OWNER)
        .await?;
    chain
        .refuses(BOB, vault, &accept, IVault::NotRole { role: 4 })
        .await?;
    chain.send(BOB, vault, &give(OWNER.address)).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn set_guardian_walks_lock_owner_zero_and_lets_a_guardian_leave() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let (g, vault) = (&chain.lab.gimbal, chain.lab.gimbal.vault);
    let set = |guardian, allowed| IVault::setGuardianCall { guardian, allowed };
    let lock = g.lock(&chain).await?;
    chain
        .refuses(
            OUTSIDER,
            vault,
            &set(Address::ZERO, true),
            IVault::Locked {},
        )
        .await?;
    g.unlock(&chain, lock).await?;
    chain
        .refuses(OUTSIDER, vault, &set(Address::ZERO, true), NOT_OWNER)
        .await?;
    chain
        .refuses(GUARDIAN, vault, &set(BOB.address, true), NOT_OWNER)
        .await?;
    chain
        .refuses(
            OWNER,
            vault,
            &set(Address::ZERO, true),
            IVault::ZeroAddress {},
        )
        .await?;

    let sent = chain.send(OWNER, vault, &set(BOB.address, true)).await?;
    sent.emits(
        vault,
        &IVault::GuardianSet {
            caller: OWNER.address,
            guardian: BOB.address,
            allowed: true,
        },
    )?;
    let other = chain
        .refusal(BOB, vault, &set(GUARDIAN.address, false))
        .await?;
    assert!(
        other.is::<IVault::NotRole>(),
        "a guardian removes itself only, {}",
        other.describe()
    );
    chain.send(BOB, vault, &set(BOB.address, false)).await?;
    assert!(
        !chain
            .view(
                vault,
                &IVault::isGuardianCall {
                    account: BOB.address
                }
            )
            .await?
    );
    chain
        .send(OWNER, vault, &set(GUARDIAN.address, false))
        .await?;
    chain.refuses(GUARDIAN, vault, &halt(), NOT_GUARDIAN).await
}

#[tokio::test(flavor = "multi_thread")]
async fn set_engine_and_set_venue_walk_lock_role_code() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let (g, vault) = (&chain.lab.gimbal, chain.lab.gimbal.vault);
    let engine = |engine| IVault::setEngineCall { engine };
    let venue = |venue, allowed| IVault::setVenueCall { venue, allowed };
    let nobody = OUTSIDER.address;
    let lock = g.lock(&chain).await?;
    chain
        .refuses(OUTSIDER, vault, &engine(nobody), IVault::Locked {})
        .await?;
    chain
        .refuses(OUTSIDER, vault, &venue(nobody, true), IVault::Locked {})
        .await?;
    g.unlock(&chain, lock).await?;
    chain
        .refuses(GUARDIAN, vault, &engine(nobody), NOT_OWNER)
        .await?;
    chain
        .refuses(
            OWNER,
            vault,
            &engine(nobody),
            IVault::NoCode { target: nobody },
        )
        .await?;
    chain
        .refuses(GUARDIAN, vault, &venue(nobody, true), NOT_OWNER)
        .await?;
    chain
        .refuses(
            OWNER,
            vault,
            &venue(nobody, true),
            IVault::NoCode { target: nobody },
        )
        .await?;
    chain
        .refuses(OUTSIDER, vault, &venue(g.adapter, false), NOT_GUARDIAN)
        .await?;

    let other = chain.main.engine;
    let sent = chain.send(OWNER, vault, &engine(other)).await?;
    sent.emits(
        vault,
        &IVault::EngineSet {
            caller: OWNER.address,
            engine: other,
        },
    )?;
    assert_eq!(chain.view(vault, &IVault::engineCall {}).await?, other);
    let sent = chain
        .send(GUARDIAN, vault, &venue(g.adapter, false))
        .await?;
    sent.emits(
        vault,
        &IVault::VenueSet {
            caller: GUARDIAN.address,
            venue: g.adapter,
            allowed: false,
        },
    )?;
    assert!(
        !chain
            .view(vault, &IVault::isVenueCall { venue: g.adapter })
            .await?
    );
    chain
        .refuses(GUARDIAN, vault, &venue(g.adapter, true), NOT_OWNER)
        .await?;
    chain.send(OWNER, vault, &venue(g.adapter, true)).await?;
    assert!(
        chain
            .view(vault, &IVault::isVenueCall { venue: g.adapter })
            .await?
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn set_quota_walks_lock_role_listed_cap() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let (g, vault) = (&chain.lab.gimbal, chain.lab.gimbal.vault);
    let set = |asset, bps| IVault::setQuotaCall { asset, outBps: bps };
    let stranger = chain.main.tokens[WETH];
    let token = g.tokens[0];
    let lock = g.lock(&chain).await?;
    chain
        .refuses(OUTSIDER, vault, &set(stranger, 5_001), IVault::Locked {})
        .await?;
    g.unlock(&chain, lock).await?;
    let outsider = chain
        .refusal(OUTSIDER, vault, &set(stranger, 5_001))
        .await?;
    assert!(outsider.is::<IVault::NotRole>(), "{}", outsider.describe());
    chain
        .refuses(GUARDIAN, vault, &set(token, 2_501), NOT_OWNER)
        .await?;
    chain
        .refuses(
            OWNER,
            vault,
            &set(stranger, 5_001),
            IVault::NotListed { token: stranger },
        )
        .await?;
    let cap = IVault::HardCap {
        value: U256::from(5_001),
        cap: U256::from(5_000),
    };
    chain.refuses(OWNER, vault, &set(token, 5_001), cap).await?;

    let sent = chain.send(GUARDIAN, vault, &set(token, 100)).await?;
    sent.emits(
        vault,
        &IVault::QuotaSet {
            caller: GUARDIAN.address,
            asset: token,
            outBps: 100,
        },
    )?;
    chain
        .refuses(GUARDIAN, vault, &set(token, 101), NOT_OWNER)
        .await?;
    chain
        .refuses(OUTSIDER, vault, &set(token, 99), NOT_GUARDIAN)
        .await?;
    chain.send(OWNER, vault, &set(token, 5_000)).await?;
    let quota = chain
        .view(vault, &IVault::quotaCall { asset: token })
        .await?;
    assert_eq!(
        (quota.used, quota.cap),
        (U256::ZERO, U256::from(500_000_000_000_000_000_u64))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vault_takes_no_ether_no_unknown_selector_and_no_dirty_words() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let vault = chain.lab.gimbal.vault;
    let one = U256::from(1);
    for data in [
        Bytes::new(),
        Bytes::from_static(&[0xde, 0xad, 0xbe, 0xef]),
        Bytes::from_static(&[1, 2, 3]),
    ] {
        let receipt = chain
            .transact(OUTSIDER.address, Some(vault), data, U256::ZERO, 2_000_000)
            .await?;
        assert!(!receipt.status());
    }
    let call = alloy::sol_types::SolCall::abi_encode(&IVault::totalSupplyCall {});
    let paid = chain
        .transact(OUTSIDER.address, Some(vault), call.into(), one, 2_000_000)
        .await?;
    assert!(!paid.status(), "no function is payable");
    let plain = chain
        .transact(OUTSIDER.address, Some(vault), Bytes::new(), one, 2_000_000)
        .await?;
    assert!(!plain.status());
    let mut dirty = alloy::sol_types::SolCall::abi_encode(&IVault::balanceOfCall {
        account: ALICE.address,
    });
    dirty[4] = 0xff;
    let dirty = chain
        .transact(
            OUTSIDER.address,
            Some(vault),
            dirty.into(),
            U256::ZERO,
            2_000_000,
        )
        .await?;
    assert!(!dirty.status(), "an address of more than 20 bytes");
    Ok(())
}
