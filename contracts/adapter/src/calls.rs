//! Every call that leaves the adapter.
//!
//! Storage is flushed and the cache emptied before each one, so that a callback sees what was written and whatever is
//! read afterwards is read anew. At most one word of return data is copied in, at most `REVERT_BYTES_MAX` of an error.

use alloc::vec::Vec;

use alloy_primitives::{Address, I256, U160, U256, aliases::U24};
use alloy_sol_types::{SolCall, SolValue, abi::encode_sequence, sol};
use stylus_sdk::{host::VM, prelude::*};

use crate::{
    errors::{CallFailed, Revert, TransferFailed, revert},
    route::Hop,
};

mod pool {
    //! What a Uniswap V3 pool is asked.
    use super::sol;

    sol! {
        function fee() external view returns (uint24);
        function swap(
            address recipient,
            bool zeroForOne,
            int256 amountSpecified,
            uint160 sqrtPriceLimitX96,
            bytes data
        ) external returns (int256 amount0, int256 amount1);
        function token0() external view returns (address);
        function token1() external view returns (address);
    }
}

sol! {
    function balanceOf(address account) external view returns (uint256);
    function getPool(address tokenA, address tokenB, uint24 fee) external view returns (address);
    function transfer(address to, uint256 value) external returns (bool);
}

/// Q64.96, the lowest price limit that a pool accepts: the least ratio plus one.
const SQRT_LIMIT_MIN: U160 = U160::from_limbs([4_295_128_740, 0, 0]);
/// Q64.96, the highest: the greatest ratio, 1461446703485210103287273052203988822378723970342, minus one.
const SQRT_LIMIT_MAX: U160 =
    U160::from_limbs([0x5d95_1d52_6398_8d25, 0xefd1_fc6a_5064_8849, 0xfffd_8963]);
/// Most of an inner error that is passed on.
const REVERT_BYTES_MAX: usize = 4_096;
/// Bytes of a word.
const WORD: usize = 32;

/// Balance of an account.
pub(crate) fn balance_of(vm: &VM, token: Address, account: Address) -> Result<U256, Revert> {
    let out = read(vm, token, balanceOfCall { account })?;
    word(&out)
        .map(U256::from_be_bytes)
        .ok_or_else(|| failed(token))
}

/// A pool's first token.
pub(crate) fn token0(vm: &VM, pool: Address) -> Result<Address, Revert> {
    let out = read(vm, pool, pool::token0Call {})?;
    address(&out).ok_or_else(|| failed(pool))
}

/// A pool's second token.
pub(crate) fn token1(vm: &VM, pool: Address) -> Result<Address, Revert> {
    let out = read(vm, pool, pool::token1Call {})?;
    address(&out).ok_or_else(|| failed(pool))
}

/// A pool's fee, hundredths of a basis point.
pub(crate) fn fee(vm: &VM, pool: Address) -> Result<U24, Revert> {
    let out = read(vm, pool, pool::feeCall {})?;
    let fee = word(&out).map(U256::from_be_bytes);
    fee.and_then(|fee| u32::try_from(fee).ok())
        .and_then(|fee| U24::try_from(fee).ok())
        .ok_or_else(|| failed(pool))
}

/// The pool that the factory names for two tokens and a fee.
pub(crate) fn pool_of(
    vm: &VM,
    factory: Address,
    token_a: Address,
    token_b: Address,
    fee: U24,
) -> Result<Address, Revert> {
    let call = getPoolCall {
        tokenA: token_a,
        tokenB: token_b,
        fee,
    };
    let out = read(vm, factory, call)?;
    address(&out).ok_or_else(|| failed(factory))
}

/// Swaps an exact input, at any price: the output bound is the caller's.
pub(crate) fn swap(vm: &VM, hop: Hop, recipient: Address, amount: I256) -> Result<(), Revert> {
    let limit = if hop.zero_for_one {
        SQRT_LIMIT_MIN
    } else {
        SQRT_LIMIT_MAX
    };
    let data = calldata(pool::swapCall {
        recipient,
        zeroForOne: hop.zero_for_one,
        amountSpecified: amount,
        sqrtPriceLimitX96: limit,
        data: hop.token_in.abi_encode().into(),
    });
    call(vm, Kind::Mutable, hop.pool, &data).map(drop)
}

/// Sends `amount` of `token`.
pub(crate) fn transfer(vm: &VM, token: Address, to: Address, value: U256) -> Result<(), Revert> {
    let data = calldata(transferCall { to, value });
    let out = call(vm, Kind::Mutable, token, &data)?;
    if out.is_empty() || word(&out).map(U256::from_be_bytes) == Some(U256::ONE) {
        return Ok(());
    }
    Err(revert(TransferFailed { token }))
}

/// An address in exactly one word.
pub(crate) fn address(out: &[u8]) -> Option<Address> {
    let word = word(out)?;
    let (padding, address) = word.split_first_chunk::<12>()?;
    (*padding == [0; 12]).then(|| Address::try_from(address).ok())?
}

/// Exactly one word.
fn word(out: &[u8]) -> Option<[u8; WORD]> {
    out.try_into().ok()
}

fn read<C: SolCall>(vm: &VM, target: Address, question: C) -> Result<Vec<u8>, Revert> {
    call(vm, Kind::Static, target, &calldata(question))
}

fn calldata<C: SolCall>(call: C) -> Vec<u8> {
    prefixed(C::SELECTOR, &encode_sequence(&call.tokenize()))
}

/// A selector and its arguments.
#[inline(never)]
pub(crate) fn prefixed(selector: [u8; 4], arguments: &[u8]) -> Vec<u8> {
    [selector.as_slice(), arguments].concat()
}

#[derive(Clone, Copy)]
enum Kind {
    Static,
    Mutable,
}

/// A call whose error is passed on byte for byte. At most a word of its return data is copied.
#[inline(never)]
#[expect(
    unsafe_code,
    reason = "the cap on return data needs the host's own calls; the pointers live through them, and no storage is \
              borrowed across them"
)]
fn call(vm: &VM, kind: Kind, target: Address, data: &[u8]) -> Result<Vec<u8>, Revert> {
    vm.flush_cache(true);
    let (to, bytes, len, gas) = (target.as_ptr(), data.as_ptr(), data.len(), u64::MAX);
    let mut out_len = 0;
    let status = unsafe {
        match kind {
            Kind::Static => vm.static_call_contract(to, bytes, len, gas, &mut out_len),
            Kind::Mutable => {
                let value = U256::ZERO;
                let value = value.as_limbs().as_ptr().cast();
                vm.call_contract(to, bytes, len, value, gas, &mut out_len)
            }
        }
    };
    if status == 0 {
        return Ok(vm.read_return_data(0, Some(out_len.min(WORD))));
    }
    if out_len == 0 {
        return Err(failed(target));
    }
    Err(vm.read_return_data(0, Some(out_len.min(REVERT_BYTES_MAX))))
}

fn failed(target: Address) -> Revert {
    revert(CallFailed { target })
}
