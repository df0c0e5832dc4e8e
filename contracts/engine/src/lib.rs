//! Gimbal's engine: prices, targets, bands, breakers and the permissioned rebalance.
//!
//! Reads Chainlink-style feeds and Uniswap V3 TWAPs, and lets an allowlisted keeper trade the vault towards its targets
//! inside limits that the keeper cannot move. Holds no asset, and can be replaced. The interface, its scales and the
//! order of its guards: `contracts/interfaces/IEngine.sol`.
//!
//! | module | owns |
//! |---|---|
//! | [`rebalance`] | the guards around the trades, from the first to the last |
//! | [`trading`] | one trade: route, size, floor, spot |
//! | [`breaker`] | trip conditions, `poke`, `resume` |
//! | [`sources`] | the price vector; [`feed`], [`pool`] and [`sequencer`] read its sources |
//! | [`report`] | the views that judge |
//! | [`registry`], [`listing`] | assets, limits and venues in storage; what may be listed |
//! | [`limits`], [`roles`] | hard caps and setters; who may do what |
//! | [`vault`], [`calls`] | the vault's side; the only unsafe code |
//! | [`abi`], [`words`], [`errors`], [`events`] | the interface as words |

#![cfg_attr(not(any(test, feature = "export-abi")), no_main, no_std)]
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
        clippy::unwrap_used
    )
)]
#![cfg_attr(
    not(test),
    allow(
        missing_docs,
        reason = "the entrypoint macro writes an undocumented function"
    )
)]

#[macro_use]
extern crate alloc;

pub mod abi;
mod breaker;
mod calls;
pub mod errors;
mod events;
mod feed;
mod limits;
mod listing;
mod pool;
mod rebalance;
mod registry;
mod report;
mod roles;
mod sequencer;
mod sources;
mod trading;
mod vault;
mod words;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolEvent;
use stylus_sdk::{
    prelude::*,
    storage::{StorageAddress, StorageArray, StorageB256, StorageBool, StorageMap},
};

use crate::{
    abi::{Asset, Limits, Trade},
    errors::{Error, Result, ZeroAddress},
    events::{KeeperSet, VenueAdded, emit},
    registry::{ASSETS_SLOTS, VENUES_MAX},
    roles::{only_owner, only_owner_or_guardian},
    words::{Field, saturated},
};

/// The engine's storage.
#[entrypoint]
#[storage]
pub struct Engine {
    vault: StorageAddress,
    sequencer_feed: StorageAddress,
    status: StorageB256,
    limits: StorageArray<StorageB256, 2>,
    assets: StorageArray<StorageB256, ASSETS_SLOTS>,
    venues: StorageArray<StorageB256, VENUES_MAX>,
    keepers: StorageMap<Address, StorageBool>,
}

/// `IEngine`, in its order.
#[public]
impl Engine {
    /// Lists the assets of `vault`; `reference` is the index of the asset that all pools are quoted in.
    #[constructor]
    pub fn constructor(
        &mut self,
        vault: Address,
        sequencer_feed: Address,
        reference: U256,
        assets: Vec<Asset>,
        limits: Limits,
    ) -> Result<()> {
        let reference = saturated(reference);
        listing::list(self, vault, sequencer_feed, reference, &assets, &limits)
    }

    // ------------------------------------------------------------------------------------------ act

    /// Trades the vault towards its targets: outcome (0 done, 1 tripped), nav before and after.
    pub fn rebalance(
        &mut self,
        trades: Vec<Trade>,
        nonce: u64,
        deadline: u64,
    ) -> Result<(u8, U256, U256)> {
        rebalance::run(self, &trades, nonce, deadline)
    }

    /// Latches HALTED if a trip condition holds for any asset: outcome (0 nothing, 1 tripped).
    pub fn poke(&mut self) -> Result<u8> {
        breaker::poke(self).map(u8::from)
    }

    /// Resumes the vault, with every source healthy.
    pub fn resume(&mut self) -> Result<()> {
        breaker::resume(self)
    }

    // ------------------------------------------------------------------------------------------ configure

    /// Allows or removes a keeper.
    pub fn set_keeper(&mut self, keeper: Address, allowed: bool) -> Result<()> {
        if allowed {
            only_owner(self)?;
        } else {
            only_owner_or_guardian(self)?;
        }
        if keeper.is_zero() {
            return Err(Error::of::<ZeroAddress>(&[]));
        }
        self.keepers.insert(keeper, allowed);
        let vm = self.vm();
        let indexed = [vm.msg_sender().to_word(), keeper.to_word()];
        let data = [u64::from(allowed).to_word()];
        emit(vm, KeeperSet::SIGNATURE_HASH, &indexed, &data);
        Ok(())
    }

    /// Replaces all limits.
    pub fn set_limits(&mut self, limits: Limits) -> Result<()> {
        only_owner(self)?;
        limits::set(self, &limits)
    }

    /// Replaces all targets and bands.
    pub fn set_targets(&mut self, targets: Vec<u64>, bands: Vec<u16>) -> Result<()> {
        only_owner(self)?;
        let bands: Vec<u64> = bands.into_iter().map(u64::from).collect();
        limits::set_targets(self, &targets, &bands)
    }

    /// Adds a venue.
    pub fn add_venue(&mut self, venue: Address) -> Result<U256> {
        only_owner(self)?;
        let index = self.push_venue(venue)?;
        let vm = self.vm();
        let indexed = [vm.msg_sender().to_word()];
        let data = [index.to_word(), venue.to_word()];
        emit(vm, VenueAdded::SIGNATURE_HASH, &indexed, &data);
        Ok(U256::from(index))
    }

    // ------------------------------------------------------------------------------------------ views

    /// Whether a rebalance would be accepted now, and why not.
    pub fn check_rebalance(&self) -> Result<(u8, u64, U256, U256, U256)> {
        report::check(self)
    }

    /// Prices by source, and flags.
    #[allow(clippy::type_complexity, reason = "the tuple is the ABI")]
    pub fn prices(&self) -> Result<(Vec<U256>, Vec<U256>, Vec<U256>, Vec<U256>)> {
        Ok(report::prices(self))
    }

    /// Value of the managed basket by feed prices.
    pub fn nav(&self) -> Result<U256> {
        report::nav(self)
    }

    /// Current weights, targets and bands.
    pub fn weights(&self) -> Result<(Vec<U256>, Vec<U256>, Vec<U256>)> {
        report::weights(self)
    }

    /// How an asset is priced and how far it may drift.
    pub fn asset(&self, index: U256) -> Result<Asset> {
        self.listed_asset(saturated(index))
    }

    /// The bounds on every rebalance.
    pub fn limits(&self) -> Limits {
        self.bounds()
    }

    /// Whether an account may rebalance.
    pub fn is_keeper(&self, account: Address) -> bool {
        self.keepers.get(account)
    }

    /// The venues, in the order of their indices.
    pub fn venues(&self) -> Vec<Address> {
        self.all_venues()
    }

    /// The vault.
    pub fn vault(&self) -> Address {
        self.vault.get()
    }

    /// The sequencer's uptime feed.
    pub fn sequencer_feed(&self) -> Address {
        self.sequencer_feed.get()
    }

    /// Index of the asset that all pools are quoted in.
    pub fn reference(&self) -> U256 {
        U256::from(self.status().reference)
    }

    /// Chain time of the latest rebalance.
    pub fn last_rebalance(&self) -> u64 {
        self.status().last_rebalance
    }
}
