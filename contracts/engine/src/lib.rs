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
//! | [`interface`], [`input`], [`abi`], [`errors`], [`events`] | `IEngine.sol` and its way in and out |
//! | [`words`] | records in storage, and the types that a word can hold |

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

#[macro_use]
mod words;

mod abi;
mod breaker;
mod calls;
mod errors;
mod events;
mod feed;
mod input;
mod interface;
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

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use alloy_primitives::{Address, B256};
use alloy_sol_types::SolEvent;
use stylus_sdk::{
    ArbResult,
    abi::Router,
    prelude::*,
    storage::{StorageArray, StorageB256, StorageMap},
    stylus_core::ConstructorGuard,
};

use crate::{
    calls::{each, extend, keep},
    errors::{Error, Result, ZeroAddress},
    events::{KeeperSet, VenueAdded, emit},
    input::Input,
    registry::RECORDS_SLOTS,
    roles::{only_owner, only_owner_or_guardian},
    words::Field,
};

/// The engine's storage.
#[entrypoint]
#[storage]
pub struct Engine {
    vault: StorageB256,
    sequencer_feed: StorageB256,
    status: StorageB256,
    /// Limits, assets and venues, one after the other: see [`registry`].
    records: StorageArray<StorageB256, RECORDS_SLOTS>,
    keepers: StorageMap<Address, StorageB256>,
}

impl Engine {
    /// `IEngine`, in its order; none for a selector that it does not have.
    fn call(&mut self, selector: u32, input: Input<'_>) -> Result<Option<&'static [B256]>> {
        Ok(Some(match selector {
            // ------------------------------------------------------------------ act
            interface::REBALANCE => {
                let (nonce, deadline) = (input.number(1, 8)?, input.number(2, 8)?);
                rebalance::run(self, input.trades(0)?, nonce, deadline)?
            }
            interface::POKE => each(&[u64::from(breaker::poke(self)?)]),
            interface::RESUME => done(breaker::resume(self))?,

            // ------------------------------------------------------------------ configure
            interface::SET_KEEPER => done(self.set_keeper(input.address(0)?, input.flag(1)?))?,
            interface::SET_LIMITS => {
                let limits = input.limits(0)?;
                only_owner(self)?;
                done(limits::set(self, &limits))?
            }
            interface::SET_TARGETS => {
                let (targets, bands) = (input.numbers(0, 8)?, input.numbers(1, 2)?);
                only_owner(self)?;
                done(limits::set_targets(self, targets, bands))?
            }
            interface::ADD_VENUE => each(&[self.add_venue(input.address(0)?)?]),

            // ------------------------------------------------------------------ views
            interface::CHECK_REBALANCE => report::check(self)?,
            interface::PRICES => report::prices(self),
            interface::NAV => each(&[report::nav(self)?]),
            interface::WEIGHTS => report::weights(self)?,
            interface::ASSET => keep(self.listed_asset(input.index(0)?)?.words().to_vec()),
            interface::LIMITS => keep(self.bounds().words().to_vec()),
            interface::IS_KEEPER => each(&[u64::from(self.is_keeper(input.address(0)?))]),
            interface::VENUES => self.all_venues(),
            interface::VAULT => each(&[self.vault_address()]),
            interface::SEQUENCER_FEED => each(&[Address::from_word(self.sequencer_feed.get())]),
            interface::REFERENCE => each(&[self.status().reference]),
            interface::LAST_REBALANCE => each(&[self.status().last_rebalance]),
            _ => return Ok(None),
        }))
    }

    /// Lists the assets of a vault; see [`listing::list`].
    fn construct(&mut self, input: Input<'_>) -> Result<()> {
        let (vault, sequencer_feed) = (input.address(0)?, input.address(1)?);
        let (reference, assets) = (input.index(2)?, input.assets(3)?);
        listing::list(
            self,
            vault,
            sequencer_feed,
            reference,
            assets,
            &input.limits(4)?,
        )
    }

    fn set_keeper(&mut self, keeper: Address, allowed: bool) -> Result<()> {
        if allowed {
            only_owner(self)?;
        } else {
            only_owner_or_guardian(self)?;
        }
        if keeper.is_zero() {
            return Err(Error::of::<ZeroAddress>(&[]));
        }
        let data = [u64::from(allowed).to_word()];
        let [flag] = data;
        self.keepers.insert(keeper, flag);
        let vm = self.vm();
        let indexed = [vm.msg_sender().to_word(), keeper.to_word()];
        emit(vm, KeeperSet::SIGNATURE_HASH, &indexed, &data);
        Ok(())
    }

    fn add_venue(&mut self, venue: Address) -> Result<u64> {
        only_owner(self)?;
        let index = self.push_venue(venue)?;
        let vm = self.vm();
        let indexed = [vm.msg_sender().to_word()];
        let data = [index.to_word(), venue.to_word()];
        emit(vm, VenueAdded::SIGNATURE_HASH, &indexed, &data);
        Ok(index)
    }
}

/// The way in, in place of the SDK's `#[public]`: see [`input`].
impl Router<Self> for Engine {
    type Storage = Self;

    fn route(engine: &mut Self, selector: u32, input: &[u8]) -> Option<ArbResult> {
        // Nothing is payable.
        if let Err(refused) = engine.deny_value("") {
            return Some(Err(refused));
        }
        match engine.call(selector, Input::new(input)) {
            Ok(words) => words.map(|words| {
                let mut data = Vec::new();
                extend(&mut data, words);
                Ok(data)
            }),
            Err(Error(data)) => Some(Err(data.to_vec())),
        }
    }

    fn receive(_: &mut Self) -> Option<Result<(), Vec<u8>>> {
        None
    }

    fn fallback(_: &mut Self, _: &[u8]) -> Option<ArbResult> {
        None
    }

    fn constructor(engine: &mut Self, input: &[u8]) -> Option<ArbResult> {
        let once = engine
            .deny_value("")
            .and_then(|()| engine.check_constructor_slot());
        Some(match once {
            Ok(()) => match engine.construct(Input::new(input)) {
                Ok(()) => Ok(Vec::new()),
                Err(Error(data)) => Err(data.to_vec()),
            },
            Err(refused) => Err(refused),
        })
    }
}

/// Nothing to return.
fn done(result: Result<()>) -> Result<&'static [B256]> {
    result.map(|()| &[][..])
}
