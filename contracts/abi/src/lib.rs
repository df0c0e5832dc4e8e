//! The one copy of Gimbal's off-chain bindings.
//!
//! - [`IVault`], [`IEngine`], [`IAdapter`]: generated from the Solidity files in `contracts/interfaces`.
//! - [`token`]: ERC-20 and wrapped ether.
//! - [`chainlink`]: price and sequencer-uptime feeds.
//! - [`uniswap`]: V3 factory, pool, position manager and router.
//! - [`arbitrum`]: the precompiles and the deployer that Stylus programs need.
//!
//! Every interface has an `Instance` with typed calls, the call structs themselves, and `abi::contract()`, its JSON ABI
//! as data (the keeper decodes revert data with it).

pub mod arbitrum;
pub mod chainlink;
pub mod token;
pub mod uniswap;

mod adapter;
mod engine;
mod vault;

pub use adapter::IAdapter;
pub use engine::IEngine;
pub use vault::IVault;

#[cfg(test)]
mod tests {
    use super::{IAdapter, IEngine, IVault};

    /// The three contracts share errors; where a signature is shared, its arguments mean the same, so that a reader of
    /// revert data need not know who raised it.
    #[test]
    fn shared_errors_have_one_meaning() {
        let all = [
            IVault::abi::contract(),
            IEngine::abi::contract(),
            IAdapter::abi::contract(),
        ];
        let mut seen = std::collections::BTreeMap::<String, Vec<String>>::new();
        for error in all.iter().flat_map(|abi| abi.errors()) {
            let names: Vec<String> = error
                .inputs
                .iter()
                .map(|input| input.name.clone())
                .collect();
            let first = seen
                .entry(error.signature())
                .or_insert_with(|| names.clone());
            assert_eq!(*first, names, "{}", error.signature());
        }
        assert!(seen.len() > 40, "{} errors", seen.len());
    }
}
