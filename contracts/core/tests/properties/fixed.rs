use gimbal_core::{
    Error, U256,
    fixed::{isqrt, mul_div_down, mul_div_up},
};
use proptest::prelude::*;
use ruint::aliases::U512;

use crate::values::{positive, wide, word};

/// `a * b / d` by the 512-bit division of the big-number library.
fn exact(a: U256, b: U256, d: U256) -> (U512, bool) {
    let (quotient, remainder) = (wide(a) * wide(b)).div_rem(wide(d));
    (quotient, remainder.is_zero())
}

fn narrow(x: U512) -> Result<U256, Error> {
    if x > wide(U256::MAX) {
        Err(Error::Overflow)
    } else {
        Ok(x.to())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn mul_div_is_exact(a in word(256), b in word(256), d in positive(256)) {
        let (quotient, whole) = exact(a, b, d);
        prop_assert_eq!(mul_div_down(a, b, d), narrow(quotient));
        prop_assert_eq!(mul_div_up(a, b, d), narrow(quotient + U512::from(!whole)));
    }

    /// Quotients just below and above a whole number are where a digit estimate can go wrong.
    #[test]
    fn mul_div_is_exact_near_whole_quotients(q in word(256), d in positive(256), off in -2..=2_i32) {
        let near = |x: U256| if off < 0 { x.saturating_sub(U256::from(-off)) } else { x.saturating_add(U256::from(off)) };
        for (a, b) in [(q, near(d)), (near(q), d)] {
            let (quotient, _) = exact(a, b, d);
            prop_assert_eq!(mul_div_down(a, b, d), narrow(quotient));
        }
    }

    #[test]
    fn isqrt_is_the_largest_root(x in word(256)) {
        let root = wide(isqrt(x).unwrap());
        let next = root + U512::from(1);
        prop_assert!(root * root <= wide(x) && wide(x) < next * next);
    }
}

#[test]
fn isqrt_of_squares_and_their_neighbours() {
    for bits in 0..128 {
        let around: [U256; 3] = [
            U256::ONE << bits,
            (U256::ONE << bits) + U256::ONE,
            (U256::ONE << (bits + 1)) - U256::ONE,
        ];
        for root in around {
            let square = root.wrapping_mul(root);
            assert_eq!(isqrt(square), Ok(root));
            assert_eq!(isqrt(square - U256::ONE), Ok(root - U256::ONE));
        }
    }
}

#[test]
fn a_zero_divisor_is_refused() {
    assert_eq!(
        mul_div_down(U256::ONE, U256::ONE, U256::ZERO),
        Err(Error::DivisionByZero)
    );
    assert_eq!(
        mul_div_up(U256::ZERO, U256::ZERO, U256::ZERO),
        Err(Error::DivisionByZero)
    );
}
