//! Strategies: numbers of every magnitude, edges included.

use gimbal_core::{Price, U256, price::PRICE_MAX, rebalance::Holding};
use proptest::{collection::vec, prelude::*};
use ruint::aliases::U512;

use crate::bounds;

/// A number of at most `bits` bits, of every length alike. A quarter has limbs at the edges of their
/// range, where carries and digit estimates go wrong, or is a power of two or one less.
pub(crate) fn word(bits: usize) -> impl Strategy<Value = U256> {
    let edge = prop_oneof![
        Just(0),
        Just(1),
        Just(1 << 63),
        Just(u64::MAX - 1),
        Just(u64::MAX)
    ];
    let limbs =
        prop_oneof![3 => any::<[u64; 4]>(), 1 => [edge.clone(), edge.clone(), edge.clone(), edge]];
    (limbs, 0..=bits, 0..16_u8).prop_map(|(limbs, length, shape)| {
        let mask = if length == 0 {
            U256::ZERO
        } else {
            U256::MAX >> (256 - length)
        };
        match shape {
            0 => mask,
            1 => (mask >> 1) + U256::from(length > 0),
            _ => U256::from_limbs(limbs) & mask,
        }
    })
}

pub(crate) fn positive(bits: usize) -> impl Strategy<Value = U256> {
    word(bits).prop_map(|x| x.max(U256::ONE))
}

/// Mostly amounts that sit at the edge of rounding.
pub(crate) fn tiny() -> impl Strategy<Value = U256> {
    prop_oneof![4 => 0..=10_u64, 1 => any::<u64>()].prop_map(U256::from)
}

pub(crate) fn price() -> impl Strategy<Value = Price> {
    positive(bounds::PRICE_BITS).prop_map(|x| Price(x.min(PRICE_MAX.0)))
}

/// Weights that sum to one.
pub(crate) fn targets(n: usize) -> impl Strategy<Value = Vec<U256>> {
    vec(0..=1_000_u64, n).prop_map(|parts| {
        let one = 1_000_000_000_000_000_000_u64;
        let sum: u64 = parts.iter().sum();
        let mut targets: Vec<u64> = parts.iter().map(|part| one / sum.max(1) * part).collect();
        targets[0] += one - targets.iter().sum::<u64>();
        targets.into_iter().map(U256::from).collect()
    })
}

/// A portfolio of some value.
pub(crate) fn holdings() -> impl Strategy<Value = Vec<Holding>> {
    (2..=*bounds::ASSETS.end()).prop_flat_map(|n| {
        (targets(n), vec((bounds::ASSET_USD, price()), n)).prop_filter_map(
            "worth nothing",
            |(targets, assets)| {
                let holding = |(target, (usd, price)): (U256, (u64, Price))| {
                    // {tok} = {USD} * {uoa/USD} * D27 / D27{uoa/tok}
                    let value = U256::from(usd) * U256::from(10).pow(U256::from(45));
                    Holding {
                        amount: value / price.0,
                        price,
                        target,
                    }
                };
                let holdings: Vec<_> = targets.into_iter().zip(assets).map(holding).collect();
                let worth = holdings
                    .iter()
                    .any(|h| h.amount * h.price.0 >= U256::from(10).pow(U256::from(45)));
                worth.then_some(holdings)
            },
        )
    })
}

pub(crate) fn wide(x: U256) -> U512 {
    U512::from(x)
}
