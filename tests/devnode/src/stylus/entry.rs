//! What a program is started with and what it ends with.

use alloy_primitives::{Address, Bytes, U256};

use super::{Rules, TrapReport, trace::Recording};

/// All that a run needs besides the program.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Input of the call.
    pub calldata: Bytes,
    /// {ink} Budget; see [`Rules::gas_to_ink`].
    pub ink: u64,
    /// Context of the call.
    pub data: EvmData,
    /// Rules in force.
    pub rules: Rules,
    /// Whether and where host calls are recorded.
    pub recording: Option<Recording>,
}

/// The context of a call, constant while it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvmData {
    /// The acting account: in a delegate call the caller's, not the code's.
    pub contract_address: Address,
    /// Caller.
    pub msg_sender: Address,
    /// {wei}
    pub msg_value: U256,
    /// Sender of the transaction.
    pub tx_origin: Address,
    /// {wei/gas}
    pub tx_gas_price: U256,
    /// {wei/gas}
    pub block_basefee: U256,
    /// Beneficiary of the block.
    pub block_coinbase: Address,
    /// {gas}
    pub block_gas_limit: u64,
    /// Number of the L1 block.
    pub block_number: u64,
    /// {s} since 1970
    pub block_timestamp: u64,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// What `msg_reentrant` says: 1 if the acting account has another frame open, else 0.
    pub reentrant: u32,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Which way.
    pub kind: OutcomeKind,
    /// What the program wrote as result; empty unless success or revert.
    pub output: Vec<u8>,
    /// {ink} What the meter held. 0 when out of ink.
    pub ink_left: u64,
    /// {gas} What the caller gets back: `floor(ink_left / ink_price)`, 0 when out of stack.
    pub gas_left: u64,
    /// Where and why it was stopped, unless it ended by itself.
    pub trap: Option<TrapReport>,
}

/// The ways in which a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomeKind {
    /// Status zero.
    Success,
    /// Another status: changes are undone, the output and the gas left go to the caller.
    Revert,
    /// A trap or a host function's error: as a revert with empty output.
    Failure,
    /// The ink is used up: out of gas.
    OutOfInk,
    /// The stack is used up: all gas is lost.
    OutOfStack,
}
