//! The price of keeping a program's native code: the data fee of an activation.

use alloy_primitives::U256;

use super::slots::{ROOT, offset, space};

/// State of the data pricer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataPricer {
    /// {byte} Demand that has not drained yet.
    pub demand: u32,
    /// {byte/s} How fast it drains.
    pub bytes_per_second: u32,
    /// {s} When it was last drained.
    pub last_update: u64,
    /// {wei/byte} Price without demand.
    pub min_price: u32,
    /// {byte} Demand that multiplies the price by e.
    pub inertia: u32,
}

/// Entries of the pricer's space, in the order of the fields.
pub mod entry {
    /// [`super::DataPricer::demand`]
    pub const DEMAND: u64 = 0;
    /// [`super::DataPricer::bytes_per_second`]
    pub const BYTES_PER_SECOND: u64 = 1;
    /// [`super::DataPricer::last_update`]
    pub const LAST_UPDATE: u64 = 2;
    /// [`super::DataPricer::min_price`]
    pub const MIN_PRICE: u64 = 3;
    /// [`super::DataPricer::inertia`]
    pub const INERTIA: u64 = 4;
}

impl Default for DataPricer {
    fn default() -> Self {
        Self {
            demand: 0,
            bytes_per_second: 34_865,
            last_update: 1_421_388_000,
            min_price: 82_928_201,
            inertia: 21_360_419,
        }
    }
}

impl DataPricer {
    /// {wei} Fee for `bytes` of native code at `time`, which become demand.
    ///
    /// `bytes * (min_price * exp(demand / inertia))`, the exponential in basis points.
    pub fn charge(&mut self, bytes: u32, time: u64) -> U256 {
        let elapsed = u32::try_from(time.saturating_sub(self.last_update)).unwrap_or(u32::MAX);
        let drained = self.bytes_per_second.saturating_mul(elapsed);
        self.demand = self.demand.saturating_sub(drained).saturating_add(bytes);
        self.last_update = time;
        let exponent = 10_000 * u64::from(self.demand) / u64::from(self.inertia.max(1));
        let multiplier = exponential_bips(exponent, 12);
        let price = u64::from(self.min_price).saturating_mul(multiplier) / 10_000;
        U256::from(price) * U256::from(bytes)
    }
}

/// `10000 * exp(x / 10000)`, by `terms` terms of its series in Horner's form, rounded down at each.
pub(super) fn exponential_bips(x: u64, terms: u64) -> u64 {
    let mut result = 10_000_u64.saturating_add(x / terms);
    for term in (1..terms).rev() {
        result = 10_000_u64.saturating_add(result.saturating_mul(x) / (term * 10_000));
    }
    result
}

/// Slot of an entry.
pub fn slot(entry: u64) -> U256 {
    ROOT.child(space::PROGRAMS)
        .child(offset::programs::DATA_PRICER)
        .slot(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_follows_the_series() {
        assert_eq!(exponential_bips(0, 12), 10_000);
        assert_eq!(exponential_bips(10_000, 12), 27_182);
        assert_eq!(exponential_bips(100, 12), 10_100);
    }

    #[test]
    fn a_lone_program_pays_little_more_than_the_minimum() {
        let mut pricer = DataPricer::default();
        let fee = pricer.charge(514_189, 1_800_000_000);
        // 240 bps above the minimum: 10000 * 514189 / 21360419 = 240.
        let price = 82_928_201_u64 * exponential_bips(240, 12) / 10_000;
        assert_eq!(fee, U256::from(price) * U256::from(514_189));
        assert_eq!(pricer.demand, 514_189);
    }
}
