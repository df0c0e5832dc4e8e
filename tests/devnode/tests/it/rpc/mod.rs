//! JSON-RPC, method by method and under strain.

mod batch;
mod chain;
mod concurrency;
mod control;
mod deadlines;
mod errors;
mod filters;
mod overrides;
mod proof;
mod sending;
mod settings;
pub(crate) mod subscriptions;
