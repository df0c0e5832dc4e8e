//! The storage cache of one call.

use std::collections::HashMap;

use alloy_primitives::B256;

/// Words of the acting account's storage that the program has seen or set, and how often it asked.
#[derive(Debug, Default)]
pub(super) struct StorageCache {
    slots: HashMap<B256, Slot>,
    /// Slots in the order in which they were first touched.
    order: Vec<B256>,
    reads: u32,
    writes: u32,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    value: B256,
    /// What lies on chain, if that is known.
    known: Option<B256>,
}

impl StorageCache {
    /// {gas} Price of this read by how many came before: 0 for 32, then 2 up to the 128th, then 10.
    pub(super) fn read_gas(&mut self) -> u64 {
        self.reads = self.reads.saturating_add(1);
        match self.reads {
            0..=32 => 0,
            33..=128 => 2,
            129.. => 10,
        }
    }

    /// {gas} Price of this write by how many came before: 0 for 8, then 7 up to the 64th, then 10.
    pub(super) fn write_gas(&mut self) -> u64 {
        self.writes = self.writes.saturating_add(1);
        match self.writes {
            0..=8 => 0,
            9..=64 => 7,
            65.. => 10,
        }
    }

    /// The word that the program would see.
    pub(super) fn get(&self, key: B256) -> Option<B256> {
        self.slots.get(&key).map(|slot| slot.value)
    }

    /// Keeps a word that was read from the chain.
    pub(super) fn insert_known(&mut self, key: B256, value: B256) {
        self.insert(
            key,
            Slot {
                value,
                known: Some(value),
            },
        );
    }

    /// Sets a word. One that was never read counts as changed, whatever lies on chain.
    pub(super) fn set(&mut self, key: B256, value: B256) {
        let known = self.slots.get(&key).and_then(|slot| slot.known);
        self.insert(key, Slot { value, known });
    }

    /// The changed words, which from now on count as lying on chain. `clear` then forgets everything but
    /// the counts.
    pub(super) fn take_dirty(&mut self, clear: bool) -> Vec<(B256, B256)> {
        let mut dirty = Vec::new();
        for key in &self.order {
            if let Some(slot) = self.slots.get_mut(key)
                && slot.known != Some(slot.value)
            {
                dirty.push((*key, slot.value));
                slot.known = Some(slot.value);
            }
        }
        if clear {
            self.slots.clear();
            self.order.clear();
        }
        dirty
    }

    fn insert(&mut self, key: B256, slot: Slot) {
        if self.slots.insert(key, slot).is_none() {
            self.order.push(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(byte: u8) -> B256 {
        B256::with_last_byte(byte)
    }

    #[test]
    fn only_changes_are_flushed_and_once() {
        let mut cache = StorageCache::default();
        cache.insert_known(word(1), word(7));
        cache.set(word(1), word(8));
        cache.set(word(1), word(7));
        cache.set(word(3), word(0));
        cache.set(word(2), word(9));
        assert_eq!(
            cache.take_dirty(false),
            [(word(3), word(0)), (word(2), word(9))]
        );
        assert_eq!(cache.take_dirty(false), []);
        cache.set(word(1), word(8));
        assert_eq!(cache.take_dirty(true), [(word(1), word(8))]);
        assert_eq!(cache.get(word(1)), None);
    }

    #[test]
    fn counts_survive_clearing() {
        let mut cache = StorageCache::default();
        let reads: u64 = (0..130).map(|_| cache.read_gas()).sum();
        assert_eq!(reads, 96 * 2 + 2 * 10);
        let writes: u64 = (0..66).map(|_| cache.write_gas()).sum();
        assert_eq!(writes, 56 * 7 + 2 * 10);
        cache.take_dirty(true);
        assert_eq!((cache.read_gas(), cache.write_gas()), (10, 10));
    }
}
