//! Paying the pool that is being called, once, and only from the adapter's own balance.

use alloy_primitives::{Address, I256};
use stylus_sdk::prelude::*;

use crate::{
    Adapter, calls,
    errors::{Revert, UnexpectedCallback, revert},
};

/// The caller must be the pool whose swap is under way and not paid for yet. That pool is the factory's, so the data is what
/// the adapter gave it: the token to pay. The slot is cleared before the payment: a second callback finds nobody expected.
pub(crate) fn run(
    adapter: &mut Adapter,
    amount0_delta: I256,
    amount1_delta: I256,
    data: &[u8],
) -> Result<(), Revert> {
    let caller = adapter.vm().msg_sender();
    let unexpected = || revert(UnexpectedCallback { caller });
    if caller.is_zero() || caller != adapter.expected.get() {
        return Err(unexpected());
    }
    adapter.expected.set(Address::ZERO);
    // One delta is the pool's claim, the other what it gave.
    let claim = amount0_delta.max(amount1_delta);
    if !claim.is_positive() {
        return Err(unexpected());
    }
    let token = calls::address(data).ok_or_else(unexpected)?;
    calls::transfer(adapter.vm(), token, caller, claim.into_raw())
}
