//! Fixed-point scales and full-width arithmetic.
//!
//! The division is Knuth's algorithm D on 64-bit limbs, for one size only: 512 by 256 bits. It exists because a general
//! big-number division is four times the wasm, and it avoids loops because a chain that meters wasm charges most for
//! the ends of basic blocks.

use ruint::aliases::U256;

use crate::Error;

/// The whole, in basis points.
pub const BPS: U256 = U256::from_limbs([10_000, 0, 0, 0]);
/// One, in D18.
pub const D18: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);
/// One, in D27.
pub const D27: U256 = U256::from_limbs([0x9fd0_803c_e800_0000, 0x033b_2e3c, 0, 0]);

/// `floor(a * b / d)` over a 512-bit product.
///
/// - Domain: any `a`, `b`, `d > 0` with a result below 2^256; exact.
/// - Errors: [`Error::DivisionByZero`], [`Error::Overflow`].
pub fn mul_div_down(a: U256, b: U256, d: U256) -> Result<U256, Error> {
    mul_div(a, b, d).map(|(quotient, _)| quotient)
}

/// `ceil(a * b / d)` over a 512-bit product.
///
/// - Domain: any `a`, `b`, `d > 0` with a result below 2^256; exact.
/// - Errors: [`Error::DivisionByZero`], [`Error::Overflow`].
pub fn mul_div_up(a: U256, b: U256, d: U256) -> Result<U256, Error> {
    let (quotient, whole) = mul_div(a, b, d)?;
    if whole {
        Ok(quotient)
    } else {
        add(quotient, U256::ONE)
    }
}

/// `a + b`. Errors: [`Error::Overflow`].
pub fn add(a: U256, b: U256) -> Result<U256, Error> {
    a.checked_add(b).ok_or(Error::Overflow)
}

/// `floor(sqrt(x))`: the `r` with `r * r <= x < (r + 1) * (r + 1)`.
///
/// Newton's iteration from a power of two that is not below the root falls strictly until it reaches it.
///
/// - Domain: any `x`; exact.
/// - Errors: none in practice; the division's are passed on.
pub fn isqrt(x: U256) -> Result<U256, Error> {
    if x.is_zero() {
        return Ok(x);
    }
    let mut root = U256::ONE.wrapping_shl(x.bit_len().div_ceil(2));
    loop {
        // A root of at most 2^128 and a quotient of at most that: the sum is far below 2^256.
        let next = root
            .wrapping_add(mul_div_down(x, U256::ONE, root)?)
            .wrapping_shr(1);
        if next >= root {
            return Ok(root);
        }
        root = next;
    }
}

/// `floor(a * b / 2^128)`, modulo 2^256.
pub(crate) fn mul_shr_128(a: U256, b: U256) -> U256 {
    let mut u = Room::default();
    multiply(&mut u, 0, a, b);
    let [_, _, u2, u3, u4, u5, ..] = u;
    U256::from_limbs([u2, u3, u4, u5])
}

// ------------------------------------------------------------------------------- 512-bit division

/// A product of eight limbs, moved up by at most three.
type Room = [u64; 11];

/// Quotient of `a * b / d`, and whether there is no remainder.
///
/// Divisor and product are moved up by the same number of limbs, so that the divisor's top limb is not zero. Every
/// position is fixed then: the remainder ends in limbs 0 to 3, the quotient in limbs 4 to 7, what does not fit above.
#[inline(never)]
fn mul_div(a: U256, b: U256, d: U256) -> Result<(U256, bool), Error> {
    let [d0, d1, d2, d3] = d.into_limbs();
    let (up, v) = match (d0, d1, d2, d3) {
        (_, _, _, 1..) => (0, [d0, d1, d2, d3]),
        (_, _, 1.., _) => (1, [0, d0, d1, d2]),
        (_, 1.., _, _) => (2, [0, 0, d0, d1]),
        (1.., _, _, _) => (3, [0, 0, 0, d0]),
        _ => return Err(Error::DivisionByZero),
    };
    let mut u = Room::default();
    multiply(&mut u, up, a, b);
    divide(&mut u, &v);
    let [r0, r1, r2, r3, q0, q1, q2, q3, x0, x1, x2] = u;
    if x0 | x1 | x2 != 0 {
        return Err(Error::Overflow);
    }
    Ok((U256::from_limbs([q0, q1, q2, q3]), r0 | r1 | r2 | r3 == 0))
}

/// Adds `a * b`, moved up by `up` limbs, to a zero `u`.
fn multiply(u: &mut Room, up: usize, a: U256, b: U256) {
    for (i, x) in a.as_limbs().iter().enumerate() {
        if *x != 0
            && let Some(window) = window(u, up.wrapping_add(i))
        {
            add_multiple(window, b.as_limbs(), *x, 0);
        }
    }
}

/// Replaces the low nine limbs of `u` by the remainder and the quotient of a division by `v`, whose top limb is not zero.
///
/// A quotient of more than four limbs is wrong, but leaves something above them.
fn divide(u: &mut Room, v: &[u64; 4]) {
    let [_, _, v2, v3] = *v;
    // Estimates are made from leading bits, aligned so that the divisor's top bit is set: then they are never too small
    // and at most two too large.
    let shift = v3.leading_zeros();
    let divisor = join(v3, v2, shift);
    for place in (0..=4).rev() {
        // What is left of u is below v one place up: its quotient here is one limb.
        let Some(window) = window(u, place) else {
            return;
        };
        let [_, _, u2, u3, u4] = *window;
        let (high, low) = (join(u4, u3, shift), join(u3, u2, shift));
        if high == 0 && low < divisor {
            continue;
        }
        let mut digit = divide_two(high, low, divisor);
        if add_multiple(window, v, digit, u64::MAX) {
            // Too large: add the divisor back until the borrow is undone.
            loop {
                digit = digit.wrapping_sub(1);
                if add_multiple(window, v, 1, 0) {
                    break;
                }
            }
        }
        let [.., top] = window;
        *top = digit;
    }
}

