//! The price vector: one set of prices that a call uses from its first check to its last.

use alloc::vec::Vec;

use alloy_primitives::U256;
use gimbal_core::{
    Price, drift, rebalance::Holding, slippage::deviation_bps, weights::weights_down,
};
use stylus_sdk::prelude::*;

use crate::{
    Engine,
    abi::Limits,
    calls::keep,
    errors::{Error, NotListed, Result, ThinPool, TwapUnavailable},
    feed, pool,
    registry::Listing,
    words::{low16, number, saturated},
};

/// Every asset with its feed's price.
pub(crate) struct Book {
    pub(crate) listings: &'static [Listing],
    /// D27{uoa/tok}, from the feeds.
    pub(crate) prices: &'static [Price],
    /// D18{usd/whole token}, the same.
    pub(crate) wholes: &'static [u128],
    /// D18
    pub(crate) targets: &'static [U256],
    /// Position of the reference asset.
    pub(crate) reference: usize,
}

/// A basket at the prices of a [`Book`].
#[derive(Default)]
pub(crate) struct Measure {
    /// {uoa}
    pub(crate) nav: U256,
    /// D18
    pub(crate) weights: &'static [U256],
    /// D18, of the asset furthest from its target.
    pub(crate) drift_max: U256,
    /// D18, of all assets.
    pub(crate) drift_l1: U256,
    /// Whether an asset is at or beyond its band.
    pub(crate) breached: bool,
}

impl Book {
    /// Reads every asset's feed.
    ///
    /// Errors: those of [`feed::answer`].
    #[inline(never)]
    pub(crate) fn read(engine: &Engine) -> Result<Self> {
        let status = engine.status();
        let (mut listings, mut prices) = (Vec::new(), Vec::new());
        let (mut wholes, mut targets) = (Vec::new(), Vec::new());
        for asset in 0..status.count() {
            let listing = engine.listing(asset);
            let answer = feed::answer(engine, asset, &listing)?;
            prices.push(answer.price);
            wholes.push(answer.whole);
            targets.push(U256::from(listing.target));
            listings.push(listing);
        }
        Ok(Self {
            listings: keep(listings),
            prices: keep(prices),
            wholes: keep(wholes),
            targets: keep(targets),
            reference: status.reference(),
        })
    }

    /// Nav, weights and drift of a basket. A basket worth nothing has no weights, and no drift.
    ///
    /// Errors: `Overflow`.
    #[inline(never)]
    pub(crate) fn measure(&self, amounts: &[U256]) -> Result<Measure> {
        let weights = keep(vec![U256::ZERO; self.prices.len()]);
        let nav = match weights_down(amounts, self.prices, weights) {
            Err(gimbal_core::Error::NavZero) => {
                return Ok(Measure {
                    weights,
                    ..Measure::default()
                });
            }
            nav => nav?,
        };
        let bands = self.listings.iter().map(|listing| low16(listing.band));
        let bands = keep(bands.collect());
        Ok(Measure {
            nav,
            drift_max: drift::drift_max(weights, self.targets)?,
            drift_l1: drift::drift_l1(weights, self.targets)?,
            breached: drift::breached(weights, self.targets, bands)?,
            weights,
        })
    }

    /// An asset of a basket, as the law of trades wants it; errors: [`NotListed`].
    #[inline(never)]
    pub(crate) fn holding(&self, amounts: &[U256], asset: usize) -> Result<Holding> {
        let parts = (
            amounts.get(asset),
            self.prices.get(asset),
            self.targets.get(asset),
        );
        match parts {
            (Some(amount), Some(price), Some(target)) => Ok(Holding {
                amount: *amount,
                price: *price,
                target: *target,
            }),
            _ => Err(Error::at::<NotListed>(asset)),
        }
    }

    /// TWAP prices of the assets in a set; none for the others. The reference repeats its feed.
    ///
    /// Errors: [`TwapUnavailable`], [`ThinPool`].
    #[inline(never)]
    pub(crate) fn twaps(
        &self,
        engine: &Engine,
        limits: &Limits,
        set: &[bool],
    ) -> Result<&'static [Option<Price>]> {
        let mut twaps = Vec::new();
        for (asset, (price, wanted)) in self.prices.iter().zip(set).enumerate() {
            twaps.push(if !wanted {
                None
            } else if asset == self.reference {
                Some(*price)
            } else {
                let market = engine.market(asset);
                let (vm, reference) = (engine.vm(), self.reference_price());
                let mean = pool::mean(vm, &market, reference, limits.twap_window)
                    .ok_or_else(|| Error::at::<TwapUnavailable>(asset))?;
                if mean.liquidity < market.liquidity_min {
                    return Err(Error::wide::<ThinPool>(&[
                        U256::from(number(asset)),
                        U256::from(mean.liquidity),
                    ]));
                }
                Some(mean.price)
            });
        }
        Ok(keep(twaps))
    }

    /// [`Book::twaps`] of all assets.
    pub(crate) fn all_twaps(
        &self,
        engine: &Engine,
        limits: &Limits,
    ) -> Result<&'static [Option<Price>]> {
        self.twaps(engine, limits, &[true; gimbal_core::ASSETS_MAX])
    }

    /// D27{uoa/tok}, the feed's price of the reference.
    pub(crate) fn reference_price(&self) -> Price {
        self.prices.get(self.reference).copied().unwrap_or_default()
    }
}

/// Distance of a price from a TWAP, {bps}; what cannot be computed is infinitely far.
#[inline(never)]
pub(crate) fn deviation(price: Price, twap: Price) -> u64 {
    deviation_bps(price, twap).map_or(u64::MAX, saturated)
}
