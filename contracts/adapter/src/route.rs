//! From packed bytes to pools that the factory vouches for.

use alloc::vec::Vec;

use alloy_primitives::{Address, U256};
use stylus_sdk::prelude::*;

use crate::{
    Adapter, calls,
    errors::{BadRoute, Revert, UnknownPool, revert},
};

/// Bytes of a packed address.
const ADDRESS_BYTES: usize = 20;
/// Most pools of a route.
const HOPS_MAX: usize = 2;

/// One swap: `token_in` for `token_out` at `pool`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    /// A pool of the factory.
    pub(crate) pool: Address,
    /// What the pool takes.
    pub(crate) token_in: Address,
    /// What the pool gives.
    pub(crate) token_out: Address,
    /// `token_in` is the pool's token0.
    pub(crate) zero_for_one: bool,
}

/// A pool and its tokens, in the pool's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pool {
    address: Address,
    token0: Address,
    token1: Address,
}

/// The hops from `token_in` to `token_out`. Every pool is checked before the first token moves.
pub(crate) fn hops(
    adapter: &Adapter,
    token_in: Address,
    token_out: Address,
    route: &[u8],
) -> Result<Vec<Hop>, Revert> {
    let bad_route = || {
        revert(BadRoute {
            length: U256::from(route.len()),
        })
    };
    let (packed, rest) = route.as_chunks::<ADDRESS_BYTES>();
    if packed.is_empty() || packed.len() > HOPS_MAX || !rest.is_empty() {
        return Err(bad_route());
    }
    let mut pools = Vec::with_capacity(HOPS_MAX);
    for bytes in packed {
        pools.push(known(adapter, Address::new(*bytes))?);
    }
    let mut hops = Vec::with_capacity(HOPS_MAX);
    let mut token = token_in;
    for pool in pools {
        let hop = pool.hop(token).ok_or_else(bad_route)?;
        token = hop.token_out;
        hops.push(hop);
    }
    if token != token_out || token == token_in {
        return Err(bad_route());
    }
    Ok(hops)
}

/// Reads a pool and asks the factory whether it is its own: a contract that only looks like one is not.
fn known(adapter: &Adapter, address: Address) -> Result<Pool, Revert> {
    let vm = adapter.vm();
    let token0 = calls::token0(vm, address)?;
    let token1 = calls::token1(vm, address)?;
    let fee = calls::fee(vm, address)?;
    let named = calls::pool_of(vm, adapter.factory.get(), token0, token1, fee)?;
    if named != address {
        return Err(revert(UnknownPool { pool: address }));
    }
    Ok(Pool {
        address,
        token0,
        token1,
    })
}

impl Pool {
    /// The hop that starts with `token`.
    fn hop(self, token: Address) -> Option<Hop> {
        let (token_out, zero_for_one) = if token == self.token0 {
            (self.token1, true)
        } else if token == self.token1 {
            (self.token0, false)
        } else {
            return None;
        };
        Some(Hop {
            pool: self.address,
            token_in: token,
            token_out,
            zero_for_one,
        })
    }
}

#[cfg(test)]
mod tests {
    use alloy_sol_types::SolError;

    use super::{Hop, hops};
    use crate::{
        errors::{BadRoute, CallFailed, Revert, UnknownPool, ZeroAddress},
        testing::{A, AB, B, BC, C, Chain, FACTORY, FAKE, Fault, MALLORY, VAULT, u},
    };

    fn read(
        chain: &Chain,
        token_in: alloy_primitives::Address,
        route: &[u8],
    ) -> Result<Vec<Hop>, Revert> {
        chain.sends(VAULT, |adapter| hops(adapter, token_in, C, route))
    }

    #[test]
    fn reads_packed_pools_in_either_direction() {
        let chain = Chain::pushed();
        let got = read(&chain, A, &[AB, BC].concat()).expect("two hops");
        let forth = |pool, token_in, token_out| Hop {
            pool,
            token_in,
            token_out,
            zero_for_one: true,
        };
        assert_eq!(got, [forth(AB, A, B), forth(BC, B, C)]);
        let back = chain.sends(VAULT, |adapter| hops(adapter, C, B, BC.as_slice()));
        let back = back.expect("one hop");
        assert!(!back[0].zero_for_one);
        assert_eq!((back[0].token_in, back[0].token_out), (C, B));
    }

    #[test]
    fn refuses_other_lengths_pools_and_tokens() {
        let chain = Chain::pushed();
        let bad = |route: &[u8]| {
            let length = u(route.len() as u128);
            assert_eq!(
                read(&chain, A, route),
                Err(BadRoute { length }.abi_encode())
            );
        };
        bad(&[]);
        bad(&AB[..19]);
        bad(&[AB.as_slice(), &[0]].concat());
        bad(&[AB, BC, AB].concat());
        // Known pools whose tokens do not follow each other.
        bad(BC.as_slice());
        bad(&[BC, AB].concat());
        let want = UnknownPool { pool: FAKE }.abi_encode();
        assert_eq!(read(&chain, A, &[AB, FAKE].concat()), Err(want));
        // An account that answers nothing.
        let want = CallFailed { target: MALLORY }.abi_encode();
        assert_eq!(read(&chain, A, MALLORY.as_slice()), Err(want));
        chain.fault(Fault::Dirty);
        let want = CallFailed { target: AB }.abi_encode();
        assert_eq!(read(&chain, A, AB.as_slice()), Err(want));
    }

    #[test]
    fn construction_refuses_zero() {
        let chain = Chain::pushed();
        let zero = alloy_primitives::Address::ZERO;
        for (factory, vault) in [(zero, VAULT), (FACTORY, zero)] {
            let built = chain.sends(MALLORY, |adapter| adapter.constructor(factory, vault));
            assert_eq!(built, Err(ZeroAddress {}.abi_encode()));
        }
        chain
            .sends(MALLORY, |adapter| {
                assert_eq!((adapter.factory(), adapter.vault()), (FACTORY, VAULT));
                Ok(())
            })
            .expect("reads");
    }
}
