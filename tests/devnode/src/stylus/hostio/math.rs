//! 256-bit arithmetic and hashing. Results replace the first operand.

use alloy_primitives::{U256, keccak256};

use super::Host;
use crate::stylus::{
    host::HostError,
    pricing::{self, ADD_MOD, DIV, HOSTIO, MUL_MOD, PTR},
};

/// `floor(value / divisor)`, 0 when dividing by 0.
pub(super) fn math_div(host: &mut Host<'_>, value: u32, divisor: u32) -> Result<(), HostError> {
    binary(host, value, divisor, |a, b| {
        a.checked_div(b).unwrap_or_default()
    })
}

/// `value mod modulus`, 0 when dividing by 0.
pub(super) fn math_mod(host: &mut Host<'_>, value: u32, modulus: u32) -> Result<(), HostError> {
    binary(host, value, modulus, |a, b| {
        a.checked_rem(b).unwrap_or_default()
    })
}

/// `value ^ exponent mod 2^256`.
pub(super) fn math_pow(host: &mut Host<'_>, value: u32, exponent: u32) -> Result<(), HostError> {
    host.buy_ink(HOSTIO + 3 * PTR)?;
    let base = host.read_u256(value)?;
    let exponent = host.read_word(exponent)?;
    host.buy_ink(pricing::pow(&exponent))?;
    let power = base.wrapping_pow(exponent.into());
    host.write(value, &power.to_be_bytes::<32>())
}

/// `(value + addend) mod modulus` without overflow, 0 when dividing by 0.
pub(super) fn math_add_mod(
    host: &mut Host<'_>,
    value: u32,
    addend: u32,
    modulus: u32,
) -> Result<(), HostError> {
    host.buy_ink(HOSTIO + 4 * PTR + ADD_MOD)?;
    ternary(host, value, addend, modulus, U256::add_mod)
}

/// `(value * factor) mod modulus` without overflow, 0 when dividing by 0.
pub(super) fn math_mul_mod(
    host: &mut Host<'_>,
    value: u32,
    factor: u32,
    modulus: u32,
) -> Result<(), HostError> {
    host.buy_ink(HOSTIO + 4 * PTR + MUL_MOD)?;
    ternary(host, value, factor, modulus, U256::mul_mod)
}

/// Keccak-256 of `len` bytes.
pub(super) fn native_keccak256(
    host: &mut Host<'_>,
    ptr: u32,
    len: u32,
    dest: u32,
) -> Result<(), HostError> {
    host.buy_ink(pricing::keccak(len))?;
    let hash = keccak256(host.read(ptr, len)?);
    host.write(dest, hash.as_slice())
}

fn binary(
    host: &mut Host<'_>,
    value: u32,
    operand: u32,
    compute: impl FnOnce(U256, U256) -> U256,
) -> Result<(), HostError> {
    host.buy_ink(HOSTIO + 3 * PTR + DIV)?;
    let a = host.read_u256(value)?;
    let b = host.read_u256(operand)?;
    host.write(value, &compute(a, b).to_be_bytes::<32>())
}

fn ternary(
    host: &mut Host<'_>,
    value: u32,
    operand: u32,
    modulus: u32,
    compute: impl FnOnce(U256, U256, U256) -> U256,
) -> Result<(), HostError> {
    let a = host.read_u256(value)?;
    let b = host.read_u256(operand)?;
    let modulus = host.read_u256(modulus)?;
    host.write(value, &compute(a, b, modulus).to_be_bytes::<32>())
}
