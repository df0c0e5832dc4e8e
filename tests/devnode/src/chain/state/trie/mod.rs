//! Merkle-Patricia tries that are kept, and the state as one.
//!
//! A [`Trie`] changes in place: only the nodes on the way to what changed are hashed anew, once for all
//! changes between two roots. Its copies share their nodes, so that a copy costs nothing and the trie of
//! a block to come, or of one that was, is a copy with what differs put in.
//!
//! `eth_trie` was no use: its tries cannot be copied, read every node from a database of encoded ones,
//! and in memory lose nodes when a key is removed that is not there.

pub mod accounts;
pub mod kept;
mod node;

use std::{iter, sync::Arc};

use alloy_primitives::{B256, Bytes};
use alloy_rlp::Encodable;
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles};

use self::node::Node;

/// What proves a value: the nodes from the root down, none in an empty trie.
pub type Path = Vec<Bytes>;

/// Values by the hashes of their keys.
#[derive(Clone, Debug, Default)]
pub struct Trie<V>(Option<Arc<Node<V>>>);

impl<V: Clone + Default + Encodable> Trie<V> {
    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The value of a key.
    pub fn get(&self, key: &B256) -> Option<&V> {
        let (node, rest) = self.walk(key).last()?;
        node.value(&rest)
    }

    /// The value of a key, to be changed; the default one if it has none.
    pub fn entry(&mut self, key: &B256) -> &mut V {
        let key = Nibbles::unpack(key);
        let root = self.0.get_or_insert_with(|| Node::leaf(key, V::default()));
        Node::entry(root, key)
    }

    /// Removes a key, if it is there.
    pub fn remove(&mut self, key: &B256) {
        if let Some(root) = &mut self.0
            && Node::remove(root, Nibbles::unpack(key))
        {
            self.0 = None;
        }
    }

    /// The hash that commits to all of it. What was hashed before is not hashed again.
    pub fn root(&self) -> B256 {
        self.0.as_ref().map_or(EMPTY_ROOT_HASH, |root| root.hash())
    }

    /// Proves a key's value, or that it has none.
    pub fn prove(&self, key: &B256) -> Path {
        // A node of less than 32 bytes lies within the one above it.
        let nodes = self.walk(key).map(|(node, _)| node).enumerate();
        let own = nodes.filter(|(depth, node)| *depth == 0 || node.is_hashed());
        own.map(|(_, node)| node.encoded().into()).collect()
    }

    /// The nodes on the way to a key as far as they go, each with what of the key is left there.
    fn walk(&self, key: &B256) -> impl Iterator<Item = (&Node<V>, Nibbles)> {
        let root = self.0.as_deref().map(|root| (root, Nibbles::unpack(key)));
        iter::successors(root, |(node, rest)| node.below(rest))
    }
}

#[cfg(test)]
pub(super) mod model;
