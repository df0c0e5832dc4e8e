use gimbal_core::{
    Error, Price, U256,
    drift::drift_l1,
    fixed::{BPS, D18, D27},
    rebalance::{
        Bounds, Holding, Leg, TRADES_MAX, check_bought, check_size, check_sold, deficit_down, fill,
        gain_bps_up, loss_bps_up, plan, size_down, surplus_down,
    },
    weights::{nav_down, weights_down},
};
use proptest::{collection::vec, prelude::*};
use ruint::aliases::U512;

use crate::{
    bounds,
    values::{holdings, positive, wide, word},
};

fn nav(holdings: &[Holding]) -> U256 {
    let (amounts, prices): (Vec<U256>, Vec<Price>) =
        holdings.iter().map(|h| (h.amount, h.price)).unzip();
    nav_down(&amounts, &prices).unwrap()
}

fn drift(holdings: &[Holding]) -> U256 {
    let (amounts, prices): (Vec<U256>, Vec<Price>) =
        holdings.iter().map(|h| (h.amount, h.price)).unzip();
    let targets: Vec<U256> = holdings.iter().map(|h| h.target).collect();
    let mut weights = vec![U256::ZERO; holdings.len()];
    weights_down(&amounts, &prices, &mut weights).unwrap();
    drift_l1(&weights, &targets).unwrap()
}

/// `value * 1e45` and `target * nav * 1e45`, exact.
fn exact(holding: &Holding, nav: U256) -> (U512, U512) {
    (
        wide(holding.amount) * wide(holding.price.0) * wide(D18),
        wide(holding.target) * wide(nav) * wide(D27),
    )
}

fn trade_bounds() -> impl Strategy<Value = Bounds> {
    (bounds::TRADE_USD_MIN, bounds::TRADE_BPS_MAX).prop_map(|(usd, bps_max)| Bounds {
        usd_min: U256::from(usd) * D18,
        bps_max,
    })
}

