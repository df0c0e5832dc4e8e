//! The story on a chain that is already running: who pays, how much at most, how long it takes.
//!
//! - [`target`]: what the chain is and can.
//! - [`key`]: where the payer's key comes from.
//! - [`purse`]: the accounts of one run and their ether.
//! - [`Error`]: why the demo ended early.

pub mod key;
pub mod purse;
pub mod target;

use alloy::primitives::{Address, U256, utils::format_ether};
use gimbal_keeper::key::KeyError;

/// Why the demo did not start, or not end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The chain is not a development chain, and nobody gave a key.
    #[error(
        "chain {chain_id} needs a funded key: set {} or give --keystore FILE with --password-file FILE",
        key::VARIABLE
    )]
    NoKey {
        /// The chain.
        chain_id: u64,
    },
    /// A key that cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The variable holds no key.
    #[error("{} holds no private key (64 hexadecimal digits)", key::VARIABLE)]
    NotAKey,
    /// The payer cannot afford it.
    #[error("{payer} holds {} ETH; the demo may need {} ETH", format_ether(*.held), format_ether(*.needed))]
    Funds {
        /// Who pays.
        payer: Address,
        /// {wei}.
        held: U256,
        /// {wei}.
        needed: U256,
    },
    /// Nobody agreed to the costs.
    #[error("nothing was sent: {0}")]
    Declined(&'static str),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// The node does not answer.
    #[error("no node answers at {0}")]
    Unreachable(String),
    /// The chain cannot run the contracts.
    #[error("chain {chain_id} at {endpoint} {lack}")]
    Unsuitable {
        /// The chain.
        chain_id: u64,
        /// Scheme, host and port.
        endpoint: String,
        /// What it lacks.
        lack: &'static str,
    },
}

impl Error {
    /// 4 where the node does not answer, 130 after Ctrl-C, 3 for everything that the caller can put right.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Unreachable(_) => 4,
            Self::Interrupted => 130,
            _ => 3,
        }
    }
}
