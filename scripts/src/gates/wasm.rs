//! Compressed size and imports of the contracts, as they are deployed.

use eyre::{Result, WrapErr};
use wasmparser::{Parser, Payload};

use super::Check;
use crate::artifact::Artifacts;
use crate::pack::{PREFIX_BYTES, compress};

/// Largest code of one account on Arbitrum, prefix included.
const CODE_BYTES_MAX: usize = 24_576;
const ADAPTER_BYTES_MAX: usize = 12_288;

/// The re-entrancy guard of the SDK shows as an import. The adapter must be free of it: a pool calls it back.
struct Rule {
    contract: &'static str,
    compressed_max: usize,
    guarded: bool,
}

const RULES: [Rule; 3] = [
    Rule {
        contract: "vault",
        compressed_max: CODE_BYTES_MAX - PREFIX_BYTES,
        guarded: true,
    },
    Rule {
        contract: "engine",
        compressed_max: CODE_BYTES_MAX - PREFIX_BYTES,
        guarded: true,
    },
    Rule {
        contract: "adapter",
        compressed_max: ADAPTER_BYTES_MAX,
        guarded: false,
    },
];

pub(super) fn check(artifacts: &Artifacts) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    for rule in &RULES {
        let wasm = artifacts.wasm(rule.contract)?;
        let compressed = compress(&wasm)?.len();
        checks.push(Check::new(
            format!("{}: compressed bytes", rule.contract),
            compressed.to_string(),
            format!("<= {}", rule.compressed_max),
            compressed <= rule.compressed_max,
        ));
        let imports = imports(&wasm).wrap_err_with(|| format!("{}.wasm", rule.contract))?;
        let guarded = imports
            .iter()
            .any(|import| import == "vm_hooks.msg_reentrant");
        let word = |yes| if yes { "imported" } else { "absent" };
        checks.push(Check::new(
            format!("{}: vm_hooks.msg_reentrant", rule.contract),
            word(guarded),
            word(rule.guarded),
            guarded == rule.guarded,
        ));
        let foreign: Vec<_> = imports
            .iter()
            .filter(|import| !import.starts_with("vm_hooks."))
            .cloned()
            .collect();
        checks.push(Check::new(
            format!("{}: other imports", rule.contract),
            if foreign.is_empty() {
                "none".to_owned()
            } else {
                foreign.join(", ")
            },
            "none",
            foreign.is_empty(),
        ));
    }
    Ok(checks)
}

fn imports(wasm: &[u8]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::ImportSection(section) = payload? {
            for import in section.into_imports() {
                let import = import?;
                names.push(format!("{}.{}", import.module, import.name));
            }
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_imports_with_their_module() {
        let wasm =
            wat::parse_str(r#"(module (import "vm_hooks" "msg_reentrant" (func (result i32))))"#)
                .unwrap();
        assert_eq!(imports(&wasm).unwrap(), ["vm_hooks.msg_reentrant"]);
        assert!(imports(b"nonsense").is_err());
    }
}
