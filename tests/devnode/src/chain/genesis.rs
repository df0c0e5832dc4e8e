//! The chain's first state.

use std::str::FromStr;

use alloy_primitives::{Address, Bytes, U256, address};
use revm::{primitives::KECCAK_EMPTY, state::Bytecode};

use super::state::{State, account::Basic};
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
    install(&mut state, config)?;
    fund(&mut state, config)?;
    Ok(state)
}

/// Gives the funded accounts their balance. Of a delegation (EIP-7702) they are rid: on public
/// chains these accounts, whose keys everybody knows, delegate to those who empty them.
pub fn fund(state: &mut State, config: &Config) -> Result<(), StateError> {
    for address in config.funded() {
        let basic = state.basic(&address)?.unwrap_or_default();
        let balance = config.balance;
        let code_hash = match state.code(&basic.code_hash)?.is_eip7702() {
            true => KECCAK_EMPTY,
            false => basic.code_hash,
        };
        let funded = Basic {
            balance,
            code_hash,
            ..basic
        };
        state.set_basic(address, Some(funded))?;
    }
    Ok(())
}

/// The accounts that [`install`] looks at.
pub fn contracts(arbos_version: u64) -> Vec<Address> {
    precompiles::arbitrum_addresses(arbos_version)
        .chain([CREATE2_FACTORY, STYLUS_DEPLOYER, CACHE_MANAGER])
        .chain([arbos::slots::ARBOS])
        .collect()
}

/// Lays ArbOS state, precompile accounts and the usual deployers over a state that has no ArbOS.
/// Code that is there stays.
pub fn install(state: &mut State, config: &Config) -> Result<(), StateError> {
    contract(state, CREATE2_FACTORY, CREATE2_FACTORY_CODE)?;
    contract(state, STYLUS_DEPLOYER, STYLUS_DEPLOYER_CODE)?;
    if state.basic(&CACHE_MANAGER)?.is_none() {
        contract(state, CACHE_MANAGER, CACHE_MANAGER_CODE)?;
        // Its size, of the fields that lie in the first slot the lowest; no bids, and none decay.
        state.detach(CACHE_MANAGER);
        state.set_slot(CACHE_MANAGER, U256::ZERO, U256::from(CACHE_LEN))?;
    }
    for address in precompiles::arbitrum_addresses(config.arbos_version) {
        put_code(state, address, precompiles::code().original_bytes())?;
    }
    state.detach(arbos::slots::ARBOS);
    for (slot, value) in arbos::genesis::slots(config.chain_id, config.arbos_version) {
        state.set_slot(arbos::slots::ARBOS, slot, value)?;
    }
    // A nonce keeps the account from being empty, and so deleted when touched.
    let arbos = state.basic(&arbos::slots::ARBOS)?.unwrap_or_default();
    let nonce = arbos.nonce.max(1);
    state.set_basic(arbos::slots::ARBOS, Some(Basic { nonce, ..arbos }))
}

fn contract(state: &mut State, address: Address, hex: &str) -> Result<(), StateError> {
    let code = Bytes::from_str(hex.trim()).unwrap_or_default();
    let basic = state.basic(&address)?.unwrap_or_default();
    let nonce = basic.nonce.max(1);
    state.set_basic(address, Some(Basic { nonce, ..basic }))?;
    put_code(state, address, code)
}

fn put_code(state: &mut State, address: Address, code: Bytes) -> Result<(), StateError> {
    let basic = state.basic(&address)?.unwrap_or_default();
    match basic.code_hash == KECCAK_EMPTY {
        true => state.set_code(address, Bytecode::new_legacy(code)),
        false => Ok(()),
    }
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
