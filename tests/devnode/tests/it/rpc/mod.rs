//! JSON-RPC, method by method and under strain.

mod aliases;
mod batch;
mod chain;
mod concurrency;
mod control;
mod deadlines;
mod errors;
mod filters;
mod network;
mod overrides;
mod proof;
mod sending;
mod settings;
pub(crate) mod subscriptions;
