//! The contract and `IEngine.sol` say the same. Selectors and signatures are compiled in from the file; the rest is here.

use std::vec::Vec;

use alloy_sol_types::{SolCall, SolEventInterface, SolInterface, SolStruct};

use crate::{
    abi::{Asset, Limits, Trade},
    testing::{Scene, interfaces::IEngine},
};

const INTERFACE: &str = include_str!("../../../interfaces/IEngine.sol");
const CONTRACT: &str = include_str!("../lib.rs");

/// Names of the interface's statements that begin with a keyword.
fn declared(keyword: &str) -> Vec<&'static str> {
    let lines = INTERFACE.lines().map(str::trim);
    let rest = lines.filter_map(|line| line.strip_prefix(keyword));
    rest.map(|line| line.split('(').next().unwrap()).collect()
}

/// Names in the list of a file.
fn listed(source: &str) -> Vec<&str> {
    let list = source.split("IEngine::{").nth(1).unwrap();
    let list = list.split('}').next().unwrap().split(',').map(str::trim);
    list.filter(|name| !name.is_empty()).collect()
}

#[test]
fn errors_are_those_of_the_interface() {
    let ours = listed(include_str!("../errors.rs"));
    assert_eq!(ours, declared("error "));
    assert_eq!(ours.len(), IEngine::IEngineErrors::COUNT);
    assert!(ours.is_sorted());
}

#[test]
fn every_error_is_raised_somewhere() {
    let sources = [
        include_str!("../breaker.rs"),
        include_str!("../errors.rs"),
        include_str!("../feed.rs"),
        include_str!("../lib.rs"),
        include_str!("../limits.rs"),
        include_str!("../listing.rs"),
        include_str!("../rebalance.rs"),
        include_str!("../registry.rs"),
        include_str!("../roles.rs"),
        include_str!("../sequencer.rs"),
        include_str!("../sources.rs"),
        include_str!("../trading.rs"),
    ]
    .concat();
    for name in declared("error ") {
        let mut calls = ["::of::<", "::at::<", "::wide::<"]
            .map(|call| format!("{call}{name}>("))
            .to_vec();
        calls.push(format!("{name}::SELECTOR"));
        assert!(calls.iter().any(|call| sources.contains(call)), "{name}");
    }
}

#[test]
fn events_are_those_of_the_interface() {
    let ours = listed(include_str!("../events.rs"));
    assert_eq!(ours, declared("event "));
    assert_eq!(ours.len(), IEngine::IEngineEvents::COUNT);
    assert!(ours.is_sorted());
}

#[test]
fn every_function_of_the_interface_is_routed_and_no_other() {
    // Calls without arguments run, the others fail to decode; an unknown selector is not routed at all.
    for selector in IEngine::IEngineCalls::SELECTORS {
        drop(Scene::new().call_raw(*selector, &[]));
    }
    assert_eq!(
        CONTRACT.matches("            interface::").count(),
        IEngine::IEngineCalls::COUNT
    );
}

#[test]
fn views_write_nothing() {
    for line in INTERFACE.split("function ").skip(1) {
        let (name, rest) = line.split_once('(').unwrap();
        if !rest.split(';').next().unwrap().contains(" view") {
            continue;
        }
        let mut calls = IEngine::IEngineCalls::SELECTORS.iter();
        let selector = calls.find(|selector| {
            let signature = IEngine::IEngineCalls::signature_by_selector(**selector).unwrap();
            signature.split('(').next().unwrap() == name
        });
        let mut scene = Scene::new();
        let before = scene.vm.snapshot();
        scene.call_raw(*selector.unwrap(), &[0; 32]).unwrap();
        let after = scene.vm.snapshot();
        assert_eq!(before.storage, after.storage, "{name}");
        assert_eq!(before.emitted_logs, after.emitted_logs, "{name}");
        assert_eq!(scene.world.borrow().mutations, 0, "{name}");
    }
}

#[test]
fn widths_are_those_of_the_types() {
    /// Bytes of each field that is a word.
    fn bytes<S: SolStruct>() -> Vec<usize> {
        // "Name(type field,...)"
        let root = S::eip712_root_type();
        let fields = root.split(['(', ')']).nth(1).unwrap().to_owned();
        let types = fields
            .split(',')
            .map(|field| field.split(' ').next().unwrap());
        let bytes = types.filter_map(|name| match name.strip_prefix("uint") {
            Some(bits) => Some(bits.parse::<usize>().unwrap() / 8),
            None => (name == "address").then_some(20),
        });
        bytes.collect()
    }
    assert_eq!(bytes::<IEngine::Asset>(), Asset::BYTES);
    assert_eq!(bytes::<IEngine::Limits>(), Limits::BYTES);
    assert_eq!(bytes::<IEngine::Trade>(), Trade::BYTES);
}

#[test]
fn a_word_that_does_not_fit_its_type_is_refused() {
    let call = IEngine::setLimitsCall {
        limits: crate::testing::limits(),
    };
    let good = call.abi_encode()[4..].to_vec();
    assert!(
        Scene::owned()
            .call_raw(IEngine::setLimitsCall::SELECTOR, &good)
            .is_ok()
    );
    for (i, word) in good.chunks(32).enumerate() {
        let mut bad = good.clone();
        bad[i * 32 + 32 - Limits::BYTES[i] - 1] |= 1;
        assert_eq!(word.len(), 32);
        let refused = Scene::owned().call_raw(IEngine::setLimitsCall::SELECTOR, &bad);
        assert_eq!(refused, Err(Vec::new()), "{i}");
    }
    let short = &good[..good.len() - 1];
    assert!(
        Scene::owned()
            .call_raw(IEngine::setLimitsCall::SELECTOR, short)
            .is_err()
    );
}

#[test]
fn cut_calldata_is_refused_and_never_panics() {
    let trades = vec![Scene::sell_weth(), Scene::sell_weth()];
    let call = IEngine::rebalanceCall {
        trades,
        nonce: 0,
        deadline: u64::MAX,
    };
    let data = call.abi_encode()[4..].to_vec();
    for length in 0..data.len() {
        let cut = Scene::new().call_raw(IEngine::rebalanceCall::SELECTOR, &data[..length]);
        // The padding of the last route is no part of it.
        if length < data.len() - 12 {
            assert_eq!(cut, Err(Vec::new()), "{length}");
        }
    }
    for i in 0..data.len() {
        let mut dirty = data.clone();
        dirty[i] = 0xff;
        drop(Scene::new().call_raw(IEngine::rebalanceCall::SELECTOR, &dirty));
    }
}

#[test]
fn nothing_is_payable() {
    for selector in IEngine::IEngineCalls::SELECTORS {
        let mut scene = Scene::new();
        scene.vm.set_value(alloy_primitives::U256::ONE);
        assert!(scene.call_raw(*selector, &[0; 64]).is_err());
    }
}
