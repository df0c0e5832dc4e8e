//! What an engine can be built on.

use alloy_primitives::{Address, U256};

use crate::testing::{
    Scene, WBTC, WETH, assets, error,
    interfaces::IEngine::{self, IEngineErrors},
    limits,
};

/// Constructs with a change to the assets; the error, if any.
fn listing(change: impl FnOnce(&mut Vec<IEngine::Asset>)) -> Option<IEngineErrors> {
    let mut assets = assets();
    change(&mut assets);
    let built = Scene::bare().construct(&assets, &limits());
    built.err().map(|data| error(&data))
}

fn limit(change: impl FnOnce(&mut IEngine::Limits)) -> Option<IEngineErrors> {
    let mut limits = limits();
    change(&mut limits);
    let built = Scene::bare().construct(&assets(), &limits);
    built.err().map(|data| error(&data))
}

fn hard_cap(value: u64, cap: u64) -> Option<IEngineErrors> {
    Some(IEngineErrors::HardCap(IEngine::HardCap {
        value: U256::from(value),
        cap: U256::from(cap),
    }))
}

fn mismatch(index: u64) -> Option<IEngineErrors> {
    let index = U256::from(index);
    Some(IEngineErrors::RegistryMismatch(IEngine::RegistryMismatch {
        index,
    }))
}

#[test]
fn the_scene_is_listed_as_it_was_given() {
    let mut scene = Scene::new();
    for (i, asset) in assets().iter().enumerate() {
        let call = IEngine::assetCall {
            index: U256::from(i),
        };
        assert_eq!(scene.call(call).unwrap(), *asset);
    }
    assert_eq!(scene.call(IEngine::limitsCall {}).unwrap(), limits());
    assert_eq!(
        scene.call(IEngine::referenceCall {}).unwrap(),
        U256::from(2)
    );
    assert_eq!(scene.call(IEngine::lastRebalanceCall {}).unwrap(), 0);
    assert!(matches!(
        scene.call(IEngine::assetCall {
            index: U256::from(3)
        }),
        Err(IEngineErrors::NotListed(_))
    ));
    assert_eq!(scene.events::<IEngine::LimitsSet>().len(), 1);
    assert_eq!(
        scene.events::<IEngine::TargetsSet>()[0].bands,
        [500, 500, 500]
    );
}

#[test]
fn the_vaults_registry_decides_what_is_listed() {
    assert_eq!(listing(|assets| assets.swap(0, 1)), mismatch(0));
    assert!(matches!(
        listing(|assets| assets.truncate(2)),
        Some(IEngineErrors::LengthMismatch(_))
    ));
}

#[test]
fn a_pool_is_one_of_the_asset_and_the_reference() {
    let other = assets()[1].pool;
    assert_eq!(listing(|assets| assets[0].pool = other), mismatch(0));
    assert_eq!(listing(|assets| assets[2].pool = other), mismatch(2));
    assert!(matches!(
        listing(|assets| assets[0].pool = Address::ZERO),
        Some(IEngineErrors::ZeroAddress(_))
    ));
    // No contract there.
    assert!(matches!(
        listing(|assets| assets[0].pool = Address::repeat_byte(9)),
        Some(IEngineErrors::CallFailed(_))
    ));
}

#[test]
fn feeds_and_price_bounds_must_make_sense() {
    assert!(matches!(
        listing(|assets| assets[1].feed = Address::ZERO),
        Some(IEngineErrors::ZeroAddress(_))
    ));
    assert!(matches!(
        listing(|assets| assets[1].priceMin = assets[1].priceMax),
        Some(IEngineErrors::BadPrice(_))
    ));
}

#[test]
fn decimals_are_capped() {
    let mut scene = Scene::bare();
    scene.feed(WETH, |feed| feed.decimals = 19);
    let built = scene.construct(&assets(), &limits()).unwrap_err();
    assert_eq!(Some(error(&built)), hard_cap(19, 18));

    let mut scene = Scene::bare();
    scene.world.borrow_mut().decimals.insert(WBTC, 25);
    let built = scene.construct(&assets(), &limits()).unwrap_err();
    assert_eq!(Some(error(&built)), hard_cap(25, 24));
}

#[test]
fn targets_sum_to_one_and_bands_have_a_range() {
    assert!(matches!(
        listing(|assets| assets[0].target += 1),
        Some(IEngineErrors::TargetSum(_))
    ));
    assert_eq!(listing(|assets| assets[0].band = 24), hard_cap(24, 25));
    assert_eq!(
        listing(|assets| assets[0].band = 2_501),
        hard_cap(2_501, 2_500)
    );
    assert_eq!(listing(|assets| assets[0].band = 2_500), None);
}

#[test]
fn every_limit_has_a_hard_cap() {
    assert_eq!(limit(|limits| limits.slippageBps = 201), hard_cap(201, 200));
    assert_eq!(limit(|limits| limits.lossBps = 101), hard_cap(101, 100));
    assert_eq!(limit(|limits| limits.gainBps = 201), hard_cap(201, 200));
    assert_eq!(
        limit(|limits| limits.deviationSkipBps = 501),
        hard_cap(501, 500)
    );
    assert_eq!(
        limit(|limits| limits.deviationTripBps = 2_001),
        hard_cap(2_001, 2_000)
    );
    assert_eq!(
        limit(|limits| limits.deviationSpotBps = 301),
        hard_cap(301, 300)
    );
    assert_eq!(
        limit(|limits| limits.tradeBpsMax = 2_501),
        hard_cap(2_501, 2_500)
    );
    assert_eq!(limit(|limits| limits.cooldown = 59), hard_cap(59, 60));
    assert_eq!(limit(|limits| limits.twapWindow = 59), hard_cap(59, 60));
    assert_eq!(
        limit(|limits| limits.twapWindow = 86_401),
        hard_cap(86_401, 86_400)
    );
    assert_eq!(
        limit(|limits| limits.sequencerGrace = 1_799),
        hard_cap(1_799, 1_800)
    );
    // Skipping comes before tripping.
    assert_eq!(
        limit(|limits| limits.deviationTripBps = 149),
        hard_cap(150, 149)
    );
}

#[test]
fn the_dearest_route_costs_less_than_the_slippage_cap() {
    // 5 + 5 bps by way of the reference.
    assert_eq!(limit(|limits| limits.slippageBps = 10), hard_cap(10, 10));
    assert_eq!(limit(|limits| limits.slippageBps = 11), None);
    let mut scene = Scene::bare();
    scene.pool(WETH, |pool| pool.fee = 10_000);
    let built = scene.construct(&assets(), &limits()).unwrap_err();
    assert_eq!(Some(error(&built)), hard_cap(105, 100));
}

#[test]
fn constructor_failures_of_others_pass_through() {
    let mut scene = Scene::bare();
    scene.world.borrow_mut().refusal = Some(vec![1, 2, 3, 4, 5]);
    assert_eq!(
        scene.construct(&assets(), &limits()),
        Err(vec![1, 2, 3, 4, 5])
    );
    // Silence gets a name.
    let mut scene = Scene::bare();
    scene.world.borrow_mut().refusal = Some(vec![]);
    let built = scene.construct(&assets(), &limits()).unwrap_err();
    assert!(matches!(error(&built), IEngineErrors::CallFailed(_)));
}
