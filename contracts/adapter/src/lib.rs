//! Gimbal's adapter: swaps on Uniswap V3 pools for one vault.
//!
//! The vault pushes the input and calls `swap`; the adapter ends every call with zero balances and never has or gives an
//! allowance. It is the only contract of Gimbal that is ever re-entered, by the pool that it is calling; that is why
//! it, and it alone, is built without the SDK's guard.
//!
//! This file is the ABI: signatures, errors and the order of guards are those of `contracts/interfaces/IAdapter.sol`.
//!
//! | module | owns |
//! |---|---|
//! | `route` | from packed bytes to pools that the factory vouches for |
//! | `swap` | one or two hops, and sending everything home |
//! | `callback` | paying the pool that is being called, once |
//! | `calls` | every call that leaves the adapter, and the only `unsafe` |
//! | `errors` | the list |

#![cfg_attr(target_arch = "wasm32", no_std)]
#![cfg_attr(
    target_arch = "wasm32",
    allow(
        missing_docs,
        reason = "the entry point that the SDK generates has none"
    )
)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "tests may panic"
    )
)]

#[cfg_attr(target_arch = "wasm32", macro_use)]
extern crate alloc;

mod callback;
mod calls;
mod errors;
mod route;
mod swap;
#[cfg(test)]
mod testing;

use alloc::vec::Vec;

use alloy_primitives::{Address, Bytes, I256, U256};
use stylus_sdk::{prelude::*, storage::StorageAddress};

use errors::Revert;

/// The adapter's storage.
#[storage]
#[entrypoint]
pub struct Adapter {
    factory: StorageAddress,
    vault: StorageAddress,
    /// The pool that may call back; zero but for the time of a hop until its callback.
    expected: StorageAddress,
}

#[public]
impl Adapter {
    /// Runs once, in the transaction that deploys.
    #[constructor]
    pub fn constructor(&mut self, factory: Address, vault: Address) -> Result<(), Revert> {
        if factory.is_zero() || vault.is_zero() {
            return Err(errors::revert(errors::ZeroAddress {}));
        }
        self.factory.set(factory);
        self.vault.set(vault);
        Ok(())
    }

    /// Swaps what the vault has pushed; sends the output and any rest back.
    pub fn swap(
        &mut self,
        token_in: Address,
        token_out: Address,
        amount_in: U256,
        min_out: U256,
        route: Bytes,
    ) -> Result<(U256, U256), Revert> {
        swap::run(self, token_in, token_out, amount_in, min_out, &route)
    }

    /// Pays the pool that is being called.
    #[selector(name = "uniswapV3SwapCallback")]
    pub fn uniswap_v3_swap_callback(
        &mut self,
        amount0_delta: I256,
        amount1_delta: I256,
        data: Bytes,
    ) -> Result<(), Revert> {
        callback::run(self, amount0_delta, amount1_delta, &data)
    }

    /// The factory that vouches for pools.
    pub fn factory(&self) -> Address {
        self.factory.get()
    }

    /// The one caller of `swap`.
    pub fn vault(&self) -> Address {
        self.vault.get()
    }
}
