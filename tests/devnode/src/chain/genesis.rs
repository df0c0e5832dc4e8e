//! The chain's first state.

use std::str::FromStr;

use alloy_primitives::{Address, Bytes, U256, address};
use revm::state::Bytecode;

use super::state::{Basic, State};
use crate::{
    arbos::{self, genesis::CACHE_MANAGER},
    config::Config,
    fork::StateError,
    precompiles,
};

/// Arachnid's CREATE2 factory.
pub const CREATE2_FACTORY: Address = address!("0x4e59b44847b379578588920ca78fbf26c0b4956c");

/// The contract through which cargo-stylus runs constructors.
pub const STYLUS_DEPLOYER: Address = address!("0xcEcba2F1DC234f70Dd89F2041029807F8D03A990");

/// {byte} How much native code the cache holds, as on Arbitrum One.
const CACHE_LEN: u64 = 512 << 20;

const CREATE2_FACTORY_CODE: &str = include_str!("../../data/create2-factory.hex");
const CACHE_MANAGER_CODE: &str = include_str!("../../data/cache-manager.hex");
const STYLUS_DEPLOYER_CODE: &str = include_str!("../../data/stylus-deployer.hex");

/// Funded accounts, ArbOS state, precompile accounts and the usual deployers.
pub fn state(config: &Config) -> Result<State, StateError> {
    let mut state = State::default();
    for address in config.funded() {
        state.set_basic(
            address,
            Some(Basic {
                balance: config.balance,
                ..Basic::default()
            }),
        )?;
    }
    contract(&mut state, CREATE2_FACTORY, CREATE2_FACTORY_CODE)?;
    contract(&mut state, STYLUS_DEPLOYER, STYLUS_DEPLOYER_CODE)?;
    contract(&mut state, CACHE_MANAGER, CACHE_MANAGER_CODE)?;
    // Its size, of the fields that lie in the first slot the lowest; no bids, and none decay.
    state.set_slot(CACHE_MANAGER, U256::ZERO, U256::from(CACHE_LEN))?;
    for address in precompiles::arbitrum_addresses(config.arbos_version) {
        // Solidity looks at EXTCODESIZE before it calls.
        let code = Bytecode::new_legacy(Bytes::from_static(&[0xFE]));
        state.set_code(address, code)?;
    }
    for (slot, value) in arbos::genesis::slots(config.chain_id, config.arbos_version) {
        state.set_slot(arbos::slots::ARBOS, slot, value)?;
    }
    // A nonce keeps the account from being empty, and so deleted when touched.
    state.set_basic(
        arbos::slots::ARBOS,
        Some(Basic {
            nonce: 1,
            ..Basic::default()
        }),
    )?;
    Ok(state)
}

fn contract(state: &mut State, address: Address, hex: &str) -> Result<(), StateError> {
    let code = Bytes::from_str(hex.trim()).unwrap_or_default();
    state.set_basic(
        address,
        Some(Basic {
            nonce: 1,
            balance: U256::ZERO,
            ..Basic::default()
        }),
    )?;
    state.set_code(address, Bytecode::new_legacy(code))
}

#[cfg(test)]
mod tests {
    use alloy_primitives::keccak256;

    use super::*;

    #[test]
    fn the_deployers_have_their_code() {
        let state = state(&Config::default()).unwrap();
        let code = |address| {
            state
                .basic(&address)
                .unwrap()
                .map(|basic| state.code(&basic.code_hash).unwrap().len())
        };
        assert_eq!(code(CREATE2_FACTORY), Some(69));
        assert_eq!(code(STYLUS_DEPLOYER), Some(2269));
        assert_ne!(
            keccak256(STYLUS_DEPLOYER_CODE),
            keccak256(CREATE2_FACTORY_CODE)
        );
    }
}
