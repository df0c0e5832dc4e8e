//! What test methods change in the chain as a whole.

use alloy_primitives::{Address, U256};

use crate::{
    arbos::slots::{ARBOS, ROOT, offset, space},
    chain::Chain,
    fork::StateError,
};

/// Settings that a snapshot brings back and a dump keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Chain id.
    pub chain_id: u64,
    /// `block.coinbase`
    pub coinbase: Address,
    /// {gas} Limit of a block.
    pub gas_limit: u64,
}

impl Chain {
    /// The settings in force.
    pub fn settings(&self) -> Settings {
        Settings {
            chain_id: self.chain_id(),
            coinbase: self.coinbase,
            gas_limit: self.gas_limit,
        }
    }

    pub(in crate::chain) fn restore(&mut self, settings: Settings) {
        self.chain_id = settings.chain_id;
        self.coinbase = settings.coinbase;
        self.gas_limit = settings.gas_limit;
    }

    /// Goes back to the start: genesis, or the block from which the chain was forked. The way of
    /// mining stays, and compiled programs do.
    pub fn reset(&mut self) {
        let first = self.history.first();
        let position = self.block_at(first).map_or(0, |block| block.position);
        self.history.truncate(first);
        self.state.revert_to(position);
        self.snapshots.clear();
        self.pool.clear();
        self.impersonated.clear();
        self.impersonate_all = false;
        let (clock, settings) = self.start;
        self.clock = clock;
        self.restore(settings);
    }

    /// Changes the chain id, in ArbOS state too.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn set_chain_id(&mut self, chain_id: u64) -> Result<(), StateError> {
        let slot = ROOT.slot(offset::CHAIN_ID);
        self.state.set_slot(ARBOS, slot, U256::from(chain_id))?;
        self.chain_id = chain_id;
        Ok(())
    }

    /// {wei/gas} Sets the base fee of the next block, whose start makes the price anew.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn set_base_fee(&mut self, fee: u64) -> Result<(), StateError> {
        let slot = ROOT.child(space::L2_PRICING).slot(offset::l2::BASE_FEE);
        self.state.set_slot(ARBOS, slot, U256::from(fee))
    }

    /// {wei/gas} Sets the least base fee in ArbOS state, and raises the base fee to it.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn set_base_fee_min(&mut self, fee: u64) -> Result<(), StateError> {
        let slot = ROOT.child(space::L2_PRICING).slot(offset::l2::BASE_FEE_MIN);
        self.state.set_slot(ARBOS, slot, U256::from(fee))?;
        match self.base_fee()? < fee {
            true => self.set_base_fee(fee),
            false => Ok(()),
        }
    }
}
