//! ArbOS state of a fresh dev chain.

use alloy_primitives::{Address, U256, address};

use super::{
    TX_LIMIT_SINCE, address_word, owners, params,
    pricer::{self, DataPricer, entry},
    slots::{ROOT, offset, space},
};
use crate::{
    evm::env::{SEQUENCER, TX_GAS_LIMIT},
    stylus::{ArbosVersion, Rules},
};

/// {wei/gas} Base fee of a dev chain, which is also its floor.
pub const BASE_FEE: u64 = 100_000_000;

/// The auction of places in the program cache, where stylus-tools' node has its own.
pub const CACHE_MANAGER: Address = address!("0x2F8Bd4EaB69764c105aDd7dE7CB0402557a44E6f");

/// {gas/s} Speed limit of a dev chain.
const SPEED_LIMIT: u64 = 7_000_000;

/// {gas} What a block of a dev chain may compute.
const BLOCK_GAS_LIMIT: u64 = 32_000_000;

/// {s} Of speed limit, by which an excess of the backlog multiplies the price by e.
const INERTIA: u64 = 102;

/// {s} Of speed limit, up to which a backlog costs nothing.
const BACKLOG_TOLERANCE: u64 = 10;

/// Level at which transactions are compressed.
const BROTLI_LEVEL: u64 = 1;

/// How slowly the price of L1 data follows.
const L1_INERTIA: u64 = 10;

/// {unit} Ten million bytes.
const L1_EQUILIBRATION_UNITS: u64 = 16 * 10_000_000;

/// Every slot that is not zero.
pub fn slots(chain_id: u64, arbos_version: u64) -> Vec<(U256, U256)> {
    let l2 = ROOT.child(space::L2_PRICING);
    let pricer = DataPricer::default();
    let mut slots: Vec<_> = [
        (ROOT.slot(offset::VERSION), arbos_version),
        (ROOT.slot(offset::CHAIN_ID), chain_id),
        (l2.slot(offset::l2::SPEED_LIMIT), SPEED_LIMIT),
        (l2.slot(offset::l2::BLOCK_GAS_LIMIT), BLOCK_GAS_LIMIT),
        (l2.slot(offset::l2::BASE_FEE), BASE_FEE),
        (l2.slot(offset::l2::BASE_FEE_MIN), BASE_FEE),
        (l2.slot(offset::l2::INERTIA), INERTIA),
        (l2.slot(offset::l2::BACKLOG_TOLERANCE), BACKLOG_TOLERANCE),
        (
            pricer::slot(entry::BYTES_PER_SECOND),
            u64::from(pricer.bytes_per_second),
        ),
        (pricer::slot(entry::LAST_UPDATE), pricer.last_update),
        (pricer::slot(entry::MIN_PRICE), u64::from(pricer.min_price)),
        (pricer::slot(entry::INERTIA), u64::from(pricer.inertia)),
    ]
    .map(|(slot, value)| (slot, U256::from(value)))
    .to_vec();
    let l1 = ROOT.child(space::L1_PRICING);
    slots.extend(
        [
            (ROOT.slot(offset::BROTLI_LEVEL), BROTLI_LEVEL),
            (l1.slot(offset::l1::INERTIA), L1_INERTIA),
            (
                l1.slot(offset::l1::EQUILIBRATION_UNITS),
                L1_EQUILIBRATION_UNITS,
            ),
        ]
        .map(|(slot, value)| (slot, U256::from(value))),
    );
    if arbos_version >= TX_LIMIT_SINCE {
        let slot = l2.slot(offset::l2::TX_GAS_LIMIT);
        slots.push((slot, U256::from(TX_GAS_LIMIT)));
    }
    slots.extend(owners::cache_managers().with_member(CACHE_MANAGER));
    slots.extend(owners::batch_posters().with_member(SEQUENCER));
    slots.push((
        owners::fee_collector_slot(SEQUENCER),
        address_word(SEQUENCER),
    ));
    slots.push((
        params::slot(),
        params::pack(&Rules::new(ArbosVersion(arbos_version))),
    ));
    slots
}
