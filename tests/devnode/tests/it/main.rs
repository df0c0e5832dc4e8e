//! The node through real clients: transactions, calls and test methods over JSON-RPC.
//!
//! Programs are wat text, compressed and deployed as cargo-stylus does it.

mod activation;
mod anvil;
mod arbos;
mod batch;
mod cache_manager;
mod chain;
mod concurrency;
mod control;
mod deployer;
mod divergences;
mod errors;
mod filters;
mod fork;
mod frames;
mod gas_activation;
mod gas_calls;
mod gas_creates;
mod gas_memory;
mod gas_runs;
mod hostio_costs;
mod inspect;
mod measure;
mod messages;
mod mining;
mod node_interface;
mod overrides;
mod pool;
mod precompiles;
mod process;
mod programs;
mod proof;
mod readme;
mod rewind;
mod rig;
mod sending;
mod settings;
mod socket;
mod subscriptions;
mod tracing;
mod vectors;
mod versions;
