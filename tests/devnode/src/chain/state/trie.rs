//! The state as Merkle-Patricia tries, built when somebody asks for a proof.
//!
//! No trie is kept: a proof takes hashing every account and slot, under 10 us each, and headers
//! carry no state root, as rebuilding it per block would cost the same each time. A proof's root
//! is therefore the hash of its first node.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256, map::B256HashMap};
use alloy_trie::{
    EMPTY_ROOT_HASH, HashBuilder, Nibbles, TrieAccount,
    proof::{ProofNodes, ProofRetainer},
};
use revm::primitives::KECCAK_EMPTY;
use thiserror::Error;

use super::view::View;
use crate::{
    evm::deadline::{Deadline, TimedOut},
    fork::StateError,
};

/// What proves a value: the nodes from the root down, none in an empty trie.
pub type Path = Vec<Bytes>;

/// An account with what proves it and some of its slots, or that they are not there.
#[derive(Clone, Debug)]
pub struct AccountProof {
    /// The account; an empty one if there is none.
    pub account: TrieAccount,
    /// From the state's root to the account.
    pub path: Path,
    /// Each slot asked for, its value, and the nodes from the storage root to it.
    pub slots: Vec<(U256, U256, Path)>,
}

/// Why there is no proof.
#[derive(Debug, Error)]
pub enum ProofError {
    /// A read fails.
    #[error(transparent)]
    State(#[from] StateError),
    /// It took too long.
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
}

/// Proves an account and its slots, or their absence.
///
/// # Errors
/// Every [`ProofError`].
pub fn prove(
    view: &View<'_>,
    address: &Address,
    slots: &[U256],
    deadline: Deadline,
) -> Result<AccountProof, ProofError> {
    let target = Nibbles::unpack(keccak256(address));
    let mut leaves = Vec::new();
    for other in view.addresses() {
        if deadline.is_over() {
            return Err(deadline.error().into());
        }
        if let Some(account) = account(view, &other)? {
            leaves.push((keccak256(other), alloy_rlp::encode(account)));
        }
    }
    let (_, nodes) = build(leaves, vec![target]);
    let keys: Vec<_> = slots.iter().map(slot_key).collect();
    let (storage_root, storage_nodes) = build(storage(view, address), keys.clone());
    let mut proven = Vec::with_capacity(slots.len());
    for (slot, key) in slots.iter().zip(keys) {
        proven.push((*slot, view.slot(address, slot)?, path(&storage_nodes, &key)));
    }
    let basic = view.account(address)?.unwrap_or_default();
    Ok(AccountProof {
        account: trie_account(basic.nonce, basic.balance, storage_root, basic.code_hash),
        path: path(&nodes, &target),
        slots: proven,
    })
}

/// An account as it is in the trie; none if it does not exist.
///
/// # Errors
/// [`StateError`] where a read fails.
pub fn account(view: &View<'_>, address: &Address) -> Result<Option<TrieAccount>, StateError> {
    let (storage_root, _) = build(storage(view, address), Vec::new());
    Ok(match view.account(address)? {
        Some(basic) => Some(trie_account(
            basic.nonce,
            basic.balance,
            storage_root,
            basic.code_hash,
        )),
        // Storage that a test set on an account without anything else.
        None if storage_root != EMPTY_ROOT_HASH => {
            Some(trie_account(0, U256::ZERO, storage_root, KECCAK_EMPTY))
        }
        None => None,
    })
}

fn trie_account(nonce: u64, balance: U256, storage_root: B256, code_hash: B256) -> TrieAccount {
    TrieAccount {
        nonce,
        balance,
        storage_root,
        code_hash,
    }
}

fn storage(view: &View<'_>, address: &Address) -> Vec<(B256, Vec<u8>)> {
    let slots: B256HashMap<U256> = view
        .storage(address)
        .map(|(slot, value)| (B256::from(slot), value))
        .collect();
    let set = slots.into_iter().filter(|(_, value)| !value.is_zero());
    set.map(|(slot, value)| (keccak256(slot), alloy_rlp::encode(value)))
        .collect()
}

fn slot_key(slot: &U256) -> Nibbles {
    Nibbles::unpack(keccak256(B256::from(*slot)))
}

/// Root and, for the targets, the nodes on the way to them.
fn build(mut leaves: Vec<(B256, Vec<u8>)>, targets: Vec<Nibbles>) -> (B256, ProofNodes) {
    if leaves.is_empty() {
        return (EMPTY_ROOT_HASH, ProofNodes::default());
    }
    leaves.sort_unstable();
    let retainer = ProofRetainer::new(targets);
    let mut builder = HashBuilder::default().with_proof_retainer(retainer);
    for (key, value) in leaves {
        builder.add_leaf(Nibbles::unpack(key), &value);
    }
    (builder.root(), builder.take_proof_nodes())
}

fn path(nodes: &ProofNodes, target: &Nibbles) -> Path {
    let nodes = nodes.matching_nodes_sorted(target);
    nodes.into_iter().map(|(_, node)| node).collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use alloy_consensus::Header;

    use super::*;
    use crate::chain::{
        blocks::{block::Block, history::History},
        state::State,
    };

    const ACCOUNTS: u64 = 20_000;

    fn address(number: u64) -> Address {
        Address::left_padding_from(&number.to_be_bytes())
    }

    /// Every account changes after the block whose state is proven.
    #[test]
    fn the_past_is_proven_about_as_fast_as_the_present() {
        let mut state = State::default();
        let set = |state: &mut State, value: u64| {
            for number in 0..ACCOUNTS {
                let value = U256::from(value + number);
                state.set_slot(address(number), U256::ONE, value).unwrap();
            }
        };
        set(&mut state, 1);
        let then = state.position();
        let history = History::new(Block {
            header: Header::default(),
            hash: B256::ZERO,
            txs: Vec::new(),
            position: then,
        });
        let root = |state: &State, position| {
            let view = View::past(state, &history, position);
            let start = Instant::now();
            let deadline = Deadline::after(Duration::from_secs(600));
            let proof = prove(&view, &address(5), &[U256::ONE], deadline).unwrap();
            let root = proof.path.first().map(keccak256);
            (root, proof.slots[0].1, start.elapsed())
        };
        let (before, value, present) = root(&state, then);
        assert_eq!(value, U256::from(6));
        set(&mut state, 2);
        let (after, value, past) = root(&state, then);
        assert_eq!((after, value), (before, U256::from(6)));
        assert_ne!(root(&state, state.position()).0, before);
        let limit = 5 * present + Duration::from_secs(1);
        assert!(past < limit, "{past:?} and not {present:?}");
    }
}
