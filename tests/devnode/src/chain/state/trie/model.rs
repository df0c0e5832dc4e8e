//! Kept tries against those that alloy builds anew.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_trie::{
    HashBuilder, TrieAccount,
    proof::{ProofRetainer, verify_proof},
};
use proptest::prelude::*;

use super::*;

/// Root and, for a key, the nodes that prove it or that it is not there.
fn build(leaves: &BTreeMap<B256, Vec<u8>>, key: B256) -> (B256, Path) {
    let target = Nibbles::unpack(key);
    let retainer = ProofRetainer::new(vec![target]);
    let mut builder = HashBuilder::default().with_proof_retainer(retainer);
    for (key, value) in leaves {
        builder.add_leaf(Nibbles::unpack(key), value);
    }
    let root = builder.root();
    let nodes = builder.take_proof_nodes().matching_nodes_sorted(&target);
    let nodes = nodes.into_iter().filter(|_| !leaves.is_empty());
    // Of those that lie within others nobody is told apart.
    let own = nodes.filter(|(path, node)| path.is_empty() || node.len() >= 32);
    (root, own.map(|(_, node)| node).collect())
}

/// The root of a state: balances, and slots that are not zero.
pub(crate) fn root(accounts: impl Iterator<Item = (Address, U256, Vec<(U256, U256)>)>) -> B256 {
    let accounts = accounts.map(|(address, balance, slots)| {
        let hashed = |(slot, value)| {
            (
                keccak256(B256::from(slot)),
                alloy_rlp::encode::<U256>(value),
            )
        };
        let slots = slots.into_iter().map(hashed).collect();
        let account = TrieAccount {
            balance,
            storage_root: build(&slots, B256::ZERO).0,
            ..TrieAccount::default()
        };
        (address, account)
    });
    let some = accounts.filter(|(_, account)| *account != TrieAccount::default());
    let hashed = some.map(|(address, account)| (keccak256(address), alloy_rlp::encode(account)));
    build(&hashed.collect(), B256::ZERO).0
}

/// Keys that part early and late, so that some nodes are short enough to lie within others.
fn key() -> impl Strategy<Value = B256> {
    prop::array::uniform4(0..3_u8).prop_map(|[first, second, middle, last]| {
        let mut key = B256::ZERO;
        key[0] = first << 4 | second;
        key[15] = middle;
        key[31] = last;
        key
    })
}

proptest! {
    #[test]
    fn a_kept_trie_is_the_one_that_is_built(
        changes in prop::collection::vec((key(), 0..3_u64), 1..80),
        asked in prop::collection::vec(key(), 1..8),
    ) {
        let mut model = BTreeMap::new();
        let mut trie = Trie::<U256>::default();
        let mut copies = vec![(trie.clone(), trie.root())];
        for (key, value) in changes {
            let value = U256::from(value);
            match value.is_zero() {
                true => {
                    trie.remove(&key);
                    model.remove(&key);
                }
                false => {
                    *trie.entry(&key) = value;
                    model.insert(key, alloy_rlp::encode(value));
                }
            }
            prop_assert_eq!(trie.is_empty(), model.is_empty());
            prop_assert_eq!(trie.root(), build(&model, key).0);
            copies.push((trie.clone(), trie.root()));
        }
        for key in asked {
            let (root, path) = build(&model, key);
            let value = model.get(&key).cloned();
            prop_assert_eq!(trie.get(&key).map(alloy_rlp::encode), value.clone());
            prop_assert_eq!(&trie.prove(&key), &path);
            prop_assert!(verify_proof(root, Nibbles::unpack(key), value, &path).is_ok());
        }
        for (copy, root) in copies {
            prop_assert_eq!(copy.root(), root);
        }
    }
}
