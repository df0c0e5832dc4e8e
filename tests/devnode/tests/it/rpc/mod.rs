//! JSON-RPC, method by method and under strain.

mod aliases;
mod batch;
mod browsers;
mod chain;
mod concurrency;
mod control;
mod deadlines;
mod dumps;
mod errors;
mod filters;
mod limits;
mod lookups;
mod network;
mod overrides;
mod patience;
mod proof;
mod sending;
mod settings;
mod shutdown;
mod simulate;
pub(crate) mod subscriptions;
mod typed_data;
