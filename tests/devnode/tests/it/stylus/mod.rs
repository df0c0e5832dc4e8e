//! Stylus programs: from deployment to expiry, and among EVM contracts.

mod activation;
mod cache_manager;
mod deployer;
mod frames;
mod programs;
mod versions;
