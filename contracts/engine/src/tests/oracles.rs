//! Sources that lie, sleep or are missing: no trade, and never a revert without a reason.

use alloy_primitives::{I256, U256};

use crate::testing::{
    Feed, KEEPER, Pool, Scene, USDC, WBTC, WETH,
    interfaces::IEngine::{self, IEngineErrors},
};

/// What a rebalance of WETH into USDC gives after a change to the scene.
fn after(change: impl FnOnce(&mut Scene)) -> Result<u8, IEngineErrors> {
    let mut scene = Scene::new();
    change(&mut scene);
    let done = scene.rebalance(vec![Scene::sell_weth()]);
    if done.as_ref().is_ok_and(|done| done.outcome == 0) {
        assert_eq!(scene.world.borrow().swaps.len(), 1);
    } else {
        assert_eq!(scene.world.borrow().swaps.len(), 0);
    }
    done.map(|done| done.outcome)
}

fn with_feed(change: impl FnOnce(&mut Feed)) -> Result<u8, IEngineErrors> {
    after(|scene| scene.feed(WBTC, change))
}

fn with_sequencer(change: impl FnOnce(&mut Feed)) -> Result<u8, IEngineErrors> {
    after(|scene| scene.sequencer(change))
}

fn with_pool(change: impl FnOnce(&mut Pool)) -> Result<u8, IEngineErrors> {
    after(|scene| scene.pool(WETH, change))
}

fn bad_price() -> Result<u8, IEngineErrors> {
    Err(IEngineErrors::BadPrice(IEngine::BadPrice {
        index: U256::from(1),
    }))
}

fn no_twap() -> Result<u8, IEngineErrors> {
    Err(IEngineErrors::TwapUnavailable(IEngine::TwapUnavailable {
        index: U256::ZERO,
    }))
}

fn down() -> Result<u8, IEngineErrors> {
    Err(IEngineErrors::SequencerDown(IEngine::SequencerDown {}))
}

#[test]
fn answers_that_are_not_prices() {
    for answer in [I256::ZERO, I256::MINUS_ONE, I256::MIN, I256::MAX] {
        assert_eq!(with_feed(|feed| feed.answer = answer), bad_price());
    }
}

#[test]
fn rounds_without_a_time_or_from_the_future() {
    let now = Scene::new().now();
    for time in [U256::ZERO, U256::from(now + 1), U256::MAX] {
        assert_eq!(with_feed(|feed| feed.updated_at = time), bad_price());
    }
    assert_eq!(with_feed(|feed| feed.updated_at = U256::from(now)), Ok(0));
}

#[test]
fn an_answer_lives_one_heartbeat() {
    let now = Scene::new().now();
    assert_eq!(
        with_feed(|feed| feed.updated_at = U256::from(now - 86_400)),
        Ok(0)
    );
    assert_eq!(
        with_feed(|feed| feed.updated_at = U256::from(now - 86_401)),
        Err(IEngineErrors::StalePrice(IEngine::StalePrice {
            index: U256::from(1)
        }))
    );
}

#[test]
fn malformed_answers() {
    let garbage = [
        Ok(vec![]),
        Ok(vec![0xff; 31]),
        Ok(vec![0xff; 159]),
        Ok(vec![0xff; 100_000]),
        Err(vec![]),
        Err(vec![1; 100_000]),
    ];
    for raw in garbage {
        assert_eq!(with_feed(|feed| feed.raw = Some(raw.clone())), bad_price());
        assert_eq!(with_sequencer(|feed| feed.raw = Some(raw.clone())), down());
    }
}

#[test]
fn bounds_refuse_at_and_trip_near() {
    let at = |usd: i64| with_feed(|feed| feed.answer = I256::try_from(usd * 100_000_000).unwrap());
    // 6,000 to 600,000.
    assert_eq!(at(6_000), bad_price());
    assert_eq!(at(600_000), bad_price());
    assert_eq!(at(6_001), Ok(1));
    assert_eq!(at(6_060), Ok(1));
    assert_eq!(at(594_000), Ok(1));
    // Away from the bound: the feed and the pool of WBTC disagree, but it is not traded.
    assert_ne!(at(6_061), Ok(1));
}

