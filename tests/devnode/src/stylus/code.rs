//! Programs as they lie on chain: prefixes, fragments and compression.

use std::io::{self, Read};

use alloy_primitives::{Address, Bytes};
use thiserror::Error;

use super::{ArbosVersion, Rules};

const PREFIX: [u8; 2] = [0xEF, 0xF0];
const KIND_CLASSIC: u8 = 0x00;
const KIND_FRAGMENT: u8 = 0x01;
const KIND_ROOT: u8 = 0x02;

/// {byte} Prefix and kind.
const HEADER_LEN: usize = 3;
/// {byte} Header, dictionary and decompressed length.
const ROOT_HEADER_LEN: usize = 8;
/// {byte} Buffer of the decompressor.
const BUFFER_LEN: usize = 4096;
/// {byte} Longest program that is decompressed, whatever ArbOS's own limit is and a root states.
pub const WASM_LEN_MAX: u32 = 4 << 20;

/// The dictionary that a brotli stream was compressed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dictionary {
    /// None; what every tool writes.
    Empty,
    /// Nitro's dictionary of common Stylus code. Known by name, not supported.
    StylusProgram,
}

/// A contract's code, read as Stylus code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code<'a> {
    /// A whole program.
    Classic {
        /// Dictionary of the stream.
        dictionary: Dictionary,
        /// Brotli stream.
        compressed: &'a [u8],
    },
    /// Part of a program: a slice of its brotli stream.
    Fragment {
        /// The slice.
        payload: &'a [u8],
    },
    /// A program whose brotli stream lies in other contracts.
    Root {
        /// Dictionary of the stream.
        dictionary: Dictionary,
        /// {byte} Length of the decompressed program.
        wasm_len: u32,
        /// Where the slices lie, in order; at least one.
        fragments: Vec<Address>,
    },
}

/// Why code is no program.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CodeError {
    /// The stream is broken.
    #[error("brotli stream is malformed")]
    Compression,
    /// The dictionary byte means nothing.
    #[error("unknown dictionary {0}")]
    DictionaryUnknown(u8),
    /// Compressed with Nitro's own dictionary.
    #[error("the Stylus program dictionary is not supported: compress with dictionary 0")]
    DictionaryUnsupported,
    /// An address of a root holds no fragment.
    #[error("{0} holds no fragment")]
    FragmentMissing(Address),
    /// A root names none or too many fragments.
    #[error("{count} fragments, allowed are 1 to {max}")]
    FragmentCount {
        /// How many it names.
        count: usize,
        /// {fragment} The chain's limit.
        max: u8,
    },
    /// The stream holds another length than the root says.
    #[error("program has {actual} bytes, its root says {stated}")]
    LengthMismatch {
        /// {byte}
        actual: usize,
        /// {byte}
        stated: u32,
    },
    /// The code has no Stylus prefix that this ArbOS knows, or is a fragment.
    #[error("not a Stylus program")]
    NotProgram,
    /// The program is too long.
    #[error("program is longer than {max} bytes")]
    TooLong {
        /// {byte} The chain's limit.
        max: u32,
    },
}

/// Whether ArbOS lets this be deployed despite its first byte, and a call to it looks for a program.
///
/// Fragments and roots count from ArbOS 60 on. The prefix alone is no code.
pub fn has_prefix(code: &[u8], arbos: ArbosVersion) -> bool {
    let fragments = arbos >= ArbosVersion::FRAGMENTS;
    match code {
        [a, b, kind, _, ..] if [*a, *b] == PREFIX => {
            *kind == KIND_CLASSIC || fragments && matches!(*kind, KIND_FRAGMENT | KIND_ROOT)
        }
        _ => false,
    }
}

/// Whether a call to this code runs a program: a prefix, but not of a fragment.
pub fn is_callable(code: &[u8], arbos: ArbosVersion) -> bool {
    has_prefix(code, arbos) && code[2] != KIND_FRAGMENT
}

