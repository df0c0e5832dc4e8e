//! The trie of all accounts, which holds the tries of their storage.

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_rlp::{BufMut, Encodable};
use alloy_trie::TrieAccount;

use super::{Path, Trie};
use crate::chain::state::{account::Basic, undo::Place};

/// The state as a trie.
pub type Accounts = Trie<Held>;

/// An account as the trie holds it.
#[derive(Clone, Debug, Default)]
pub struct Held {
    basic: Basic,
    storage: Trie<U256>,
}

impl Held {
    /// What is hashed of it.
    pub fn account(&self) -> TrieAccount {
        let Basic {
            nonce,
            balance,
            code_hash,
        } = self.basic;
        TrieAccount {
            nonce,
            balance,
            code_hash,
            storage_root: self.storage.root(),
        }
    }

    /// The value of a slot.
    pub fn slot(&self, slot: &U256) -> U256 {
        self.storage.get(&key(slot)).copied().unwrap_or_default()
    }

    /// Proves a slot against [`TrieAccount::storage_root`].
    pub fn prove(&self, slot: &U256) -> Path {
        self.storage.prove(&key(slot))
    }

    fn put(&mut self, slot: &U256, value: U256) {
        match value.is_zero() {
            true => self.storage.remove(&key(slot)),
            false => *self.storage.entry(&key(slot)) = value,
        }
    }
}

impl Encodable for Held {
    fn encode(&self, out: &mut dyn BufMut) {
        self.account().encode(out);
    }

    fn length(&self) -> usize {
        self.account().length()
    }
}

fn key(slot: &U256) -> B256 {
    keccak256(B256::from(*slot))
}

impl Accounts {
    /// An account, if it exists. Storage that a test gave to nobody makes an account.
    pub fn account(&self, address: &Address) -> Option<&Held> {
        self.get(&keccak256(address))
    }

    /// Proves an account, or that there is none.
    pub fn prove_account(&self, address: &Address) -> Path {
        self.prove(&keccak256(address))
    }

    /// Puts in what `basic` and `slot` say of places.
    ///
    /// # Errors
    /// Theirs; then the trie is of no state.
    pub fn update<E>(
        &mut self,
        places: impl Iterator<Item = Place>,
        basic: impl Fn(&Address) -> Result<Option<Basic>, E>,
        slot: impl Fn(&Address, &U256) -> Result<U256, E>,
    ) -> Result<(), E> {
        let mut places: Vec<_> = places
            .map(|place| match place {
                Place::Slot(address, slot) => (address, Some(slot)),
                other => (other.address(), None),
            })
            .collect();
        places.sort_unstable();
        places.dedup();
        for places in places.chunk_by(|(one, _), (other, _)| one == other) {
            let Some((address, _)) = places.first() else {
                continue;
            };
            let hash = keccak256(address);
            let held = self.entry(&hash);
            held.basic = basic(address)?.unwrap_or_default();
            for changed in places.iter().filter_map(|(_, slot)| slot.as_ref()) {
                held.put(changed, slot(address, changed)?);
            }
            if held.basic.is_empty() && held.storage.is_empty() {
                self.remove(&hash);
            }
        }
        Ok(())
    }
}
