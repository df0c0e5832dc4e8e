//! Differences laid over the state: the overrides of an `eth_call`, or a block to come.

use alloy_primitives::{
    Address, B256, U256,
    map::{AddressHashMap, AddressHashSet, B256HashMap, HashMap},
};
use revm::state::{Bytecode, EvmState};

use super::account::Basic;

/// Values that hide those of the state below.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    basics: AddressHashMap<Option<Basic>>,
    slots: AddressHashMap<HashMap<U256, U256>>,
    replaced: AddressHashSet,
    codes: B256HashMap<Bytecode>,
    hashes: HashMap<u64, B256>,
}

impl Overlay {
    /// Hides an account's basics (`None`: it does not exist).
    pub fn set_basic(&mut self, address: Address, basic: Option<Basic>) {
        self.basics.insert(address, basic);
    }

    /// Hides a storage slot.
    pub fn set_slot(&mut self, address: Address, slot: U256, value: U256) {
        self.slots.entry(address).or_default().insert(slot, value);
    }

    /// Hides the whole storage of an account: slots not set in the overlay read zero.
    pub fn replace_storage(&mut self, address: Address) {
        self.slots.remove(&address);
        self.replaced.insert(address);
    }

    /// Adds code that the state may not know, and returns its hash.
    pub fn add_code(&mut self, code: Bytecode) -> B256 {
        let hash = code.hash_slow();
        self.codes.insert(hash, code);
        hash
    }

    /// Lays over what a transaction left in the EVM's journal.
    pub fn commit(&mut self, changes: EvmState) {
        for (address, account) in changes {
            if !account.is_touched() {
                continue;
            }
            if account.is_selfdestructed() {
                self.replace_storage(address);
                self.set_basic(address, None);
                continue;
            }
            if account.is_created() {
                self.replace_storage(address);
            }
            let basic = Basic::of(&account.info);
            if let Some(code) = account.info.code {
                self.codes.insert(basic.code_hash, code);
            }
            self.set_basic(address, Some(basic).filter(|basic| !basic.is_empty()));
            for (slot, value) in account.storage {
                if value.is_changed() {
                    self.set_slot(address, slot, value.present_value);
                }
            }
        }
    }

    /// Pretends that a block had a hash.
    pub fn set_block_hash(&mut self, number: u64, hash: B256) {
        self.hashes.insert(number, hash);
    }

    /// The pretended hash of a block, if any.
    pub fn block_hash(&self, number: u64) -> Option<B256> {
        self.hashes.get(&number).copied()
    }

    /// The overlaid basics, if any.
    pub fn basic(&self, address: &Address) -> Option<Option<Basic>> {
        if self.basics.is_empty() {
            return None;
        }
        self.basics.get(address).copied()
    }

    /// The accounts whose basics or storage are overlaid.
    pub fn addresses(&self) -> impl Iterator<Item = Address> {
        let changed = self.basics.keys().chain(self.slots.keys());
        changed.chain(&self.replaced).copied()
    }

    /// Whether nothing below shows through the storage of an account.
    pub fn is_replaced(&self, address: &Address) -> bool {
        self.replaced.contains(address)
    }

    /// The overlaid slots of an account.
    pub fn slots_of(&self, address: Address) -> impl Iterator<Item = U256> {
        let slots = self.slots.get(&address).into_iter();
        slots.flat_map(|slots| slots.keys().copied())
    }

    /// The overlaid slot, if any.
    pub fn slot(&self, address: &Address, slot: &U256) -> Option<U256> {
        if !self.slots.is_empty()
            && let Some(value) = self.slots.get(address).and_then(|slots| slots.get(slot))
        {
            return Some(*value);
        }
        self.is_replaced(address).then_some(U256::ZERO)
    }

    /// The overlaid code, if any.
    pub fn code(&self, hash: &B256) -> Option<&Bytecode> {
        self.codes.get(hash)
    }
}
