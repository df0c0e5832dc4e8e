//! The vault offers exactly what `IVault.sol` promises.

use gimbal_vault::Vault;
use stylus_sdk::{abi::Router, testing::TestVM};

mod interface;

const SOLIDITY: &str = include_str!("../../interfaces/IVault.sol");
const LIB: &str = include_str!("../src/lib.rs");
const ERRORS: &str = include_str!("../src/errors.rs");
const EVENTS: &str = include_str!("../src/events.rs");

#[test]
fn source_and_interface_agree() {
    let promised = interface::solidity(SOLIDITY);
    let offered = interface::rust(LIB, &[ERRORS, EVENTS]);
    assert_eq!(offered.functions, promised.functions);
    assert_eq!(offered.errors, promised.errors);
    assert_eq!(offered.events, promised.events);
    assert!(
        promised.functions.len() > 30 && promised.errors.len() > 25 && promised.events.len() > 15
    );
}

#[test]
fn every_promised_selector_is_routed() {
    let vm = TestVM::new();
    for signature in interface::solidity(SOLIDITY).signatures {
        let hash = alloy_primitives::keccak256(&signature);
        let selector = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
        let mut vault = Vault::from(&vm);
        let routed = <Vault as Router<Vault>>::route(&mut vault, selector, &[]);
        assert!(routed.is_some(), "{signature}");
    }
}

#[test]
fn the_lists_are_alphabetical() {
    assert!(interface::is_sorted(ERRORS));
    assert!(interface::is_sorted(EVENTS));
}
