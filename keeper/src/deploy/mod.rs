//! A whole system on a chain: three programs created, activated, constructed and wired, and the seed if there is one.
//!
//! - [`Programs`]: wasm files as code.
//! - [`SystemSpec`]: what to build.
//! - [`deploy_system`]: builds it; run again, it does what is missing.
//! - [`Deployment`]: what was built, with the transaction and the gas of each step.

mod deployer;
mod program;
mod record;
mod spec;
mod system;

pub use deployer::create;
pub use program::{CODE_BYTES_MAX, Program, ProgramError, Programs, init_code};
pub use record::{Deployment, SCHEMA, Step};
pub use spec::{AssetSpec, GenesisSpec, SystemSpec};
pub use system::deploy_system;
