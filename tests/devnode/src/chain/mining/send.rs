//! Taking a transaction: checks in geth's words, execution, a block.

use alloy_consensus::{Transaction, TxEnvelope, transaction::Recovered};
use alloy_eips::Encodable2718;
use alloy_primitives::{Address, B256, Signature, U256};
use revm::context::result::{EVMError, InvalidTransaction};
use thiserror::Error;

use super::{conditions::ConditionError, evm_form::environment};
use crate::{
    arbos::poster::Poster,
    chain::{Chain, rules_in, state::view::View},
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
    /// An account sends no more than 2^64 - 1 transactions (EIP-2681).
    #[error("nonce has max value: address {address}, nonce: {}", u64::MAX)]
    NonceMax {
        /// The sender.
        address: Address,
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
    /// It is in the pool.
    #[error("already known")]
    AlreadyKnown,
    /// Another one with its nonce is in the pool and offers as much.
    #[error("replacement transaction underpriced")]
    Underpriced,
    /// Another one with its nonce took its place in the pool.
    #[error("transaction was replaced by {by}")]
    Replaced {
        /// The other one's hash.
        by: B256,
    },
    /// It was taken out of the pool on request.
    #[error("transaction was dropped from the pool")]
    Dropped,
    /// The pool holds as much as it may.
    #[error("txpool is full")]
    PoolFull,
    /// It asks for more gas than a block has.
    #[error("exceeds block gas limit: have {have}, want at most {want}")]
    BlockGasLimit {
        /// {gas}
        have: u64,
        /// {gas}
        want: u64,
    },
    /// A condition that its sender made does not hold.
    #[error("condition not met: {0}")]
    Condition(#[from] Box<ConditionError>),
    /// State could not be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// Anything else that revm refuses.
    #[error("{0}")]
    Other(String),
}

impl Chain {
    /// Executes a transaction in a block of its own and returns its hash.
    pub(in crate::chain) fn send(&mut self, tx: Recovered<TxEnvelope>) -> Result<B256, TxError> {
        let before = self.state.position();
        let mut building = self.begin()?;
        let hash = self.include(&mut building, tx)?;
        self.seal_or_revert(building, before)?;
        Ok(hash)
    }

    /// Checks that the gas limit pays for the start and for L1 in the next block, which only execution
    /// does otherwise.
    pub(in crate::chain) fn check_start(&self, tx: &Recovered<TxEnvelope>) -> Result<(), TxError> {
        let (size, limit) = (tx.input().len(), 2 * env::CODE_SIZE_MAX);
        if tx.is_create() && size > limit {
            return Err(TxError::InitCodeSize { size, limit });
        }
        let view = self.next()?;
        let initial = rules_in(&view)?
            .gas_params
            .initial_tx_gas_for_tx(environment(tx, 0), None);
        let head = &self.head().header;
        let block = self.environment(head.number, head.timestamp, self.base_fee()?);
        let poster = Poster::of(&view, &tx.encoded_2718(), &block)?;
        let have = tx.gas_limit();
        let want = initial.initial_total_gas().saturating_add(poster.gas);
        if have < want {
            return Err(TxError::IntrinsicGas { have, want });
        }
        Ok(())
    }

    /// Checks that the sender may send: it has no code, or needs no signature now. Whoever was accepted
    /// may stop being impersonated before the transaction is mined.
    pub(in crate::chain) fn check_sender(&self, address: Address) -> Result<(), TxError> {
        let code = self.latest().code_of(&address)?;
        if code.is_empty() || code.is_eip7702() || self.is_unlocked(&address) {
            return Ok(());
        }
        let len = code.len();
        Err(TxError::SenderNotEoa { address, len })
    }

    /// Checks what can be checked without executing, and returns the sender's nonce, which is not
    /// above the transaction's.
    pub(in crate::chain) fn check(
        &self,
        view: &View<'_>,
        tx: &Recovered<TxEnvelope>,
        base_fee: u64,
    ) -> Result<u64, TxError> {
        let address = tx.signer();
        if tx.is_eip4844() {
            return Err(TxError::Type);
        }
        let want = self.chain_id();
        if let Some(have) = tx.chain_id().filter(|have| *have != want) {
            return Err(TxError::ChainId { have, want });
        }
        let (have, want) = (tx.gas_limit(), self.gas_limit);
        if have > want && want != env::BLOCK_GAS_LIMIT {
            return Err(TxError::BlockGasLimit { have, want });
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
        let basic = view.account(&address)?.unwrap_or_default();
        let (tx_nonce, state) = (tx.nonce(), basic.nonce);
        if tx_nonce < state {
            return Err(TxError::NonceTooLow {
                address,
                tx: tx_nonce,
                state,
            });
        }
        if tx_nonce == u64::MAX {
            return Err(TxError::NonceMax { address });
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
        Ok(state)
    }
}

/// No signature, but one that keeps equal transactions of two senders apart.
pub fn placeholder(from: Address) -> Signature {
    Signature::new(from.into_word().into(), U256::ONE, false)
}

pub(in crate::chain) fn refusal(tx: &TxEnvelope, error: evm::Error) -> TxError {
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
