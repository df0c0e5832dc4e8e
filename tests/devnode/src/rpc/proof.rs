//! Accounts as the state trie has them, and proofs of them.

use alloy_eips::BlockId;
use alloy_primitives::{Address, B256, U64, U256};
use alloy_rpc_types_eth::AccountInfo;
use alloy_trie::EMPTY_ROOT_HASH;
use jsonrpsee::server::RegisterMethodError;
use revm::primitives::KECCAK_EMPTY;
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};

use super::{
    Api,
    account::view,
    args::Args,
    error::RpcError,
    methods::{Methods, json as to_json},
};
use crate::{
    chain::{
        fork::Provable,
        state::{
            proof::{self, ProofError},
            trie::Path,
            view::View,
        },
    },
    evm::deadline::Deadline,
    fork::Reason,
};

/// Most slots of one request, as in geth.
const SLOTS_MAX: usize = 1_024;

/// Registers the methods.
pub fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    methods.blocking(&["eth_getProof"], |api, params| {
        proof(api, &mut Args::new(&params))
    })?;
    methods.blocking(&["eth_getAccount"], |api, params| {
        account(api, &mut Args::new(&params))
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    balance: U256,
    nonce: U64,
    code_hash: B256,
    storage_root: B256,
}

#[derive(Serialize, Deserialize)]
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

impl Proof {
    fn into_account(self) -> Option<Account> {
        let is_empty = self.balance.is_zero()
            && self.nonce.is_zero()
            && self.storage_hash == EMPTY_ROOT_HASH
            && [KECCAK_EMPTY, B256::ZERO].contains(&self.code_hash);
        (!is_empty).then_some(Account {
            balance: self.balance,
            nonce: self.nonce,
            code_hash: self.code_hash,
            storage_root: self.storage_hash,
        })
    }
}

#[derive(Serialize, Deserialize)]
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

impl Key {
    fn slot(self) -> U256 {
        match self {
            Self::Word(word) => word.into(),
            Self::Number(number) => number,
        }
    }
}

fn account(api: &Api, args: &mut Args<'_>) -> Result<Box<RawValue>, RpcError> {
    let address: Address = args.required()?;
    let block = args.block()?;
    if let Some(answer) = forked(api, address, &[], block)? {
        return to_json(answer.into_account());
    }
    let account = api.look(|chain| {
        let view = chain.state_at(chain.moment(block)?)?;
        let deadline = chain.deadline();
        let check = || deadline.check().map_err(ProofError::from);
        Ok(proof::account(&view, &address, check)?)
    })?;
    to_json(account.map(|account| Account {
        balance: account.balance,
        nonce: U64::from(account.nonce),
        code_hash: account.code_hash,
        storage_root: account.storage_root,
    }))
}

fn proof(api: &Api, args: &mut Args<'_>) -> Result<Box<RawValue>, RpcError> {
    let address: Address = args.required()?;
    let keys: Vec<Key> = args.optional()?.unwrap_or_default();
    let block = args.block()?;
    if keys.len() > SLOTS_MAX {
        let reason = format!("too many slots: {} of at most {SLOTS_MAX}", keys.len());
        return Err(RpcError::BadArguments(reason));
    }
    match forked(api, address, &keys, block)? {
        Some(proof) => to_json(proof),
        None => to_json(api.look(|chain| {
            let view = chain.state_at(chain.moment(block)?)?;
            own(&view, address, &keys, &chain.deadline())
        })?),
    }
}

fn own(
    view: &View<'_>,
    address: Address,
    keys: &[Key],
    deadline: &Deadline,
) -> Result<Proof, RpcError> {
    let slots: Vec<U256> = keys.iter().map(|key| key.slot()).collect();
    let proven = proof::prove(view, &address, &slots, deadline)?;
    let storage_proof = keys.iter().zip(proven.slots);
    Ok(Proof {
        address,
        account_proof: proven.path,
        balance: proven.account.balance,
        code_hash: proven.account.code_hash,
        nonce: U64::from(proven.account.nonce),
        storage_hash: proven.account.storage_root,
        storage_proof: storage_proof
            .map(|(key, (_, value, proof))| SlotProof {
                key: *key,
                value,
                proof,
            })
            .collect(),
    })
}

/// On a fork, the upstream's proof; none where there is no fork.
///
/// A trie needs the whole state, of which a fork reads a part: what was changed here has no proof.
fn forked(
    api: &Api,
    address: Address,
    keys: &[Key],
    block: BlockId,
) -> Result<Option<Proof>, RpcError> {
    let pinned = api.look(|chain| {
        let Some(fork) = chain.fork() else {
            return Ok(None);
        };
        match chain.provable(&address, chain.moment(block)?)? {
            Provable::At(number) => Ok(Some((fork.pin().clone(), number))),
            Provable::Later => Err(RpcError::ProofLater(fork.head().header.number)),
            Provable::Changed => Err(RpcError::ProofChanged(address)),
        }
    })?;
    let Some((pin, number)) = pinned else {
        return Ok(None);
    };
    let answer = pin.ask("eth_getProof", json!([address, keys, U64::from(number)]))?;
    let what = format!("a proof of {address} at block {number}");
    let proof: Proof = serde_json::from_value(answer)
        .map_err(|error| pin.error(&what, Reason::Answer(error.to_string())))?;
    let (asked, have) = (keys.iter(), proof.storage_proof.iter());
    let is_asked = asked
        .map(|key| key.slot())
        .eq(have.map(|proven| proven.key.slot()));
    if proof.address != address || !is_asked {
        let have = format!("a proof of {} or of other slots", proof.address);
        return Err(pin.error(&what, Reason::Mistaken { have }).into());
    }
    Ok(Some(proof))
}
