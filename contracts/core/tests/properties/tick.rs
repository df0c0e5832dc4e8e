use gimbal_core::{
    Error, U256,
    fixed::D27,
    tick::{
        SQRT_RATIO_MAX, SQRT_RATIO_MIN, price_at_sqrt_ratio, price_at_tick, sqrt_ratio_at_tick,
        tick_at_sqrt_ratio,
    },
};
use proptest::prelude::*;
use ruint::Uint;

use crate::{bounds, values::word};

type Wide = Uint<2048, 32>;

/// Fractional bits of the reference.
const FRACTION: usize = 512;

fn wide(x: U256) -> Wide {
    Wide::from(x)
}

/// `1.0001^tick` with 512 fractional bits, by repeated squaring: an error far below 2^-400 of the result.
fn power(tick: i32) -> Wide {
    let one = Wide::from(1) << FRACTION;
    let mut square = one * Wide::from(10_001) / Wide::from(10_000);
    let mut result = one;
    let mut rest = tick.unsigned_abs();
    while rest > 0 {
        if rest & 1 == 1 {
            result = (result * square) >> FRACTION;
        }
        square = (square * square) >> FRACTION;
        rest >>= 1;
    }
    if tick < 0 { one * one / result } else { result }
}

fn ratio() -> impl Strategy<Value = U256> {
    word(160).prop_map(|x| x.clamp(SQRT_RATIO_MIN, SQRT_RATIO_MAX - U256::ONE))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Compares squares, so that the reference needs no root: `ratio^2 = 1.0001^tick * 2^192`.
    #[test]
    fn ratio_at_tick_is_the_root_of_the_power(tick in bounds::TICK) {
        let ratio = wide(sqrt_ratio_at_tick(tick).unwrap());
        let error = Wide::from(1) + (ratio >> bounds::SQRT_RATIO_ERROR_BITS);
        let exact = power(tick);
        let (low, high) = (ratio - error, ratio + error);
        prop_assert!((low * low) << (FRACTION - 192) <= exact);
        prop_assert!((high * high) << (FRACTION - 192) >= exact);
    }

    #[test]
    fn ratios_increase(tick in -887_272..887_272_i32) {
        prop_assert!(sqrt_ratio_at_tick(tick).unwrap() < sqrt_ratio_at_tick(tick + 1).unwrap());
    }

    #[test]
    fn tick_at_ratio_is_the_greatest_not_above(ratio in ratio()) {
        let tick = tick_at_sqrt_ratio(ratio).unwrap();
        prop_assert!(sqrt_ratio_at_tick(tick).unwrap() <= ratio);
        prop_assert!(ratio < sqrt_ratio_at_tick(tick + 1).unwrap());
    }

    #[test]
    fn ticks_survive_the_round_trip(tick in -887_272..887_272_i32) {
        let ratio = sqrt_ratio_at_tick(tick).unwrap();
        prop_assert_eq!(tick_at_sqrt_ratio(ratio), Ok(tick));
        if tick > -887_272 {
            prop_assert_eq!(tick_at_sqrt_ratio(ratio - U256::ONE), Ok(tick - 1));
        }
    }

    #[test]
    fn price_is_the_square_or_its_inverse(ratio in ratio(), base_is_token0 in any::<bool>()) {
        let square = wide(ratio) * wide(ratio);
        let (numerator, denominator) = if base_is_token0 {
            (square * wide(D27), Wide::from(1) << 192)
        } else {
            (wide(D27) << 192, square)
        };
        match price_at_sqrt_ratio(ratio, base_is_token0) {
            Ok(price) => {
                let price = wide(price);
                let above = price + Wide::from(1) + (price >> bounds::POOL_PRICE_ERROR_BITS);
                prop_assert!(price * denominator <= numerator && numerator < above * denominator);
            }
            Err(error) => {
                prop_assert_eq!(error, Error::PriceZero);
                prop_assert!(numerator < denominator);
            }
        }
    }
}

/// Published by Uniswap in the snapshots of its own tests.
#[test]
fn ratios_agree_with_the_pools() {
    let published = [
        (-887_272, "4295128739"),
        (-887_271, "4295343490"),
        (-50, "79030349367926598376800521322"),
        (0, "79228162514264337593543950336"),
        (50, "79426470787362580746886972461"),
        (100, "79625275426524748796330556128"),
        (250, "80224679980005306637834519095"),
        (500, "81233731461783161732293370115"),
        (1_000, "83290069058676223003182343270"),
        (2_500, "89776708723587163891445672585"),
        (500_000, "5697689776495288729098254600827762987878"),
        (738_203, "847134979253254120489401328389043031315994541"),
        (887_271, "1461373636630004318706518188784493106690254656249"),
        (887_272, "1461446703485210103287273052203988822378723970342"),
    ];
    for (tick, ratio) in published {
        assert_eq!(
            sqrt_ratio_at_tick(tick),
            Ok(U256::from_str_radix(ratio, 10).unwrap()),
            "tick {tick}"
        );
    }
    assert_eq!(sqrt_ratio_at_tick(-887_272), Ok(SQRT_RATIO_MIN));
    assert_eq!(sqrt_ratio_at_tick(887_272), Ok(SQRT_RATIO_MAX));
}

#[test]
fn the_range_ends_where_the_pools_end_it() {
    assert_eq!(sqrt_ratio_at_tick(887_273), Err(Error::TickOutOfRange));
    assert_eq!(sqrt_ratio_at_tick(i32::MIN), Err(Error::TickOutOfRange));
    assert_eq!(
        tick_at_sqrt_ratio(SQRT_RATIO_MIN - U256::ONE),
        Err(Error::SqrtRatioOutOfRange)
    );
    assert_eq!(
        tick_at_sqrt_ratio(SQRT_RATIO_MAX),
        Err(Error::SqrtRatioOutOfRange)
    );
    assert_eq!(tick_at_sqrt_ratio(SQRT_RATIO_MIN), Ok(-887_272));
    assert_eq!(tick_at_sqrt_ratio(SQRT_RATIO_MAX - U256::ONE), Ok(887_271));
    assert_eq!(
        price_at_sqrt_ratio(SQRT_RATIO_MIN - U256::ONE, true),
        Err(Error::SqrtRatioOutOfRange)
    );
    assert_eq!(
        price_at_sqrt_ratio(SQRT_RATIO_MAX + U256::ONE, true),
        Err(Error::SqrtRatioOutOfRange)
    );
}

#[test]
fn one_to_one_is_one() {
    assert_eq!(price_at_tick(0, true), Ok(D27));
    assert_eq!(price_at_tick(0, false), Ok(D27));
    // One tick is one basis point, to the last of the 27 digits that the ratio carries.
    let bp = U256::from(10).pow(U256::from(23));
    assert!(price_at_tick(1, true).unwrap().abs_diff(D27 + bp) < U256::from(100_u64));
}
