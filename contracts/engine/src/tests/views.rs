//! Views that report instead of reverting.

use alloy_primitives::{I256, U256};

use crate::testing::{
    OWNER, Scene, USDC, WBTC, WETH,
    interfaces::IEngine::{self, IEngineErrors},
};

const ONE: u64 = 1_000_000_000_000_000_000;

/// Status and time of `checkRebalance` after a change.
fn status(change: impl FnOnce(&mut Scene)) -> (u8, u64) {
    let mut scene = Scene::new();
    change(&mut scene);
    let check = scene.call(IEngine::checkRebalanceCall {}).unwrap();
    (check.status, check.retryAt)
}

#[test]
fn ready_with_the_sides_that_it_has() {
    let mut scene = Scene::new();
    let check = scene.call(IEngine::checkRebalanceCall {}).unwrap();
    assert_eq!((check.status, check.retryAt), (0, 0));
    assert_eq!(check.drift, U256::from(ONE / 10));
    assert_eq!(
        (check.over, check.under),
        (U256::from(0b001), U256::from(0b100))
    );
}

#[test]
fn every_status_has_its_number() {
    let now = Scene::new().now();
    let level = |scene: &mut Scene| {
        scene.world.borrow_mut().amounts[0] = U256::from(20) * U256::from(ONE);
        scene.world.borrow_mut().amounts[2] = U256::from(30_000_000_000u64);
    };
    let traded = |scene: &mut Scene| {
        scene.rebalance(vec![Scene::sell_weth()]).unwrap();
    };
    assert_eq!(status(level), (1, 0));
    assert_eq!(status(traded), (2, now + 900));
    assert_eq!(
        status(|s| s.sequencer(|feed| feed.answer = I256::ONE)),
        (3, 0)
    );
    assert_eq!(
        status(|s| s.sequencer(|feed| feed.started_at = now - 1)),
        (3, now + 3_599)
    );
    assert_eq!(
        status(|s| s.feed(WBTC, |feed| feed.answer = I256::ZERO)),
        (4, 0)
    );
    assert_eq!(
        status(|s| s.pool(WBTC, |pool| pool.cardinality = 1)),
        (5, 0)
    );
    assert_eq!(status(|s| s.pool(WBTC, |pool| pool.liquidity = 1)), (5, 0));
    assert_eq!(
        status(|s| s.pool(WBTC, |pool| pool.mean_tick += 200)),
        (6, 0)
    );
    assert_eq!(
        status(|s| s.pool(WBTC, |pool| pool.mean_tick += 600)),
        (7, 0)
    );
    assert_eq!(status(|s| s.set_price(USDC, 0.1005)), (7, 0));
    assert_eq!(status(|s| s.world.borrow_mut().mode = 1), (8, 0));
    assert_eq!(status(|s| s.world.borrow_mut().mode = 2), (9, 0));
}

#[test]
fn no_price_no_drift() {
    let mut scene = Scene::new();
    scene.feed(WETH, |feed| feed.raw = Some(Err(vec![])));
    let check = scene.call(IEngine::checkRebalanceCall {}).unwrap();
    assert_eq!(
        (check.status, check.drift, check.over, check.under),
        (4, U256::ZERO, U256::ZERO, U256::ZERO)
    );
}

#[test]
fn an_unseeded_vault_has_nothing_to_level() {
    let mut scene = Scene::new();
    scene.world.borrow_mut().amounts.fill(U256::ZERO);
    let check = scene.call(IEngine::checkRebalanceCall {}).unwrap();
    assert_eq!(
        (check.status, check.drift, check.over, check.under),
        (1, U256::ZERO, U256::ZERO, U256::ZERO)
    );
    assert_eq!(scene.call(IEngine::navCall {}).unwrap(), U256::ZERO);
    assert_eq!(
        scene.call(IEngine::weightsCall {}).unwrap().current,
        [U256::ZERO; 3]
    );
}

fn prices(change: impl FnOnce(&mut Scene)) -> IEngine::pricesReturn {
    let mut scene = Scene::new();
    change(&mut scene);
    scene.call(IEngine::pricesCall {}).unwrap()
}

