//! What posting a transaction on L1 takes, told before it is signed.

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::Encodable2718;
use alloy_primitives::{B256, Signature, keccak256};
use revm::context::{BlockEnv, TxEnv};

use super::call::{Call, CallError};
use crate::{
    arbos::poster::Poster,
    chain::{Chain, state::view::View},
    fork::StateError,
};

/// {byte} What a signed authorization takes at most, however it is compressed.
const AUTHORIZATION: usize = 128;

impl Chain {
    /// {gas} What of an estimate posting on L1 takes.
    pub(in crate::chain) fn estimate_l1(&self, call: Call) -> Result<u64, CallError> {
        let moment = self.moment(call.block.unwrap_or(alloy_eips::BlockId::pending()))?;
        Ok(self.prepare(call, moment, false)?.session.poster.gas)
    }
}

/// What an estimate allows for posting a transaction on L1.
pub(in crate::chain) fn estimate(
    view: &View<'_>,
    tx: &TxEnv,
    block: &BlockEnv,
) -> Result<Poster, StateError> {
    Poster::estimate(view, &lookalike(tx), block)
}

/// Bytes of a transaction with that content, whose other fields compress badly.
fn lookalike(tx: &TxEnv) -> Vec<u8> {
    let noise = |seed: u8| keccak256([seed]);
    let number = |seed: u8| u64::from_be_bytes(noise(seed)[..8].try_into().unwrap_or_default());
    let body = TxEip1559 {
        chain_id: tx.chain_id.unwrap_or_default(),
        nonce: number(1),
        gas_limit: number(2),
        max_fee_per_gas: number(3).into(),
        max_priority_fee_per_gas: number(4).into(),
        to: tx.kind,
        value: tx.value,
        access_list: tx.access_list.clone(),
        input: tx.data.clone(),
    };
    let signature = Signature::new(noise(5).into(), noise(6).into(), true);
    let mut bytes = TxEnvelope::from(body.into_signed(signature)).encoded_2718();
    for index in 0..tx.authorization_list.len() * AUTHORIZATION / B256::len_bytes() {
        bytes.extend(keccak256(index.to_be_bytes()));
    }
    bytes
}
