//! One or two hops, and everything home. Amounts are balances, never what a pool says.

use alloy_primitives::{Address, I256, U256};
use stylus_sdk::prelude::*;

use crate::{
    Adapter, calls,
    errors::{NotVault, Overflow, Revert, Slippage, UnexpectedCallback, revert},
    route::{self, Hop},
};

pub(crate) fn run(
    adapter: &mut Adapter,
    token_in: Address,
    token_out: Address,
    amount_in: U256,
    min_out: U256,
    route: &[u8],
) -> Result<(U256, U256), Revert> {
    let caller = adapter.vm().msg_sender();
    let vault = adapter.vault.get();
    if caller != vault {
        return Err(revert(NotVault { caller }));
    }
    let hops = route::hops(adapter, token_in, token_out, route)?;
    let before = calls::balance_of(adapter.vm(), token_out, vault)?;

    // The last hop pays the vault; what an earlier one pays is the next one's input.
    let this = adapter.vm().contract_address();
    let mut amount = amount_in;
    let last = hops.len().saturating_sub(1);
    for (index, hop) in hops.into_iter().enumerate() {
        if index > 0 {
            amount = calls::balance_of(adapter.vm(), hop.token_in, this)?;
        }
        let recipient = if index == last { vault } else { this };
        pass(adapter, hop, recipient, amount)?;
        if index > 0 {
            check_sold(adapter, hop, this, amount)?;
        }
    }

    let rest = send_home(adapter, token_in, vault)?;
    send_home(adapter, token_out, vault)?;
    let got = calls::balance_of(adapter.vm(), token_out, vault)?.saturating_sub(before);
    if got < min_out {
        return Err(revert(Slippage {
            token: token_out,
            got,
            want: min_out,
        }));
    }
    Ok((amount_in.saturating_sub(rest), got))
}

/// Swaps at one pool, which calls back exactly once for its payment.
fn pass(adapter: &mut Adapter, hop: Hop, recipient: Address, amount: U256) -> Result<(), Revert> {
    let exact_in = I256::try_from(amount).map_err(|_| revert(Overflow {}))?;
    adapter.expected.set(hop.pool);
    calls::swap(adapter.vm(), hop, recipient, exact_in)?;
    if !adapter.expected.get().is_zero() {
        return Err(revert(UnexpectedCallback { caller: hop.pool }));
    }
    Ok(())
}

/// What a pool out of liquidity leaves of the token between two hops has no way home: the vault does not book it.
fn check_sold(adapter: &Adapter, hop: Hop, this: Address, amount: U256) -> Result<(), Revert> {
    let left = calls::balance_of(adapter.vm(), hop.token_in, this)?;
    if left.is_zero() {
        return Ok(());
    }
    Err(revert(Slippage {
        token: hop.token_in,
        got: amount.saturating_sub(left),
        want: amount,
    }))
}

/// Sends the adapter's whole balance of `token` to the vault; how much that was.
fn send_home(adapter: &Adapter, token: Address, vault: Address) -> Result<U256, Revert> {
    let vm = adapter.vm();
    let amount = calls::balance_of(vm, token, vm.contract_address())?;
    if !amount.is_zero() {
        calls::transfer(vm, token, vault, amount)?;
    }
    Ok(amount)
}
