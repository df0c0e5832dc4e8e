//! Differences laid over the state: an older block, or the overrides of an `eth_call`.

use alloy_primitives::{
    Address, B256, U256,
    map::{AddressHashMap, AddressHashSet, B256HashMap, HashMap},
};
use revm::state::Bytecode;

use super::state::Basic;

/// Values that hide those of the state below.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    basics: AddressHashMap<Option<Basic>>,
    slots: HashMap<(Address, U256), U256>,
    replaced: AddressHashSet,
    codes: B256HashMap<Bytecode>,
}

impl Overlay {
    /// Hides an account's basics (`None`: it does not exist).
    pub fn set_basic(&mut self, address: Address, basic: Option<Basic>) {
        self.basics.insert(address, basic);
    }

    /// Hides a storage slot.
    pub fn set_slot(&mut self, address: Address, slot: U256, value: U256) {
        self.slots.insert((address, slot), value);
    }

    /// Hides the whole storage of an account: slots not set in the overlay read zero.
    pub fn replace_storage(&mut self, address: Address) {
        self.slots.retain(|(owner, _), _| *owner != address);
        self.replaced.insert(address);
    }

    /// Adds code that the state may not know, and returns its hash.
    pub fn add_code(&mut self, code: Bytecode) -> B256 {
        let hash = code.hash_slow();
        self.codes.insert(hash, code);
        hash
    }

    /// The overlaid basics, if any.
    pub fn basic(&self, address: &Address) -> Option<Option<Basic>> {
        if self.basics.is_empty() {
            return None;
        }
        self.basics.get(address).copied()
    }

    /// The overlaid slot, if any.
    pub fn slot(&self, address: &Address, slot: &U256) -> Option<U256> {
        if !self.slots.is_empty()
            && let Some(value) = self.slots.get(&(*address, *slot))
        {
            return Some(*value);
        }
        self.replaced.contains(address).then_some(U256::ZERO)
    }

    /// The overlaid code, if any.
    pub fn code(&self, hash: &B256) -> Option<&Bytecode> {
        self.codes.get(hash)
    }
}
