//! Accounts as the state trie has them, and proofs of them.

use alloy_primitives::{Address, B256, U64, U256};
use alloy_rpc_types_eth::AccountInfo;
use jsonrpsee::server::RegisterMethodError;
use serde::{Deserialize, Serialize};

use super::{account::view, args::Args, error::RpcError, methods::Methods};
use crate::chain::{
    Chain,
    trie::{self, Path},
};

/// Most slots of one request, as in geth.
const SLOTS_MAX: usize = 1_024;

/// Registers the methods.
pub fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    methods.read(&["eth_getProof"], proof)?;
    methods.read(&["eth_getAccount"], |chain, args| {
        whole(chain)?;
        let address: Address = args.required()?;
        not_forked(chain)?;
        let account = trie::account(&view(chain, args)?, &address)?;
        Ok(account.map(|account| Account {
            balance: account.balance,
            nonce: U64::from(account.nonce),
            code_hash: account.code_hash,
            storage_root: account.storage_root,
        }))
    })?;
    methods.read(&["eth_getAccountInfo"], |chain, args| {
        let address: Address = args.required()?;
        let view = view(chain, args)?;
        let basic = view.account(&address)?.unwrap_or_default();
        Ok(AccountInfo {
            balance: basic.balance,
            nonce: basic.nonce,
            code: view.code_of(&address)?.original_bytes(),
        })
    })
}

/// A fork reads what it needs: it never knows all that a root covers.
fn not_forked(chain: &Chain) -> Result<(), RpcError> {
    match chain.fork() {
        Some(_) => Err(RpcError::ForkHasNoTrie),
        None => Ok(()),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    balance: U256,
    nonce: U64,
    code_hash: B256,
    storage_root: B256,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    address: Address,
    account_proof: Path,
    balance: U256,
    code_hash: B256,
    nonce: U64,
    storage_hash: B256,
    storage_proof: Vec<SlotProof>,
}

#[derive(Serialize)]
struct SlotProof {
    key: Key,
    value: U256,
    proof: Path,
}

/// A slot, given back as it was asked for.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(untagged)]
enum Key {
    Word(B256),
    Number(U256),
}

/// A trie needs the whole state, of which a fork reads a part.
fn whole(chain: &Chain) -> Result<(), RpcError> {
    match chain.fork() {
        Some(_) => Err(RpcError::OnFork("a state trie")),
        None => Ok(()),
    }
}

fn proof(chain: &Chain, args: &mut Args<'_>) -> Result<Proof, RpcError> {
    whole(chain)?;
    let address: Address = args.required()?;
    not_forked(chain)?;
    let keys: Vec<Key> = args.optional()?.unwrap_or_default();
    if keys.len() > SLOTS_MAX {
        let reason = format!("too many slots: {} of at most {SLOTS_MAX}", keys.len());
        return Err(RpcError::BadArguments(reason));
    }
    let slots: Vec<U256> = keys
        .iter()
        .map(|key| match *key {
            Key::Word(word) => word.into(),
            Key::Number(number) => number,
        })
        .collect();
    let proven = trie::prove(&view(chain, args)?, &address, &slots)?;
    let storage_proof = keys.into_iter().zip(proven.slots);
    Ok(Proof {
        address,
        account_proof: proven.path,
        balance: proven.account.balance,
        code_hash: proven.account.code_hash,
        nonce: U64::from(proven.account.nonce),
        storage_hash: proven.account.storage_root,
        storage_proof: storage_proof
            .map(|(key, (_, value, proof))| SlotProof { key, value, proof })
            .collect(),
    })
}
