//! Fixed-point scales and full-width arithmetic.
//!
//! The division is Knuth's algorithm D in radix 2^32. Digits live in `u64` so that a product and its carries always
//! fit: `(2^32 - 1)^2 + 2 * (2^32 - 1) = 2^64 - 1`. It costs some hundred bytes of wasm where a general division costs
//! kilobytes, and work grows with the digits that are really there.

use alloy_primitives::U256;

use crate::Error;

/// The whole, in basis points.
pub const BPS: U256 = U256::from_limbs([10_000, 0, 0, 0]);
/// One, in D18.
pub const D18: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);
/// One, in D27.
pub const D27: U256 = U256::from_limbs([0x9fd0_803c_e800_0000, 0x033b_2e3c, 0, 0]);

/// Bits in a digit.
const DIGIT_BITS: u32 = 32;
/// The largest digit.
const DIGIT_MAX: u64 = 0xffff_ffff;
/// Digits of a `U256`.
const WORD: usize = 8;
/// A `U256` and one digit of room for the normalising shift.
type Digits = [u64; WORD + 1];
/// A product of two and one digit of room.
type WideDigits = [u64; 2 * WORD + 1];

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
    let (quotient, exact) = mul_div(a, b, d)?;
    if exact {
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
pub fn isqrt(x: U256) -> Result<U256, Error> {
    let mut root = U256::ONE.wrapping_shl(x.bit_len().div_ceil(2));
    loop {
        if root.is_zero() {
            return Ok(root);
        }
        // A root of at most 2^128 and a quotient of at most twice that: the sum is far below 2^256.
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
    let product = product(&digits(a), &digits(b));
    product.get(WORD / 2..).map_or(U256::ZERO, word)
}

/// Quotient of `a * b / d`, and whether there is no remainder.
#[inline(never)]
fn mul_div(a: U256, b: U256, d: U256) -> Result<(U256, bool), Error> {
    let mut numerator = product(&digits(a), &digits(b));
    let mut divisor = digits(d);
    let length = used(&divisor);
    divide(&mut numerator, &mut divisor, length).ok_or(Error::DivisionByZero)?;
    let (Some(remainder), Some(quotient)) = (numerator.get(..length), numerator.get(length..))
    else {
        return Err(Error::Overflow);
    };
    if used(quotient) > WORD {
        return Err(Error::Overflow);
    }
    Ok((word(quotient), used(remainder) == 0))
}

/// Replaces `u` by its remainder (the low `n` digits) and its quotient (the rest); `None` if `v` is zero.
///
/// `v` has `n` digits, the top one not zero. The normalising shift makes that digit at least 2^31, so that an estimate
/// from the two leading digits is never too small and at most two too large.
fn divide(u: &mut WideDigits, v: &mut Digits, n: usize) -> Option<()> {
    let shift = v
        .get(n.checked_sub(1)?)?
        .leading_zeros()
        .wrapping_sub(DIGIT_BITS);
    shift_left(u, shift);
    shift_left(v, shift);
    let v = v.get(..=n)?;
    let v_top = *v.get(n.wrapping_sub(1))?;

    let mut end = used(u).min(u.len().wrapping_sub(1)).wrapping_add(1);
    while end > n {
        // The remainder so far is below v, so one more digit makes it n + 1 digits, and its quotient one.
        let window = u
            .get_mut(..end)?
            .get_mut(end.wrapping_sub(n).wrapping_sub(1)..)?;
        let [.., second, top] = window else {
            return None;
        };
        let mut digit = ((*top << DIGIT_BITS) | *second)
            .checked_div(v_top)?
            .min(DIGIT_MAX);
        if digit != 0 && subtract_multiple(window, v, digit) {
            loop {
                digit = digit.wrapping_sub(1);
                if add_back(window, v) {
                    break;
                }
            }
        }
        *window.last_mut()? = digit;
        end = end.wrapping_sub(1);
    }
    Some(())
}

/// `window -= v * digit`; whether that went below zero.
fn subtract_multiple(window: &mut [u64], v: &[u64], digit: u64) -> bool {
    let mut carry = 0;
    for (slot, part) in window.iter_mut().zip(v) {
        let product = part.wrapping_mul(digit).wrapping_add(carry);
        let (difference, borrow) = slot.overflowing_sub(product & DIGIT_MAX);
        *slot = difference & DIGIT_MAX;
        carry = (product >> DIGIT_BITS).wrapping_add(u64::from(borrow));
    }
    carry != 0
}

/// `window += v`; whether that carried out of the top, which undoes the borrow.
fn add_back(window: &mut [u64], v: &[u64]) -> bool {
    let mut carry = 0;
    for (slot, part) in window.iter_mut().zip(v) {
        let sum = slot.wrapping_add(*part).wrapping_add(carry);
        *slot = sum & DIGIT_MAX;
        carry = sum >> DIGIT_BITS;
    }
    carry != 0
}

/// `x *= 2^bits` for `bits < 32`.
fn shift_left(x: &mut [u64], bits: u32) {
    let mut carry = 0;
    for digit in x {
        let shifted = digit.wrapping_shl(bits) | carry;
        *digit = shifted & DIGIT_MAX;
        carry = shifted >> DIGIT_BITS;
    }
}

/// The schoolbook product.
fn product(a: &Digits, b: &Digits) -> WideDigits {
    let mut out = [0; 2 * WORD + 1];
    for (i, x) in a.iter().enumerate() {
        if *x == 0 {
            continue;
        }
        let mut carry = 0;
        // The top digit of b is zero: it takes the last carry.
        for (slot, y) in out.iter_mut().skip(i).zip(b) {
            let sum = x.wrapping_mul(*y).wrapping_add(*slot).wrapping_add(carry);
            *slot = sum & DIGIT_MAX;
            carry = sum >> DIGIT_BITS;
        }
    }
    out
}

/// Number of digits without leading zeros.
fn used(x: &[u64]) -> usize {
    x.iter()
        .rposition(|digit| *digit != 0)
        .map_or(0, |top| top.wrapping_add(1))
}

fn digits(x: U256) -> Digits {
    let mut out = [0; WORD + 1];
    for ([low, high], limb) in out.as_chunks_mut().0.iter_mut().zip(x.as_limbs()) {
        *low = limb & DIGIT_MAX;
        *high = limb >> DIGIT_BITS;
    }
    out
}

/// The low eight digits as a word.
fn word(digits: &[u64]) -> U256 {
    let mut limbs = [0; WORD / 2];
    for (i, digit) in digits.iter().take(WORD).enumerate() {
        if let Some(limb) = limbs.get_mut(i / 2) {
            *limb |= if i % 2 == 0 {
                *digit
            } else {
                digit << DIGIT_BITS
            };
        }
    }
    U256::from_limbs(limbs)
}
