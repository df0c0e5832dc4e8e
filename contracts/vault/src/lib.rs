//! Gimbal's vault: custody, shares and the in-kind exit. Knows no price.
//!
//! This file is the ABI in reading order: the storage, then every external function, each one line into the module
//! that owns it. Signatures, errors, events and the order of guards are those of `contracts/interfaces/IVault.sol`.
//!
//! | module | owns |
//! |---|---|
//! | `status` | the packed slot with mode, lock, nonce; every operation opens and closes there |
//! | `shares` | the ERC-20 |
//! | `registry` | the assets, and what the vault holds of each for holders and for creditors |
//! | `basket` | genesis, mint and the pro-rata amounts |
//! | `exit` | redeem and claim: no price, no pause |
//! | `swap` | the engine's door to the venues |
//! | `quota` | how much of an asset swaps may take out in a day |
//! | `modes` | halt, trip, resume, kill |
//! | `governance` | owner, guardians, engine, venues |
//! | `calls` | every call that leaves the vault, and the only `unsafe` |
//! | `payload` | `bytes` arguments |
//! | `words` | encoding of static values |
//! | `errors`, `events` | the lists |

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

mod basket;
mod calls;
mod errors;
mod events;
mod exit;
mod governance;
mod modes;
mod payload;
mod quota;
mod registry;
mod shares;
mod status;
mod swap;
#[cfg(test)]
mod testing;
mod words;

use alloc::{string::String, vec::Vec};

use alloy_primitives::{Address, B256, U256};
use stylus_sdk::{
    prelude::*,
    storage::{StorageAddress, StorageArray, StorageBool, StorageMap, StorageU256},
};

use errors::Revert;
use payload::Payload;
use registry::{ASSETS_MAX, Asset};

/// The vault's storage. Fixed arrays, registry order, `status.count` of them in use.
#[storage]
#[entrypoint]
pub struct Vault {
    /// Packed: see `status`.
    status: StorageU256,
    supply: StorageU256,
    owner: StorageAddress,
    pending_owner: StorageAddress,
    engine: StorageAddress,
    name: StorageU256,
    symbol: StorageU256,
    assets: StorageArray<Asset, ASSETS_MAX>,
    balances: StorageMap<Address, StorageU256>,
    allowances: StorageMap<Address, StorageMap<Address, StorageU256>>,
    guardians: StorageMap<Address, StorageBool>,
    venues: StorageMap<Address, StorageBool>,
    /// user -> asset -> {tok}
    owed: StorageMap<Address, StorageMap<Address, StorageU256>>,
}

#[public]
impl Vault {
    /// Runs once, in the transaction that deploys. The caller is the deployer contract, so roles are arguments.
    #[constructor]
    pub fn constructor(
        &mut self,
        owner: Address,
        guardian: Address,
        assets: Vec<Address>,
        name: B256,
        symbol: B256,
    ) -> Result<(), Revert> {
        governance::construct(self, owner, guardian)?;
        self.register(assets)?;
        self.name.set(name.into());
        self.symbol.set(symbol.into());
        Ok(())
    }

    // ------------------------------------------------------------------ ERC-20

    /// Name of the share token.
    pub fn name(&self) -> String {
        shares::text(self.name.get().into())
    }

    /// Symbol of the share token.
    pub fn symbol(&self) -> String {
        shares::text(self.symbol.get().into())
    }

    /// Decimals of the share token: 18.
    pub fn decimals(&self) -> u8 {
        18
    }

    /// Shares in existence.
    pub fn total_supply(&self) -> Result<U256, Revert> {
        self.unlocked()?;
        Ok(self.supply.get())
    }

    /// Shares of an account.
    pub fn balance_of(&self, account: Address) -> Result<U256, Revert> {
        self.unlocked()?;
        Ok(self.balances.get(account))
    }

    /// Shares of `owner` that `spender` may move.
    pub fn allowance(&self, owner: Address, spender: Address) -> U256 {
        self.allowances.getter(owner).get(spender)
    }

    /// Lets `spender` move shares of the caller. The largest value never decreases.
    pub fn approve(&mut self, spender: Address, value: U256) -> Result<bool, Revert> {
        shares::approve(self, spender, value)
    }

    /// Moves shares of the caller.
    pub fn transfer(&mut self, to: Address, value: U256) -> Result<bool, Revert> {
        shares::transfer(self, to, value)
    }

    /// Moves shares that `from` allowed the caller to move.
    pub fn transfer_from(
        &mut self,
        from: Address,
        to: Address,
        value: U256,
    ) -> Result<bool, Revert> {
        shares::transfer_from(self, from, to, value)
    }

    // ------------------------------------------------------------------ users

    /// Seeds the basket, once, from the owner.
    pub fn genesis(&mut self, amounts: Vec<U256>, shares: U256) -> Result<(), Revert> {
        self.operation(|vault| basket::genesis(vault, amounts, shares))
    }

    /// Mints shares against a pro-rata slice of every asset, rounded up.
    pub fn mint(
        &mut self,
        shares: U256,
        receiver: Address,
        max_in: Vec<U256>,
    ) -> Result<Vec<U256>, Revert> {
        self.operation(|vault| basket::mint(vault, shares, receiver, max_in))
    }

