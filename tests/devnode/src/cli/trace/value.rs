//! Decoded values as text.

use alloy::dyn_abi::DynSolValue;
use alloy_primitives::hex;

use super::abi::Abis;

/// {byte} How much of bytes is shown.
const BYTES_SHOWN: usize = 64;

/// A value, with names in place of addresses that have one.
pub(super) fn value(abis: &Abis, value: &DynSolValue) -> String {
    match value {
        DynSolValue::Bool(flag) => flag.to_string(),
        DynSolValue::Int(number, _) => number.to_string(),
        DynSolValue::Uint(number, _) => number.to_string(),
        DynSolValue::Address(address) => match abis.name(address) {
            Some(name) => name.to_owned(),
            None => address.to_string(),
        },
        DynSolValue::FixedBytes(word, len) => hex::encode_prefixed(&word[..(*len).min(32)]),
        DynSolValue::Bytes(data) => bytes(data),
        DynSolValue::String(text) => format!("{text:?}"),
        DynSolValue::Function(function) => hex::encode_prefixed(function),
        DynSolValue::Array(items) | DynSolValue::FixedArray(items) => {
            format!("[{}]", list(abis, items))
        }
        DynSolValue::Tuple(items) | DynSolValue::CustomStruct { tuple: items, .. } => {
            format!("({})", list(abis, items))
        }
    }
}

/// Values with commas.
pub(super) fn list(abis: &Abis, items: &[DynSolValue]) -> String {
    let items: Vec<_> = items.iter().map(|item| value(abis, item)).collect();
    items.join(", ")
}

/// `name(a: 1, b: 2)`
pub(super) fn call(abis: &Abis, (name, values): &super::abi::Decoded) -> String {
    let values: Vec<_> = values
        .iter()
        .map(|(name, item)| match name.as_str() {
            "" => value(abis, item),
            name => format!("{name}: {}", value(abis, item)),
        })
        .collect();
    format!("{name}({})", values.join(", "))
}

/// Hex, cut where it is long.
pub(super) fn bytes(data: &[u8]) -> String {
    match data.get(..BYTES_SHOWN) {
        Some(start) if data.len() > BYTES_SHOWN => {
            format!("{}.. ({} bytes)", hex::encode_prefixed(start), data.len())
        }
        _ => hex::encode_prefixed(data),
    }
}
