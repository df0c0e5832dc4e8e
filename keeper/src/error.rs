//! What can end an action, and the exit code that it maps to.

use std::path::PathBuf;
use std::time::Duration;

use alloy::primitives::{Address, B256};

use crate::config::ConfigError;
use crate::decode::Revert;
use crate::deploy::ProgramError;
use crate::key::KeyError;
use crate::rpc::{CallError, RpcError};

/// Why an action did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A configuration that cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A signing key that cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A program that cannot be deployed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The node is another chain's.
    #[error("the node at {endpoint} is of chain {got}, not of chain {want}")]
    WrongChain {
        /// The node, secrets hidden.
        endpoint: String,
        /// Its chain.
        got: u64,
        /// The configured chain, or the one that it was of before.
        want: u64,
    },
    /// What the chain says does not fit what was asked for.
    #[error("{0}")]
    Mismatch(String),
    /// The node failed.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// A simulation or a view was refused; nothing was sent.
    #[error("{action} is refused: {revert}")]
    Refused {
        /// What was asked.
        action: String,
        /// What the contract said.
        revert: Revert,
    },
    /// A simulation ends in the breaker; nothing was sent.
    #[error("{action} would halt the vault (outcome {outcome}); nothing was sent")]
    WouldTrip {
        /// What was simulated.
        action: String,
        /// What the engine returned.
        outcome: u8,
    },
    /// A transaction is in a block and failed.
    #[error("{action} failed in transaction {tx}")]
    Reverted {
        /// What was sent.
        action: String,
        /// Its hash.
        tx: B256,
    },
    /// A transaction did not reach a block in time. It may still.
    #[error("{action}: no receipt of transaction {tx} within {waited:?}; it may still be executed")]
    NoReceipt {
        /// What was sent.
        action: String,
        /// Its hash.
        tx: B256,
        /// How long was waited.
        waited: Duration,
    },
    /// Somebody else sends with this key.
    #[error(
        "{action}: nonce {nonce} of {signer} was used by a transaction that is not ours; does another process use this key?"
    )]
    ForeignNonce {
        /// What was sent.
        action: String,
        /// The signer.
        signer: Address,
        /// The nonce.
        nonce: u64,
    },
    /// The signer cannot pay, in ether or in tokens.
    #[error("{action}: {signer} cannot pay for it: {reason}")]
    Funds {
        /// What was to be sent.
        action: String,
        /// The signer.
        signer: Address,
        /// What is missing, or the node's words.
        reason: String,
    },
    /// The base fee is above the configured limit.
    #[error("{action}: the base fee of {base_fee} wei is above the limit of {limit} wei")]
    FeeTooHigh {
        /// What was to be sent.
        action: String,
        /// Wei per gas.
        base_fee: u128,
        /// Wei per gas.
        limit: u128,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {reason}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
}

impl Error {
    /// The exit code of the command line: 1 unexpected, 3 configuration, 4 node, 5 refused in simulation, 6 failed on
    /// chain or without a receipt.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_)
            | Self::Key(_)
            | Self::Program(_)
            | Self::WrongChain { .. }
            | Self::Mismatch(_) => 3,
            Self::Rpc(RpcError::Url(_)) => 3,
            Self::Rpc(_) => 4,
            Self::Refused { .. } | Self::WouldTrip { .. } => 5,
            Self::Reverted { .. } | Self::NoReceipt { .. } | Self::ForeignNonce { .. } => 6,
            Self::Funds { .. } | Self::FeeTooHigh { .. } | Self::Write { .. } => 1,
        }
    }

    /// A failed call as an error of an action.
    pub(crate) fn of_call(action: impl Into<String>, error: CallError) -> Self {
        match error {
            CallError::Revert(revert) => Self::Refused {
                action: action.into(),
                revert,
            },
            CallError::Rpc(error) => Self::Rpc(error),
        }
    }
}