    /// Burns shares for a pro-rata slice of every asset, rounded down. Works in every mode.
    pub fn redeem(
        &mut self,
        shares: U256,
        receiver: Address,
        owner: Address,
        min_out: Vec<U256>,
        skip_mask: U256,
    ) -> Result<(Vec<U256>, U256), Revert> {
        self.operation(|vault| exit::redeem(vault, shares, receiver, owner, min_out, skip_mask))
    }

    /// Pays what an earlier redeem could not.
    pub fn claim(&mut self, asset: Address, to: Address) -> Result<U256, Revert> {
        self.operation(|vault| exit::claim(vault, asset, to))
    }

    /// What a mint of `shares` would pull.
    pub fn preview_mint(&self, shares: U256) -> Result<(Vec<Address>, Vec<U256>), Revert> {
        basket::preview_mint(self, shares)
    }

    /// What a redemption of `shares` would pay.
    pub fn preview_redeem(&self, shares: U256) -> Result<(Vec<Address>, Vec<U256>), Revert> {
        basket::preview_redeem(self, shares)
    }

    // ------------------------------------------------------------------ engine

    /// Sells at most `max_in` of `token_in` at a registered venue.
    pub fn execute_swap(
        &mut self,
        venue: Address,
        token_in: Address,
        max_in: U256,
        token_out: Address,
        min_out: U256,
        route: Payload,
    ) -> Result<(U256, U256), Revert> {
        self.operation(|vault| {
            swap::execute(vault, venue, token_in, max_in, token_out, min_out, &route.0)
        })
    }

    /// Latches HALTED.
    pub fn trip(&mut self, reason: u8) -> Result<(), Revert> {
        modes::trip(self, reason)
    }

    /// Leaves HALTED.
    pub fn resume(&mut self) -> Result<(), Revert> {
        modes::resume(self)
    }

    // ------------------------------------------------------------------ safety and governance

    /// Latches HALTED; in HALTED, starts the minimum halt anew.
    pub fn halt(&mut self, reason: u8) -> Result<(), Revert> {
        modes::halt(self, reason)
    }

    /// Stops everything but the way out.
    pub fn kill(&mut self, reason: u8) -> Result<(), Revert> {
        modes::kill(self, reason)
    }

    /// First step of a change of owner.
    pub fn transfer_ownership(&mut self, new_owner: Address) -> Result<(), Revert> {
        governance::transfer_ownership(self, new_owner)
    }

    /// Second step of a change of owner.
    pub fn accept_ownership(&mut self) -> Result<(), Revert> {
        governance::accept_ownership(self)
    }

    /// Adds or removes a guardian.
    pub fn set_guardian(&mut self, guardian: Address, allowed: bool) -> Result<(), Revert> {
        governance::set_guardian(self, guardian, allowed)
    }

    /// Sets the engine.
    pub fn set_engine(&mut self, engine: Address) -> Result<(), Revert> {
        governance::set_engine(self, engine)
    }

    /// Adds or disables a venue.
    pub fn set_venue(&mut self, venue: Address, allowed: bool) -> Result<(), Revert> {
        governance::set_venue(self, venue, allowed)
    }

    /// Sets the share of an asset that swaps may take out in a day.
    pub fn set_quota(&mut self, asset: Address, out_bps: u16) -> Result<(), Revert> {
        quota::set(self, asset, out_bps)
    }

    // ------------------------------------------------------------------ views

    /// The owner.
    pub fn owner(&self) -> Address {
        self.owner.get()
    }

    /// The owner to be, zero if none.
    pub fn pending_owner(&self) -> Address {
        self.pending_owner.get()
    }

    /// The engine, zero if none.
    pub fn engine(&self) -> Address {
        self.engine.get()
    }

    /// Whether an account is a guardian.
    pub fn is_guardian(&self, account: Address) -> bool {
        self.guardians.get(account)
    }

    /// Whether a venue may be traded at.
    pub fn is_venue(&self, venue: Address) -> bool {
        self.venues.get(venue)
    }

    /// What `user` may claim of `asset`.
    pub fn owed(&self, user: Address, asset: Address) -> Result<U256, Revert> {
        self.unlocked()?;
        Ok(self.owed.getter(user).get(asset))
    }

    /// What all users together may claim of `asset`.
    pub fn reserved(&self, asset: Address) -> Result<U256, Revert> {
        self.unlocked()?;
        let index = self.listed(asset)?;
        Ok(self.holding(index).reserved)
    }

    /// Used and largest share of the asset that swaps may take out in a day, D18.
    pub fn quota(&self, asset: Address) -> Result<(U256, U256), Revert> {
        self.unlocked()?;
        quota::view(self, asset)
    }

    /// Mode, nonce, supply, assets and what is held of each for the holders.
    #[allow(clippy::type_complexity, reason = "the ABI is a flat tuple")]
    pub fn state(&self) -> Result<(u8, u64, U256, Vec<Address>, Vec<U256>), Revert> {
        let status = self.unlocked()?;
        let (assets, managed) = self.managed();
        Ok((
            status.mode,
            status.nonce,
            self.supply.get(),
            assets,
            managed,
        ))
    }

    /// Whether an operation is open.
    pub fn state_change_active(&self) -> bool {
        self.status().locked
    }

    /// Mode, and chain time of the latest halt or kill.
    pub fn mode_since(&self) -> (u8, u64) {
        let status = self.status();
        (status.mode, status.halted_at)
    }
}
