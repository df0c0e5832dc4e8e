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

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, I256};
    use alloy_sol_types::{SolError, SolValue};

    use crate::{
        errors::UnexpectedCallback,
        testing::{A, AB, Chain, MALLORY, THIS, VAULT},
    };

    #[test]
    fn nobody_is_paid_outside_of_a_swap() {
        let chain = Chain::pushed();
        for caller in [MALLORY, AB, VAULT, THIS, Address::ZERO] {
            let claim = I256::try_from(100).expect("fits");
            let out = chain.sends(caller, |adapter| {
                adapter.uniswap_v3_swap_callback(claim, -claim, A.abi_encode().into())
            });
            assert_eq!(out, Err(UnexpectedCallback { caller }.abi_encode()));
        }
        assert_eq!(chain.balance(A, THIS), 100);
    }
}
