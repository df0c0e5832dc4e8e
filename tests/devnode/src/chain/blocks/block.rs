//! Blocks, the transactions in them and their outcomes.

use alloy_consensus::{
    EMPTY_OMMER_ROOT_HASH, Eip658Value, Header, Receipt, ReceiptEnvelope, TxEnvelope, TxType,
    proofs::{calculate_receipt_root, calculate_transaction_root},
    transaction::Recovered,
};
use alloy_primitives::{Address, B64, B256, Bloom, Bytes, Log, U256};
use serde::{Deserialize, Serialize};

use crate::chain::state::undo::Position;

/// A transaction in a block, with what it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mined {
    /// The signed transaction. An impersonated sender leaves a placeholder signature.
    pub tx: Recovered<TxEnvelope>,
    /// Whether it was not reverted.
    pub success: bool,
    /// {gas} after refunds.
    pub gas_used: u64,
    /// {gas} What of it posting the transaction on L1 took.
    #[serde(default)]
    pub l1_gas: u64,
    /// {wei/gas}
    pub effective_gas_price: u128,
    /// Address of the contract that it created.
    pub contract: Option<Address>,
    /// Logs in order.
    pub logs: Vec<Log>,
    /// Return or revert data.
    pub output: Bytes,
    /// Its place in the block.
    pub index: u64,
    /// {gas} Used in the block up to its end.
    pub cumulative_gas: u64,
    /// Number of logs before its own in the block.
    pub first_log: u64,
    /// Where the undo log stood before it: [`View::past`](crate::chain::state::view::View::past) of this is the state
    /// that it saw, edits between blocks included.
    pub start: Position,
}

impl Mined {
    /// The transaction's hash.
    pub fn hash(&self) -> B256 {
        *self.tx.tx_hash()
    }

    /// The consensus receipt.
    pub fn receipt(&self) -> ReceiptEnvelope {
        let receipt = Receipt {
            status: Eip658Value::Eip658(self.success),
            cumulative_gas_used: self.cumulative_gas,
            logs: self.logs.clone(),
        }
        .with_bloom();
        match self.tx.tx_type() {
            TxType::Legacy => ReceiptEnvelope::Legacy(receipt),
            TxType::Eip2930 => ReceiptEnvelope::Eip2930(receipt),
            TxType::Eip1559 => ReceiptEnvelope::Eip1559(receipt),
            TxType::Eip7702 => ReceiptEnvelope::Eip7702(receipt),
            _ => ReceiptEnvelope::Eip4844(receipt),
        }
    }
}

/// A sealed block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// Header in Nitro's form: see [`seal`].
    pub header: Header,
    /// Keccak of the header.
    pub hash: B256,
    /// Its transactions in order.
    pub txs: Vec<Mined>,
    /// Where the undo log stood after the block.
    pub position: Position,
}

impl Block {
    /// How many messages had been sent to L1 after the block.
    pub fn send_count(&self) -> u64 {
        mixed(&self.header.mix_hash, 0)
    }

    /// `block.number` of its transactions: the block number of L1 at the time.
    pub fn l1_number(&self) -> u64 {
        mixed(&self.header.mix_hash, 1)
    }
}

/// One of the numbers that `mixHash` consists of: see [`seal`].
pub fn mixed(mix_hash: &B256, index: usize) -> u64 {
    let bytes = mix_hash.as_chunks::<8>().0.get(index);
    bytes.map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// What the header of a new block takes from the chain.
#[derive(Clone, Copy, Debug)]
pub struct Seal {
    /// Hash of the parent; zero for genesis.
    pub parent: B256,
    /// Root of the state's trie after it; zero on a fork.
    pub state_root: B256,
    /// L2 block number.
    pub number: u64,
    /// {s}
    pub timestamp: u64,
    /// {wei/gas}
    pub base_fee: u64,
    /// `block.number` of its transactions. Written into `mixHash` as Nitro does, like the version.
    pub l1_number: u64,
    /// Who makes it.
    pub beneficiary: Address,
    /// {gas}
    pub gas_limit: u64,
    /// The rules that it follows.
    pub arbos_version: u64,
    /// How many messages were sent to L1, and the root of their tree.
    pub sends: (u64, B256),
}

/// Builds a block.
///
/// As in Nitro, `mixHash` holds the send count, the L1 block number and the ArbOS version (8 bytes
/// each), `difficulty` is 1 and `extraData` is the send root.
pub fn seal(seal: Seal, txs: Vec<Mined>, position: Position) -> Block {
    let mut mix_hash = B256::ZERO;
    mix_hash[..8].copy_from_slice(&seal.sends.0.to_be_bytes());
    mix_hash[8..16].copy_from_slice(&seal.l1_number.to_be_bytes());
    mix_hash[16..24].copy_from_slice(&seal.arbos_version.to_be_bytes());
    let receipts: Vec<_> = txs.iter().map(Mined::receipt).collect();
    let bodies: Vec<_> = txs.iter().map(|mined| mined.tx.inner().clone()).collect();
    let header = Header {
        parent_hash: seal.parent,
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        beneficiary: seal.beneficiary,
        state_root: seal.state_root,
        transactions_root: calculate_transaction_root(&bodies),
        receipts_root: calculate_receipt_root(&receipts),
        logs_bloom: receipts
            .iter()
            .fold(Bloom::ZERO, |bloom, receipt| bloom | *receipt.logs_bloom()),
        difficulty: U256::ONE,
        number: seal.number,
        gas_limit: seal.gas_limit,
        gas_used: txs.last().map_or(0, |mined| mined.cumulative_gas),
        timestamp: seal.timestamp,
        extra_data: seal.sends.1.into(),
        mix_hash,
        nonce: B64::ZERO,
        base_fee_per_gas: Some(seal.base_fee),
        ..Header::default()
    };
    Block {
        hash: header.hash_slow(),
        header,
        txs,
        position,
    }
}
