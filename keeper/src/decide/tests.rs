use super::*;
use crate::config::Addresses;
use crate::registry::{Listed, Pool};
use crate::snapshot::{AssetView, SignerView};
use alloy::primitives::Address;
use gimbal_core::fixed::{D18, mul_div_up};
use gimbal_core::rebalance::{Bounds, Holding, Leg, check_bought, check_size, check_sold};
use gimbal_core::slippage::out_floor_up;
use gimbal_core::weights::value_down;
use proptest::prelude::*;

const NOW: u64 = 1_800_000_000;
const E18: u128 = 1_000_000_000_000_000_000;

/// USDC (reference), WETH, WBTC, LINK: 6, 18, 8 and 18 decimals.
const DECIMALS: [u8; 4] = [6, 18, 8, 18];
const PRICES: [u128; 4] = [E18, 2_500 * E18, 60_000 * E18, 15 * E18];

fn registry() -> Registry {
    let listed = |i: usize| Listed {
        token: Address::repeat_byte(i as u8 + 1),
        symbol: ["USDC", "WETH", "WBTC", "LINK"][i].into(),
        decimals: DECIMALS[i],
        pool: (i != 0).then(|| Pool {
            address: Address::repeat_byte(0x10 + i as u8),
            fee_ppm: 500,
        }),
    };
    Registry {
        addresses: Addresses {
            vault: Address::repeat_byte(0xaa),
            engine: Address::repeat_byte(0xbb),
        },
        reference: 0,
        assets: (0..4).map(listed).collect(),
    }
}

fn limits() -> IEngine::Limits {
    IEngine::Limits {
        slippageBps: 50,
        lossBps: 30,
        gainBps: 30,
        deviationSkipBps: 150,
        deviationTripBps: 500,
        deviationSpotBps: 75,
        tradeBpsMax: 1_000,
        cooldown: 900,
        twapWindow: 1_800,
        sequencerGrace: 3_600,
        tradeUsdMin: 50 * E18,
    }
}

/// A healthy basket of `nav_usd` whose weights are `weights_bps`, with targets of 25 % and bands of 200 bps.
fn snapshot(nav_usd: u128, weights_bps: [u16; 4]) -> Snapshot {
    let asset = |i: usize| {
        // {tok} = {usd} * {bps} / BPS * 10^decimals / {usd/whole token}
        let value = nav_usd * u128::from(weights_bps[i]) / 10_000 * E18;
        let managed =
            U256::from(value) * U256::from(10).pow(U256::from(DECIMALS[i])) / U256::from(PRICES[i]);
        AssetView {
            managed,
            quota_used: U256::ZERO,
            quota_cap: U256::from(E18 / 4),
            chainlink: U256::from(PRICES[i]),
            twap: U256::from(PRICES[i]),
            // The engine shows no spot of the reference.
            spot: if i == 0 {
                U256::ZERO
            } else {
                U256::from(PRICES[i])
            },
            flags: 0,
            weight: Some(U256::from(u128::from(weights_bps[i]) * E18 / 10_000)),
            target: U256::from(E18 / 4),
            band_bps: 200,
        }
    };
    Snapshot {
        block: 1,
        timestamp: NOW,
        now: NOW,
        mode: Mode::Active,
        halted_at: 0,
        nonce: 7,
        supply: U256::from(1_000 * E18),
        assets: (0..4).map(asset).collect(),
        nav: Some(U256::from(nav_usd * E18)),
        limits: limits(),
        last_rebalance: NOW - 10_000,
        venues: vec![Address::repeat_byte(0xcc)],
        status: Status::Ready,
        retry_at: 0,
        signer: Some(SignerView {
            address: Address::repeat_byte(0xdd),
            keeper: true,
        }),
    }
}

const OUT_OF_BAND: [u16; 4] = [2_400, 2_900, 2_350, 2_350];

fn decided(snapshot: &Snapshot) -> Decision {
    decide(snapshot, &registry(), &Policy::default(), NOW)
}

fn proposal(snapshot: &Snapshot) -> Proposal {
    match decided(snapshot) {
        Decision::Rebalance(proposal) => proposal,
        other => panic!("{other:?}"),
    }
}

