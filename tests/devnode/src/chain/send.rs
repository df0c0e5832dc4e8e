//! Taking a transaction: checks in geth's words, execution, a block.

use alloy_consensus::{Transaction, TxEnvelope, transaction::Recovered};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use revm::context::{
    TxEnv,
    either::Either,
    result::{EVMError, ExecutionResult, InvalidTransaction},
};
use thiserror::Error;

use super::{Chain, block::Mined};
use crate::{
    evm::{self, env},
    fork::StateError,
};

/// Why a transaction is not taken. The words are geth's and Nitro's, which clients match on.
#[derive(Debug, Error)]
pub enum TxError {
    /// The nonce was used.
    #[error("nonce too low: address {address}, tx: {tx} state: {state}")]
    NonceTooLow {
        /// The sender.
        address: Address,
        /// The transaction's nonce.
        tx: u64,
        /// The account's nonce.
        state: u64,
    },
    /// An earlier transaction is missing.
    #[error("nonce too high: address {address}, tx: {tx} state: {state}")]
    NonceTooHigh {
        /// The sender.
        address: Address,
        /// The transaction's nonce.
        tx: u64,
        /// The account's nonce.
        state: u64,
    },
    /// The sender cannot pay.
    #[error(
        "insufficient funds for gas * price + value: address {address} have {have} want {want}"
    )]
    InsufficientFunds {
        /// The sender.
        address: Address,
        /// {wei}
        have: U256,
        /// {wei}
        want: U256,
    },
    /// The fee cap is below the base fee.
    #[error(
        "max fee per gas less than block base fee: address {address}, maxFeePerGas: {cap}, baseFee: {base_fee}"
    )]
    FeeCapTooLow {
        /// The sender.
        address: Address,
        /// {wei/gas}
        cap: u128,
        /// {wei/gas}
        base_fee: u64,
    },
    /// The tip exceeds the fee cap.
    #[error(
        "max priority fee per gas higher than max fee per gas: address {address}, maxPriorityFeePerGas: {tip}, maxFeePerGas: {cap}"
    )]
    TipAboveFeeCap {
        /// The sender.
        address: Address,
        /// {wei/gas}
        tip: u128,
        /// {wei/gas}
        cap: u128,
    },
    /// The sender is a contract.
    #[error("sender not an eoa: address {address}, len(code): {len}")]
    SenderNotEoa {
        /// The sender.
        address: Address,
        /// {byte}
        len: usize,
    },
    /// Signed for another chain.
    #[error("invalid chain id for signer: have {have} want {want}")]
    ChainId {
        /// The transaction's chain id.
        have: u64,
        /// Ours.
        want: u64,
    },
    /// Too little gas to start.
    #[error("intrinsic gas too low: have {have}, want {want}")]
    IntrinsicGas {
        /// {gas}
        have: u64,
        /// {gas}
        want: u64,
    },
    /// Init code too large.
    #[error("max initcode size exceeded: code size {size} limit {limit}")]
    InitCodeSize {
        /// {byte}
        size: usize,
        /// {byte}
        limit: usize,
    },
    /// Blob transactions do not exist on Arbitrum.
    #[error("transaction type not supported")]
    Type,
    /// State could not be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// Anything else that revm refuses.
    #[error("{0}")]
    Other(String),
}

impl Chain {
    /// Executes a transaction in a block of its own and returns its hash.
    pub fn send(&mut self, tx: Recovered<TxEnvelope>) -> Result<B256, TxError> {
        let mut building = self.begin()?;
        let hash = self.include(&mut building, tx)?;
        self.seal(building);
        Ok(hash)
    }

    pub(super) fn check(&self, tx: &Recovered<TxEnvelope>, base_fee: u64) -> Result<(), TxError> {
        let address = tx.signer();
        if tx.is_eip4844() {
            return Err(TxError::Type);
        }
        let want = self.chain_id();
        if let Some(have) = tx.chain_id().filter(|have| *have != want) {
            return Err(TxError::ChainId { have, want });
        }
        let (cap, tip) = (
            tx.max_fee_per_gas(),
            tx.max_priority_fee_per_gas().unwrap_or(0),
        );
        if tip > cap {
            return Err(TxError::TipAboveFeeCap { address, tip, cap });
        }
        if cap < u128::from(base_fee) {
            return Err(TxError::FeeCapTooLow {
                address,
                cap,
                base_fee,
            });
        }
        let view = self.latest();
        let basic = view.account(&address)?.unwrap_or_default();
        let (tx_nonce, state) = (tx.nonce(), basic.nonce);
        if tx_nonce < state {
            return Err(TxError::NonceTooLow {
                address,
                tx: tx_nonce,
                state,
            });
        }
        if tx_nonce > state {
            return Err(TxError::NonceTooHigh {
                address,
                tx: tx_nonce,
                state,
            });
        }
        let code = view.code_of(&address)?;
        if !code.is_empty() && !code.is_eip7702() && !self.is_unlocked(&address) {
            return Err(TxError::SenderNotEoa {
                address,
                len: code.len(),
            });
        }
        let fee = U256::from(tx.gas_limit()) * U256::from(cap);
        let (have, want) = (basic.balance, fee.saturating_add(tx.value()));
        if have < want {
            return Err(TxError::InsufficientFunds {
                address,
                have,
                want,
            });
        }
        Ok(())
    }
}

/// Tips are dropped: whatever the transaction offers, it pays `price`.
pub(super) fn environment(tx: &Recovered<TxEnvelope>, price: u128) -> TxEnv {
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

pub(super) fn refusal(tx: &TxEnvelope, error: evm::Error) -> TxError {
    match error {
        EVMError::Transaction(InvalidTransaction::CallGasCostMoreThanGasLimit {
            initial_gas,
            gas_limit,
        }) => TxError::IntrinsicGas {
            have: gas_limit,
            want: initial_gas,
        },
        EVMError::Transaction(InvalidTransaction::CreateInitCodeSizeLimit) => {
            TxError::InitCodeSize {
                size: tx.input().len(),
                limit: 2 * env::CODE_SIZE_MAX,
            }
        }
        EVMError::Database(error) => TxError::State(error),
        other => TxError::Other(other.to_string()),
    }
}

/// What a transaction did, without its place in the block.
pub(super) fn outcome(tx: Recovered<TxEnvelope>, price: u128, result: ExecutionResult) -> Mined {
    let contract = match tx.kind() {
        TxKind::Create => Some(tx.signer().create(tx.nonce())),
        TxKind::Call(_) => None,
    };
    Mined {
        success: result.is_success(),
        gas_used: result.tx_gas_used(),
        effective_gas_price: price,
        contract,
        output: result.output().cloned().unwrap_or_else(Bytes::new),
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
