//! A hostile keeper: what it asks for is clamped, floored or refused.

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolError;

use crate::testing::{
    KEEPER, OWNER, Scene, USDC, VENUE, WBTC, WETH, World,
    interfaces::{
        IEngine::{self, IEngineErrors as E},
        IVault,
    },
    trade,
};

const ONE: u128 = 1_000_000_000_000_000_000;

fn usd(amount: u64) -> U256 {
    U256::from(amount) * U256::from(ONE)
}

/// The error of one trade in the scene.
fn refusal(trade: IEngine::Trade) -> E {
    refusals(vec![trade])
}

fn refusals(trades: Vec<IEngine::Trade>) -> E {
    Scene::new().rebalance(trades).err().unwrap()
}

#[test]
fn sells_what_is_too_much_and_tells_all() {
    let mut scene = Scene::new();
    scene.world.borrow_mut().cost_bps = 10;
    let done = scene.rebalance(vec![Scene::sell_weth()]).unwrap();
    // 10 of 10,000 bps of 10,000 USD.
    assert_eq!(
        (done.outcome, done.navBefore, done.navAfter),
        (0, usd(100_000), usd(99_990))
    );
    let world = scene.world.borrow();
    assert_eq!(world.amounts[0], U256::from(20 * ONE));
    assert_eq!(world.swaps[0].venue, VENUE);
    assert_eq!(world.swaps[0].max_in, U256::from(5 * ONE));
    drop(world);
    let event = scene.events::<IEngine::Rebalanced>().remove(0);
    assert_eq!((event.keeper, event.nonce), (KEEPER, 0));
    assert_eq!(
        (event.navBefore, event.navAfter),
        (usd(100_000), usd(99_990))
    );
    assert_eq!(event.driftBefore, U256::from(ONE / 10));
    assert!(event.driftAfter < U256::from(ONE / 1_000));
    assert_eq!(event.prices, [usd(2_000), usd(60_000), usd(1)]);
    assert_eq!(
        scene.call(IEngine::lastRebalanceCall {}).unwrap(),
        scene.now()
    );
}

#[test]
fn the_call_itself_is_guarded_in_order() {
    let mut scene = Scene::new();
    let (deadline, trades) = (scene.now() - 1, vec![]);
    let late = IEngine::rebalanceCall {
        trades,
        nonce: 9,
        deadline,
    };
    scene.sent_by(OWNER);
    assert_eq!(
        scene.call(late.clone()).err(),
        Some(E::NotRole(IEngine::NotRole { role: 3 }))
    );
    scene.sent_by(KEEPER);
    assert!(matches!(scene.call(late), Err(E::DeadlinePassed(_))));
    for trades in [vec![], vec![Scene::sell_weth(); 5]] {
        assert!(matches!(scene.rebalance(trades), Err(E::TradeCount(_))));
    }
    scene.world.borrow_mut().mode = 1;
    let wrong = scene.rebalance(vec![Scene::sell_weth()]).err();
    assert_eq!(wrong, Some(E::WrongMode(IEngine::WrongMode { mode: 1 })));
    scene.world.borrow_mut().mode = 0;
    let call = IEngine::rebalanceCall {
        trades: vec![Scene::sell_weth()],
        nonce: 1,
        deadline: scene.now(),
    };
    let bad = scene.call(call).err();
    assert_eq!(
        bad,
        Some(E::BadNonce(IEngine::BadNonce { got: 1, want: 0 }))
    );
}

#[test]
fn rebalances_keep_their_distance() {
    let mut scene = Scene::new();
    scene.rebalance(vec![Scene::sell_weth()]).unwrap();
    let until = scene.now() + 900;
    scene.warp(899);
    let early = scene.rebalance(vec![Scene::sell_weth()]).err();
    assert_eq!(early, Some(E::Cooldown(IEngine::Cooldown { until })));
    scene.warp(1);
    let level = scene.rebalance(vec![Scene::sell_weth()]);
    assert!(matches!(level, Err(E::NotBreached(_))));
}

