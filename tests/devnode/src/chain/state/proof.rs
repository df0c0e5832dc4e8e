//! Proofs of accounts and their slots.

use alloy_primitives::{Address, U256};
use alloy_trie::TrieAccount;
use thiserror::Error;

use super::{
    trie::{Path, accounts::Held},
    view::View,
};
use crate::{
    evm::deadline::{Aborted, Deadline},
    fork::StateError,
};

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
    /// It took too long, or the node ends.
    #[error(transparent)]
    Aborted(#[from] Aborted),
}

/// Proves an account and its slots, or their absence.
///
/// # Errors
/// Every [`ProofError`].
pub fn prove(
    view: &View<'_>,
    address: &Address,
    slots: &[U256],
    deadline: &Deadline,
) -> Result<AccountProof, ProofError> {
    let trie = view.trie(|| deadline.check().map_err(ProofError::from))?;
    let held = trie.account(address).cloned().unwrap_or_default();
    let slots = slots.iter();
    let slots = slots.map(|slot| (*slot, held.slot(slot), held.prove(slot)));
    Ok(AccountProof {
        account: held.account(),
        path: trie.prove_account(address),
        slots: slots.collect(),
    })
}

/// An account as it is in the trie; none if it does not exist.
///
/// # Errors
/// A read fails, or `check` does, which is called now and then.
pub fn account<E: From<StateError>>(
    view: &View<'_>,
    address: &Address,
    check: impl Fn() -> Result<(), E>,
) -> Result<Option<TrieAccount>, E> {
    let trie = view.trie(check)?;
    Ok(trie.account(address).map(Held::account))
}
