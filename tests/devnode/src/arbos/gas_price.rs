//! The price of L2 gas: the minimum, multiplied by an exponential of what the chain is behind.
//!
//! Every transaction adds its gas to the backlog, and time takes the speed limit off it each second.
//! At its start a block drains the backlog and stores the price that the next block will have.

use alloy_primitives::U256;

use super::{
    access,
    pricer::exponential_bips,
    slots::{ARBOS, ROOT, offset::l2, space},
};
use crate::{chain::state::view::View, evm::Context, fork::StateError};

/// Terms of the exponential's series.
const TERMS: u64 = 4;

/// What the price follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GasPricer {
    /// {gas/s} What the backlog shrinks by.
    pub speed_limit: u64,
    /// {gas} Used and not yet drained.
    pub backlog: u64,
    /// {s} Of speed limit, by which the excess multiplies the price by e.
    pub inertia: u64,
    /// {s} Of speed limit, up to which a backlog costs nothing.
    pub tolerance: u64,
    /// {wei/gas}
    pub min: U256,
}

impl GasPricer {
    /// The stored one.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn read(view: &View<'_>) -> Result<Self, StateError> {
        let read = |entry| view.slot(&ARBOS, &slot(entry));
        let number = |entry| Ok::<_, StateError>(read(entry)?.saturating_to());
        Ok(Self {
            speed_limit: number(l2::SPEED_LIMIT)?,
            backlog: number(l2::BACKLOG)?,
            inertia: number(l2::INERTIA)?,
            tolerance: number(l2::BACKLOG_TOLERANCE)?,
            min: read(l2::BASE_FEE_MIN)?,
        })
    }

    /// Takes off the backlog what `seconds` allow for.
    pub fn drain(&mut self, seconds: u64) {
        let drained = self.speed_limit.saturating_mul(seconds);
        self.backlog = self.backlog.saturating_sub(drained);
    }

    /// {wei/gas} `min * exp((backlog - tolerance * speed_limit) / (inertia * speed_limit))`, and `min`
    /// for a tolerable backlog. The exponent and the exponential are in basis points and rounded down.
    pub fn price(&self) -> U256 {
        let free = self.tolerance.saturating_mul(self.speed_limit);
        let excess = self.backlog.saturating_sub(free);
        // Owners set neither to zero; state of another chain, or one that was edited, may have it.
        let scale = self.inertia.saturating_mul(self.speed_limit).max(1);
        let exponent = 10_000 * u128::from(excess) / u128::from(scale);
        let exponent = u64::try_from(exponent).unwrap_or(u64::MAX);
        let factor = U256::from(exponential_bips(exponent, TERMS));
        self.min.saturating_mul(factor) / U256::from(10_000)
    }

    /// What a block writes at its start.
    pub fn words(&self) -> [(U256, U256); 2] {
        [
            (slot(l2::BACKLOG), U256::from(self.backlog)),
            (slot(l2::BASE_FEE), self.price()),
        ]
    }
}

/// Adds what a transaction computed, {gas}, to the backlog.
///
/// # Errors
/// The state cannot be read.
pub fn grow(context: &mut Context<'_>, gas: u64) -> Result<(), StateError> {
    let slot = slot(l2::BACKLOG);
    let backlog: u64 = access::read(context, slot)?.saturating_to();
    access::write(context, slot, U256::from(backlog.saturating_add(gas)))
}

fn slot(entry: u64) -> U256 {
    ROOT.child(space::L2_PRICING).slot(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEV: GasPricer = GasPricer {
        speed_limit: 7_000_000,
        backlog: 0,
        inertia: 102,
        tolerance: 10,
        min: U256::from_limbs([100_000_000, 0, 0, 0]),
    };

    #[test]
    fn a_tolerable_backlog_costs_nothing() {
        for backlog in [0, 1, 70_000_000] {
            assert_eq!(GasPricer { backlog, ..DEV }.price(), DEV.min);
        }
    }

    /// 714 million gas of excess are 10,000 basis points, for which four terms of the series give
    /// 10000 + 10000 * (1 + 1/2 * (1 + 1/3 * (1 + 1/4))), each rounded down: 27,083.
    #[test]
    fn the_price_grows_with_the_excess() {
        let price = |excess: u64| {
            let backlog = 70_000_000 + excess;
            GasPricer { backlog, ..DEV }.price()
        };
        assert_eq!(price(71_399), DEV.min);
        assert_eq!(price(71_400), U256::from(100_010_000));
        assert_eq!(price(714_000_000), U256::from(270_830_000));
    }

    #[test]
    fn time_drains_the_backlog() {
        let mut pricer = GasPricer {
            backlog: 20_000_000,
            ..DEV
        };
        pricer.drain(2);
        assert_eq!(pricer.backlog, 6_000_000);
        pricer.drain(u64::MAX);
        assert_eq!(pricer.backlog, 0);
    }

    #[test]
    fn no_setting_breaks_it() {
        let worst = GasPricer {
            speed_limit: 0,
            backlog: u64::MAX,
            inertia: 0,
            tolerance: u64::MAX,
            min: U256::MAX,
        };
        assert!(worst.price() > U256::ZERO);
    }
}
