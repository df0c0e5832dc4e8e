//! 256-bit arithmetic and hashing. Results replace the first operand.

use alloy_primitives::{B256, U256, keccak256};

use super::Host;
use crate::stylus::{
    host::HostError,
    pricing::{self, ADD_MOD, DIV, HOSTIO, MUL_MOD, PTR},
};

/// `floor(value / divisor)`, 0 when dividing by 0.
pub(super) fn math_div(host: &mut Host<'_>, value: u32, divisor: u32) -> Result<(), HostError> {
    binary(host, "math_div", value, divisor, |a, b| {
        a.checked_div(b).unwrap_or_default()
    })
}

/// `value mod modulus`, 0 when dividing by 0.
pub(super) fn math_mod(host: &mut Host<'_>, value: u32, modulus: u32) -> Result<(), HostError> {
    binary(host, "math_mod", value, modulus, |a, b| {
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
    let power = power.to_be_bytes::<32>();
    host.write(value, &power)?;
    let base = base.to_be_bytes::<32>();
    host.record("math_pow", &[&base, exponent.as_slice()], &[&power]);
    Ok(())
}

/// `(value + addend) mod modulus` without overflow, 0 when dividing by 0.
pub(super) fn math_add_mod(
    host: &mut Host<'_>,
    value: u32,
    addend: u32,
    modulus: u32,
) -> Result<(), HostError> {
    host.buy_ink(HOSTIO + 4 * PTR + ADD_MOD)?;
    ternary(
        host,
        "math_add_mod",
        [value, addend, modulus],
        U256::add_mod,
    )
}

/// `(value * factor) mod modulus` without overflow, 0 when dividing by 0.
pub(super) fn math_mul_mod(
    host: &mut Host<'_>,
    value: u32,
    factor: u32,
    modulus: u32,
) -> Result<(), HostError> {
    host.buy_ink(HOSTIO + 4 * PTR + MUL_MOD)?;
    ternary(
        host,
        "math_mul_mod",
        [value, factor, modulus],
        U256::mul_mod,
    )
}

/// Keccak-256 of `len` bytes.
pub(super) fn native_keccak256(
    host: &mut Host<'_>,
    ptr: u32,
    len: u32,
    dest: u32,
) -> Result<(), HostError> {
    host.buy_ink(pricing::keccak(len))?;
    let preimage = host.read(ptr, len)?;
    let hash = keccak256(preimage);
    let preimage = match host.is_recorded() {
        true => preimage.to_vec(),
        false => Vec::new(),
    };
    host.write(dest, hash.as_slice())?;
    host.record("native_keccak256", &[&preimage], &[hash.as_slice()]);
    Ok(())
}

fn binary(
    host: &mut Host<'_>,
    name: &'static str,
    value: u32,
    operand: u32,
    compute: impl FnOnce(U256, U256) -> U256,
) -> Result<(), HostError> {
    host.buy_ink(HOSTIO + 3 * PTR + DIV)?;
    let a = host.read_word(value)?;
    let b = host.read_word(operand)?;
    let result = B256::from(compute(a.into(), b.into()));
    host.write(value, result.as_slice())?;
    host.record(name, &[a.as_slice(), b.as_slice()], &[result.as_slice()]);
    Ok(())
}

/// The pointers are those of the value, the operand and the modulus.
fn ternary(
    host: &mut Host<'_>,
    name: &'static str,
    [value, operand, modulus]: [u32; 3],
    compute: impl FnOnce(U256, U256, U256) -> U256,
) -> Result<(), HostError> {
    let a = host.read_word(value)?;
    let b = host.read_word(operand)?;
    let modulus = host.read_word(modulus)?;
    let result = B256::from(compute(a.into(), b.into(), modulus.into()));
    host.write(value, result.as_slice())?;
    let args = [a.as_slice(), b.as_slice(), modulus.as_slice()];
    host.record(name, &args, &[result.as_slice()]);
    Ok(())
}
