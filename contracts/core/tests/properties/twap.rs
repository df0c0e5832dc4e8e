use gimbal_core::{
    Error, U256,
    twap::{harmonic_mean_liquidity, mean_tick},
};
use proptest::{collection::vec, prelude::*};
use ruint::aliases::U512;

use crate::{
    bounds,
    values::{wide, word},
};

/// The int56 that a pool would store.
fn int56(x: i128) -> i64 {
    let low = x.rem_euclid(1 << 56);
    let signed = if low < 1 << 55 { low } else { low - (1 << 56) };
    i64::try_from(signed).unwrap()
}

fn uint160(x: U256) -> U256 {
    x & ((U256::ONE << 160) - U256::ONE)
}

/// Half of them so close to the end of their range that a window wraps.
fn accumulator() -> impl Strategy<Value = i64> {
    let end = 1_i64 << 55;
    prop_oneof![2 => -end..end, 1 => -end..-end + (1 << 30), 1 => end - (1 << 30)..end]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    /// Attack O3: the mean is floored, below zero too, whatever the accumulator has wrapped to.
    #[test]
    fn mean_tick_is_the_floor_of_the_mean(
        old in accumulator(), tick in bounds::TICK, window in bounds::WINDOW_S, part in any::<u32>(),
    ) {
        // Any sum whose mean lies in [tick, tick + 1).
        let sum = i128::from(tick) * i128::from(window) + i128::from(part % window);
        let now = int56(i128::from(old) + sum);
        prop_assert_eq!(mean_tick(old, now, window), Ok(tick));
    }

    #[test]
    fn a_mean_beyond_the_ticks_is_refused(tick in 887_273..2_000_000_i64, window in bounds::WINDOW_S, sign in any::<bool>()) {
        let sum = i64::from(window) * if sign { tick } else { -tick };
        prop_assert_eq!(mean_tick(0, sum, window), Err(Error::TickOutOfRange));
    }

    #[test]
    fn harmonic_mean_rounds_down(old in word(160), delta in word(160), window in bounds::WINDOW_S) {
        let now = uint160(old.wrapping_add(delta));
        let numerator = U512::from(window) * ((U512::from(1) << 160) - U512::from(1));
        let denominator = wide(delta) << 32;
        match harmonic_mean_liquidity(old, now, window) {
            Ok(mean) => {
                let mean = U512::from(mean);
                prop_assert!(mean * denominator <= numerator && numerator < (mean + U512::from(1)) * denominator);
            }
            Err(Error::DivisionByZero) => prop_assert!(delta.is_zero()),
            Err(error) => {
                prop_assert_eq!(error, Error::Overflow);
                prop_assert!(numerator / denominator > U512::from(u128::MAX));
            }
        }
    }

    /// The mean of a pool's life lies between the least and the most liquidity that was in range.
    #[test]
    fn harmonic_mean_lies_between_the_extremes(
        old in word(160), life in vec((1..=600_u32, 1..=u64::MAX), 1..20),
    ) {
        let (mut now, mut window) = (old, 0_u32);
        for (seconds, liquidity) in &life {
            now = uint160(now.wrapping_add((U256::from(*seconds) << 128) / U256::from(*liquidity)));
            window += seconds;
        }
        let mean = harmonic_mean_liquidity(old, now, window).unwrap();
        let least = u128::from(life.iter().map(|(_, liquidity)| *liquidity).min().unwrap());
        let most = u128::from(life.iter().map(|(_, liquidity)| *liquidity).max().unwrap());
        // The pool's own division truncates, which can only raise the mean: by at most 2^-63 of it.
        prop_assert!(least - 1 <= mean && mean <= most + 2);
    }
}

#[test]
fn a_window_is_needed() {
    assert_eq!(mean_tick(0, 1, 0), Err(Error::DivisionByZero));
    assert_eq!(
        harmonic_mean_liquidity(U256::ZERO, U256::ZERO, 1),
        Err(Error::DivisionByZero)
    );
}

#[test]
fn means_below_zero_are_floored() {
    assert_eq!(mean_tick(0, -1, 2), Ok(-1));
    assert_eq!(mean_tick(0, 1, 2), Ok(0));
    assert_eq!(mean_tick(0, -4, 2), Ok(-2));
}
