//! What the engine remembers: the basket's assets and how each is priced, the limits, and where it is wired.

use alloc::vec::Vec;

use alloy_primitives::{Address, B256};

use crate::{
    Engine,
    abi::{Asset, Limits},
    errors::{Error, HardCap, NotListed, Result, UnknownVenue, ZeroAddress},
    events::arrays,
    words::{Field, number, position},
};

/// Most venues that an engine can know.
pub(crate) const VENUES_MAX: usize = 8;
/// Slots of one asset.
const ASSET_SLOTS: usize = Listing::SLOTS + Market::SLOTS;
/// Where the assets begin, behind the limits.
const ASSETS_AT: usize = Limits::SLOTS;
/// Where the venues begin.
const VENUES_AT: usize = ASSETS_AT + gimbal_core::ASSETS_MAX * ASSET_SLOTS;
/// Slots of all records.
pub(crate) const RECORDS_SLOTS: usize = VENUES_AT + VENUES_MAX;

record! {
    /// What every rebalance reads of an asset.
    pub(crate) Listing, 3 slots {
        /// The token.
        token: Address, 20;
        /// {s}
        heartbeat: u64, 4;
        /// {bps}
        band: u64, 2;
        /// Decimals of the token.
        token_decimals: u64, 1;
        /// Decimals of the feed.
        feed_decimals: u64, 1;
        /// The feed.
        feed: Address, 20;
        /// D18
        target: u64, 8;
        /// D18{usd/whole token}
        price_min: u128, 16;
        /// D18{usd/whole token}
        price_max: u128, 16;
    }
}

record! {
    /// What a rebalance reads of an asset that it trades.
    pub(crate) Market, 2 slots {
        /// The pool against the reference; zero for the reference itself.
        pool: Address, 20;
        /// One if the asset is the pool's token 0.
        is_token0: u64, 1;
        /// Least harmonic-mean liquidity.
        liquidity_min: u128, 16;
    }
}

record! {
    /// Counts and clocks.
    pub(crate) Status, 1 slots {
        /// Index of the reference asset.
        reference: u64, 1;
        /// Number of assets.
        assets: u64, 1;
        /// Number of venues.
        venues: u64, 1;
        /// {1e-6}, the fees of the dearest route: of the two dearest pools.
        path_fee: u64, 4;
        /// {s}, chain time; zero if never.
        last_rebalance: u64, 8;
    }
}

impl Status {
    /// Number of assets.
    pub(crate) fn count(&self) -> usize {
        position(self.assets)
    }

    /// Position of the reference asset.
    pub(crate) fn reference(&self) -> usize {
        position(self.reference)
    }

    /// Position of the asset with an index; errors: [`NotListed`].
    pub(crate) fn listed(&self, index: u64) -> Result<usize> {
        if index < self.assets {
            Ok(position(index))
        } else {
            Err(Error::of::<NotListed>(&[index]))
        }
    }
}

impl Engine {
    #[inline(never)]
    pub(crate) fn vault_address(&self) -> Address {
        Address::from_word(self.vault.get())
    }

    pub(crate) fn is_keeper(&self, account: Address) -> bool {
        !self.keepers.get(account).is_zero()
    }

    pub(crate) fn status(&self) -> Status {
        Status::unpack([self.status.get()])
    }

    pub(crate) fn set_status(&mut self, status: &Status) {
        let [slot] = status.pack();
        self.status.set(slot);
    }

    #[inline(never)]
    pub(crate) fn listing(&self, asset: usize) -> Listing {
        Listing::unpack(self.load(first_slot(asset)))
    }

    pub(crate) fn set_listing(&mut self, asset: usize, listing: &Listing) {
        self.store(first_slot(asset), &listing.pack());
    }

    #[inline(never)]
    pub(crate) fn market(&self, asset: usize) -> Market {
        Market::unpack(self.load(market_slot(asset)))
    }

    pub(crate) fn set_market(&mut self, asset: usize, market: &Market) {
        self.store(market_slot(asset), &market.pack());
    }

    #[inline(never)]
    pub(crate) fn bounds(&self) -> Limits {
        Limits::unpack(self.load(0))
    }

    pub(crate) fn set_bounds(&mut self, limits: &Limits) {
        self.store(0, &limits.pack());
    }

    /// The venue with an index; errors: [`UnknownVenue`].
    pub(crate) fn venue(&self, venue: u64) -> Result<Address> {
        if venue >= self.status().venues {
            return Err(Error::of::<UnknownVenue>(&[venue]));
        }
        let [word] = self.load(venue_slot(venue));
        Ok(Address::from_word(word))
    }

    /// All venues, as `venues()` returns them.
    pub(crate) fn all_venues(&self) -> &'static [B256] {
        let mut venues = Vec::new();
        while let Ok(venue) = self.venue(number(venues.len())) {
            venues.push(venue.to_word());
        }
        arrays(&[], &[&venues])
    }

    /// Adds a venue and returns its index; errors: [`ZeroAddress`], [`HardCap`].
    pub(crate) fn push_venue(&mut self, venue: Address) -> Result<u64> {
        if venue.is_zero() {
            return Err(Error::of::<ZeroAddress>(&[]));
        }
        let mut status = self.status();
        let place = status.venues;
        status.venues = place.saturating_add(1);
        if place >= number(VENUES_MAX) {
            return Err(Error::of::<HardCap>(&[status.venues, number(VENUES_MAX)]));
        }
        self.store(venue_slot(place), &[venue.to_word()]);
        self.set_status(&status);
        Ok(place)
    }

    /// Consecutive slots.
    fn load<const N: usize>(&self, at: usize) -> [B256; N] {
        let mut words = [B256::ZERO; N];
        for (i, word) in words.iter_mut().enumerate() {
            let slot = self.records.getter(at.saturating_add(i));
            *word = slot.map_or(B256::ZERO, |slot| slot.get());
        }
        words
    }

    /// To consecutive slots.
    #[inline(never)]
    fn store(&mut self, at: usize, words: &[B256]) {
        for (i, word) in words.iter().enumerate() {
            if let Some(mut slot) = self.records.setter(at.saturating_add(i)) {
                slot.set(*word);
            }
        }
    }

    /// An asset as it was listed, with its present target and band; errors: [`NotListed`].
    pub(crate) fn listed_asset(&self, index: u64) -> Result<Asset> {
        let asset = self.status().listed(index)?;
        let (listing, market) = (self.listing(asset), self.market(asset));
        Ok(Asset {
            token: listing.token,
            feed: listing.feed,
            pool: market.pool,
            heartbeat: listing.heartbeat,
            price_min: listing.price_min,
            price_max: listing.price_max,
            liquidity_min: market.liquidity_min,
            target: listing.target,
            band: listing.band,
        })
    }
}

const fn first_slot(asset: usize) -> usize {
    asset.saturating_mul(ASSET_SLOTS).saturating_add(ASSETS_AT)
}

const fn market_slot(asset: usize) -> usize {
    first_slot(asset).saturating_add(Listing::SLOTS)
}

fn venue_slot(venue: u64) -> usize {
    position(venue).saturating_add(VENUES_AT)
}
