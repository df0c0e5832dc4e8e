//! Nodes of a trie.

use std::{
    array,
    sync::{Arc, OnceLock},
};

use alloy_primitives::{B256, keccak256};
use alloy_rlp::Encodable;
use alloy_trie::{
    Nibbles, TrieMask,
    nodes::{BranchNodeRef, CHILD_INDEX_RANGE, ExtensionNodeRef, LeafNodeRef, RlpNode},
};

/// A node, which copies of a trie share.
#[derive(Clone, Debug)]
pub(super) struct Node<V> {
    kind: Kind<V>,
    /// What the node above has of it, once somebody asked.
    reference: OnceLock<RlpNode>,
}

/// All keys are equally long, so that none ends at a branch.
#[derive(Clone, Debug)]
enum Kind<V> {
    /// The rest of a key, and its value.
    Leaf(Nibbles, V),
    /// What all keys below have in common, which is something, and a branch.
    Extension(Nibbles, Arc<Node<V>>),
    /// By the next nibble; at least two.
    Branch(Box<[Option<Arc<Node<V>>>; 16]>),
}

impl<V: Clone + Default + Encodable> Node<V> {
    /// A value alone.
    pub(super) fn leaf(rest: Nibbles, value: V) -> Arc<Self> {
        Self::of(Kind::Leaf(rest, value))
    }

    fn of(kind: Kind<V>) -> Arc<Self> {
        Arc::new(Self {
            kind,
            reference: OnceLock::new(),
        })
    }

    /// The value at the rest of a key.
    pub(super) fn value(&self, rest: &Nibbles) -> Option<&V> {
        match &self.kind {
            Kind::Leaf(own, value) if own == rest => Some(value),
            _ => None,
        }
    }

    /// The next node on the way to a key, and what is left of the key there.
    pub(super) fn below(&self, rest: &Nibbles) -> Option<(&Self, Nibbles)> {
        match &self.kind {
            Kind::Extension(own, child) if rest.starts_with(own) => {
                Some((child, rest.slice(own.len()..)))
            }
            Kind::Branch(children) => {
                let (nibble, rest) = split(rest);
                Some((children[nibble].as_deref()?, rest))
            }
            _ => None,
        }
    }

    /// The value at the rest of a key, to be changed; the default one if there is none.
    pub(super) fn entry(node: &mut Arc<Self>, rest: Nibbles) -> &mut V {
        let own = node.common();
        let shared = own.common_prefix_length(&rest);
        if shared < own.len() {
            *node = Self::parted(node, shared);
        }
        match &mut Self::change(node).kind {
            Kind::Leaf(_, value) => value,
            Kind::Extension(own, child) => Self::entry(child, rest.slice(own.len()..)),
            Kind::Branch(children) => {
                let (nibble, rest) = split(&rest);
                let child = &mut children[nibble];
                let child = child.get_or_insert_with(|| Self::leaf(rest, V::default()));
                Self::entry(child, rest)
            }
        }
    }

    /// Removes the rest of a key, if it is there. True if nothing is left.
    pub(super) fn remove(node: &mut Arc<Self>, rest: Nibbles) -> bool {
        let joined = match &mut Self::change(node).kind {
            Kind::Leaf(own, _) => return *own == rest,
            Kind::Extension(own, child) if rest.starts_with(own) => {
                Self::remove(child, rest.slice(own.len()..));
                child.below_path(*own)
            }
            Kind::Extension(..) => return false,
            Kind::Branch(children) => {
                let (nibble, rest) = split(&rest);
                let child = &mut children[nibble];
                if child
                    .as_mut()
                    .is_some_and(|child| Self::remove(child, rest))
                {
                    *child = None;
                }
                let left = CHILD_INDEX_RANGE.zip(children.iter());
                let mut left = left.filter_map(|(nibble, child)| Some((nibble, child.as_ref()?)));
                let (Some((nibble, child)), None) = (left.next(), left.next()) else {
                    return false;
                };
                child.below_path(Nibbles::from_nibbles([nibble]))
            }
        };
        *node = joined;
        false
    }

    /// The node for a change of something in it, alone if it is shared.
    fn change(node: &mut Arc<Self>) -> &mut Self {
        let node = Arc::make_mut(node);
        node.reference = OnceLock::new();
        node
    }

    /// What all keys below have in common.
    fn common(&self) -> Nibbles {
        match self.kind {
            Kind::Leaf(own, _) | Kind::Extension(own, _) => own,
            Kind::Branch(_) => Nibbles::new(),
        }
    }

    /// A branch after the first `shared` nibbles of what all keys have in common.
    fn parted(node: &Arc<Self>, shared: usize) -> Arc<Self> {
        let own = node.common();
        let (nibble, rest) = split(&own.slice(shared..));
        let child = match &node.kind {
            Kind::Leaf(_, value) => Self::leaf(rest, value.clone()),
            Kind::Extension(_, child) => child.below_path(rest),
            Kind::Branch(_) => Arc::clone(node),
        };
        let mut children: [_; 16] = array::from_fn(|_| None);
        children[nibble] = Some(child);
        Self::of(Kind::Branch(Box::new(children))).below_path(own.slice(..shared))
    }

    /// The node with a path before it.
    fn below_path(self: &Arc<Self>, path: Nibbles) -> Arc<Self> {
        match &self.kind {
            _ if path.is_empty() => Arc::clone(self),
            Kind::Leaf(own, value) => Self::leaf(path.join(own), value.clone()),
            Kind::Extension(own, child) => {
                Self::of(Kind::Extension(path.join(own), Arc::clone(child)))
            }
            Kind::Branch(_) => Self::of(Kind::Extension(path, Arc::clone(self))),
        }
    }

    /// Its hash, however short it is.
    pub(super) fn hash(&self) -> B256 {
        let hash = self.reference().as_hash();
        hash.unwrap_or_else(|| keccak256(self.encoded()))
    }

    /// Whether it lies outside the node above it.
    pub(super) fn is_hashed(&self) -> bool {
        self.reference().is_hash()
    }

    /// Its encoding, which is what is hashed.
    pub(super) fn encoded(&self) -> Vec<u8> {
        match &self.kind {
            Kind::Leaf(own, value) => {
                alloy_rlp::encode(LeafNodeRef::new(own, &alloy_rlp::encode(value)))
            }
            Kind::Extension(own, child) => {
                alloy_rlp::encode(ExtensionNodeRef::new(own, child.reference()))
            }
            Kind::Branch(children) => {
                let mut mask = TrieMask::default();
                let mut references = Vec::with_capacity(children.len());
                for (nibble, child) in CHILD_INDEX_RANGE.zip(children.iter()) {
                    if let Some(child) = child {
                        mask.set_bit(nibble);
                        references.push(child.reference().clone());
                    }
                }
                alloy_rlp::encode(BranchNodeRef::new(&references, mask))
            }
        }
    }

    fn reference(&self) -> &RlpNode {
        let hashed = || RlpNode::from_rlp(&self.encoded());
        self.reference.get_or_init(hashed)
    }
}

/// The first nibble, of which there is one, and the rest.
fn split(key: &Nibbles) -> (usize, Nibbles) {
    (usize::from(key.get_unchecked(0)), key.slice(1..))
}
