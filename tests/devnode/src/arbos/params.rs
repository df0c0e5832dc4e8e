//! The Stylus parameters, packed into one word.

use std::sync::LazyLock;

use alloy_primitives::U256;

use super::slots::{ROOT, offset, space};
use crate::stylus::{ArbosVersion, Rules};

/// Where the parameters lie.
pub fn slot() -> U256 {
    // Every call of a program asks.
    static SLOT: LazyLock<U256> = LazyLock::new(|| programs(offset::programs::PARAMS));
    *SLOT
}

/// Where the activation gas lies.
pub fn activation_gas_slot() -> U256 {
    static SLOT: LazyLock<U256> = LazyLock::new(|| programs(offset::programs::ACTIVATION_GAS));
    *SLOT
}

/// The first slot of a region of the programs' space.
fn programs(region: u8) -> U256 {
    ROOT.child(space::PROGRAMS).child(region).slot(0)
}

/// Packs the parameters that `rules.arbos` stores, big-endian, in order.
pub fn pack(rules: &Rules) -> U256 {
    let mut bytes = Vec::with_capacity(32);
    bytes.extend(rules.stylus_version.to_be_bytes());
    bytes.extend(&rules.ink_price.to_be_bytes()[1..]);
    bytes.extend(rules.max_stack_depth.to_be_bytes());
    bytes.extend(rules.free_pages.to_be_bytes());
    bytes.extend(rules.page_gas.to_be_bytes());
    bytes.extend(rules.page_limit.to_be_bytes());
    bytes.extend([rules.min_init_gas, rules.min_cached_init_gas]);
    bytes.extend([rules.init_cost_scalar, rules.cached_cost_scalar]);
    bytes.extend(rules.expiry_days.to_be_bytes());
    bytes.extend(rules.keepalive_days.to_be_bytes());
    bytes.extend(rules.block_cache_size.to_be_bytes());
    if rules.since(ArbosVersion::WASM_SIZE_PARAM) {
        bytes.extend(rules.max_wasm_size.to_be_bytes());
    }
    if rules.since(ArbosVersion::FRAGMENTS) {
        bytes.push(rules.max_fragment_count);
    }
    bytes.resize(32, 0);
    U256::from_be_slice(&bytes)
}

/// Reads a packed word. `debug` is a property of the chain, not of its state.
pub fn unpack(word: U256, arbos: ArbosVersion, activation_gas: u64) -> Rules {
    let bytes = word.to_be_bytes::<32>();
    let mut reader = Reader { bytes: &bytes };
    let mut rules = Rules {
        stylus_version: reader.u16(),
        ink_price: reader.u24(),
        max_stack_depth: reader.u32(),
        free_pages: reader.u16(),
        page_gas: reader.u16(),
        page_limit: reader.u16(),
        min_init_gas: reader.u8(),
        min_cached_init_gas: reader.u8(),
        init_cost_scalar: reader.u8(),
        cached_cost_scalar: reader.u8(),
        expiry_days: reader.u16(),
        keepalive_days: reader.u16(),
        block_cache_size: reader.u16(),
        activation_gas,
        debug: true,
        ..Rules::new(arbos)
    };
    if rules.since(ArbosVersion::WASM_SIZE_PARAM) {
        rules.max_wasm_size = reader.u32();
    }
    if rules.since(ArbosVersion::FRAGMENTS) {
        rules.max_fragment_count = reader.u8();
    }
    rules
}

/// Takes big-endian numbers off the front; zeros when nothing is left.
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
}

impl Reader<'_> {
    fn take(&mut self, count: usize) -> u32 {
        let (head, tail) = self.bytes.split_at_checked(count).unwrap_or_default();
        self.bytes = tail;
        head.iter()
            .fold(0, |number, byte| number << 8 | u32::from(*byte))
    }

    pub(super) fn u8(&mut self) -> u8 {
        self.take(1) as u8
    }

    pub(super) fn u16(&mut self) -> u16 {
        self.take(2) as u16
    }

    pub(super) fn u24(&mut self) -> u32 {
        self.take(3)
    }

    pub(super) fn u32(&mut self) -> u32 {
        self.take(4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_survive_packing() {
        for version in [30, 31, 40, 51, 59, 60, 61] {
            let rules = Rules {
                debug: true,
                ..Rules::new(ArbosVersion(version))
            };
            let back = unpack(pack(&rules), rules.arbos, 0);
            assert_eq!(back, rules, "ArbOS {version}");
        }
    }

    #[test]
    fn the_version_comes_first() {
        let bytes = pack(&Rules::default()).to_be_bytes::<32>();
        assert_eq!(bytes[..5], [0, 3, 0, 0x27, 0x10]);
    }
}
