//! The price vector: one set of prices that a call uses from its first check to its last.

use alloc::vec::Vec;

use alloy_primitives::U256;
use gimbal_core::{
    Price, fixed::add, rebalance::Holding, slippage::deviation_bps, weights::weights_down,
};
use stylus_sdk::prelude::*;

use crate::{
    Engine,
    abi::Limits,
    calls::keep,
    errors::{Error, NotListed, Result, ThinPool, TwapUnavailable},
    feed, pool,
    registry::Listing,
    words::{number, saturated},
};

/// One basis point, in D18.
const BP: u64 = 100_000_000_000_000;

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
        let mut measure = Measure {
            nav,
            weights,
            ..Measure::default()
        };
        for ((weight, target), listing) in weights.iter().zip(self.targets).zip(self.listings) {
            measure.add(weight.abs_diff(*target), listing.band)?;
        }
        Ok(measure)
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

impl Measure {
    /// One more asset at a distance from its target: all three figures of [`gimbal_core::drift`] in one pass, which a test
    /// compares with them.
    fn add(&mut self, distance: U256, band_bps: u64) -> Result<()> {
        self.drift_max = self.drift_max.max(distance);
        self.drift_l1 = add(self.drift_l1, distance)?;
        // {D18} = {bps} * {D18/bps}
        self.breached |= distance >= U256::from(band_bps.saturating_mul(BP));
        Ok(())
    }
}

/// Distance of a price from a TWAP, {bps}; what cannot be computed is infinitely far.
#[inline(never)]
pub(crate) fn deviation(price: Price, twap: Price) -> u64 {
    deviation_bps(price, twap).map_or(u64::MAX, saturated)
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use gimbal_core::{drift, fixed::D18};

    use super::*;

    #[test]
    fn one_pass_gives_the_figures_of_the_law() {
        let d18 = |bps: u64| U256::from(bps) * U256::from(BP);
        let weights: [U256; 4] = [4_000, 3_500, 2_000, 500].map(d18);
        for targets in [
            [4_000, 3_500, 2_000, 500],
            [4_025, 3_475, 2_000, 500],
            [4_024, 3_476, 2_000, 500],
            [2_500, 2_500, 2_500, 2_500],
            [0, 0, 0, 10_000],
        ] {
            let targets = targets.map(d18);
            for bands in [[25; 4], [500; 4], [25, 500, 2_500, 2_500]] {
                let mut measure = Measure::default();
                for ((weight, target), band) in weights.iter().zip(&targets).zip(bands) {
                    measure.add(weight.abs_diff(*target), band.into()).unwrap();
                }
                let bands: Vec<u16> = bands.to_vec();
                assert_eq!(Ok(measure.drift_max), drift::drift_max(&weights, &targets));
                assert_eq!(Ok(measure.drift_l1), drift::drift_l1(&weights, &targets));
                assert_eq!(
                    Ok(measure.breached),
                    drift::breached(&weights, &targets, &bands)
                );
            }
        }
        assert_eq!(weights.iter().fold(U256::ZERO, |a, b| a + b), D18);
    }

    #[test]
    fn what_cannot_be_compared_is_infinitely_far() {
        assert_eq!(deviation(Price(U256::ONE), Price(U256::ZERO)), u64::MAX);
        assert_eq!(deviation(Price(U256::MAX), Price(U256::ONE)), u64::MAX);
        assert_eq!(
            deviation(Price(U256::from(101)), Price(U256::from(100))),
            100
        );
    }
}
