//! What the block to come does to ArbOS state before its first transaction.

use alloy_primitives::{Address, U256};

use crate::{
    arbos::{
        gas_price::GasPricer,
        slots::ARBOS,
        upgrade::{self, Upgrade},
    },
    chain::{
        Chain,
        state::{State, view::View},
    },
    fork::StateError,
    precompiles,
};

/// The changes at the start of a block.
#[derive(Clone, Debug, Default)]
pub(in crate::chain) struct Opening {
    slots: Vec<(U256, U256)>,
    /// Precompiles that an upgrade brings.
    precompiles: Vec<Address>,
    /// ArbOS versions before and after an upgrade.
    versions: Option<(u64, u64)>,
}

impl Opening {
    /// Adds an upgrade.
    pub(in crate::chain) fn upgrade(&mut self, upgrade: Upgrade) {
        let old: Vec<_> = precompiles::arbitrum_addresses(upgrade.from).collect();
        let new = precompiles::arbitrum_addresses(upgrade.to);
        let new = new.filter(|address| !old.contains(address));
        self.precompiles.extend(new);
        self.versions = Some((upgrade.from, upgrade.to));
        self.slots.extend(upgrade.slots);
    }

    /// Makes the changes.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(in crate::chain) fn apply(self, state: &mut State) -> Result<(), StateError> {
        for (slot, value) in self.slots {
            state.set_slot(ARBOS, slot, value)?;
        }
        for address in self.precompiles {
            state.set_code(address, precompiles::code())?;
        }
        if let Some((from, to)) = self.versions {
            tracing::info!(from, to, "ArbOS upgraded");
        }
        Ok(())
    }

    /// What a block at `time` begins with on top of one at `before`, which left `view`: the backlog of
    /// gas drains and makes the price of the block after it, and an ArbOS upgrade that is due happens.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(in crate::chain) fn of(
        view: &View<'_>,
        before: u64,
        time: u64,
    ) -> Result<Self, StateError> {
        let mut pricer = GasPricer::read(view)?;
        pricer.drain(time.saturating_sub(before));
        let mut opening = Self {
            slots: pricer.words().into(),
            ..Self::default()
        };
        if let Some(upgrade) = upgrade::due(view, time)? {
            opening.upgrade(upgrade);
        }
        Ok(opening)
    }

    /// Lays the changes over the state that they are made of.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(in crate::chain) fn lay_over(&self, view: &mut View<'_>) -> Result<(), StateError> {
        for (slot, value) in &self.slots {
            view.overlay.set_slot(ARBOS, *slot, *value);
        }
        for address in &self.precompiles {
            let code_hash = view.overlay.add_code(precompiles::code());
            let basic = view.account(address)?.unwrap_or_default();
            let basic = crate::chain::state::account::Basic { code_hash, ..basic };
            view.overlay.set_basic(*address, Some(basic));
        }
        Ok(())
    }
}

impl Chain {
    /// The state that the first transaction of a block sees.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(in crate::chain) fn opened(&self, opening: &Opening) -> Result<View<'_>, StateError> {
        let mut view = self.latest();
        opening.lay_over(&mut view)?;
        Ok(view)
    }

    /// The state that the first transaction of the block to come would see now.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(in crate::chain) fn next(&self) -> Result<View<'_>, StateError> {
        let mut view = self.latest();
        self.begin_on(&mut view)?;
        Ok(view)
    }
}