fn reason(change: impl FnOnce(&mut Snapshot)) -> Reason {
    let mut snapshot = snapshot(1_000_000, OUT_OF_BAND);
    change(&mut snapshot);
    match decided(&snapshot) {
        Decision::Wait { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_basket_out_of_band_is_rebalanced_towards_its_targets() {
    let proposal = proposal(&snapshot(1_000_000, OUT_OF_BAND));
    assert_eq!(proposal.nonce, 7);
    assert_eq!(proposal.deadline, NOW + 60);
    assert_eq!(proposal.drift, U256::from(E18 / 25));
    assert!(!proposal.trades.is_empty());
    for trade in &proposal.trades {
        assert_eq!(trade.sold, 1, "only WETH is overweight");
        assert_ne!(trade.bought, 1);
    }
    // WETH is 4 % over in all: 40,000 USD leave.
    let sold: U256 = proposal.trades.iter().map(|trade| trade.value).sum();
    let (least, most) = (U256::from(39_990 * E18), U256::from(40_000 * E18));
    assert!(sold >= least && sold <= most, "{sold}");
}

#[test]
fn routes_go_through_the_listed_pools() {
    for trade in proposal(&snapshot(1_000_000, OUT_OF_BAND)).trades {
        let mut pools = vec![0x11; 20];
        if trade.bought != 0 {
            pools.extend([0x10 + trade.bought as u8; 20]);
        }
        assert_eq!(trade.route, pools);
    }
}

#[test]
fn the_floor_is_under_the_better_source() {
    let fair = proposal(&snapshot(1_000_000, OUT_OF_BAND)).trades[0].clone();
    let exact = out_floor_up(
        fair.amount_in,
        snapshot(1, OUT_OF_BAND).assets[1].feed(18).unwrap(),
        snapshot(1, OUT_OF_BAND).assets[fair.bought]
            .feed(DECIMALS[fair.bought])
            .unwrap(),
        50,
    );
    assert_eq!(fair.out_min, exact.unwrap());

    // A TWAP half a percent above the feed asks for half a percent more, whatever the feed says.
    let mut higher = snapshot(1_000_000, OUT_OF_BAND);
    higher.assets[1].twap = U256::from(2_512 * E18 + E18 / 2);
    higher.assets[1].spot = higher.assets[1].twap;
    let trade = proposal(&higher).trades[0].clone();
    assert_eq!(trade.amount_in, fair.amount_in);
    assert!(trade.out_min > fair.out_min);
}

#[test]
fn the_tighter_slippage_wins() {
    let strict = Policy {
        slippage_bps: 20,
        ..Policy::default()
    };
    let lax = Policy {
        slippage_bps: 5_000,
        ..Policy::default()
    };
    let snapshot = snapshot(1_000_000, OUT_OF_BAND);
    let floor = |policy: &Policy| match decide(&snapshot, &registry(), policy, NOW) {
        Decision::Rebalance(proposal) => proposal.trades[0].out_min,
        other => panic!("{other:?}"),
    };
    assert!(floor(&strict) > floor(&Policy::default()));
    assert_eq!(
        floor(&lax),
        floor(&Policy::default()),
        "the engine's limit of 50 bps stands"
    );
}

#[test]
fn every_gate_has_its_reason() {
    assert_eq!(reason(|s| s.supply = U256::ZERO), Reason::NotSeeded);
    assert_eq!(
        reason(|s| s.signer.as_mut().unwrap().keeper = false),
        Reason::NotKeeper
    );
    assert_eq!(reason(|s| s.venues.clear()), Reason::NoVenue);
    assert_eq!(
        reason(|s| s.assets[2].flags = flag::STALE),
        Reason::Price(2)
    );
    assert_eq!(
        reason(|s| s.assets[2].flags = flag::CLAMPED),
        Reason::Price(2)
    );
    assert_eq!(
        reason(|s| s.assets[3].chainlink = U256::ZERO),
        Reason::Price(3)
    );
    assert_eq!(reason(|s| s.assets[3].twap = U256::ZERO), Reason::Twap(3));
    assert_eq!(reason(|s| s.assets[3].flags = flag::THIN), Reason::Twap(3));
    assert_eq!(
        reason(|s| s.assets[1].flags = flag::SPOT),
        Reason::SpotDeviation(1)
    );
    assert_eq!(reason(|s| s.last_rebalance = NOW - 899), Reason::Cooldown);
    assert_eq!(
        reason(|s| s.status = Status::Sequencer),
        Reason::Engine(Status::Sequencer)
    );
    assert_eq!(
        reason(|s| s.status = Status::WouldTrip),
        Reason::Engine(Status::WouldTrip)
    );
    assert_eq!(
        reason(|s| s.status = Status::Unknown(77)),
        Reason::Engine(Status::Unknown(77))
    );
    assert_eq!(
        reason(|s| *s = snapshot(1_000_000, [2_500; 4])),
        Reason::InBand
    );
    assert_eq!(
        reason(|s| *s = snapshot(500, OUT_OF_BAND)),
        Reason::NothingToTrade
    );
    assert_eq!(
        reason(|s| s
            .assets
            .iter_mut()
            .for_each(|asset| asset.quota_used = asset.quota_cap)),
        Reason::NothingToTrade
    );
}

/// The one thing that a keeper must never do: send a call that latches the breaker.
#[test]
fn a_deviation_anywhere_at_the_skip_threshold_is_waited_out() {
    for (asset, feed) in PRICES.into_iter().enumerate().skip(1) {
        for (bps, waits) in [
            (149_u128, false),
            (150, true),
            (499, true),
            (500, true),
            (9_000, true),
        ] {
            let mut snapshot = snapshot(1_000_000, OUT_OF_BAND);
            // |P / T - 1| = bps with P above T, and spot at P so that no other gate speaks first.
            snapshot.assets[asset].twap =
                U256::from(feed) * U256::from(10_000) / U256::from(10_000 + bps);
            let seen = decided(&snapshot);
            let deviates = matches!(seen, Decision::Wait { reason: Reason::Deviation(i, _), .. } if i == asset);
            assert_eq!(deviates, waits, "asset {asset}, {bps} bps: {seen:?}");
        }
    }
    let tripping = reason(|s| s.assets[3].flags = flag::SKIP | flag::TRIP);
    assert!(matches!(tripping, Reason::Deviation(3, _)));
}

#[test]
fn a_halted_vault_is_left_alone() {
    for mode in [Mode::Halted, Mode::Killed] {
        let mut snapshot = snapshot(1_000_000, OUT_OF_BAND);
        (snapshot.mode, snapshot.halted_at) = (mode, NOW - 5);
        assert_eq!(
            decided(&snapshot),
            Decision::Halted {
                mode,
                since: NOW - 5
            }
        );
    }
}

#[test]
fn the_cooldown_says_when_to_come_back() {
    let mut snapshot = snapshot(1_000_000, OUT_OF_BAND);
    snapshot.last_rebalance = NOW - 100;
    let Decision::Wait {
        reason: Reason::Cooldown,
        retry_at,
    } = decided(&snapshot)
    else {
        panic!("no cooldown");
    };
    assert_eq!(retry_at, Some(NOW + 800));
    let later = decide(&snapshot, &registry(), &Policy::default(), NOW + 800);
    assert!(matches!(later, Decision::Rebalance(_)));
}

#[test]
fn a_pool_that_cannot_bring_the_floor_is_not_tried() {
    let mut snapshot = snapshot(1_000_000, OUT_OF_BAND);
    // Spot 60 bps under feed and TWAP: inside the engine's spot check, beyond 50 bps of slippage.
    snapshot.assets[1].spot = U256::from(2_485 * E18);
    assert!(matches!(
        decided(&snapshot),
        Decision::Wait {
            reason: Reason::BelowFloor { sold: 1, .. },
            ..
        }
    ));
}

#[test]
fn the_quota_bounds_what_is_sold() {
    let mut snapshot = snapshot(1_000_000, OUT_OF_BAND);
    // 3 % of 290,000 USD of WETH may still leave.
    snapshot.assets[1].quota_used = U256::from(E18 / 100 * 22);
    let sold: U256 = proposal(&snapshot)
        .trades
        .iter()
        .map(|trade| trade.value)
        .sum();
    assert!(sold <= U256::from(8_700 * E18), "{sold}");
    assert!(sold > U256::from(8_500 * E18), "{sold}");
}

#[test]
fn a_call_carries_the_decision() {
    let proposal = proposal(&snapshot(1_000_000, OUT_OF_BAND));
    let call = proposal.call(3).unwrap();
    assert_eq!((call.nonce, call.deadline), (7, NOW + 60));
    assert_eq!(call.trades.len(), proposal.trades.len());
    assert_eq!(call.trades[0].venue, 3);
    assert_eq!(
        U256::from(call.trades[0].maxIn),
        proposal.trades[0].amount_in
    );
    assert_eq!(
        U256::from(call.trades[0].minOut),
        proposal.trades[0].out_min
    );
}

#[test]
fn a_proposal_can_be_halved_down_to_the_smallest_size() {
    let (whole, usd_min) = (
        proposal(&snapshot(1_000_000, OUT_OF_BAND)),
        U256::from(50 * E18),
    );
    let half = whole.halved(usd_min).unwrap();
    assert_eq!(half.trades.len(), whole.trades.len());
    for (half, whole) in half.trades.iter().zip(&whole.trades) {
        assert_eq!(half.amount_in, whole.amount_in / U256::from(2));
        // No worse a price: out_min / amount_in does not fall.
        assert!(half.out_min * whole.amount_in >= whole.out_min * half.amount_in);
    }
    let mut smaller = whole;
    let mut halvings = 0;
    while let Some(next) = smaller.halved(usd_min) {
        assert!(next.trades.iter().all(|trade| trade.value >= usd_min));
        (smaller, halvings) = (next, halvings + 1);
    }
    // 15,000 USD and less: eight times at most.
    assert!((5..=8).contains(&halvings), "{halvings}");
}

#[test]
fn reasons_speak_of_symbols() {
    let words = Reason::Deviation(1, U256::from(160)).words(&registry());
    assert_eq!(words, "feed and TWAP of WETH disagree by 160 bps");
}

fn weights() -> impl Strategy<Value = [u16; 4]> {
    (1_u16..4_000, 1_u16..3_000, 1_u16..2_500).prop_map(|(a, b, c)| [a, b, c, 10_000 - a - b - c])
}

proptest! {
    /// Whatever the basket, a proposal obeys the engine's own rules on the holdings that it was made for.
    #[test]
    fn proposals_obey_the_law(nav in 10_000_u128..1_000_000_000, weights in weights(), used in 0_u128..25) {
        let mut snapshot = snapshot(nav, weights);
        for asset in &mut snapshot.assets {
            asset.quota_used = U256::from(used * E18 / 100);
        }
        let Decision::Rebalance(proposal) = decided(&snapshot) else {
            return Ok(());
        };
        prop_assert!((1..=4).contains(&proposal.trades.len()));
        let registry = registry();
        let mut holdings: Vec<Holding> = snapshot.assets.iter().zip(&registry.assets).map(|(asset, listed)| Holding {
            amount: asset.managed,
            price: asset.feed(listed.decimals).unwrap(),
            target: asset.target,
        }).collect();
        let nav: U256 = holdings.iter().map(|h| value_down(h.amount, h.price).unwrap()).sum();
        let engine = Bounds { usd_min: U256::from(50 * E18), bps_max: 1_000 };
        let mut out = [U256::ZERO; 4];
        for trade in &proposal.trades {
            let managed = holdings[trade.sold].amount;
            check_size(trade.amount_in, holdings[trade.sold].price, nav, engine).unwrap();
            out[trade.sold] += mul_div_up(trade.amount_in, D18, managed).unwrap();
            let leg = Leg { sold: trade.sold, bought: trade.bought, amount_in: trade.amount_in };
            gimbal_core::rebalance::fill(&mut holdings, &leg).unwrap();
            check_sold(&holdings[trade.sold], nav).unwrap();
            check_bought(&holdings[trade.bought], nav).unwrap();
            prop_assert!(trade.out_min > U256::ZERO);
        }
        for spent in out {
            prop_assert!(spent <= U256::from((25 - used) * E18 / 100), "quota");
        }
    }

    /// Deciding twice on one snapshot is deciding once.
    #[test]
    fn decisions_are_pure(weights in weights(), now in NOW..NOW + 10_000) {
        let snapshot = snapshot(1_000_000, weights);
        let once = decide(&snapshot, &registry(), &Policy::default(), now);
        prop_assert_eq!(once, decide(&snapshot, &registry(), &Policy::default(), now));
    }
}
