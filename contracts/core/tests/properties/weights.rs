use gimbal_core::{
    ASSETS_MAX, Error, Price, U256,
    drift::{breached, drift_l1, drift_max},
    fixed::{D18, D27},
    rebalance::Holding,
    weights::{nav_down, value_down, weights_down},
};
use proptest::{collection::vec, prelude::*};
use ruint::aliases::U512;

use crate::{
    bounds,
    values::{holdings, price, targets, wide, word},
};

fn split(holdings: &[Holding]) -> (Vec<U256>, Vec<Price>) {
    holdings
        .iter()
        .map(|holding| (holding.amount, holding.price))
        .unzip()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn value_rounds_down(amount in word(bounds::AMOUNT_BITS), price in price()) {
        let exact = wide(amount) * wide(price.0);
        let value = wide(value_down(amount, price).unwrap());
        prop_assert!(value * wide(D27) <= exact && exact < (value + U512::from(1)) * wide(D27));
    }

    #[test]
    fn weights_sum_to_one_within_a_unit_each(holdings in holdings()) {
        let (amounts, prices) = split(&holdings);
        let n = U256::from(amounts.len());
        let mut weights = vec![U256::ZERO; amounts.len()];
        let nav = weights_down(&amounts, &prices, &mut weights).unwrap();
        prop_assert_eq!(Ok(nav), nav_down(&amounts, &prices));

        let sum = weights.iter().copied().fold(U256::ZERO, |sum, weight| sum + weight);
        prop_assert!(sum <= D18 && sum + n > D18);
        for (holding, weight) in holdings.iter().zip(weights) {
            let exact = wide(value_down(holding.amount, holding.price).unwrap()) * wide(D18);
            prop_assert!(wide(weight) * wide(nav) <= exact);
            prop_assert!(exact < wide(weight + U256::from(bounds::WEIGHT_ERROR)) * wide(nav));
        }
    }

    #[test]
    fn nav_is_the_exact_value_within_a_unit_each(holdings in holdings()) {
        let (amounts, prices) = split(&holdings);
        let exact = holdings.iter().fold(U512::ZERO, |sum, h| sum + wide(h.amount) * wide(h.price.0));
        let nav = wide(nav_down(&amounts, &prices).unwrap());
        prop_assert!(nav * wide(D27) <= exact && exact < (nav + U512::from(amounts.len())) * wide(D27));
    }

    #[test]
    fn drift_is_the_largest_and_the_total_distance(
        (a, b, bands) in bounds::ASSETS.prop_flat_map(|n| (targets(n), targets(n), vec(bounds::BAND_BPS, n))),
    ) {
        let distances: Vec<U256> = a.iter().zip(&b).map(|(x, y)| x.abs_diff(*y)).collect();
        let largest = *distances.iter().max().unwrap();
        let total = distances.iter().copied().fold(U256::ZERO, |sum, x| sum + x);
        prop_assert_eq!(drift_max(&a, &b), Ok(largest));
        prop_assert_eq!(drift_l1(&a, &b), Ok(total));
        prop_assert_eq!(drift_l1(&b, &a), Ok(total));
        let bp = U256::from(100_000_000_000_000_u64);
        let any = distances.iter().zip(&bands).any(|(x, band)| *x >= bp * U256::from(*band));
        prop_assert_eq!(breached(&a, &b, &bands), Ok(any));
    }
}

#[test]
fn a_band_is_breached_at_its_edge() {
    let at = |bps: u64| [U256::from(5_000 + bps) * U256::from(100_000_000_000_000_u64)];
    assert_eq!(breached(&at(499), &at(0), &[500]), Ok(false));
    assert_eq!(breached(&at(500), &at(0), &[500]), Ok(true));
}

#[test]
fn slices_must_match_and_fit() {
    let one = [U256::ONE];
    let nine = [U256::ONE; ASSETS_MAX + 1];
    assert_eq!(nav_down(&one, &[]), Err(Error::LengthMismatch));
    assert_eq!(
        weights_down(&one, &[Price(U256::ONE)], &mut []),
        Err(Error::LengthMismatch)
    );
    assert_eq!(drift_max(&nine, &nine), Err(Error::LengthMismatch));
    assert_eq!(drift_l1(&one, &[]), Err(Error::LengthMismatch));
    assert_eq!(breached(&one, &one, &[]), Err(Error::LengthMismatch));
    assert_eq!(
        weights_down(&one, &[Price(U256::ONE)], &mut [U256::ZERO]),
        Err(Error::NavZero)
    );
}
