//! Every call that leaves the vault.
//!
//! Storage is flushed and the cache emptied before each one, so that the callee sees what was written and whatever is
//! read afterwards is read anew. At most one word of return data is copied in, at most `REVERT_BYTES_MAX` of an error.

use alloc::vec::Vec;

use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolType, sol};
use stylus_sdk::{host::VM, prelude::*};

use crate::{
    errors::{CallFailed, FeeOnTransfer, InsufficientGas, Revert, TransferFailed, revert},
    words::encode,
};

sol! {
    function balanceOf(address account) external view returns (uint256);
    function swap(address tokenIn, address tokenOut, uint256 amountIn, uint256 minOut, bytes route)
        external returns (uint256 spent, uint256 got);
    function transfer(address to, uint256 value) external returns (bool);
    function transferFrom(address from, address to, uint256 value) external returns (bool);
}

/// {gas}, most that a token gets for one call of a redemption.
const TOKEN_GAS: u64 = 300_000;
/// {gas} that must be left before such a call. A call forwards at most 63/64 of what its own cost leaves over, and costs
/// at most 2,600 for a cold account and less than 100 for the host: `(310_000 - 2_700) * 63 / 64 = 302_498 >= TOKEN_GAS`.
const TOKEN_GAS_NEEDED: u64 = 310_000;
/// Most of an inner error that is passed on.
const REVERT_BYTES_MAX: usize = 4_096;
/// Bytes of a word.
const WORD: usize = 32;

/// The vault's own balance of `token`.
pub(crate) fn own_balance(vm: &VM, token: Address) -> Result<U256, Revert> {
    let data = balance_data(vm);
    let out = outer(vm, Kind::Static, token, &data)?;
    word(&out).ok_or_else(|| failed(token))
}

/// Sends `amount` of `token`.
pub(crate) fn push(vm: &VM, token: Address, to: Address, amount: U256) -> Result<(), Revert> {
    let data = transfer_data(to, amount);
    let out = outer(vm, Kind::Mutable, token, &data)?;
    check_transferred(token, &out)
}

/// Sends `amount` of `token`; exactly that must leave.
pub(crate) fn pay(vm: &VM, token: Address, to: Address, amount: U256) -> Result<(), Revert> {
    let before = own_balance(vm, token)?;
    push(vm, token, to, amount)?;
    if before.checked_sub(own_balance(vm, token)?) != Some(amount) {
        return Err(revert(TransferFailed { token }));
    }
    Ok(())
}

/// Takes `amount` of `token` from a holder that approved it; exactly that must arrive.
pub(crate) fn pull(vm: &VM, token: Address, from: Address, amount: U256) -> Result<(), Revert> {
    if amount.is_zero() {
        return Ok(());
    }
    let before = own_balance(vm, token)?;
    let data = encode(
        &transferFromCall::SELECTOR,
        &(from, vm.contract_address(), amount),
    );
    let out = outer(vm, Kind::Mutable, token, &data)?;
    check_transferred(token, &out)?;
    let got = own_balance(vm, token)?.saturating_sub(before);
    if got != amount {
        return Err(revert(FeeOnTransfer {
            token,
            got,
            want: amount,
        }));
    }
    Ok(())
}

/// Trades at a venue that has its input already. Its answer is not read: balances tell.
pub(crate) fn swap(
    vm: &VM,
    venue: Address,
    token_in: Address,
    token_out: Address,
    amount_in: U256,
    min_out: U256,
    route: &[u8],
) -> Result<(), Revert> {
    let arguments = (token_in, token_out, amount_in, min_out, route);
    let arguments = <swapCall as SolCall>::Parameters::abi_encode_sequence(&arguments);
    let mut data = swapCall::SELECTOR.to_vec();
    data.extend_from_slice(&arguments);
    outer(vm, Kind::Mutable, venue, &data).map(drop)
}