#[test]
fn a_level_or_empty_basket_is_left_alone() {
    let mut scene = Scene::new();
    // 42, 30 and 28 %.
    scene.world.borrow_mut().amounts[0] = U256::from(21 * ONE);
    scene.world.borrow_mut().amounts[2] = U256::from(28_000_000_000u64);
    let drift = U256::from(ONE / 50);
    let level = scene.rebalance(vec![Scene::sell_weth()]).err();
    assert_eq!(level, Some(E::NotBreached(IEngine::NotBreached { drift })));
    scene.world.borrow_mut().amounts.fill(U256::ZERO);
    let empty = scene.rebalance(vec![Scene::sell_weth()]);
    assert!(matches!(empty, Err(E::NotBreached(_))));
}

#[test]
fn size_is_clamped_to_surplus_and_deficit() {
    let mut scene = Scene::new();
    scene
        .rebalance(vec![trade(0, 2, u128::MAX, &[WETH])])
        .unwrap();
    assert_eq!(scene.world.borrow().swaps[0].max_in, U256::from(5 * ONE));
}

#[test]
fn the_keepers_minimum_only_tightens_and_shrinks_with_the_clamp() {
    let swap = |max_in, min_out| {
        let mut scene = Scene::new();
        let mut trade = trade(0, 2, max_in, &[WETH]);
        trade.minOut = min_out;
        let done = scene.rebalance(vec![trade]);
        done.map(|_| scene.world.borrow().swaps[0].min_out)
    };
    // A hundredth off 10,000 USDC, at the dearer of the two sources: the TWAP lies up to a tick below the feed.
    let floor = swap(5 * ONE, 0).unwrap();
    assert_eq!(floor, U256::from(9_900_000_000u64));
    assert_eq!(
        swap(5 * ONE, 9_950_000_000).unwrap(),
        U256::from(9_950_000_000u64)
    );
    // Twice as much for twice as much.
    assert_eq!(
        swap(10 * ONE, 19_900_000_000).unwrap(),
        U256::from(9_950_000_000u64)
    );
    // More than the market gives: the vault's own error, byte for byte.
    let mut scene = Scene::new();
    let mut dear = Scene::sell_weth();
    dear.minOut = 10_000_000_001;
    let call = IEngine::rebalanceCall {
        trades: vec![dear],
        nonce: 0,
        deadline: scene.now(),
    };
    let data = alloy_sol_types::SolCall::abi_encode(&call);
    let refused = scene.call_raw(
        <IEngine::rebalanceCall as alloy_sol_types::SolCall>::SELECTOR,
        &data[4..],
    );
    let slippage = IVault::Slippage {
        token: USDC,
        got: U256::from(10_000_000_000u64),
        want: U256::from(10_000_000_001u64),
    };
    assert_eq!(refused, Err(slippage.abi_encode()));
}

#[test]
fn the_floor_is_that_of_the_source_that_asks_for_more() {
    let mut scene = Scene::new();
    // The TWAP says half a hundredth more; the market gives what the feed says, less 20 bps.
    scene.world.borrow_mut().cost_bps = 20;
    scene.pool(WETH, |pool| {
        pool.mean_tick += 50;
        pool.tick += 50;
    });
    scene.rebalance(vec![Scene::sell_weth()]).unwrap();
    let floor = scene.world.borrow().swaps[0].min_out;
    assert!(floor > U256::from(9_940_000_000u64), "{floor}");
}

#[test]
fn venues_and_assets_must_be_listed() {
    let mut unknown = Scene::sell_weth();
    unknown.venue = 1;
    let venue = U256::ONE;
    assert_eq!(
        refusal(unknown),
        E::UnknownVenue(IEngine::UnknownVenue { venue })
    );
    for (a, b) in [(3, 2), (0, 3), (255, 255)] {
        assert!(matches!(
            refusal(trade(a, b, 5 * ONE, &[WETH])),
            E::NotListed(_)
        ));
    }
}

#[test]
fn routes_are_the_listed_pools_alone() {
    let bad = E::BadRoute(IEngine::BadRoute { trade: U256::ZERO });
    for pools in [
        &[][..],
        &[WBTC],
        &[WETH, WBTC],
        &[WETH, WETH],
        &[WETH, WBTC, WETH],
    ] {
        assert_eq!(refusal(trade(0, 2, 5 * ONE, pools)), bad, "{pools:?}");
    }
    // A pool of the keeper's own, a cut address, a tail.
    let mut own = Scene::sell_weth();
    own.route = Address::repeat_byte(0x66).to_vec().into();
    assert_eq!(refusal(own), bad);
    let mut cut = Scene::sell_weth();
    cut.route = cut.route.slice(..19);
    assert_eq!(refusal(cut), bad);
    let mut tail = Scene::sell_weth();
    tail.route = [tail.route.as_ref(), &[0]].concat().into();
    assert_eq!(refusal(tail), bad);
}

