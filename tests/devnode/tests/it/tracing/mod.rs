//! Tracers over transactions that mix programs and EVM code.

mod bounds;
mod calls;
mod evm;
mod host_calls;
mod panics;
mod parity;
mod scene;
mod state;
mod steps;
mod tree;
