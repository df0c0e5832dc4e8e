//! The adapter offers exactly what `IAdapter.sol` promises.

use gimbal_adapter::Adapter;
use stylus_sdk::{abi::Router, testing::TestVM};

#[path = "../../vault/tests/interface/mod.rs"]
mod interface;

const SOLIDITY: &str = include_str!("../../interfaces/IAdapter.sol");
const LIB: &str = include_str!("../src/lib.rs");
const ERRORS: &str = include_str!("../src/errors.rs");

#[test]
fn source_and_interface_agree() {
    let promised = interface::solidity(SOLIDITY);
    let offered = interface::rust(LIB, &[ERRORS]);
    assert_eq!(offered.functions, promised.functions);
    assert_eq!(offered.errors, promised.errors);
    assert_eq!(offered.events, promised.events);
    assert!(promised.functions.len() == 4 && promised.errors.len() == 9);
}

#[test]
fn every_promised_selector_is_routed() {
    let vm = TestVM::new();
    for signature in interface::solidity(SOLIDITY).signatures {
        let hash = alloy_primitives::keccak256(&signature);
        let selector = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
        let mut adapter = Adapter::from(&vm);
        let routed = <Adapter as Router<Adapter>>::route(&mut adapter, selector, &[]);
        assert!(routed.is_some(), "{signature}");
    }
}

#[test]
fn the_list_is_alphabetical() {
    assert!(interface::is_sorted(ERRORS));
}