#[test]
fn two_assets_trade_by_way_of_the_reference() {
    // WBTC short, USDC level.
    let trade_into_wbtc = |pools: &[Address]| {
        let mut scene = Scene::new();
        scene.world.borrow_mut().amounts[1] = U256::from(33_333_333u64);
        scene.world.borrow_mut().amounts[2] = U256::from(30_000_000_000u64);
        let done = scene.rebalance(vec![trade(0, 1, ONE * 49 / 10, pools)]);
        done.map(|_| scene.world)
    };
    let world = trade_into_wbtc(&[WETH, WBTC]).unwrap();
    assert_eq!(world.borrow().swaps[0].route.len(), 40);
    assert!(world.borrow().amounts[1] > U256::from(49_600_000u64));
    // The wrong way round.
    assert!(matches!(
        trade_into_wbtc(&[WBTC, WETH]),
        Err(E::BadRoute(_))
    ));
}

#[test]
fn only_towards_the_targets() {
    let wrong = E::WrongDirection(IEngine::WrongDirection { trade: U256::ZERO });
    // WBTC is level, USDC short.
    assert_eq!(refusal(trade(2, 0, 1_000_000_000, &[WETH])), wrong);
    assert_eq!(refusal(trade(1, 2, 10_000_000, &[WBTC])), wrong);
    assert_eq!(refusal(trade(0, 1, 5 * ONE, &[WETH, WBTC])), wrong);
    // An asset for itself, with the route that this would have.
    assert_eq!(refusal(trade(0, 0, 5 * ONE, &[WETH, WETH])), wrong);
}

#[test]
fn no_round_trips_within_a_call() {
    // Bought first, the USDC is no surplus that could be sold on.
    let there = Scene::sell_weth();
    let back = trade(2, 0, 10_000_000_000, &[WETH]);
    let error = refusals(vec![there.clone(), back]);
    assert_eq!(
        error,
        E::WrongDirection(IEngine::WrongDirection { trade: U256::ONE })
    );
    let on = trade(2, 1, 10_000_000_000, &[WBTC]);
    assert!(matches!(
        refusals(vec![there.clone(), on]),
        E::WrongDirection(_)
    ));
    // Nor can the same surplus be sold twice.
    assert!(matches!(
        refusals(vec![there.clone(), there]),
        E::WrongDirection(_) | E::TradeTooSmall(_)
    ));
}

#[test]
fn trades_are_neither_dust_nor_the_house() {
    for max_in in [0, 1, ONE / 41] {
        let small = refusal(trade(0, 2, max_in, &[WETH]));
        assert!(matches!(small, E::TradeTooSmall(_)), "{small:?}");
    }
    let mut scene = Scene::new();
    // 20 % of nav too much.
    scene.world.borrow_mut().amounts[0] = U256::from(40 * ONE);
    let large = scene
        .rebalance(vec![trade(0, 2, 20 * ONE, &[WETH])])
        .err()
        .unwrap();
    assert!(matches!(large, E::TradeTooLarge(_)), "{large:?}");
}

#[test]
fn a_pool_that_was_moved_is_not_traded() {
    let mut scene = Scene::new();
    scene.pool(WETH, |pool| pool.tick -= 80);
    let moved = scene.rebalance(vec![Scene::sell_weth()]).err().unwrap();
    assert!(matches!(moved, E::SpotDeviation(_)), "{moved:?}");
    assert!(scene.world.borrow().swaps.is_empty());
}

#[test]
fn a_trade_may_not_move_its_pool_too_far() {
    let mut scene = Scene::new();
    let pool = crate::testing::assets()[0].pool;
    scene.world.borrow_mut().in_swap = Some(Box::new(move |world: &mut World| {
        world.pools.get_mut(&pool).unwrap().tick -= 80;
    }));
    let moved = scene.rebalance(vec![Scene::sell_weth()]).err().unwrap();
    assert!(matches!(moved, E::SpotDeviation(_)), "{moved:?}");
}

