//! The Merkle tree of messages to L1.
//!
//! Entry 0 of the space is the number of messages, entry `2 + n` the root of the full subtree of
//! `2^n` leaves that waits for its right neighbour, or zero. A leaf is the hash of a message's hash;
//! what is missing on the right is zero.

use alloy_primitives::{B256, U256, keccak256};

use super::slots::{ARBOS, ROOT, Space, space};
use crate::{chain::view::View, fork::StateError};

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

/// How many messages there are, and the root of their tree.
pub fn tip(view: &View<'_>) -> Result<(u64, B256), StateError> {
    let read = |slot| view.slot(&ARBOS, &slot);
    let size = read(size_slot())?.saturating_to();
    let partials = (0..levels(size)).map(|level| Ok(read(partial_slot(level))?.into()));
    let partials = partials.collect::<Result<Vec<B256>, StateError>>()?;
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

/// The root of a whole tree and the siblings on the way to one of its leaves, the lowest first. None
/// if there is no such leaf.
pub fn proof(leaves: &[B256], leaf: usize) -> Option<(B256, Vec<B256>)> {
    leaves.get(leaf)?;
    let mut nodes = leaves.to_vec();
    let mut siblings = Vec::new();
    let mut at = leaf;
    while nodes.len() > 1 {
        siblings.push(nodes.get(at ^ 1).copied().unwrap_or_default());
        at /= 2;
        nodes = nodes
            .chunks(2)
            .map(|pair| parent(pair[0], pair.get(1).copied().unwrap_or_default()))
            .collect();
    }
    Some((nodes.first().copied()?, siblings))
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
            let leaves = &leaves[..size];
            let partials = partials(leaves);
            assert_eq!(partials.len() as u64, levels(size as u64));
            for leaf in 0..size {
                let (root_of_proof, siblings) = proof(leaves, leaf).unwrap();
                assert_eq!(root(&partials), root_of_proof, "{size} leaves");
                let climbed =
                    siblings
                        .iter()
                        .enumerate()
                        .fold(leaves[leaf], |node, (level, sibling)| {
                            match leaf >> level & 1 {
                                0 => parent(node, *sibling),
                                _ => parent(*sibling, node),
                            }
                        });
                assert_eq!(climbed, root_of_proof);
            }
        }
        assert_eq!(root(&[]), B256::ZERO);
        assert_eq!(proof(&leaves, 40), None);
    }
}
