//! The engine's settings: who may change them, and the hard caps that nobody can exceed.

use alloy::primitives::{Address, U256};
use eyre::Result;
use gimbal_abi::IEngine;
use gimbal_e2e::actors::{BOB, GUARDIAN, KEEPER, OUTSIDER, OWNER};
use gimbal_e2e::chain::{Chain, Start};

const NOT_OWNER: IEngine::NotRole = IEngine::NotRole { role: 0 };

#[tokio::test(flavor = "multi_thread")]
async fn set_keeper_walks_role_zero() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let engine = chain.main.engine;
    let set = |keeper, allowed| IEngine::setKeeperCall { keeper, allowed };
    chain
        .refuses(GUARDIAN, engine, &set(Address::ZERO, true), NOT_OWNER)
        .await?;
    let outsider = chain
        .refusal(OUTSIDER, engine, &set(KEEPER.address, false))
        .await?;
    assert!(outsider.is::<IEngine::NotRole>(), "{}", outsider.describe());
    let keeper = chain
        .refusal(KEEPER, engine, &set(BOB.address, true))
        .await?;
    assert!(keeper.is::<IEngine::NotRole>(), "{}", keeper.describe());
    chain
        .refuses(
            OWNER,
            engine,
            &set(Address::ZERO, true),
            IEngine::ZeroAddress {},
        )
        .await?;
    let sent = chain.send(OWNER, engine, &set(BOB.address, true)).await?;
    sent.emits(
        engine,
        &IEngine::KeeperSet {
            caller: OWNER.address,
            keeper: BOB.address,
            allowed: true,
        },
    )?;
    assert!(
        chain
            .view(
                engine,
                &IEngine::isKeeperCall {
                    account: BOB.address
                }
            )
            .await?
    );
    chain
        .send(GUARDIAN, engine, &set(KEEPER.address, false))
        .await?;
    assert!(
        !chain
            .view(
                engine,
                &IEngine::isKeeperCall {
                    account: KEEPER.address
                }
            )
            .await?
    );
    let call = chain.main.rebalance(&chain, vec![]).await?;
    chain
        .refuses(KEEPER, engine, &call, IEngine::NotRole { role: 3 })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn set_limits_refuses_every_value_beyond_its_cap() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let (g, engine) = (&chain.main, chain.main.engine);
    let good = g.limits(&chain).await?;
    type Change = fn(&mut IEngine::Limits);
    let beyond: [Change; 14] = [
        |l| l.slippageBps = 201,
        |l| l.lossBps = 101,
        |l| l.gainBps = 201,
        |l| l.deviationSkipBps = 501,
        |l| l.deviationTripBps = 2_001,
        |l| l.deviationSpotBps = 301,
        |l| l.tradeBpsMax = 2_501,
        |l| l.cooldown = 59,
        |l| l.twapWindow = 59,
        |l| l.twapWindow = 86_401,
        |l| l.sequencerGrace = 1_799,
        |l| l.slippageBps = u16::MAX,
        |l| l.tradeBpsMax = u16::MAX,
        |l| l.cooldown = 0,
    ];
    for (i, change) in beyond.iter().enumerate() {
        let mut limits = good.clone();
        change(&mut limits);
        let call = IEngine::setLimitsCall { limits };
        chain.refuses(GUARDIAN, engine, &call, NOT_OWNER).await?;
        let cap = chain.refusal(OWNER, engine, &call).await?;
        assert!(
            cap.is::<IEngine::HardCap>(),
            "change {i}: {}",
            cap.describe()
        );
    }
    let limits = IEngine::Limits {
        slippageBps: 200,
        lossBps: 100,
        gainBps: 200,
        cooldown: 60,
        ..good
    };
    let sent = chain
        .send(
            OWNER,
            engine,
            &IEngine::setLimitsCall {
                limits: limits.clone(),
            },
        )
        .await?;
    sent.emits(
        engine,
        &IEngine::LimitsSet {
            caller: OWNER.address,
            limits: limits.clone(),
        },
    )?;
    assert_eq!(g.limits(&chain).await?, limits);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn set_targets_walks_owner_lengths_sum_bands() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let engine = chain.main.engine;
    let set = |targets: &[u64], bands: &[u16]| IEngine::setTargetsCall {
        targets: targets.into(),
        bands: bands.into(),
    };
    let quarter = 250_000_000_000_000_000_u64;
    chain
        .refuses(KEEPER, engine, &set(&[quarter; 3], &[10]), NOT_OWNER)
        .await?;
    let three = IEngine::LengthMismatch {
        got: U256::from(3),
        want: U256::from(4),
    };
    chain
        .refuses(OWNER, engine, &set(&[quarter; 3], &[10]), three)
        .await?;
    let bands = IEngine::LengthMismatch {
        got: U256::from(1),
        want: U256::from(4),
    };
    chain
        .refuses(OWNER, engine, &set(&[quarter + 1; 4], &[10]), bands)
        .await?;
    let sum = IEngine::TargetSum {
        sum: U256::from(quarter) * U256::from(4) + U256::from(4),
    };
    chain
        .refuses(OWNER, engine, &set(&[quarter + 1; 4], &[24; 4]), sum)
        .await?;
    for band in [24, 2_501] {
        let cap = chain
            .refusal(OWNER, engine, &set(&[quarter; 4], &[200, 200, 200, band]))
            .await?;
        assert!(
            cap.is::<IEngine::HardCap>(),
            "band {band}: {}",
            cap.describe()
        );
    }
    let targets = [quarter / 2, quarter, quarter, quarter + quarter / 2];
    let sent = chain
        .send(OWNER, engine, &set(&targets, &[25, 200, 200, 2_500]))
        .await?;
    let event = IEngine::TargetsSet {
        caller: OWNER.address,
        targets: targets.to_vec(),
        bands: vec![25, 200, 200, 2_500],
    };
    sent.emits(engine, &event)?;
    let weights = chain.view(engine, &IEngine::weightsCall {}).await?;
    assert_eq!(weights.targets, targets.map(U256::from).to_vec());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn add_venue_walks_owner_zero_count() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let engine = chain.main.engine;
    let add = |venue| IEngine::addVenueCall { venue };
    chain
        .refuses(GUARDIAN, engine, &add(Address::ZERO), NOT_OWNER)
        .await?;
    chain
        .refuses(OWNER, engine, &add(Address::ZERO), IEngine::ZeroAddress {})
        .await?;
    let mut count = chain.view(engine, &IEngine::venuesCall {}).await?.len();
    while count < 8 {
        let venue = Address::with_last_byte(u8::try_from(count)? + 100);
        let (index, sent) = chain.run(OWNER, engine, &add(venue)).await?;
        assert_eq!(index, U256::from(count));
        sent.emits(
            engine,
            &IEngine::VenueAdded {
                caller: OWNER.address,
                index,
                venue,
            },
        )?;
        count += 1;
    }
    assert_eq!(chain.view(engine, &IEngine::venuesCall {}).await?.len(), 8);
    let full = chain.refusal(OWNER, engine, &add(BOB.address)).await?;
    assert!(full.is::<IEngine::HardCap>(), "{}", full.describe());
    Ok(())
}