#[test]
fn losses_and_gains_are_bounded() {
    let with_cost = |bps| {
        let mut scene = Scene::new();
        let mut limits = crate::testing::limits();
        (limits.slippageBps, limits.lossBps, limits.gainBps) = (200, 9, 9);
        scene.sent_by(OWNER);
        scene.call(IEngine::setLimitsCall { limits }).unwrap();
        scene.sent_by(KEEPER);
        scene.world.borrow_mut().cost_bps = bps;
        scene.rebalance(vec![Scene::sell_weth()])
    };
    // A tenth of nav is traded.
    assert!(with_cost(90).is_ok());
    let (bps, limit) = (U256::from(10), U256::from(9));
    let lost = E::LossTooLarge(IEngine::LossTooLarge { bps, limit });
    assert_eq!(with_cost(91).err(), Some(lost));
    assert!(with_cost(-90).is_ok());
    let won = E::GainTooLarge(IEngine::GainTooLarge { bps, limit });
    assert_eq!(with_cost(-91).err(), Some(won));
}

#[test]
fn nobody_may_mint_or_empty_the_vault_meanwhile() {
    let mut scene = Scene::new();
    scene.world.borrow_mut().in_swap = Some(Box::new(|world: &mut World| {
        world.supply += U256::ONE;
    }));
    let minted = scene.rebalance(vec![Scene::sell_weth()]);
    assert!(matches!(minted, Err(E::SupplyChanged(_))));

    let mut scene = Scene::new();
    scene.world.borrow_mut().in_swap = Some(Box::new(|world: &mut World| {
        world.amounts[2] -= U256::from(10_000_000_000u64);
    }));
    let emptied = scene.rebalance(vec![Scene::sell_weth()]);
    assert!(matches!(emptied, Err(E::LossTooLarge(_))));
}

#[test]
fn drift_must_fall() {
    let mut scene = Scene::new();
    scene.world.borrow_mut().in_swap = Some(Box::new(|world: &mut World| {
        world.amounts[1] *= U256::from(2);
    }));
    let further = scene.rebalance(vec![Scene::sell_weth()]);
    assert!(matches!(further, Err(E::DriftNotReduced(_))));
}

#[test]
fn no_asset_is_carried_past_its_target() {
    let mut scene = Scene::new();
    // The vault books more than the trade: WETH 20 bps of nav short, USDC as much above.
    scene.world.borrow_mut().in_swap = Some(Box::new(|world: &mut World| {
        world.amounts[0] -= U256::from(ONE / 10);
        world.amounts[2] += U256::from(200_000_000u64);
    }));
    let index = U256::ZERO;
    let over = scene.rebalance(vec![Scene::sell_weth()]).err();
    assert_eq!(over, Some(E::Overshoot(IEngine::Overshoot { index })));
}

#[test]
fn an_open_or_silent_vault_is_reported_as_it_reports() {
    let mut scene = Scene::new();
    scene.world.borrow_mut().refusal = Some(IVault::Locked {}.abi_encode());
    let selector = <IEngine::navCall as alloy_sol_types::SolCall>::SELECTOR;
    assert_eq!(
        scene.call_raw(selector, &[]),
        Err(IVault::Locked {}.abi_encode())
    );
    // At most four kilobytes of it.
    scene.world.borrow_mut().refusal = Some(vec![7; 100_000]);
    assert_eq!(scene.call_raw(selector, &[]), Err(vec![7; 4096]));
    scene.world.borrow_mut().refusal = Some(vec![]);
    assert!(matches!(
        scene.call(IEngine::navCall {}),
        Err(E::CallFailed(_))
    ));
}

#[test]
fn four_trades_go_through() {
    let mut scene = Scene::new();
    let part = || trade(0, 2, 5 * ONE / 4, &[WETH]);
    scene
        .rebalance(vec![part(), part(), part(), part()])
        .unwrap();
    assert_eq!(scene.world.borrow().swaps.len(), 4);
    assert_eq!(scene.world.borrow().amounts[0], U256::from(20 * ONE));
}