fn flags(change: impl FnOnce(&mut Scene)) -> [u64; 3] {
    let flags = prices(change).flags;
    flags
        .iter()
        .map(|flags| flags.to())
        .collect::<Vec<u64>>()
        .try_into()
        .unwrap()
}

#[test]
fn prices_agree_where_nothing_is_wrong() {
    let prices = prices(|_| {});
    let whole = |usd: u64| U256::from(usd) * U256::from(ONE);
    assert_eq!(prices.chainlink, [whole(2_000), whole(60_000), whole(1)]);
    assert_eq!(prices.twap[2], whole(1));
    assert_eq!(prices.spot[2], U256::ZERO);
    for (asset, usd) in [(0, 2_000), (1, 60_000)] {
        for price in [prices.twap[asset], prices.spot[asset]] {
            // Within a tick or so.
            let off = price.abs_diff(whole(usd)) * U256::from(10_000) / whole(usd);
            assert!(off <= U256::from(2), "{asset} {price}");
        }
    }
    assert_eq!(prices.flags, [U256::ZERO; 3]);
}

#[test]
fn every_flag_has_its_bit() {
    assert_eq!(
        flags(|s| s.feed(WETH, |feed| feed.answer = I256::ZERO)),
        [1, 0, 0]
    );
    assert_eq!(
        flags(|s| s.feed(WETH, |feed| feed.updated_at = U256::ONE)),
        [2, 0, 0]
    );
    assert_eq!(flags(|s| s.pool(WBTC, |pool| pool.age = 1)), [0, 8, 0]);
    assert_eq!(
        flags(|s| s.pool(WBTC, |pool| pool.liquidity = 1)),
        [0, 16, 0]
    );
    let moved = |by| {
        flags(move |s| {
            s.pool(WBTC, |pool| {
                pool.mean_tick += by;
                pool.tick += by;
            })
        })
    };
    assert_eq!(moved(200), [0, 32, 0]);
    assert_eq!(moved(600), [0, 32 | 64, 0]);
    assert_eq!(
        flags(|s| s.pool(WBTC, |pool| pool.tick += 100)),
        [0, 128, 0]
    );
    // Without the reference's feed no pool can be read in USD.
    assert_eq!(
        flags(|s| s.feed(USDC, |feed| feed.answer = I256::ZERO)),
        [8, 8, 1]
    );
    assert_eq!(flags(|s| s.set_price(WETH, 201.0)), [4 | 32 | 64, 0, 0]);
}

#[test]
fn no_source_makes_prices_revert() {
    let prices = prices(|scene| {
        let mut world = scene.world.borrow_mut();
        world.pools.clear();
        world.feeds.clear();
    });
    assert_eq!(prices.flags, [1 | 8, 1 | 8, 1].map(U256::from));
    assert_eq!(prices.chainlink, [U256::ZERO; 3]);
}

#[test]
fn nav_and_weights_need_every_price() {
    let mut scene = Scene::new();
    assert_eq!(
        scene.call(IEngine::navCall {}).unwrap(),
        U256::from(ONE) * U256::from(100_000)
    );
    let weights = scene.call(IEngine::weightsCall {}).unwrap();
    assert_eq!(
        weights.current,
        [50, 30, 20].map(|w| U256::from(w * (ONE / 100)))
    );
    assert_eq!(
        weights.targets,
        [40, 30, 30].map(|w| U256::from(w * (ONE / 100)))
    );
    scene.feed(USDC, |feed| feed.updated_at = U256::ONE);
    assert!(matches!(
        scene.call(IEngine::navCall {}),
        Err(IEngineErrors::StalePrice(_))
    ));
    assert!(matches!(
        scene.call(IEngine::weightsCall {}),
        Err(IEngineErrors::StalePrice(_))
    ));
}

#[test]
fn the_owner_is_the_vaults() {
    let mut scene = Scene::new();
    scene.world.borrow_mut().owner = WETH;
    scene.sent_by(OWNER);
    assert!(scene.call(IEngine::resumeCall {}).is_err());
    scene.sent_by(WETH);
    scene.call(IEngine::resumeCall {}).unwrap();
}
