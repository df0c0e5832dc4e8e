//! Executions that change nothing: calls, estimates, made-up blocks, and what was mined once more.
//!
//! [`call`] answers calls and `estimate` tells their gas; `overrides` lays differences over the state,
//! `unsigned` tells what posting would take before a transaction is signed, and `node_interface` answers
//! in place of a contract. [`access`] lists what a call touches, [`simulate`] makes up blocks of calls,
//! [`replay`] executes again what was mined, with an inspector that watches.

pub mod access;
pub mod call;
mod estimate;
pub(super) mod node_interface;
mod overrides;
pub mod replay;
pub mod simulate;
mod unsigned;
pub(super) mod wording;