/// Five limbs from `place` on.
fn window(u: &mut Room, place: usize) -> Option<&mut [u64; 5]> {
    u.get_mut(place..)?.first_chunk_mut()
}

/// `slots += row * x`, or `slots -= row * x` if `mask` is all ones; whether that left the range of `slots`.
/// Subtracting is adding to the complement.
#[inline(never)]
fn add_multiple(slots: &mut [u64; 5], row: &[u64; 4], x: u64, mask: u64) -> bool {
    let ([s0, s1, s2, s3, s4], [y0, y1, y2, y3]) = (slots, row);
    let step = |slot: &mut u64, y: u64, carry: u64| {
        let (low, high) = multiply_limbs(x, y, carry);
        let (sum, over) = low.overflowing_add(*slot ^ mask);
        *slot = sum ^ mask;
        high.wrapping_add(u64::from(over))
    };
    let carry = step(s3, *y3, step(s2, *y2, step(s1, *y1, step(s0, *y0, 0))));
    let (sum, over) = carry.overflowing_add(*s4 ^ mask);
    *s4 = sum ^ mask;
    over
}

/// Low and high limb of `x * y + carry`, which fits: `(2^64 - 1)^2 + 2^64 - 1 < 2^128`. Made of halves, as wasm has no
/// wide product: no step overflows.
#[inline(always)]
fn multiply_limbs(x: u64, y: u64, carry: u64) -> (u64, u64) {
    let ([x1, x0], [y1, y0], [c1, c0]) = (halves(x), halves(y), halves(carry));
    let [p1, p0] = halves(x0.wrapping_mul(y0).wrapping_add(c0));
    let [q1, q0] = halves(x1.wrapping_mul(y0).wrapping_add(p1));
    let [r1, r0] = halves(x0.wrapping_mul(y1).wrapping_add(q0).wrapping_add(c1));
    (
        r0 << 32 | p0,
        x1.wrapping_mul(y1).wrapping_add(q1).wrapping_add(r1),
    )
}

/// `min(2^64 - 1, floor((high * 2^64 + low) / d))` for a `d` with the top bit set.
fn divide_two(high: u64, low: u64, d: u64) -> u64 {
    if high >= d {
        return u64::MAX;
    }
    let [d1, d0] = halves(d);
    let (mut rest, mut quotient) = (high, 0_u64);
    for next in halves(low) {
        // One half of the quotient, estimated from one half of the divisor and corrected by the other. The rest is below
        // d, so the estimate is at most 2^32 + 1 and its product with d0 fits.
        let mut digit = rest.checked_div(d1).unwrap_or_default();
        let mut over = rest.wrapping_sub(digit.wrapping_mul(d1));
        while over <= HALF && digit.wrapping_mul(d0) > (over << 32 | next) {
            digit = digit.wrapping_sub(1);
            over = over.wrapping_add(d1);
        }
        rest = (rest << 32 | next).wrapping_sub(digit.wrapping_mul(d));
        quotient = quotient << 32 | digit;
    }
    quotient
}

/// The high limb of `(high, low) * 2^shift`, for a shift below 64.
fn join(high: u64, low: u64, shift: u32) -> u64 {
    high.wrapping_shl(shift) | (low >> 1).wrapping_shr(63_u32.wrapping_sub(shift))
}

/// The high and the low half of a limb.
fn halves(x: u64) -> [u64; 2] {
    [x >> 32, x & HALF]
}

/// The largest half of a limb.
const HALF: u64 = 0xffff_ffff;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_powers_of_ten() {
        let ten = U256::from(10);
        assert_eq!(BPS, ten.pow(U256::from(4)));
        assert_eq!(D18, ten.pow(U256::from(18)));
        assert_eq!(D27, ten.pow(U256::from(27)));
    }

    /// The first estimate of a digit is one too large, then two too large: the divisor is added back.
    #[test]
    fn estimates_that_are_too_large_are_corrected() {
        let max = u64::MAX;
        let top = 1 << 63;
        for v in [
            [max, max, max, top],
            [max, max, 0, top],
            [max, 0, 0, top],
            [0, max, max, max],
        ] {
            let d = U256::from_limbs(v);
            for a in [
                [0, 0, 0, top],
                [max, max, max - 1, top],
                [0, 0, 0, max],
                [1, 0, max, top - 1],
            ] {
                let a = U256::from_limbs(a);
                let (quotient, whole) = mul_div(a, U256::MAX, d).unwrap_or_default();
                let product = ruint::aliases::U512::from(a) * ruint::aliases::U512::from(U256::MAX);
                let (q, r) = product.div_rem(ruint::aliases::U512::from(d));
                if q <= ruint::aliases::U512::from(U256::MAX) {
                    assert_eq!((quotient, whole), (q.to(), r.is_zero()));
                }
            }
        }
    }

    #[test]
    fn products_shift_by_half_a_word() {
        let x = U256::from_limbs([1, 2, 3, 0]);
        assert_eq!(mul_shr_128(x, U256::from_limbs([0, 0, 1, 0])), x);
        assert_eq!(
            mul_shr_128(U256::from(1) << 127, U256::from(2)),
            U256::from(1)
        );
        assert_eq!(mul_shr_128(U256::from(1) << 127, U256::from(1)), U256::ZERO);
    }
}
