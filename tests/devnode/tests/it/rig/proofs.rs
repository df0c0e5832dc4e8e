//! Proofs, checked as a light client does.

use alloy::{
    primitives::{B256, keccak256},
    rpc::types::EIP1186AccountProofResponse as Proof,
};
use alloy_trie::{Nibbles, TrieAccount, proof::verify_proof};

/// Checks an account, or that there is none, against a state root, and slots against the account's.
pub(crate) fn verify(proof: &Proof, state_root: B256) {
    let account = TrieAccount {
        nonce: proof.nonce,
        balance: proof.balance,
        storage_root: proof.storage_hash,
        code_hash: proof.code_hash,
    };
    let exists = account != TrieAccount::default();
    let account = exists.then(|| alloy_rlp::encode(account));
    let key = Nibbles::unpack(keccak256(proof.address));
    verify_proof(state_root, key, account, &proof.account_proof).unwrap();
    for slot in &proof.storage_proof {
        let value = (!slot.value.is_zero()).then(|| alloy_rlp::encode(slot.value));
        let key = Nibbles::unpack(keccak256(slot.key.as_b256()));
        verify_proof(proof.storage_hash, key, value, &slot.proof).unwrap();
    }
}
