//! One or two hops, and everything home. Amounts are changes of balances, never what a pool says: what somebody gave to
//! the adapter beforehand stays there and counts for nothing, or a gift could make a fair trade look too good.

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
    let this = adapter.vm().contract_address();
    let (mut amount, mut rest) = (amount_in, U256::ZERO);
    let last = hops.len().saturating_sub(1);
    for (index, hop) in hops.into_iter().enumerate() {
        // The last hop pays the vault; what an earlier one pays is the next one's input.
        let recipient = if index == last { vault } else { this };
        let gift = calls::balance_of(adapter.vm(), hop.token_in, this)?.saturating_sub(amount);
        let held = calls::balance_of(adapter.vm(), hop.token_out, recipient)?;
        pass(adapter, hop, recipient, amount)?;
        let left = calls::balance_of(adapter.vm(), hop.token_in, this)?.saturating_sub(gift);
        if index == 0 {
            rest = left;
        } else {
            check_sold(hop, amount, left)?;
        }
        amount = calls::balance_of(adapter.vm(), hop.token_out, recipient)?.saturating_sub(held);
    }

    if !rest.is_zero() {
        calls::transfer(adapter.vm(), token_in, vault, rest)?;
    }
    if amount < min_out {
        return Err(revert(Slippage {
            token: token_out,
            got: amount,
            want: min_out,
        }));
    }
    Ok((amount_in.saturating_sub(rest), amount))
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
fn check_sold(hop: Hop, amount: U256, left: U256) -> Result<(), Revert> {
    if left.is_zero() {
        return Ok(());
    }
    Err(revert(Slippage {
        token: hop.token_in,
        got: amount.saturating_sub(left),
        want: amount,
    }))
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, U256};
    use alloy_sol_types::SolError;

    use crate::{
        errors::{BadRoute, NotVault, Overflow, Slippage, UnexpectedCallback},
        testing::{A, AB, B, BC, C, Chain, Fault, MALLORY, THIS, VAULT, u},
    };

    type Out = Result<(U256, U256), Vec<u8>>;

    fn swap(chain: &Chain, token_out: Address, min_out: u128, pools: &[Address]) -> Out {
        let route = pools.concat();
        chain.sends(VAULT, |adapter| {
            adapter.swap(A, token_out, u(100), u(min_out), route.into())
        })
    }

    fn is_empty(chain: &Chain) -> bool {
        [A, B, C]
            .iter()
            .all(|token| chain.balance(*token, THIS) == 0)
    }

    #[test]
    fn one_hop_and_two() {
        let chain = Chain::pushed();
        assert_eq!(swap(&chain, B, 200, &[AB]), Ok((u(100), u(200))));
        assert!(is_empty(&chain) && chain.balance(B, VAULT) == 200);

        let chain = Chain::pushed();
        assert_eq!(swap(&chain, C, 400, &[AB, BC]), Ok((u(100), u(400))));
        assert!(is_empty(&chain) && chain.balance(C, VAULT) == 400);
    }

    #[test]
    fn the_rest_of_a_partial_fill_goes_home() {
        let chain = Chain::pushed();
        chain.fault(Fault::Dry);
        assert_eq!(swap(&chain, B, 100, &[AB]), Ok((u(50), u(100))));
        assert!(is_empty(&chain) && chain.balance(A, VAULT) == 50);
        // The token between two hops would be stranded.
        let chain = Chain::pushed();
        chain.fault(Fault::Dry);
        let want = Slippage {
            token: B,
            got: u(50),
            want: u(100),
        };
        assert_eq!(swap(&chain, C, 0, &[AB, BC]), Err(want.abi_encode()));
    }

    #[test]
    fn gifts_count_for_nothing() {
        let chain = Chain::pushed();
        for token in [A, B, C] {
            chain.give(token, THIS, u(7));
        }
        assert_eq!(swap(&chain, C, 400, &[AB, BC]), Ok((u(100), u(400))));
        for token in [A, B, C] {
            assert_eq!(chain.balance(token, THIS), 7);
        }
    }

    #[test]
    fn guards_come_in_order() {
        let chain = Chain::pushed();
        for caller in [MALLORY, AB, THIS] {
            let out = chain.sends(caller, |adapter| {
                adapter.swap(A, A, U256::MAX, U256::MAX, vec![].into())
            });
            assert_eq!(out, Err(NotVault { caller }.abi_encode()));
        }
        let want = Slippage {
            token: B,
            got: u(200),
            want: u(201),
        };
        assert_eq!(swap(&chain, B, 201, &[AB]), Err(want.abi_encode()));
        let out = chain.sends(VAULT, |adapter| {
            adapter.swap(A, B, U256::MAX, u(0), AB.to_vec().into())
        });
        assert_eq!(out, Err(Overflow {}.abi_encode()));
        let length = u(40);
        for token_out in [A, B] {
            let want = BadRoute { length }.abi_encode();
            assert_eq!(swap(&chain, token_out, 0, &[AB, BC]), Err(want));
        }
        assert_eq!(chain.balance(A, THIS), 100);
    }

    #[test]
    fn a_pool_is_paid_once_and_asks_itself() {
        for (fault, caller) in [
            (Fault::Mute, AB),
            (Fault::Twice, AB),
            (Fault::Modest, AB),
            (Fault::Hijacked, MALLORY),
        ] {
            let chain = Chain::pushed();
            chain.fault(fault);
            let want = UnexpectedCallback { caller }.abi_encode();
            assert_eq!(swap(&chain, B, 0, &[AB]), Err(want), "{fault:?}");
            assert_eq!(chain.balance(A, THIS), 100);
        }
        let chain = Chain::pushed();
        chain.fault(Fault::Revert);
        assert_eq!(swap(&chain, B, 0, &[AB]), Err(b"LOK".to_vec()));
    }
}
