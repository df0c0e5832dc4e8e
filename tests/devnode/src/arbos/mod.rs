//! ArbOS state: what Nitro keeps in the storage of one account, at the same slots.

pub mod access;
pub mod features;
pub mod genesis;
pub mod owners;
pub mod params;
pub mod pricer;
pub mod program;
pub mod sends;
pub mod slots;
pub mod upgrade;

use alloy_primitives::{Address, U256};

use crate::{chain::view::View, fork::StateError};
use slots::{ARBOS, ROOT, offset};

/// Who receives the fees.
pub fn network_fee_account(view: &View<'_>) -> Result<Address, StateError> {
    let word = view.slot(&ARBOS, &ROOT.slot(offset::NETWORK_FEE_ACCOUNT))?;
    Ok(Address::from_word(word.into()))
}

/// The stored ArbOS version.
pub fn version(view: &View<'_>) -> Result<u64, StateError> {
    let word = view.slot(&ARBOS, &ROOT.slot(offset::VERSION))?;
    Ok(word.saturating_to())
}

/// {wei/gas} The stored base fee.
pub fn base_fee(view: &View<'_>) -> Result<u64, StateError> {
    let space = ROOT.child(slots::space::L2_PRICING);
    let word = view.slot(&ARBOS, &space.slot(offset::l2::BASE_FEE))?;
    Ok(word.saturating_to())
}

/// {wei/unit} The stored price of L1 data.
pub fn l1_price(view: &View<'_>) -> Result<U256, StateError> {
    let space = ROOT.child(slots::space::L1_PRICING);
    view.slot(&ARBOS, &space.slot(offset::l1::PRICE_PER_UNIT))
}

/// What owners set for every transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// {gas} What one transaction may compute with, from ArbOS 50 on.
    pub tx_gas: u64,
    /// Whether calldata has EIP-7623's floor price.
    pub is_calldata_floored: bool,
}

/// The stored limits.
pub fn limits(view: &View<'_>) -> Result<Limits, StateError> {
    let space = ROOT.child(slots::space::L2_PRICING);
    let tx_gas = view.slot(&ARBOS, &space.slot(offset::l2::TX_GAS_LIMIT))?;
    let switches = view.slot(&ARBOS, &features::slot())?;
    Ok(Limits {
        tx_gas: tx_gas.saturating_to(),
        is_calldata_floored: switches & features::CALLDATA_PRICE != U256::ZERO,
    })
}

/// A 256-bit word of an address.
pub fn address_word(address: Address) -> U256 {
    address.into_word().into()
}
