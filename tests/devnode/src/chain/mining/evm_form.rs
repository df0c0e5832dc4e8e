//! Transactions as the EVM takes them, and what it says that they did.

use alloy_consensus::{Transaction, TxEnvelope, transaction::Recovered};
use alloy_primitives::TxKind;
use revm::context::{TxEnv, either::Either, result::ExecutionResult};

use crate::chain::blocks::block::Mined;

/// Tips are dropped: whatever the transaction offers, it pays `price`.
pub(in crate::chain) fn environment(tx: &Recovered<TxEnvelope>, price: u128) -> TxEnv {
    TxEnv {
        tx_type: tx.tx_type().into(),
        caller: tx.signer(),
        gas_limit: tx.gas_limit(),
        gas_price: price,
        kind: tx.kind(),
        value: tx.value(),
        data: tx.input().clone(),
        nonce: tx.nonce(),
        chain_id: tx.chain_id(),
        access_list: tx.access_list().cloned().unwrap_or_default(),
        gas_priority_fee: tx.max_priority_fee_per_gas().map(|_| 0),
        blob_hashes: Vec::new(),
        max_fee_per_blob_gas: 0,
        authorization_list: tx
            .authorization_list()
            .unwrap_or_default()
            .iter()
            .cloned()
            .map(Either::Left)
            .collect(),
    }
}

/// What a transaction did, without its place in the block.
pub(in crate::chain) fn outcome(
    tx: Recovered<TxEnvelope>,
    price: u128,
    result: ExecutionResult,
) -> Mined {
    let contract = match tx.kind() {
        TxKind::Create => Some(tx.signer().create(tx.nonce())),
        TxKind::Call(_) => None,
    };
    Mined {
        success: result.is_success(),
        gas_used: result.tx_gas_used(),
        l1_gas: 0,
        effective_gas_price: price,
        contract,
        output: result.output().cloned().unwrap_or_default(),
        logs: if result.is_success() {
            result.into_logs()
        } else {
            Vec::new()
        },
        tx,
        index: 0,
        cumulative_gas: 0,
        first_log: 0,
        start: 0,
    }
}
