//! The contract and `IEngine.sol` say the same.

use std::{collections::BTreeSet, string::String, vec::Vec};

use alloy_sol_types::SolInterface;
use stylus_sdk::abi::AbiType;

use crate::{
    abi::{Asset, Limits, Trade},
    testing::{Scene, interfaces::IEngine},
};

const INTERFACE: &str = include_str!("../../../interfaces/IEngine.sol");
const CONTRACT: &str = include_str!("../lib.rs");

/// Statements that begin with a keyword, on one line each, without comments.
fn statements(source: &str, keyword: &str) -> Vec<String> {
    let lines = source
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    let text = lines.collect::<Vec<_>>().join(" ");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let found = text.split([';', '{', '}']).map(words);
    let found = found.filter(|statement| statement.starts_with(keyword));
    found
        .map(|s| s.replace("( ", "(").replace(" )", ")"))
        .collect()
}

#[test]
fn errors_are_those_of_the_interface() {
    let ours = statements(include_str!("../errors.rs"), "error ");
    assert_eq!(ours, statements(INTERFACE, "error "));
    assert_eq!(ours.len(), IEngine::IEngineErrors::COUNT);
    assert!(ours.is_sorted());
}

#[test]
fn events_are_those_of_the_interface() {
    let ours = statements(include_str!("../events.rs"), "event ");
    assert_eq!(ours, statements(INTERFACE, "event "));
    assert_eq!(ours.len(), IEngine::IEngineEvents::COUNT);
    assert!(ours.is_sorted());
}

#[test]
fn every_function_of_the_interface_is_routed() {
    // Calls without arguments run, the others fail to decode; an unknown selector is not routed at all.
    for selector in IEngine::IEngineCalls::SELECTORS {
        drop(Scene::new().call_raw(*selector, &[]));
    }
}

#[test]
fn there_is_no_function_beyond_the_interface() {
    let public = CONTRACT.split("#[public]").nth(1).unwrap();
    let ours = public.matches("    pub fn ").count();
    // The constructor has a selector of the SDK's own.
    assert_eq!(ours, IEngine::IEngineCalls::COUNT + 1);
}

#[test]
fn views_cannot_write_and_the_others_can() {
    let public = CONTRACT.split("#[public]").nth(1).unwrap();
    let name = |solidity: &str| -> String {
        let letters = solidity.chars().map(|c| match c {
            c if c.is_uppercase() => format!("_{}", c.to_lowercase()),
            c => c.into(),
        });
        letters.collect()
    };
    let mut seen = BTreeSet::new();
    for function in statements(INTERFACE, "function ") {
        let solidity = function["function ".len()..].split('(').next().unwrap();
        let ours = public
            .split(&format!("pub fn {}(", name(solidity)))
            .nth(1)
            .unwrap();
        let writes = ours.trim_start().starts_with("&mut self");
        assert_ne!(writes, function.contains(" view "), "{solidity}");
        seen.insert(solidity.to_owned());
    }
    assert_eq!(seen.len(), IEngine::IEngineCalls::COUNT);
}

#[test]
fn structs_are_those_of_the_interface() {
    use alloy_sol_types::SolStruct;

    fn shape<S: SolStruct>() -> String {
        // "Name(type field,...)" to "(type,...)"
        let root = S::eip712_root_type();
        let fields = root
            .split('(')
            .nth(1)
            .unwrap()
            .trim_end_matches(')')
            .to_owned();
        let types = fields
            .split(',')
            .map(|field| field.split(' ').next().unwrap());
        format!("({})", types.collect::<Vec<_>>().join(","))
    }
    assert_eq!(Asset::SELECTOR_ABI.as_str(), shape::<IEngine::Asset>());
    assert_eq!(Limits::SELECTOR_ABI.as_str(), shape::<IEngine::Limits>());
    assert_eq!(Trade::SELECTOR_ABI.as_str(), shape::<IEngine::Trade>());
}

#[test]
fn widths_are_those_of_the_types() {
    fn bytes(selector: &str) -> Vec<usize> {
        let types = selector.trim_matches(['(', ')']).split(',');
        let width = |name: &str| match name.strip_prefix("uint") {
            Some(bits) => bits.parse::<usize>().unwrap() / 8,
            None => 20,
        };
        types.map(width).collect()
    }
    assert_eq!(bytes(Asset::SELECTOR_ABI.as_str()), Asset::BYTES);
    assert_eq!(bytes(Limits::SELECTOR_ABI.as_str()), Limits::BYTES);
}

#[test]
fn a_word_that_does_not_fit_its_type_is_refused() {
    use alloy_sol_types::SolCall;

    let call = IEngine::setLimitsCall {
        limits: crate::testing::limits(),
    };
    let mut data = call.abi_encode()[4..].to_vec();
    assert!(
        Scene::owned()
            .call_raw(IEngine::setLimitsCall::SELECTOR, &data)
            .is_ok()
    );
    // The second lowest byte of a uint16 is its own, the third is not.
    data[29] = 1;
    assert!(
        Scene::owned()
            .call_raw(IEngine::setLimitsCall::SELECTOR, &data)
            .is_err()
    );
}
