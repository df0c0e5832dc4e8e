//! What a running program asks of the EVM, and the answers.
//!
//! The asking side has already charged base prices, data prices and fixed gas, checked what the program
//! must be able to afford, and counted storage accesses. The answering side looks at and changes state
//! and says what that costs.

use alloy_primitives::{Address, B256, Bytes, U256};

/// A question to the EVM. Every variant names the [`Reply`] that answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Read a slot of the acting account. The program caches it: asked once per slot and call.
    ///
    /// Reply: [`Reply::Value`] with the EIP-2929 price, 2,100 or 100.
    StorageLoad {
        /// The slot.
        key: B256,
    },
    /// Write slots of the acting account, never an empty list.
    ///
    /// Reply: [`Reply::Flush`].
    StorageFlush {
        /// Slot and new value, in the order in which the slots were first touched.
        entries: Vec<(B256, B256)>,
        /// {gas} What the writes must stay below.
        gas_budget: u64,
    },
    /// Read a transient slot of the acting account; the price is already paid.
    ///
    /// Reply: [`Reply::Value`] with 0 gas.
    TransientLoad {
        /// The slot.
        key: B256,
    },
    /// Write a transient slot of the acting account; the price is already paid.
    ///
    /// Reply: [`Reply::Done`] with 0 gas, or [`Reply::Refused`] in a static context.
    TransientStore {
        /// The slot.
        key: B256,
        /// The new value.
        value: B256,
    },
    /// Call another account. The reply is due when the callee has ended.
    ///
    /// Reply: [`Reply::Call`].
    Call {
        /// Which of the three kinds of call.
        kind: CallKind,
        /// The account whose code runs.
        to: Address,
        /// {wei} Zero but for [`CallKind::Call`].
        value: U256,
        /// Calldata.
        data: Bytes,
        /// {gas} What the program has left.
        gas_left: u64,
        /// {gas} What the callee shall get at most; at most `gas_left`.
        gas_req: u64,
    },
    /// Create a contract. The reply is due when the constructor has ended.
    ///
    /// Reply: [`Reply::Create`], or [`Reply::Refused`] in a static context or below the base price.
    Create {
        /// Where the contract goes.
        kind: CreateKind,
        /// Init code.
        code: Bytes,
        /// {wei}
        endowment: U256,
        /// {gas} What the program has left.
        gas_left: u64,
    },
    /// Emit a log; the price is already paid.
    ///
    /// Reply: [`Reply::Done`] with 0 gas, or [`Reply::Refused`] in a static context.
    Log {
        /// At most four.
        topics: Vec<B256>,
        /// What follows the topics.
        data: Bytes,
    },
    /// Balance of an account.
    ///
    /// Reply: [`Reply::Value`] with the price of touching the account.
    AccountBalance {
        /// The account.
        address: Address,
    },
    /// Code of an account. The program keeps the last one it saw.
    ///
    /// Reply: [`Reply::Code`] with the price of touching the account "with code". If that price exceeds
    /// `gas_left` the code may be empty: the program runs out of ink.
    AccountCode {
        /// The account.
        address: Address,
        /// {gas} What the program has left.
        gas_left: u64,
    },
    /// Code hash of an account.
    ///
    /// Reply: [`Reply::Value`] with the price of touching the account.
    AccountCodeHash {
        /// The account.
        address: Address,
    },
    /// Open more memory pages, at least one.
    ///
    /// Reply: [`Reply::Done`] with the price by the memory model, `u64::MAX` to refuse.
    AddPages {
        /// {page}
        pages: u16,
    },
}

/// An answer to a [`Request`]. Gas is bought by the program; running out then ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It is done.
    Done {
        /// {gas}
        gas: u64,
    },
    /// A word: storage value, balance or hash.
    Value {
        /// Big-endian.
        value: B256,
        /// {gas}
        gas: u64,
    },
    /// A code.
    Code {
        /// The whole code.
        code: Bytes,
        /// {gas}
        gas: u64,
    },
    /// How writing storage went.
    Flush {
        /// Whether the writes were made.
        outcome: FlushOutcome,
        /// {gas} Sum of the SSTORE prices; the whole budget when out of gas; 0 when refused.
        gas: u64,
    },
    /// How a call went.
    Call {
        /// Whether the callee ended well.
        success: bool,
        /// Output or revert data; empty after any other error.
        return_data: Bytes,
        /// {gas} Whole price of the call to the program.
        gas: u64,
    },
    /// How a creation went.
    Create {
        /// The new contract, `None` on any error.
        address: Option<Address>,
        /// Revert data of the constructor; empty otherwise.
        return_data: Bytes,
        /// {gas} Whole price of the creation to the program.
        gas: u64,
    },
    /// The context forbids it: the program fails with what gas it has left.
    Refused,
}

/// The kinds of call that a program can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// With value, in the callee's own storage.
    Call,
    /// In the caller's storage, with the caller's sender and value.
    Delegate,
    /// Without any change of state.
    Static,
}

/// Where a created contract goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateKind {
    /// By the creator's nonce.
    Create1,
    /// By salt and code.
    Create2 {
        /// The salt.
        salt: B256,
    },
}

/// How writing storage went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlushOutcome {
    /// All entries were written.
    Written,
    /// The budget was reached or exceeded.
    OutOfGas,
    /// The context is static; nothing was written.
    WriteProtected,
}
