//! Tracers over transactions that mix programs and EVM code.

mod bounds;
mod calls;
mod host_calls;
mod panics;
mod scene;
mod state;
mod steps;
mod tree;