#[test]
fn a_feed_near_its_bound_latches_with_its_reason() {
    let mut scene = Scene::new();
    scene.set_price(USDC, 0.1005);
    let done = scene.rebalance(vec![Scene::sell_weth()]).unwrap();
    assert_eq!(
        (done.outcome, done.navBefore, done.navAfter),
        (1, U256::ZERO, U256::ZERO)
    );
    assert_eq!(scene.world.borrow().trips, [2]);
    let tripped = scene.events::<IEngine::Tripped>();
    assert_eq!(
        (tripped[0].caller, tripped[0].index),
        (KEEPER, U256::from(2))
    );
    assert_eq!(tripped[0].value, U256::from(100_500_000_000_000_000u64));
    assert_eq!(tripped[0].limit, U256::from(100_000_000_000_000_000u64));
    // A trip is no rebalance.
    assert_eq!(scene.call(IEngine::lastRebalanceCall {}).unwrap(), 0);
}

#[test]
fn the_sequencer_must_be_up_and_have_been_for_a_while() {
    let now = Scene::new().now();
    assert_eq!(with_sequencer(|feed| feed.answer = I256::ONE), down());
    assert_eq!(with_sequencer(|feed| feed.started_at = 0), down());
    assert_eq!(with_sequencer(|feed| feed.started_at = now + 1), down());
    assert_eq!(with_sequencer(|feed| feed.started_at = now - 3_600), Ok(0));
    let until = now - 3_599 + 3_600;
    assert_eq!(
        with_sequencer(|feed| feed.started_at = now - 3_599),
        Err(IEngineErrors::SequencerGrace(IEngine::SequencerGrace {
            until
        }))
    );
}

#[test]
fn a_pool_without_a_history_is_no_oracle() {
    assert_eq!(with_pool(|pool| pool.cardinality = 1), no_twap());
    assert_eq!(with_pool(|pool| pool.cardinality = 0), no_twap());
    // 'OLD'
    assert_eq!(with_pool(|pool| pool.age = 1_799), no_twap());
    assert_eq!(with_pool(|pool| pool.age = 1_800), Ok(0));
}

#[test]
fn a_pool_that_is_gone_is_no_oracle() {
    let gone = after(|scene| scene.world.borrow_mut().pools.clear());
    assert_eq!(gone, no_twap());
}

#[test]
fn malformed_pool_answers() {
    let garbage = [
        Ok(vec![]),
        Ok(vec![0xff; 31]),
        Ok(vec![0; 224]),
        Ok(vec![0; 256]),
        Ok(vec![0xff; 100_000]),
        Err(vec![]),
        Err(vec![1; 100_000]),
    ];
    for raw in garbage {
        assert_eq!(
            with_pool(|pool| pool.observed = Some(raw.clone())),
            no_twap()
        );
        assert_eq!(with_pool(|pool| pool.slot0 = Some(raw.clone())), no_twap());
    }
}

#[test]
fn a_bent_observation_never_trades_at_a_price_of_its_own() {
    for byte in 0..256 {
        let bent = after(|scene| {
            scene.pool(WETH, |pool| {
                let mut data = pool.observe(&[1_800, 0]);
                data[byte] ^= 0x40;
                pool.observed = Some(Ok(data));
            });
        });
        match bent {
            // What the bytes mean lies within what the sources may differ by, or in bytes that a pool never sets.
            Ok(0) => assert!((96..256).contains(&byte), "{byte}"),
            // Or it trips, is refused as too far off, as too thin, or as no answer at all.
            Ok(1) | Err(IEngineErrors::Deviation(_) | IEngineErrors::ThinPool(_)) => {}
            Err(IEngineErrors::SpotDeviation(_)) => {}
            other => assert_eq!(other, no_twap(), "{byte}"),
        }
    }
}

#[test]
fn amounts_without_a_value_are_refused() {
    let overflow = Err(IEngineErrors::Overflow(IEngine::Overflow {}));
    assert_eq!(
        after(|s| s.world.borrow_mut().amounts[0] = U256::MAX),
        overflow
    );
    assert_eq!(
        after(|s| s.world.borrow_mut().amounts.fill(U256::MAX)),
        overflow
    );
    // A latch needs no value.
    let tripped = after(|scene| {
        scene.world.borrow_mut().amounts.fill(U256::MAX);
        scene.pool(WETH, |pool| pool.mean_tick += 600);
    });
    assert_eq!(tripped, Ok(1));
}

#[test]
fn a_thin_pool_is_no_oracle() {
    assert_eq!(with_pool(|pool| pool.liquidity = 1_000_001), Ok(0));
    for liquidity in [0, 1, 999_998] {
        let thin = with_pool(|pool| pool.liquidity = liquidity);
        assert!(matches!(thin, Err(IEngineErrors::ThinPool(_))), "{thin:?}");
    }
}