/// A portfolio with bands and what of each asset may be sold.
fn scene() -> impl Strategy<Value = (Vec<Holding>, Vec<u16>, Vec<U256>)> {
    holdings().prop_flat_map(|holdings| {
        let n = holdings.len();
        let sellable = vec(
            prop_oneof![3 => Just(None), 1 => (0..=10_000_u64).prop_map(Some)],
            n,
        );
        (Just(holdings), vec(bounds::BAND_BPS, n), sellable).prop_map(
            |(holdings, bands, shares)| {
                let cap = |(holding, share): (&Holding, Option<u64>)| {
                    share.map_or(U256::MAX, |bps| holding.amount * U256::from(bps) / BPS)
                };
                let sellable = holdings.iter().zip(shares).map(cap).collect();
                (holdings, bands, sellable)
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn surplus_and_deficit_round_down(holdings in holdings()) {
        let nav = nav(&holdings);
        let scale = wide(D18) * wide(D27);
        let error = U512::from(bounds::SURPLUS_ERROR) * scale;
        for holding in &holdings {
            let (value, target) = exact(holding, nav);
            let surplus = wide(surplus_down(holding, nav).unwrap()) * scale;
            let deficit = wide(deficit_down(holding, nav).unwrap()) * scale;
            prop_assert!(surplus <= value.saturating_sub(target) && value.saturating_sub(target) < surplus + error);
            prop_assert!(deficit <= target.saturating_sub(value) && target.saturating_sub(value) < deficit + error);
        }
    }

    /// At fair prices a clamped trade never carries either asset past its target, and one unit more would.
    #[test]
    fn a_clamped_trade_never_overshoots(holdings in holdings(), asked in prop_oneof![Just(U256::MAX), word(128)]) {
        let nav = nav(&holdings);
        let (sold, bought) = (holdings[0], holdings[1]);
        match size_down(&sold, &bought, nav, asked) {
            Ok(size) => {
                let mut pair = [sold, bought];
                fill(&mut pair, &Leg { sold: 0, bought: 1, amount_in: size }).unwrap();
                let (value, target) = exact(&pair[0], nav);
                prop_assert!(value >= target);
                let (value, target) = exact(&pair[1], nav);
                prop_assert!(value <= target);
                prop_assert_eq!(check_sold(&pair[0], nav), Ok(()));
                prop_assert_eq!(check_bought(&pair[1], nav), Ok(()));

                prop_assert!(size <= asked);
                if size < asked {
                    let most = surplus_down(&sold, nav).unwrap().min(deficit_down(&bought, nav).unwrap());
                    prop_assert!(wide(size + U256::ONE) * wide(sold.price.0) > wide(most) * wide(D27));
                }
                // Clamping again changes nothing.
                prop_assert_eq!(size_down(&sold, &bought, nav, size), Ok(size));
            }
            Err(Error::NotOverweight) => prop_assert_eq!(surplus_down(&sold, nav), Ok(U256::ZERO)),
            Err(error) => {
                prop_assert_eq!(error, Error::NotUnderweight);
                prop_assert_eq!(deficit_down(&bought, nav), Ok(U256::ZERO));
            }
        }
    }

    #[test]
    fn size_bounds_are_inclusive(nav in positive(128), bounds in trade_bounds(), usd in 0..=100_000_u64) {
        let (amount, price) = (U256::from(usd) * D18, Price(D27));
        let most = wide(nav) * U512::from(bounds.bps_max) / wide(BPS);
        let expected = if amount < bounds.usd_min {
            Err(Error::TradeTooSmall)
        } else if wide(amount) > most {
            Err(Error::TradeTooLarge)
        } else {
            Ok(amount)
        };
        prop_assert_eq!(check_size(amount, price, nav, bounds), expected);
    }

    /// Rounding up is exact against a whole limit, in either direction.
    #[test]
    fn loss_and_gain_pass_a_limit_exactly(before in positive(128), after in word(128), limit in 0..=10_000_u64) {
        let above = |from: U256, to: U256| {
            wide(to.saturating_sub(from)) * wide(BPS) > U512::from(limit) * wide(before)
        };
        prop_assert_eq!(loss_bps_up(before, after).unwrap() > U256::from(limit), above(after, before));
        prop_assert_eq!(gain_bps_up(before, after).unwrap() > U256::from(limit), above(before, after));
    }

    /// Every trade of a plan passes the checks that the engine makes, and brings the portfolio nearer to its targets.
    #[test]
    fn a_plan_passes_every_check((mut now, bands, sellable) in scene(), bounds in trade_bounds()) {
        let plan = plan(&now, &bands, &sellable, bounds).unwrap();
        prop_assert!(plan.legs().len() <= TRADES_MAX);
        let mut left = sellable;
        for leg in plan.legs() {
            let (nav, before) = (nav(&now), drift(&now));
            let (sold, bought) = (now[leg.sold], now[leg.bought]);
            prop_assert_eq!(size_down(&sold, &bought, nav, leg.amount_in), Ok(leg.amount_in));
            prop_assert!(check_size(leg.amount_in, sold.price, nav, bounds).is_ok());
            prop_assert!(leg.amount_in <= left[leg.sold]);
            left[leg.sold] -= leg.amount_in;
            fill(&mut now, leg).unwrap();
            prop_assert_eq!(check_sold(&now[leg.sold], nav), Ok(()));
            prop_assert_eq!(check_bought(&now[leg.bought], nav), Ok(()));
            prop_assert!(drift(&now) < before);
        }
    }

    /// A plan of fewer trades than allowed leaves nothing to do; others come to rest after a few rounds.
    #[test]
    fn planning_comes_to_rest((mut now, bands, sellable) in scene(), bounds in trade_bounds()) {
        let mut left = sellable;
        let mut last = TRADES_MAX;
        // Turnover is at most the nav, in trades of at least 1 % of it, and each asset can end one trade early.
        for _round in 0..=(100 + 8) / TRADES_MAX {
            let plan = plan(&now, &bands, &left, bounds).unwrap();
            prop_assert!(last == TRADES_MAX || plan.legs().is_empty());
            last = plan.legs().len();
            for leg in plan.legs() {
                fill(&mut now, leg).unwrap();
                left[leg.sold] -= leg.amount_in;
            }
        }
        prop_assert_eq!(last, 0);
    }

    /// Without a quota, and with trades small enough to matter, the bands hold afterwards.
    #[test]
    fn planning_ends_inside_the_bands(mut now in holdings(), band in bounds::BAND_BPS) {
        let n = now.len();
        let nav = nav(&now);
        let bounds = Bounds { usd_min: U256::ZERO, bps_max: 2_500 };
        let bands = vec![band; n];
        for _round in 0..4 {
            for leg in plan(&now, &bands, &vec![U256::MAX; n], bounds).unwrap().legs() {
                fill(&mut now, leg).unwrap();
            }
        }
        // Base units of up to one USD leave up to that much per asset on the table.
        let grain = U256::from(n) * D18 * D18 / nav;
        let limit = U256::from(band) * D18 / BPS * U256::from(n);
        prop_assert!(drift(&now) <= limit + grain * U256::from(n));
    }
}

#[test]
fn a_portfolio_inside_its_bands_is_left_alone() {
    let half = D18 / U256::from(2);
    let at = |amount: u64| Holding {
        amount: U256::from(amount) * D18,
        price: Price(D27),
        target: half,
    };
    let bounds = Bounds {
        usd_min: D18,
        bps_max: 2_500,
    };
    let free = [U256::MAX; 2];
    assert!(
        plan(&[at(549), at(451)], &[500, 500], &free, bounds)
            .unwrap()
            .legs()
            .is_empty()
    );
    let breached = plan(&[at(550), at(450)], &[500, 500], &free, bounds).unwrap();
    assert_eq!(
        breached.legs(),
        [Leg {
            sold: 0,
            bought: 1,
            amount_in: U256::from(50) * D18
        }]
    );
}

#[test]
fn a_plan_needs_matching_slices_and_a_nav() {
    let holding = Holding {
        amount: U256::ONE,
        price: Price(D27),
        target: D18,
    };
    let bounds = Bounds {
        usd_min: U256::ZERO,
        bps_max: 1_000,
    };
    let plan = |h: &[Holding], bands: &[u16], sellable: &[U256]| {
        plan(h, bands, sellable, bounds).map(|_| ())
    };
    assert_eq!(
        plan(&[holding], &[], &[U256::MAX]),
        Err(Error::LengthMismatch)
    );
    assert_eq!(
        plan(
            &[Holding {
                target: U256::ZERO,
                ..holding
            }],
            &[100],
            &[]
        ),
        Err(Error::LengthMismatch)
    );
    assert_eq!(
        plan(&[holding; 9], &[100; 9], &[U256::MAX; 9]),
        Err(Error::LengthMismatch)
    );
    assert_eq!(
        plan(&[Holding::default()], &[100], &[U256::MAX]),
        Err(Error::NavZero)
    );
}
