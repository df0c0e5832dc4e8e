//! ArbOS state: what Nitro keeps in the storage of one account, at the same slots.

pub mod access;
pub mod genesis;
pub mod owners;
pub mod params;
pub mod pricer;
pub mod program;
pub mod slots;

use alloy_primitives::{Address, U256};

use crate::chain::view::View;
use slots::{ARBOS, ROOT, offset};

/// Who receives the fees.
pub fn network_fee_account(view: &View<'_>) -> Address {
    Address::from_word(
        view.slot(&ARBOS, &ROOT.slot(offset::NETWORK_FEE_ACCOUNT))
            .into(),
    )
}

/// The stored ArbOS version.
pub fn version(view: &View<'_>) -> u64 {
    view.slot(&ARBOS, &ROOT.slot(offset::VERSION))
        .saturating_to()
}

/// {wei/gas} The stored base fee.
pub fn base_fee(view: &View<'_>) -> u64 {
    let space = ROOT.child(slots::space::L2_PRICING);
    view.slot(&ARBOS, &space.slot(offset::l2::BASE_FEE))
        .saturating_to()
}

/// A 256-bit word of an address.
pub fn address_word(address: Address) -> U256 {
    address.into_word().into()
}
