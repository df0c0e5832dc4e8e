//! Errors and their JSON-RPC codes.

use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes, hex};
use alloy_sol_types::{Panic, Revert, SolError};
use jsonrpsee::types::{
    ErrorObjectOwned,
    error::{INTERNAL_ERROR_CODE, INVALID_PARAMS_CODE},
};
use thiserror::Error;

use super::simulate;
use crate::{
    chain::{
        blocks::query::QueryError,
        calls::{call::CallError, simulate::SimulationError},
        control::{deal::DealError, reorganise::RollbackError},
        dump::DumpError,
        fork::refork::ReforkError,
        mining::{conditions::ConditionError, send::TxError},
        state::proof::ProofError,
    },
    fork::StateError,
    trace::TraceError,
    wallet::WalletError,
};

/// geth's code for whatever has none of its own.
const SERVER_ERROR: i32 = -32000;

/// geth's code for reverted calls, whose data is the revert data.
const REVERTED: i32 = 3;

/// EIP-7966's code for a transaction that was not mined in time.
const NOT_MINED: i32 = 4;

/// EIP-1474's codes for a transaction that is refused, and for too large a request.
const REJECTED: i32 = -32003;
const LIMIT: i32 = -32005;

/// Why a method fails.
#[derive(Debug, Error)]
pub enum RpcError {
    /// The arguments do not have the method's form.
    #[error("Invalid params: {0}")]
    Arguments(String),
    /// The arguments have the form but make no sense.
    #[error("invalid params: {0}")]
    BadArguments(String),
    /// A transaction is not taken.
    #[error(transparent)]
    Transaction(#[from] TxError),
    /// A call has no result.
    #[error(transparent)]
    Call(#[from] CallError),
    /// There is no proof.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// There is no simulation.
    #[error(transparent)]
    Sequence(#[from] SimulationError),
    /// A block or state does not exist.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// There is no trace.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// State could not be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// A dump cannot be read or written.
    #[error(transparent)]
    Dump(#[from] DumpError),
    /// Blocks cannot be taken back.
    #[error(transparent)]
    Rollback(#[from] RollbackError),
    /// A token cannot be given.
    #[error(transparent)]
    Deal(#[from] DealError),
    /// A key cannot be had.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// A transaction is in the pool, and stayed there.
    #[error("the transaction was accepted but not mined within {} ms", patience.as_millis())]
    NoReceipt {
        /// Its hash.
        hash: B256,
        /// How long its sender waited.
        patience: Duration,
    },
    /// The sender has no key here.
    #[error("unknown account")]
    UnknownAccount,
    /// No filter has the id, any more.
    #[error("filter not found")]
    NoFilter,
    /// Nobody removes filters.
    #[error("more than {0} filters: uninstall some, or wait until they expire")]
    TooManyFilters(usize),
    /// A reader of accepted transactions was too slow.
    #[error("{0} transactions were accepted and forgotten before they were read")]
    Lagged(u64),
    /// A proof was asked for that covers state which was never read.
    #[error("a fork has the proofs of its upstream only, up to block {0}")]
    ProofLater(u64),
    /// The upstream's proof would be of another account.
    #[error("account {0} was changed on this fork before the block ended: it has no proof here")]
    ProofChanged(Address),
    /// A transaction that the upstream has is asked for in a way in which it cannot be found there.
    #[error(
        "transaction {nonce} of {sender} was sent before the fork, where none is found by its nonce"
    )]
    SentBefore {
        /// The sender.
        sender: Address,
        /// Its nonce.
        nonce: u64,
    },
    /// More than an answer holds.
    #[error("{what} take {} MiB, an answer holds {}: {instead}", have >> 20, want >> 20)]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// {byte}
        have: usize,
        /// {byte}
        want: usize,
        /// How to have it all the same.
        instead: &'static str,
    },
    /// The node is being shut down.
    #[error("the node is shutting down")]
    Closed,
    /// Our fault.
    #[error("internal error: {0}")]
    Internal(String),
}

impl From<ReforkError> for RpcError {
    fn from(error: ReforkError) -> Self {
        match error {
            ReforkError::State(error) => Self::State(error),
            other => Self::BadArguments(other.to_string()),
        }
    }
}

impl From<RpcError> for ErrorObjectOwned {
    fn from(error: RpcError) -> Self {
        let code = match error {
            RpcError::Call(CallError::Revert(data)) => return reverted(&data),
            RpcError::Call(CallError::Refused(_)) => {
                return Self::owned(REVERTED, error.to_string(), Some("0x"));
            }
            RpcError::Arguments(_)
            | RpcError::BadArguments(_)
            | RpcError::Trace(TraceError::Config(_) | TraceError::VmTrace) => INVALID_PARAMS_CODE,
            RpcError::NoReceipt { hash, .. } => {
                return Self::owned(NOT_MINED, error.to_string(), Some(hash));
            }
            RpcError::Transaction(TxError::Condition(ref failed)) => match **failed {
                ConditionError::TooMany(_) => LIMIT,
                _ => REJECTED,
            },
            RpcError::TooLarge { .. } => LIMIT,
            RpcError::Dump(DumpError::TooLarge(_)) => {
                let message = format!("{error}, and an answer holds no more: use --state");
                return Self::owned(LIMIT, message, None::<()>);
            }
            RpcError::Sequence(ref error) => simulate::code(error).unwrap_or(SERVER_ERROR),
            RpcError::Internal(_) => INTERNAL_ERROR_CODE,
            _ => SERVER_ERROR,
        };
        Self::owned(code, error.to_string(), None::<()>)
    }
}

fn reverted(data: &Bytes) -> ErrorObjectOwned {
    let mut message = String::from("execution reverted");
    if let Some(reason) = reason(data) {
        message.push_str(": ");
        message.push_str(&reason);
    }
    ErrorObjectOwned::owned(REVERTED, message, Some(hex::encode_prefixed(data)))
}

/// The text of `Error(string)` and `Panic(uint256)`.
pub fn reason(data: &[u8]) -> Option<String> {
    if let Ok(revert) = Revert::abi_decode(data) {
        return Some(revert.reason);
    }
    let panic = Panic::abi_decode(data).ok()?;
    Some(match panic.kind() {
        Some(kind) => format!("{} (0x{:x})", kind.as_str(), panic.code),
        None => format!("unknown panic code: 0x{:x}", panic.code),
    })
}