/// Reads code.
///
/// Errors: [`CodeError::NotProgram`], [`CodeError::DictionaryUnknown`], [`CodeError::FragmentCount`]
/// when a root names none.
pub fn parse(code: &[u8], arbos: ArbosVersion) -> Result<Code<'_>, CodeError> {
    if !has_prefix(code, arbos) {
        return Err(CodeError::NotProgram);
    }
    let payload = &code[HEADER_LEN..];
    match code[2] {
        KIND_CLASSIC => Ok(Code::Classic {
            dictionary: dictionary(payload[0])?,
            compressed: &payload[1..],
        }),
        KIND_FRAGMENT => Ok(Code::Fragment { payload }),
        _ => parse_root(code),
    }
}

/// Joins the payloads of a root's fragments, in order, to one brotli stream.
///
/// `codes` are the fragments' codes. Errors: [`CodeError::FragmentMissing`].
pub fn join(
    fragments: &[Address],
    codes: &[Bytes],
    arbos: ArbosVersion,
) -> Result<Vec<u8>, CodeError> {
    let mut compressed = Vec::new();
    for (index, address) in fragments.iter().enumerate() {
        let code = codes.get(index).map(|code| parse(code, arbos));
        let Some(Ok(Code::Fragment { payload })) = code else {
            return Err(CodeError::FragmentMissing(*address));
        };
        compressed.extend_from_slice(payload);
    }
    Ok(compressed)
}

/// Checks a root against the chain's limits, as an activation does.
///
/// Errors: [`CodeError::FragmentCount`], [`CodeError::TooLong`].
pub fn check_root(fragments: &[Address], wasm_len: u32, rules: &Rules) -> Result<(), CodeError> {
    let max = rules.max_fragment_count;
    if fragments.is_empty() || fragments.len() > usize::from(max) {
        return Err(CodeError::FragmentCount {
            count: fragments.len(),
            max,
        });
    }
    match wasm_len > rules.max_wasm_size {
        true => Err(CodeError::TooLong {
            max: rules.max_wasm_size,
        }),
        false => Ok(()),
    }
}

/// Compresses a program as tools do before they deploy it: quality 11, window 22, no dictionary.
///
/// Other encoders of the same quality may come out some bytes longer or shorter.
///
/// Errors: [`CodeError::Compression`], which does not happen in memory.
pub fn compress(wasm: &[u8]) -> Result<Vec<u8>, CodeError> {
    let mut compressed = Vec::new();
    let params = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &*wasm, &mut compressed, &params)
        .map_err(|_| CodeError::Compression)?;
    Ok(compressed)
}

/// Decompresses a program of at most `wasm_len_max` bytes.
///
/// Errors: [`CodeError::Compression`], [`CodeError::DictionaryUnsupported`], [`CodeError::TooLong`].
pub fn decompress(
    compressed: &[u8],
    dictionary: Dictionary,
    wasm_len_max: u32,
) -> Result<Vec<u8>, CodeError> {
    if dictionary == Dictionary::StylusProgram {
        return Err(CodeError::DictionaryUnsupported);
    }
    let wasm_len_max = wasm_len_max.min(WASM_LEN_MAX);
    let mut wasm = Vec::new();
    let stream = brotli::Decompressor::new(io::Cursor::new(compressed), BUFFER_LEN);
    stream
        .take(u64::from(wasm_len_max) + 1)
        .read_to_end(&mut wasm)
        .map_err(|_| CodeError::Compression)?;
    match wasm.len() > wasm_len_max as usize {
        true => Err(CodeError::TooLong { max: wasm_len_max }),
        false => Ok(wasm),
    }
}

/// Decompresses a root's program and checks the length that the root states.
///
/// Errors: those of [`decompress`], [`CodeError::LengthMismatch`].
pub fn decompress_root(
    compressed: &[u8],
    dictionary: Dictionary,
    stated: u32,
) -> Result<Vec<u8>, CodeError> {
    let wasm = decompress(compressed, dictionary, stated)?;
    match wasm.len() == stated as usize {
        true => Ok(wasm),
        false => Err(CodeError::LengthMismatch {
            actual: wasm.len(),
            stated,
        }),
    }
}

fn dictionary(byte: u8) -> Result<Dictionary, CodeError> {
    match byte {
        0 => Ok(Dictionary::Empty),
        1 => Ok(Dictionary::StylusProgram),
        other => Err(CodeError::DictionaryUnknown(other)),
    }
}

