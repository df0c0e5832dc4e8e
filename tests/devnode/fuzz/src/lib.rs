//! What the fuzz targets do with their input.
//!
//! Each target must hold for any bytes: [`rpc`] for sequences of requests, [`program`] for wasm modules. A panic
//! anywhere is a finding, and so is an input that takes long or much memory (libFuzzer's own limits).

pub mod forms;
pub mod program;
pub mod rpc;
