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
