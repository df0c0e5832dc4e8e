//! The last step of a contract's build: raw wasm to the bytes that are deployed.
//!
//! The steps are those of cargo-stylus, so that its checks reach the same verdict on the same bytes: a round trip
//! through the text format (compilers pad indices that Stylus validation rejects), custom sections stripped, and
//! optionally one `project_hash` section.

use std::borrow::Cow;

use alloy::primitives::{B256, keccak256};
use brotli::enc::BrotliEncoderParams;
use wasm_encoder::{CustomSection, Module, RawSection};
use wasmparser::{Parser, Payload};

/// Prefix of Stylus code on chain: `0xEFF000` and the dictionary byte.
pub const PREFIX_BYTES: usize = 4;

/// Wasm that cannot be packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// No text form.
    #[error("cannot print the wasm as text: {0}")]
    Print(String),
    /// The text form is not accepted back.
    #[error("cannot read the text form back")]
    Parse(#[from] wat::Error),
    /// Not a wasm module.
    #[error("not a wasm module")]
    Module(#[from] wasmparser::BinaryReaderError),
    /// Compression failed.
    #[error("cannot compress")]
    Compress(#[from] std::io::Error),
}

/// A contract as it is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// Final wasm.
    pub wasm: Vec<u8>,
    /// Brotli of it, quality 11, window 22: what follows the prefix on chain.
    pub compressed: Vec<u8>,
}

impl Packed {
    /// keccak256 of the final wasm.
    pub fn hash(&self) -> B256 {
        keccak256(&self.wasm)
    }
}

/// Packs raw wasm; with a project hash, adds it as a custom section.
///
/// - Errors: [`PackError`].
pub fn pack(raw: &[u8], project_hash: Option<B256>) -> Result<Packed, PackError> {
    let text = wasmprinter::print_bytes(raw).map_err(|e| PackError::Print(e.to_string()))?;
    let wasm = strip(&wat::parse_str(text)?, project_hash)?;
    let compressed = compress(&wasm)?;
    Ok(Packed { wasm, compressed })
}

/// Brotli as it is deployed.
///
/// - Errors: none in practice; writing to memory does not fail.
pub fn compress(wasm: &[u8]) -> Result<Vec<u8>, std::io::Error> {
    let params = BrotliEncoderParams {
        quality: 11,
        lgwin: 22,

        ..Default::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &wasm[..], &mut compressed, &params)?;
    Ok(compressed)
}

fn strip(
    wasm: &[u8],
    project_hash: Option<B256>,
) -> Result<Vec<u8>, wasmparser::BinaryReaderError> {
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        if matches!(payload, Payload::CustomSection(_)) {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            module.section(&RawSection {
                id,
                data: &wasm[range],
            });
        }
    }
    if let Some(hash) = project_hash {
        module.section(&CustomSection {
            name: "project_hash".into(),
            data: Cow::Borrowed(hash.as_slice()),
        });
    }
    Ok(module.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULE: &str = r#"(module (memory (export "memory") 1) (func (export "user_entrypoint") (param i32) (result i32)
        (i32.const 0)) (@custom "producers" "someone"))"#;

    fn custom_sections(wasm: &[u8]) -> Vec<String> {
        let payloads = Parser::new(0).parse_all(wasm).map(Result::unwrap);
        payloads
            .filter_map(|p| {
                if let Payload::CustomSection(c) = p {
                    Some(c.name().to_owned())
                } else {
                    None
                }
            })
            .collect()
    }

    #[test]
    fn strips_every_custom_section_and_adds_the_hash_on_demand() {
        let raw = wat::parse_str(MODULE).unwrap();
        assert_eq!(custom_sections(&raw), ["producers"]);
        assert!(custom_sections(&pack(&raw, None).unwrap().wasm).is_empty());
        let hash = B256::repeat_byte(7);
        assert_eq!(
            custom_sections(&pack(&raw, Some(hash)).unwrap().wasm),
            ["project_hash"]
        );
    }

    #[test]
    fn is_idempotent_and_compresses_to_what_decompresses_back() {
        let packed = pack(&wat::parse_str(MODULE).unwrap(), None).unwrap();
        assert_eq!(pack(&packed.wasm, None).unwrap(), packed);
        let mut back = Vec::new();
        brotli::BrotliDecompress(&mut &packed.compressed[..], &mut back).unwrap();
        assert_eq!(back, packed.wasm);
    }

    #[test]
    fn refuses_what_is_no_module() {
        assert!(pack(b"nonsense", None).is_err());
    }
}
