//! Differences laid over the state: the overrides of an `eth_call`, or a block to come.

use std::sync::Arc;

use alloy_primitives::{
    Address, B256, U256,
    map::{AddressHashMap, AddressHashSet, B256HashMap, HashMap},
};
use revm::state::{Bytecode, EvmState};

use super::account::Basic;

/// Values that hide those of the state below. Copies are free: they share their values until one of
/// them changes while another is there. A block to come lends its overlay to one transaction after the
/// other, and extends it when the borrower has ended, so that nothing is copied however many there are.
#[derive(Clone, Debug, Default)]
pub struct Overlay(Arc<Values>);

#[derive(Clone, Debug, Default)]
struct Values {
    #[cfg(test)]
    _copies: copies::Counted,
    basics: AddressHashMap<Option<Basic>>,
    slots: AddressHashMap<HashMap<U256, U256>>,
    replaced: AddressHashSet,
    codes: B256HashMap<Bytecode>,
    hashes: HashMap<u64, B256>,
}

impl Overlay {
    fn values(&mut self) -> &mut Values {
        Arc::make_mut(&mut self.0)
    }

    /// Hides an account's basics (`None`: it does not exist).
    pub fn set_basic(&mut self, address: Address, basic: Option<Basic>) {
        self.values().basics.insert(address, basic);
    }

    /// Hides a storage slot.
    pub fn set_slot(&mut self, address: Address, slot: U256, value: U256) {
        let slots = self.values().slots.entry(address).or_default();
        slots.insert(slot, value);
    }

    /// Hides the whole storage of an account: slots not set in the overlay read zero.
    pub fn replace_storage(&mut self, address: Address) {
        let values = self.values();
        values.slots.remove(&address);
        values.replaced.insert(address);
    }

    /// Adds code that the state may not know, and returns its hash.
    pub fn add_code(&mut self, code: Bytecode) -> B256 {
        let hash = code.hash_slow();
        self.values().codes.insert(hash, code);
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
                self.values().codes.insert(basic.code_hash, code);
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
        self.values().hashes.insert(number, hash);
    }

    /// The pretended hash of a block, if any.
    pub fn block_hash(&self, number: u64) -> Option<B256> {
        self.0.hashes.get(&number).copied()
    }

    /// The overlaid basics, if any.
    pub fn basic(&self, address: &Address) -> Option<Option<Basic>> {
        if self.0.basics.is_empty() {
            return None;
        }
        self.0.basics.get(address).copied()
    }

    /// The accounts whose basics or storage are overlaid.
    pub fn addresses(&self) -> impl Iterator<Item = Address> {
        let (basics, slots) = (self.0.basics.keys(), self.0.slots.keys());
        basics.chain(slots).chain(&self.0.replaced).copied()
    }

    /// Whether nothing below shows through the storage of an account.
    pub fn is_replaced(&self, address: &Address) -> bool {
        self.0.replaced.contains(address)
    }

    /// The overlaid slots of an account.
    pub fn slots_of(&self, address: Address) -> impl Iterator<Item = U256> {
        let slots = self.0.slots.get(&address).into_iter();
        slots.flat_map(|slots| slots.keys().copied())
    }

    /// The overlaid slot, if any.
    pub fn slot(&self, address: &Address, slot: &U256) -> Option<U256> {
        if !self.0.slots.is_empty()
            && let Some(value) = self.0.slots.get(address).and_then(|slots| slots.get(slot))
        {
            return Some(*value);
        }
        self.is_replaced(address).then_some(U256::ZERO)
    }

    /// The overlaid code, if any.
    pub fn code(&self, hash: &B256) -> Option<&Bytecode> {
        self.0.codes.get(hash)
    }
}

/// How often values were copied, which is what changing an overlay must not cost.
#[cfg(test)]
pub(in crate::chain) mod copies {
    use std::cell::Cell;

    thread_local! {
        static MADE: Cell<usize> = const { Cell::new(0) };
    }

    #[derive(Debug, Default)]
    pub(super) struct Counted;

    impl Clone for Counted {
        fn clone(&self) -> Self {
            MADE.set(MADE.get() + 1);
            Self
        }
    }

    /// By this thread so far.
    pub(in crate::chain) fn made() -> usize {
        MADE.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: Address = Address::repeat_byte(1);

    #[test]
    fn values_are_copied_only_while_another_sees_them() {
        let mut overlay = Overlay::default();
        overlay.set_slot(ALICE, U256::ONE, U256::from(1));
        let before = copies::made();
        drop(overlay.clone());
        overlay.set_slot(ALICE, U256::ONE, U256::from(2));
        assert_eq!(copies::made(), before);
        let other = overlay.clone();
        overlay.set_slot(ALICE, U256::ONE, U256::from(3));
        assert_eq!(copies::made(), before + 1);
        assert_eq!(other.slot(&ALICE, &U256::ONE), Some(U256::from(2)));
        assert_eq!(overlay.slot(&ALICE, &U256::ONE), Some(U256::from(3)));
    }
}