fn parse_root(code: &[u8]) -> Result<Code<'_>, CodeError> {
    if code.len() < ROOT_HEADER_LEN || !(code.len() - ROOT_HEADER_LEN).is_multiple_of(20) {
        return Err(CodeError::NotProgram);
    }
    let mut wasm_len = [0; 4];
    wasm_len.copy_from_slice(&code[4..ROOT_HEADER_LEN]);
    let fragments: Vec<_> = code[ROOT_HEADER_LEN..]
        .chunks_exact(20)
        .map(Address::from_slice)
        .collect();
    if fragments.is_empty() {
        return Err(CodeError::FragmentCount {
            count: 0,
            max: u8::MAX,
        });
    }
    Ok(Code::Root {
        dictionary: dictionary(code[3])?,
        wasm_len: u32::from_be_bytes(wasm_len),
        fragments,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATEST: ArbosVersion = ArbosVersion::LATEST;

    fn compress(wasm: &[u8]) -> Vec<u8> {
        super::compress(wasm).unwrap()
    }

    #[test]
    fn prefix_alone_is_no_program() {
        assert!(!has_prefix(&[0xEF, 0xF0, 0], LATEST));
        assert!(has_prefix(&[0xEF, 0xF0, 0, 0], LATEST));
        assert!(!has_prefix(&[0xEF, 0xF0, 3, 0], LATEST));
    }

    #[test]
    fn fragments_come_with_arbos_60() {
        for kind in [KIND_FRAGMENT, KIND_ROOT] {
            assert!(!has_prefix(&[0xEF, 0xF0, kind, 0], ArbosVersion(59)));
            assert!(has_prefix(&[0xEF, 0xF0, kind, 0], ArbosVersion(60)));
        }
        assert!(!is_callable(&[0xEF, 0xF0, KIND_FRAGMENT, 0], LATEST));
        assert!(is_callable(&[0xEF, 0xF0, KIND_ROOT, 0], LATEST));
    }

    #[test]
    fn classic_program_comes_back() {
        let wasm = vec![7; 1000];
        let code = [&[0xEF, 0xF0, 0, 0][..], &compress(&wasm)].concat();
        let Code::Classic {
            dictionary,
            compressed,
        } = parse(&code, LATEST).unwrap()
        else {
            panic!("not classic");
        };
        assert_eq!(decompress(compressed, dictionary, 1000).unwrap(), wasm);
        let too_long = decompress(compressed, dictionary, 999);
        assert_eq!(too_long, Err(CodeError::TooLong { max: 999 }));
    }

    #[test]
    fn root_joins_its_fragments() {
        let wasm: Vec<u8> = (0..2000_u32).flat_map(|i| (i * i).to_le_bytes()).collect();
        let stream = compress(&wasm);
        let (head, tail) = stream.split_at(stream.len() / 2);
        let at = [Address::repeat_byte(1), Address::repeat_byte(2)];
        let codes: Vec<Bytes> = [head, tail]
            .map(|part| [&[0xEF, 0xF0, 1][..], part].concat().into())
            .into();
        let len = (wasm.len() as u32).to_be_bytes();
        let root = [
            &[0xEF, 0xF0, 2, 0][..],
            &len,
            at[0].as_slice(),
            at[1].as_slice(),
        ]
        .concat();

        let Code::Root {
            dictionary,
            wasm_len,
            fragments,
        } = parse(&root, LATEST).unwrap()
        else {
            panic!("not a root");
        };
        assert_eq!(fragments, at);
        check_root(&fragments, wasm_len, &Rules::default()).unwrap();
        let joined = join(&fragments, &codes, LATEST).unwrap();
        assert_eq!(
            decompress_root(&joined, dictionary, wasm_len).unwrap(),
            wasm
        );

        let missing = join(&fragments, &codes[..1], LATEST);
        assert_eq!(missing, Err(CodeError::FragmentMissing(at[1])));
    }

    #[test]
    fn malformed_streams_are_errors() {
        for stream in [&[][..], &[0xFF; 40], &compress(&[1; 500])[..4]] {
            assert_eq!(
                decompress(stream, Dictionary::Empty, 1000),
                Err(CodeError::Compression)
            );
        }
        let foreign = decompress(&[], Dictionary::StylusProgram, 1000);
        assert_eq!(foreign, Err(CodeError::DictionaryUnsupported));
    }
}
