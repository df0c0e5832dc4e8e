//! What a transaction knows and changes beside the EVM's own context.

/// Arbitrum's part of the execution context, one per transaction.
#[derive(Clone, Debug)]
pub struct Session {
    /// The ArbOS version whose rules apply.
    pub arbos_version: u64,
    /// L2 number of the block being built.
    pub l2_block: u64,
    /// Whether this is an `eth_call`, whose gas the per-transaction limit does not bind.
    pub is_call: bool,
}