#[test]
fn only_traded_assets_need_a_twap() {
    assert_eq!(
        after(|scene| scene.pool(WBTC, |pool| pool.cardinality = 1)),
        Ok(0)
    );
}

#[test]
fn disagreement_is_refused_and_then_latched() {
    // About one basis point a tick.
    assert_eq!(with_pool(|pool| pool.mean_tick -= 0), Ok(0));
    let refused = |bps: i32| {
        after(|scene| {
            scene.pool(WETH, |pool| {
                pool.mean_tick -= bps;
                pool.tick -= bps;
            })
        })
    };
    assert_eq!(refused(140), Ok(0));
    let far = refused(160);
    assert!(matches!(far, Err(IEngineErrors::Deviation(_))), "{far:?}");
    assert_eq!(refused(500), Ok(1));
    assert_eq!(refused(-600), Ok(1));
}

#[test]
fn a_crash_that_the_mean_has_not_seen_trips() {
    let mut scene = Scene::new();
    scene.set_price(WETH, 250.0);
    scene.pool(WETH, |pool| pool.tick -= 23_000);
    assert_eq!(
        scene.rebalance(vec![Scene::sell_weth()]).unwrap().outcome,
        1
    );
    assert_eq!(scene.world.borrow().trips, [1]);
    let tripped = scene.events::<IEngine::Tripped>();
    assert_eq!((tripped[0].reason, tripped[0].limit), (1, U256::from(500)));
}

#[test]
fn anyone_may_poke() {
    let mut scene = Scene::new();
    scene.sent_by(WETH);
    assert_eq!(scene.call(IEngine::pokeCall {}).unwrap(), 0);
    // A broken feed does not hide another asset's trouble.
    scene.feed(WETH, |feed| feed.answer = I256::ZERO);
    scene.pool(WBTC, |pool| pool.mean_tick += 600);
    assert_eq!(scene.call(IEngine::pokeCall {}).unwrap(), 1);
    assert_eq!(scene.world.borrow().trips, [1]);
    assert_eq!(scene.events::<IEngine::Tripped>()[0].index, U256::from(1));
    // Once.
    assert_eq!(scene.call(IEngine::pokeCall {}).unwrap(), 0);
    assert_eq!(scene.world.borrow().trips, [1]);
}

#[test]
fn a_thin_or_young_pool_cannot_be_used_to_latch() {
    let mut scene = Scene::new();
    scene.pool(WBTC, |pool| {
        pool.mean_tick += 600;
        pool.liquidity = 1;
    });
    assert_eq!(scene.call(IEngine::pokeCall {}).unwrap(), 0);
    scene.pool(WBTC, |pool| {
        pool.liquidity = 10u128.pow(15);
        pool.cardinality = 1;
    });
    assert_eq!(scene.call(IEngine::pokeCall {}).unwrap(), 0);
    scene.sequencer(|feed| feed.answer = I256::ONE);
    assert!(scene.call(IEngine::pokeCall {}).is_err());
}

#[test]
fn resuming_needs_every_source() {
    fn refused(change: impl FnOnce(&mut Scene)) -> IEngineErrors {
        let mut scene = Scene::owned();
        change(&mut scene);
        let error = scene.call(IEngine::resumeCall {}).err().unwrap();
        assert!(!scene.world.borrow().resumed);
        error
    }
    use IEngineErrors as E;
    let late = |feed: &mut Feed| feed.updated_at = U256::ONE;
    assert!(matches!(
        refused(|s| s.sequencer(|f| f.answer = I256::ONE)),
        E::SequencerDown(_)
    ));
    assert!(matches!(refused(|s| s.feed(USDC, late)), E::StalePrice(_)));
    assert!(matches!(
        refused(|s| s.set_price(WBTC, 6_050.0)),
        E::BadPrice(_)
    ));
    assert!(matches!(
        refused(|s| s.pool(WBTC, |p| p.age = 9)),
        E::TwapUnavailable(_)
    ));
    assert!(matches!(
        refused(|s| s.pool(WBTC, |p| p.liquidity = 9)),
        E::ThinPool(_)
    ));
    assert!(matches!(
        refused(|s| s.pool(WBTC, |p| p.mean_tick += 200)),
        E::Deviation(_)
    ));
    let mut scene = Scene::owned();
    scene.call(IEngine::resumeCall {}).unwrap();
    assert!(scene.world.borrow().resumed);
}
