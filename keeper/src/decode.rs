//! Revert data by name: what a contract said when it refused.
//!
//! Knows the errors of vault, engine and adapter, of the contracts that they call, and Solidity's own two. What arrives
//! inside the deployer's error is unwrapped. Unknown data is shown as bytes, never dropped.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use alloy::dyn_abi::{DynSolValue, ErrorExt};
use alloy::json_abi::{Error as AbiError, JsonAbi};
use alloy::primitives::Bytes;
use alloy::sol_types::{Panic, Revert as RevertString, SolError};
use gimbal_abi::arbitrum::{IArbWasm, IStylusDeployer};
use gimbal_abi::token::IERC20;
use gimbal_abi::{IAdapter, IEngine, IVault};
use serde::Serialize;

/// A decoded refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Revert {
    /// Name of the error; `Error` and `Panic` are Solidity's own, `Empty` is no data, `Unknown` is not in any ABI.
    pub name: String,
    /// Arguments in order, by name.
    pub args: Vec<Arg>,
    /// The bytes themselves.
    pub data: Bytes,
}

/// One argument of an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Arg {
    /// Its name in the ABI.
    pub name: String,
    /// Its value as text; numbers in decimal.
    pub value: String,
}

impl Revert {
    /// Decodes revert data. Total: every input has an answer.
    pub fn decode(data: &[u8]) -> Self {
        if let Ok(outer) = IStylusDeployer::ContractInitializationError::abi_decode(data) {
            return Self::decode(&outer.data);
        }
        let (name, args) = named(data);
        Self {
            name,
            args,
            data: Bytes::copy_from_slice(data),
        }
    }

    /// Value of an argument by name.
    pub fn arg(&self, name: &str) -> Option<&str> {
        self.args
            .iter()
            .find(|arg| arg.name == name)
            .map(|arg| arg.value.as_str())
    }
}

impl fmt::Display for Revert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "Empty" => return f.write_str("a revert without data (a trap or a busy contract)"),
            "Unknown" => return write!(f, "unknown revert data {}", self.data),
            name => write!(f, "{name}(")?,
        }
        for (i, arg) in self.args.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{}: {}", arg.name, arg.value)?;
        }
        f.write_str(")")
    }
}

fn named(data: &[u8]) -> (String, Vec<Arg>) {
    if data.is_empty() {
        return ("Empty".into(), Vec::new());
    }
    if let Ok(error) = RevertString::abi_decode(data) {
        return ("Error".into(), vec![arg("reason", error.reason)]);
    }
    if let Ok(panic) = Panic::abi_decode(data) {
        let meaning = panic.kind().map_or_else(|| "unknown", |kind| kind.as_str());
        return (
            "Panic".into(),
            vec![arg("code", format!("{:#x} ({meaning})", panic.code))],
        );
    }
    let known = data
        .first_chunk::<4>()
        .and_then(|selector| KNOWN.get(selector));
    known
        .and_then(|error| {
            let decoded = error.decode_error(data).ok()?;
            let names = error.inputs.iter().map(|input| input.name.clone());
            let args = names
                .zip(&decoded.body)
                .map(|(name, value)| arg(&name, text(value)))
                .collect();
            Some((error.name.clone(), args))
        })
        .unwrap_or_else(|| ("Unknown".into(), Vec::new()))
}

fn arg(name: &str, value: impl Into<String>) -> Arg {
    Arg {
        name: name.to_owned(),
        value: value.into(),
    }
}

fn text(value: &DynSolValue) -> String {
    match value {
        DynSolValue::Uint(number, _) => number.to_string(),
        DynSolValue::Int(number, _) => number.to_string(),
        DynSolValue::Address(address) => address.to_string(),
        DynSolValue::Bool(truth) => truth.to_string(),
        DynSolValue::String(text) => format!("{text:?}"),
        DynSolValue::Bytes(bytes) => alloy::hex::encode_prefixed(bytes),
        other => format!("{other:?}"),
    }
}

/// Every error by selector. Where two contracts give one error different argument names, both are shown.
static KNOWN: LazyLock<BTreeMap<[u8; 4], AbiError>> = LazyLock::new(|| {
    let abis: [JsonAbi; 6] = [
        IEngine::abi::contract(),
        IVault::abi::contract(),
        IAdapter::abi::contract(),
        IERC20::abi::contract(),
        IArbWasm::abi::contract(),
        IStylusDeployer::abi::contract(),
    ];
    let mut known = BTreeMap::<[u8; 4], AbiError>::new();
    for error in abis.iter().flat_map(JsonAbi::errors) {
        let first = known
            .entry(error.selector().0)
            .or_insert_with(|| error.clone());
        for (mine, theirs) in first.inputs.iter_mut().zip(&error.inputs) {
            if !mine.name.split('/').any(|name| name == theirs.name) {
                mine.name = format!("{}/{}", mine.name, theirs.name);
            }
        }
    }
    known
});

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::primitives::{Address, U256};

    #[test]
    fn errors_of_all_three_contracts_have_names_and_arguments() {
        let slippage = IVault::Slippage {
            token: Address::repeat_byte(0x11),
            got: U256::from(90),
            want: U256::from(100),
        };
        let decoded = Revert::decode(&slippage.abi_encode());
        assert_eq!(decoded.name, "Slippage");
        assert_eq!(decoded.arg("got"), Some("90"));
        assert_eq!(
            decoded.to_string(),
            "Slippage(token: 0x1111111111111111111111111111111111111111, got: 90, want: 100)"
        );
        let cooldown = IEngine::Cooldown {
            until: 1_700_000_000,
        };
        assert_eq!(
            Revert::decode(&cooldown.abi_encode()).to_string(),
            "Cooldown(until: 1700000000)"
        );
        let pool = IAdapter::UnknownPool {
            pool: Address::ZERO,
        };
        assert_eq!(Revert::decode(&pool.abi_encode()).name, "UnknownPool");
        assert_eq!(
            Revert::decode(&IVault::Locked {}.abi_encode()).to_string(),
            "Locked()"
        );
    }

    #[test]
    fn an_error_of_two_meanings_shows_both() {
        let route = IAdapter::BadRoute {
            length: U256::from(21),
        };
        assert_eq!(
            Revert::decode(&route.abi_encode()).to_string(),
            "BadRoute(trade/length: 21)"
        );
    }

    #[test]
    fn solidity_errors_and_the_rest() {
        let text = RevertString::from("TF").abi_encode();
        assert_eq!(Revert::decode(&text).to_string(), "Error(reason: TF)");
        let panic = Panic {
            code: U256::from(0x11),
        }
        .abi_encode();
        assert!(
            Revert::decode(&panic)
                .to_string()
                .starts_with("Panic(code: 0x11 (")
        );
        assert_eq!(Revert::decode(&[]).name, "Empty");
        assert_eq!(
            Revert::decode(&[1, 2]).to_string(),
            "unknown revert data 0x0102"
        );
        assert_eq!(Revert::decode(&[0xde, 0xad, 0xbe, 0xef]).name, "Unknown");
        // A known selector with broken arguments is unknown data, not a wrong reading.
        let truncated = &IEngine::Cooldown { until: 1 }.abi_encode()[..20];
        assert_eq!(Revert::decode(truncated).name, "Unknown");
    }

    #[test]
    fn a_failed_constructor_shows_its_own_error() {
        let inner = IVault::ZeroAddress {}.abi_encode();
        let outer = IStylusDeployer::ContractInitializationError {
            newContract: Address::ZERO,
            data: inner.into(),
        };
        assert_eq!(Revert::decode(&outer.abi_encode()).name, "ZeroAddress");
    }
}
