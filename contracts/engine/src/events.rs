//! What the engine tells the world, in the order of the alphabet. The list is that of `IEngine.sol`.
//!
//! All arguments are words, so one function encodes every event; an array is an offset, a length and its items.

use alloc::vec::Vec;

use alloy_primitives::B256;
use stylus_sdk::{host::VM, prelude::*};

use crate::{
    calls::{extend, keep},
    words::{Field, number},
};

#[rustfmt::skip]
pub(crate) use crate::interface::IEngine::{
    KeeperSet,
    LimitsSet,
    Rebalanced,
    TargetsSet,
    Tripped,
    VenueAdded,
};

/// Emits an event: its topics after the signature, and its data.
#[inline(never)]
pub(crate) fn emit(vm: &VM, signature: B256, indexed: &[B256], data: &[B256]) {
    let mut log = Vec::from(signature.0);
    extend(&mut log, indexed);
    extend(&mut log, data);
    vm.emit_log(&log, indexed.len().saturating_add(1));
}

/// `head`, and the arrays that follow it: offsets, then each array's length and items.
#[inline(never)]
pub(crate) fn arrays(head: &[B256], arrays: &[&[B256]]) -> &'static mut [B256] {
    let mut data = Vec::from(head);
    let mut words = head.len().saturating_add(arrays.len());
    for array in arrays {
        data.push(number(words.saturating_mul(32)).to_word());
        words = words.saturating_add(1).saturating_add(array.len());
    }
    for array in arrays {
        data.push(number(array.len()).to_word());
        data.extend_from_slice(array);
    }
    keep(data)
}
