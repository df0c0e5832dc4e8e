//! Upgrades of ArbOS: what changes in state when a scheduled one is due.

use alloy_primitives::U256;

use super::{
    TX_LIMIT_SINCE, params,
    slots::{ARBOS, ROOT, offset, space},
    version,
};
use crate::{
    chain::state::view::View,
    evm::env::TX_GAS_LIMIT,
    fork::StateError,
    stylus::{ArbosVersion, Rules},
};

/// {word} Longest stack from ArbOS 50 on.
const STACK_DEPTH_MAX: u32 = 22_000;

/// A change of version, and what it brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgrade {
    /// The version before.
    pub from: u64,
    /// The version after.
    pub to: u64,
    /// Slots to change.
    pub slots: Vec<(U256, U256)>,
}

/// The upgrade that the first block at `time` makes; none if there is nothing to do, or if the version
/// is one that this node does not know.
pub fn due(view: &View<'_>, time: u64) -> Result<Option<Upgrade>, StateError> {
    let read = |slot| view.slot(&ARBOS, &slot);
    let from = version(view)?;
    let to = read(ROOT.slot(offset::UPGRADE_VERSION))?.saturating_to();
    let at = read(ROOT.slot(offset::UPGRADE_TIMESTAMP))?.saturating_to::<u64>();
    if to <= from || time < at {
        return Ok(None);
    }
    if to > ArbosVersion::LATEST.0 {
        tracing::warn!(to, "scheduled ArbOS version is not known: no upgrade");
        return Ok(None);
    }
    Upgrade::between(from, to, read).map(Some)
}

impl Upgrade {
    /// What changes in ArbOS state, whose slots `read` returns. A version that is taken back leaves
    /// what its upgrade brought.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn between(
        from: u64,
        to: u64,
        read: impl Fn(U256) -> Result<U256, StateError>,
    ) -> Result<Self, StateError> {
        let activation_gas = read(params::activation_gas_slot())?.saturating_to();
        let old = params::unpack(read(params::slot())?, ArbosVersion(from), activation_gas);
        let mut slots = vec![
            (ROOT.slot(offset::VERSION), U256::from(to)),
            (params::slot(), params::pack(&upgraded(old, to))),
        ];
        if (from..to).contains(&(TX_LIMIT_SINCE - 1)) {
            let limit = ROOT.child(space::L2_PRICING).slot(offset::l2::TX_GAS_LIMIT);
            slots.push((limit, U256::from(TX_GAS_LIMIT)));
        }
        Ok(Self { from, to, slots })
    }
}

/// The parameters after an upgrade: what owners set stays, but for what the new version brings.
fn upgraded(old: Rules, to: u64) -> Rules {
    let fresh = Rules::new(ArbosVersion(to));
    let crosses = |gate: ArbosVersion| old.arbos < gate && fresh.arbos >= gate;
    let mut new = Rules {
        arbos: fresh.arbos,
        stylus_version: fresh.stylus_version,
        ..old.clone()
    };
    if crosses(ArbosVersion::STYLUS_FIXES) {
        new.min_init_gas = fresh.min_init_gas;
    }
    if crosses(ArbosVersion::STACK_CAP) {
        new.max_stack_depth = new.max_stack_depth.min(STACK_DEPTH_MAX);
    }
    if crosses(ArbosVersion::WASM_SIZE_PARAM) || crosses(ArbosVersion::FRAGMENTS) {
        new.max_wasm_size = fresh.max_wasm_size;
    }
    if crosses(ArbosVersion::FRAGMENTS) {
        new.max_fragment_count = fresh.max_fragment_count;
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_untouched_chain_becomes_like_one_born_with_the_version() {
        for (from, to) in [(30, 31), (31, 40), (40, 51), (51, 59), (59, 60), (30, 61)] {
            let old = Rules::new(ArbosVersion(from));
            assert_eq!(
                upgraded(old, to),
                Rules::new(ArbosVersion(to)),
                "{from} to {to}"
            );
        }
    }

    #[test]
    fn what_owners_set_stays() {
        let old = Rules {
            ink_price: 7,
            page_limit: 9,
            ..Rules::new(ArbosVersion(51))
        };
        let new = upgraded(old, 61);
        assert_eq!((new.ink_price, new.page_limit), (7, 9));
        assert_eq!((new.stylus_version, new.max_wasm_size), (3, 256 << 10));
    }
}