/// Tries to send `amount` of a token that may do anything, and says how much of it left the vault.
///
/// The vault's balance judges, not what the token answers. A token that will not tell the balance beforehand is not
/// called: nothing has left. One that tells it before and not after is believed when it says that it paid, since taking
/// it for a failure would pay the same debt twice. No failure of the token is an error here; the only error is
/// `InsufficientGas`, so that a caller who starves a call cannot turn a payment into a debt.
pub(crate) fn try_pay(vm: &VM, token: Address, to: Address, amount: U256) -> Result<U256, Revert> {
    let balance = balance_data(vm);
    let read = |out: Option<Vec<u8>>| out.as_deref().and_then(word);
    let Some(before) = read(inner(vm, Kind::Static, token, &balance)?) else {
        return Ok(U256::ZERO);
    };
    let answer = inner(vm, Kind::Mutable, token, &transfer_data(to, amount))?;
    let paid = answer.is_some_and(|out| transferred(&out));
    let moved = match read(inner(vm, Kind::Static, token, &balance)?) {
        Some(after) => before.saturating_sub(after),
        None if paid => amount,
        None => U256::ZERO,
    };
    Ok(moved)
}

#[derive(Clone, Copy)]
enum Kind {
    Static,
    Mutable,
}

/// A call whose failure is the caller's: its error is passed on byte for byte.
fn outer(vm: &VM, kind: Kind, target: Address, data: &[u8]) -> Result<Vec<u8>, Revert> {
    if let Some(out) = raw(vm, kind, target, data, u64::MAX) {
        return Ok(out);
    }
    let size = vm.return_data_size().min(REVERT_BYTES_MAX);
    if size == 0 {
        return Err(failed(target));
    }
    Err(vm.read_return_data(0, Some(size)))
}

/// A call whose failure is an answer: `None`.
fn inner(vm: &VM, kind: Kind, target: Address, data: &[u8]) -> Result<Option<Vec<u8>>, Revert> {
    // The flush that the call does costs gas: it comes first.
    vm.flush_cache(true);
    let available = vm.evm_gas_left();
    if available < TOKEN_GAS_NEEDED {
        return Err(revert(InsufficientGas {
            available: U256::from(available),
            needed: U256::from(TOKEN_GAS_NEEDED),
        }));
    }
    Ok(raw(vm, kind, target, data, TOKEN_GAS))
}

/// The call itself: a word of its return data, or `None`.
#[expect(
    unsafe_code,
    reason = "caps on gas and return data need the host's own calls; the pointers live through them, and no storage is \
              borrowed across them"
)]
fn raw(vm: &VM, kind: Kind, target: Address, data: &[u8], gas: u64) -> Option<Vec<u8>> {
    vm.flush_cache(true);
    let (target, bytes, len) = (target.as_ptr(), data.as_ptr(), data.len());
    let mut out_len = 0;
    let status = unsafe {
        match kind {
            Kind::Static => vm.static_call_contract(target, bytes, len, gas, &mut out_len),
            Kind::Mutable => {
                let value = U256::ZERO;
                let value = value.as_limbs().as_ptr().cast();
                vm.call_contract(target, bytes, len, value, gas, &mut out_len)
            }
        }
    };
    (status == 0).then(|| vm.read_return_data(0, Some(out_len.min(WORD))))
}

fn balance_data(vm: &VM) -> Vec<u8> {
    encode(&balanceOfCall::SELECTOR, &(vm.contract_address(),))
}

fn transfer_data(to: Address, value: U256) -> Vec<u8> {
    encode(&transferCall::SELECTOR, &(to, value))
}

fn check_transferred(token: Address, out: &[u8]) -> Result<(), Revert> {
    if transferred(out) {
        return Ok(());
    }
    Err(revert(TransferFailed { token }))
}

/// Whether a token says that it transferred: by `true`, or by saying nothing.
fn transferred(out: &[u8]) -> bool {
    out.is_empty() || word(out) == Some(U256::ONE)
}

/// Exactly one word.
fn word(out: &[u8]) -> Option<U256> {
    let bytes: [u8; WORD] = out.try_into().ok()?;
    Some(U256::from_be_bytes(bytes))
}

fn failed(target: Address) -> Revert {
    revert(CallFailed { target })
}
