//! Switches of the chain, one bit each.

use alloy_primitives::{U256, uint};

use super::slots::{ROOT, space};

/// Whether calldata has EIP-7623's floor price.
pub const CALLDATA_PRICE: U256 = uint!(1_U256);

/// Where the switches lie.
pub fn slot() -> U256 {
    ROOT.child(space::FEATURES).slot(0)
}
