//! Four-byte selectors: two signatures must never share one.
//!
//! A Solidity compiler refuses such a contract; the Stylus SDK would route to whichever arm comes first. Errors are
//! compared over all interfaces, because revert data crosses contracts unchanged and is decoded without its origin.

use std::collections::BTreeMap;

use alloy::json_abi::JsonAbi;
use alloy::primitives::hex;
use gimbal_abi::{IAdapter, IEngine, IVault};

use super::Check;

pub(super) fn check() -> Vec<Check> {
    let interfaces = [
        ("IVault", IVault::abi::contract()),
        ("IEngine", IEngine::abi::contract()),
        ("IAdapter", IAdapter::abi::contract()),
    ];
    let functions = interfaces.iter().map(|(name, abi)| {
        let signatures: Vec<_> = abi
            .functions()
            .map(|f| (f.selector().0, f.signature()))
            .collect();
        report(
            format!("{name}: {} function selectors", signatures.len()),
            signatures,
        )
    });
    let errors: Vec<_> = interfaces.iter().flat_map(|(_, abi)| errors(abi)).collect();
    let errors = report("all interfaces: error selectors".into(), errors);
    functions.chain([errors]).collect()
}

fn errors(abi: &JsonAbi) -> Vec<([u8; 4], String)> {
    abi.errors()
        .map(|e| (e.selector().0, e.signature()))
        .collect()
}

fn report(subject: String, signatures: Vec<([u8; 4], String)>) -> Check {
    let collisions = collisions(signatures);
    let found = if collisions.is_empty() {
        "distinct".to_owned()
    } else {
        collisions.join("; ")
    };
    Check::new(subject, found, "distinct", collisions.is_empty())
}

fn collisions(signatures: Vec<([u8; 4], String)>) -> Vec<String> {
    let mut by_selector: BTreeMap<[u8; 4], Vec<String>> = BTreeMap::new();
    for (selector, signature) in signatures {
        let owners = by_selector.entry(selector).or_default();
        if !owners.contains(&signature) {
            owners.push(signature);
        }
    }
    let shared = by_selector
        .into_iter()
        .filter(|(_, owners)| owners.len() > 1);
    shared
        .map(|(selector, owners)| format!("0x{}: {}", hex::encode(selector), owners.join(" and ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_two_signatures_behind_one_selector_and_allows_one_behind_two() {
        let of = |name: &str| ([1, 2, 3, 4], name.to_owned());
        assert_eq!(
            collisions(vec![of("a()"), of("b()")]),
            ["0x01020304: a() and b()"]
        );
        assert!(collisions(vec![of("a()"), of("a()")]).is_empty());
    }

    #[test]
    fn our_interfaces_are_free_of_collisions() {
        assert!(check().iter().all(|check| check.passed));
    }
}
