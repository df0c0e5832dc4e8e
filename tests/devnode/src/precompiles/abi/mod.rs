//! Solidity interfaces of Arbitrum's precompiles, as far as they are implemented.

mod gas;
mod l1;
mod owner;
mod stylus;
mod system;
mod tables;

pub(super) use gas::{ArbGasInfo, ArbStatistics};
pub(super) use l1::{ArbAggregator, ArbRetryableTx};
pub(super) use owner::{ArbOwner, ArbOwnerPublic};
pub(super) use stylus::{ArbWasm, ArbWasmCache};
pub(super) use system::{ArbDebug, ArbInfo, ArbSys, ArbosTest};
pub(super) use tables::{ArbAddressTable, ArbFunctionTable};
