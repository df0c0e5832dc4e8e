//! The Merkle tree of messages to L1.
//!
//! Entry 0 of the space is the number of messages, entry `2 + n` the root of the full subtree of
//! `2^n` leaves that waits for its right neighbour, or zero. A leaf is the hash of a message's hash;
//! what is missing on the right is zero.

use alloy_primitives::{B256, U256, keccak256};

use super::slots::{ARBOS, ROOT, Space, space};
use crate::{chain::state::view::View, fork::StateError};

/// Where the number of messages lies.
pub fn size_slot() -> U256 {
    tree().slot(0)
}

/// Where the waiting subtree of a level lies.
pub fn partial_slot(level: u64) -> U256 {
    tree().slot(level.saturating_add(2))
}

/// How many levels of subtrees a tree of that size has.
pub fn levels(size: u64) -> u64 {
    u64::from(u64::BITS - size.leading_zeros())
}

/// The leaf of a message, by the message's hash.
pub fn leaf(message: B256) -> B256 {
    keccak256(message)
}

/// A parent of two nodes.
pub fn parent(left: B256, right: B256) -> B256 {
    keccak256([left, right].concat())
}

/// How many messages there are, and the subtrees that wait, the lowest first.
pub fn waiting(view: &View<'_>) -> Result<(u64, Vec<B256>), StateError> {
    let read = |slot| view.slot(&ARBOS, &slot);
    let size = read(size_slot())?.saturating_to();
    // All are asked for, before one that a fork does not know yet ends this.
    let partials: Vec<_> = (0..levels(size))
        .map(|level| Ok(read(partial_slot(level))?.into()))
        .collect();
    Ok((
        size,
        partials.into_iter().collect::<Result<_, StateError>>()?,
    ))
}

/// How many messages there are, and the root of their tree.
pub fn tip(view: &View<'_>) -> Result<(u64, B256), StateError> {
    let (size, partials) = waiting(view)?;
    Ok((size, root(&partials)))
}

/// The root over waiting subtrees, the lowest first. Zero without a leaf.
pub fn root(partials: &[B256]) -> B256 {
    let mut tree: Option<(B256, usize)> = None;
    for (level, partial) in partials.iter().enumerate() {
        if partial.is_zero() {
            continue;
        }
        tree = Some(match tree {
            None => (*partial, level),
            Some((right, height)) => {
                let right = (height..level).fold(right, |node, _| parent(node, B256::ZERO));
                (parent(*partial, right), level + 1)
            }
        });
    }
    tree.unwrap_or_default().0
}

/// A tree of which the leaves from one on are known, and of those before the subtrees that waited then.
/// Nothing else of them is on the way from a known leaf to the root.
#[derive(Clone, Copy, Debug)]
pub struct Tree<'a> {
    /// How many leaves came before the known ones.
    pub before: u64,
    /// The subtrees that waited after those, the lowest first.
    pub partials: &'a [B256],
    /// The known leaves.
    pub leaves: &'a [B256],
}

impl Tree<'_> {
    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.before.saturating_add(self.leaves.len() as u64)
    }

    /// The root and the siblings on the way to one of the known leaves, the lowest first. None if
    /// that is no known leaf.
    pub fn proof(&self, leaf: u64) -> Option<(B256, Vec<B256>)> {
        let height = levels(self.size().saturating_sub(1));
        let is_known = (self.before..self.size()).contains(&leaf);
        if !is_known || height >= u64::from(u64::BITS) {
            return None;
        }
        let siblings = (0..height).map(|level| self.node(level, leaf >> level ^ 1));
        Some((self.node(height, 0)?, siblings.collect::<Option<_>>()?))
    }

    /// The node over leaves `index * 2^level` to below `(index + 1) * 2^level`; zero without a leaf, none
    /// if it is not known.
    fn node(&self, level: u64, index: u64) -> Option<B256> {
        let first = index << level;
        if first >= self.size() {
            return Some(B256::ZERO);
        }
        let waits = self.before >> level & 1 == 1 && index == (self.before >> level) - 1;
        match level.checked_sub(1) {
            _ if waits => self.partials.get(usize::try_from(level).ok()?).copied(),
            None => {
                let place = first.checked_sub(self.before)?;
                self.leaves.get(usize::try_from(place).ok()?).copied()
            }
            Some(below) => {
                let left = self.node(below, 2 * index)?;
                Some(parent(left, self.node(below, 2 * index + 1)?))
            }
        }
    }
}

fn tree() -> Space {
    ROOT.child(space::SENDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The waiting subtrees after some leaves.
    fn partials(leaves: &[B256]) -> Vec<B256> {
        let mut partials: Vec<B256> = Vec::new();
        for leaf in leaves {
            let mut node = *leaf;
            for level in 0.. {
                match partials.get_mut(level) {
                    None => {
                        partials.push(node);
                        break;
                    }
                    Some(partial) if partial.is_zero() => {
                        *partial = node;
                        break;
                    }
                    Some(partial) => {
                        node = parent(std::mem::take(partial), node);
                    }
                }
            }
        }
        partials
    }

    #[test]
    fn subtrees_and_whole_trees_have_one_root() {
        let leaves: Vec<B256> = (1..=40).map(B256::repeat_byte).collect();
        for size in 1..=leaves.len() {
            let root = root(&partials(&leaves[..size]));
            for before in 0..size {
                let partials = partials(&leaves[..before]);
                assert_eq!(partials.len() as u64, levels(before as u64));
                let tree = Tree {
                    before: before as u64,
                    partials: &partials,
                    leaves: &leaves[before..size],
                };
                for (place, leaf) in (before..).zip(&leaves[before..size]) {
                    let (root_of_proof, siblings) = tree.proof(place as u64).unwrap();
                    assert_eq!(root_of_proof, root, "{before} of {size} leaves");
                    assert_eq!(climb(*leaf, place, &siblings), root);
                }
                let unknown = before.checked_sub(1).map(|leaf| tree.proof(leaf as u64));
                assert!(unknown.flatten().is_none());
                assert_eq!(tree.proof(size as u64), None);
            }
        }
        assert_eq!(root(&[]), B256::ZERO);
    }

    fn climb(leaf: B256, position: usize, siblings: &[B256]) -> B256 {
        let levels = siblings.iter().enumerate();
        levels.fold(leaf, |node, (level, sibling)| match position >> level & 1 {
            0 => parent(node, *sibling),
            _ => parent(*sibling, node),
        })
    }
}
