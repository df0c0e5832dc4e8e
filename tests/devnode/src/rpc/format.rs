//! Blocks, transactions and receipts in the form in which Arbitrum serves them.

use alloy_consensus::{ReceiptEnvelope, Sealed, TxEnvelope, transaction::Recovered};
use alloy_primitives::{B256, U64, U256};
use alloy_rpc_types_eth::{
    Block as RpcBlock, BlockTransactions, Header, Log, Transaction, TransactionReceipt,
};
use serde::Serialize;

use crate::chain::{
    Chain,
    blocks::{
        block::{Block, Mined},
        query,
    },
    pool::Pooled,
};

/// A block with Arbitrum's extra fields.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArbitrumBlock {
    #[serde(flatten)]
    block: RpcBlock,
    l1_block_number: U64,
    send_count: U64,
    send_root: B256,
}

/// A header with Arbitrum's extra fields.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArbitrumHeader {
    #[serde(flatten)]
    header: Header,
    l1_block_number: U64,
    send_count: U64,
    send_root: B256,
}

/// A receipt with Arbitrum's extra fields.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArbitrumReceipt {
    #[serde(flatten)]
    receipt: TransactionReceipt,
    gas_used_for_l1: U64,
    l1_block_number: U64,
    timeboosted: bool,
}

/// The JSON form of a block, with whole transactions or their hashes.
pub fn block(block: &Block, full: bool) -> ArbitrumBlock {
    let transactions = match full {
        true => BlockTransactions::Full(
            block
                .txs
                .iter()
                .map(|mined| transaction(block, mined))
                .collect(),
        ),
        false => BlockTransactions::Hashes(block.txs.iter().map(Mined::hash).collect()),
    };
    ArbitrumBlock {
        block: RpcBlock {
            header: sized_header(block),
            uncles: Vec::new(),
            transactions,
            withdrawals: None,
        },
        l1_block_number: U64::from(block.l1_number()),
        send_count: U64::from(block.send_count()),
        send_root: B256::try_from(&block.header.extra_data[..]).unwrap_or_default(),
    }
}

/// The JSON form of a block's header alone.
pub fn header(block: &Block) -> ArbitrumHeader {
    ArbitrumHeader {
        header: sized_header(block),
        l1_block_number: U64::from(block.l1_number()),
        send_count: U64::from(block.send_count()),
        send_root: B256::try_from(&block.header.extra_data[..]).unwrap_or_default(),
    }
}

fn sized_header(block: &Block) -> Header {
    let mut header = Header::from_sealed(Sealed::new_unchecked(block.header.clone(), block.hash));
    header.size = Some(U256::from(header.inner.size()));
    header
}

/// The JSON form of a transaction as it was when it was accepted: without a block.
pub fn accepted(chain: &Chain, hash: &B256) -> Option<Transaction> {
    match chain.transaction(hash) {
        Some((_, mined)) => Some(unmined(&mined.tx)),
        None => chain.pool.get(hash).map(waiting),
    }
}

/// The JSON form of a transaction in the pool.
pub fn waiting(pooled: &Pooled) -> Transaction {
    unmined(&pooled.tx)
}

pub(super) fn unmined(tx: &Recovered<TxEnvelope>) -> Transaction {
    Transaction {
        inner: tx.clone(),
        block_hash: None,
        block_number: None,
        transaction_index: None,
        effective_gas_price: None,
        block_timestamp: None,
    }
}

/// The JSON form of a mined transaction.
pub fn transaction(block: &Block, mined: &Mined) -> Transaction {
    Transaction {
        inner: mined.tx.clone(),
        block_hash: Some(block.hash),
        block_number: Some(block.header.number),
        transaction_index: Some(mined.index),
        effective_gas_price: Some(mined.effective_gas_price),
        block_timestamp: Some(block.header.timestamp),
    }
}

/// The JSON form of a receipt.
pub fn receipt(block: &Block, mined: &Mined) -> ArbitrumReceipt {
    use alloy_consensus::Transaction as _;

    let mut logs = query::logs_of(block, mined);
    let inner: ReceiptEnvelope<Log> = mined.receipt().map_logs(|log| {
        logs.next().unwrap_or_else(|| Log {
            inner: log,
            ..Log::default()
        })
    });
    let receipt = TransactionReceipt {
        inner,
        transaction_hash: mined.hash(),
        transaction_index: Some(mined.index),
        block_hash: Some(block.hash),
        block_number: Some(block.header.number),
        gas_used: mined.gas_used,
        effective_gas_price: mined.effective_gas_price,
        blob_gas_used: None,
        blob_gas_price: None,
        from: mined.tx.signer(),
        to: mined.tx.to(),
        contract_address: mined.contract,
    };
    ArbitrumReceipt {
        receipt,
        gas_used_for_l1: U64::from(mined.l1_gas),
        l1_block_number: U64::from(block.l1_number()),
        timeboosted: false,
    }
}
