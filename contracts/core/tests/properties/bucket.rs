use gimbal_core::{
    Error, U256,
    bucket::{Level, Rate, add_at, fraction_up, left_at, level_at},
};
use proptest::{collection::vec, prelude::*};

use crate::{
    bounds,
    values::{positive, wide, word},
};

fn rate() -> impl Strategy<Value = Rate> {
    (bounds::BUCKET_CAP, bounds::BUCKET_PERIOD_S).prop_map(|(cap, period_s)| Rate {
        cap: U256::from(cap),
        period_s,
    })
}

/// Waits (in parts per thousand of the period) and amounts (in parts per thousand of the cap).
fn steps() -> impl Strategy<Value = Vec<(u64, u64)>> {
    vec((prop_oneof![Just(0), 0..=2_000_u64], 0..=1_200_u64), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Attacks K3 and K4: over any window, at most `cap * (1 + window / period)`, and `cap` in no time at all.
    #[test]
    fn no_window_takes_more_than_its_share(rate in rate(), steps in steps()) {
        let mut level = Level::default();
        let mut now = 0_u64;
        let mut accepted: Vec<(u64, U256)> = Vec::new();
        for (wait, part) in steps {
            now += wait * u64::from(rate.period_s) / 1_000;
            let amount = rate.cap * U256::from(part) / U256::from(1_000);
            match add_at(level, amount, now, rate) {
                Ok(next) => {
                    level = next;
                    accepted.push((now, amount));
                }
                Err(error) => {
                    prop_assert_eq!(error, Error::BucketFull);
                    prop_assert!(left_at(level, now, rate).unwrap() < amount);
                }
            }
        }
        let period = U256::from(rate.period_s);
        for (i, (start, _)) in accepted.iter().enumerate() {
            let mut sum = U256::ZERO;
            for (end, amount) in &accepted[i..] {
                sum += *amount;
                prop_assert!(sum * period <= rate.cap * (period + U256::from(end - start)));
            }
        }
    }

    /// What fits is what is left, to the unit.
    #[test]
    fn exactly_the_room_left_fits(rate in rate(), used in bounds::BUCKET_CAP, wait in 0..=5_000_000_u64) {
        let level = Level { used: U256::from(used), at: 7 };
        let now = 7 + wait;
        let left = left_at(level, now, rate).unwrap();
        if !left.is_zero() {
            prop_assert_eq!(add_at(level, left, now, rate).unwrap(), Level { used: rate.cap, at: now });
        }
        prop_assert_eq!(add_at(level, left + U256::ONE, now, rate), Err(Error::BucketFull));
    }

    /// Looking often neither drains faster nor, beyond a unit per look, slower.
    #[test]
    fn the_level_does_not_depend_on_how_often_it_is_looked_at(
        rate in rate(), used in bounds::BUCKET_CAP, waits in vec(0..=100_000_u64, 1..50),
    ) {
        let start = Level { used: U256::from(used), at: 0 };
        let mut level = start;
        let mut now = 0;
        for wait in &waits {
            now += wait;
            level = add_at(level, U256::ZERO, now, rate).unwrap();
        }
        let once = level_at(start, now, rate).unwrap();
        prop_assert!(level.used >= once);
        prop_assert!(level.used <= once + U256::from(waits.len()) * U256::from(bounds::LEVEL_ERROR));
    }

    /// Attack K7: nothing but time lowers a level, and a clock that goes back is no time.
    #[test]
    fn only_time_lowers_the_level(rate in rate(), used in bounds::BUCKET_CAP, at in any::<u64>(), now in any::<u64>()) {
        let level = Level { used: U256::from(used), at };
        let drained = level_at(level, now, rate).unwrap();
        prop_assert!(drained <= level.used);
        if now <= at {
            prop_assert_eq!(drained, level.used);
        }
        let after = add_at(level, U256::ZERO, now, rate).unwrap();
        prop_assert_eq!(after, Level { used: drained, at: now.max(at) });
    }

    #[test]
    fn fraction_rounds_up(part in word(128), whole in positive(128)) {
        let fraction = wide(fraction_up(part, whole).unwrap());
        let exact = wide(part) * wide(gimbal_core::fixed::D18);
        prop_assert!(fraction * wide(whole) >= exact && fraction * wide(whole) < exact + wide(whole));
    }
}
