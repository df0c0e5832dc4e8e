//! Gas and ink to the last unit, each test with its arithmetic.

mod accounts;
mod activation;
mod calls;
mod creates;
mod host_calls;
pub(crate) mod measure;
mod memory;
mod runs;
