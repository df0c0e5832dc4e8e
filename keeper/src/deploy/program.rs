//! A wasm file as the code of a Stylus program: one contract, or fragments and a root that names them.

use std::path::{Path, PathBuf};

use alloy::primitives::{Address, Bytes};

/// Prefix of a classic program, whole at one address: Stylus, kind 0, no dictionary.
const PREFIX: [u8; 4] = [0xef, 0xf0, 0x00, 0x00];
/// Prefix of a fragment (ArbOS 60): Stylus, kind 1.
const FRAGMENT: [u8; 3] = [0xef, 0xf0, 0x01];
/// Prefix of a root (ArbOS 60): Stylus, kind 2, no dictionary; the module's length and the fragments follow.
const ROOT: [u8; 4] = [0xef, 0xf0, 0x02, 0x00];
/// Most fragments of a root.
const FRAGMENTS_MAX: usize = 4;
/// Most bytes of code at one address.
pub const CODE_BYTES_MAX: usize = 24_576;
/// Bytes of the compressed module in one fragment.
const FRAGMENT_PAYLOAD: usize = CODE_BYTES_MAX - FRAGMENT.len();
/// The strongest compression and the window that Nitro's own tools use.
const QUALITY: i32 = 11;
const WINDOW: i32 = 22;

/// Code ready to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// `vault`, `engine` or `adapter`.
    pub name: &'static str,
    /// Bytes of the wasm file.
    pub wasm_bytes: usize,
    /// Prefix and compressed module. Up to [`CODE_BYTES_MAX`] bytes it stands on chain like this, beyond that in
    /// fragments.
    pub code: Bytes,
}

/// The three programs of a system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    /// The vault.
    pub vault: Program,
    /// The engine.
    pub engine: Program,
    /// The adapter.
    pub adapter: Program,
}

/// A program that cannot be deployed.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// No file.
    #[error("cannot read {path}: {reason}; build the contracts with scripts/setup")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// Not wasm.
    #[error("{name}: not a wasm module")]
    NotWasm {
        /// The program.
        name: &'static str,
    },
    /// Too much code.
    #[error(
        "{name}: {bytes} bytes of code after compression, at most {CODE_BYTES_MAX} fit at one address"
    )]
    TooLarge {
        /// The program.
        name: &'static str,
        /// Its size.
        bytes: usize,
    },
    /// The compressor failed.
    #[error("{name}: cannot compress: {reason}")]
    Compression {
        /// The program.
        name: &'static str,
        /// Its words.
        reason: String,
    },
}

impl Programs {
    /// Reads `vault.wasm`, `engine.wasm` and `adapter.wasm` of a directory.
    ///
    /// # Errors
    ///
    /// [`ProgramError`].
    pub fn read(directory: &Path) -> Result<Self, ProgramError> {
        let read = |name: &'static str| {
            let path = directory.join(name).with_extension("wasm");
            let wasm = std::fs::read(&path).map_err(|error| ProgramError::Unreadable {
                path,
                reason: error.to_string(),
            })?;
            Program::from_wasm(name, &wasm)
        };
        Ok(Self {
            vault: read("vault")?,
            engine: read("engine")?,
            adapter: read("adapter")?,
        })
    }
}

impl Program {
    /// Compresses a module. The bytes are taken as they are: optimising and stripping is the build's job.
    ///
    /// # Errors
    ///
    /// [`ProgramError`].
    pub fn from_wasm(name: &'static str, wasm: &[u8]) -> Result<Self, ProgramError> {
        if !wasm.starts_with(b"\0asm\x01\0\0\0") {
            return Err(ProgramError::NotWasm { name });
        }
        let mut code = PREFIX.to_vec();
        let params = brotli::enc::BrotliEncoderParams {
            quality: QUALITY,
            lgwin: WINDOW,
            ..Default::default()
        };
        brotli::BrotliCompress(&mut &wasm[..], &mut code, &params).map_err(|error| {
            ProgramError::Compression {
                name,
                reason: error.to_string(),
            }
        })?;
        if code.len() - PREFIX.len() > FRAGMENTS_MAX * FRAGMENT_PAYLOAD {
            return Err(ProgramError::TooLarge {
                name,
                bytes: code.len(),
            });
        }
        Ok(Self {
            name,
            wasm_bytes: wasm.len(),
            code: code.into(),
        })
    }

    /// The code of its fragments; none if it fits at one address.
    pub fn fragments(&self) -> Vec<Bytes> {
        if self.code.len() <= CODE_BYTES_MAX {
            return Vec::new();
        }
        let payloads = self.code[PREFIX.len()..].chunks(FRAGMENT_PAYLOAD);
        payloads
            .map(|payload| [&FRAGMENT[..], payload].concat().into())
            .collect()
    }

    /// The code to create: itself, or with fragments the root that names them.
    pub fn entry(&self, fragments: &[Address]) -> Bytes {
        if fragments.is_empty() {
            return self.code.clone();
        }
        let mut root = ROOT.to_vec();
        root.extend((self.wasm_bytes as u32).to_be_bytes());
        root.extend(fragments.iter().flat_map(|fragment| fragment.0.0));
        root.into()
    }
}

/// EVM code that returns `code`: `PUSH32 length DUP1 PUSH1 offset PUSH1 0 CODECOPY PUSH1 0 RETURN`, a zero byte for the
/// version of this prelude, then the code.
pub fn init_code(code: &[u8]) -> Bytes {
    const PRELUDE: u8 = 43;
    let mut init = vec![0x7f];
    init.extend([0; 24]);
    init.extend((code.len() as u64).to_be_bytes());
    init.extend([
        0x80, 0x60, PRELUDE, 0x60, 0x00, 0x39, 0x60, 0x00, 0xf3, 0x00,
    ]);
    init.extend_from_slice(code);
    init.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &[u8] = b"\0asm\x01\0\0\0";

    #[test]
    fn code_is_a_prefix_and_a_brotli_stream() {
        let program = Program::from_wasm("vault", EMPTY).unwrap();
        assert_eq!(program.code[..4], PREFIX);
        let mut wasm = Vec::new();
        brotli::BrotliDecompress(&mut &program.code[4..], &mut wasm).unwrap();
        assert_eq!(wasm, EMPTY);
    }

    #[test]
    fn init_code_copies_and_returns_what_follows_it() {
        let program = Program::from_wasm("vault", EMPTY).unwrap();
        let init = init_code(&program.code);
        assert_eq!(init.len(), 43 + program.code.len());
        assert_eq!(init[43..], program.code);
        assert_eq!(usize::from(init[32]), program.code.len());
        assert_eq!(
            init[33..43],
            [0x80, 0x60, 43, 0x60, 0, 0x39, 0x60, 0, 0xf3, 0]
        );
    }

    /// A module of custom sections that do not compress: as large as wanted.
    fn noise(bytes: usize) -> Vec<u8> {
        let mut wasm = EMPTY.to_vec();
        let mut word = 1u64;
        while wasm.len() < bytes {
            word = word
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            wasm.extend(&word.to_be_bytes()[..4]);
        }
        wasm
    }

    #[test]
    fn a_large_module_is_split_and_named_by_a_root() {
        let wasm = noise(60_000);
        let program = Program::from_wasm("vault", &wasm).unwrap();
        let fragments = program.fragments();
        assert_eq!(fragments.len(), 3);
        let mut stream = Vec::new();
        for fragment in &fragments {
            assert!(fragment.len() <= CODE_BYTES_MAX && fragment.starts_with(&FRAGMENT));
            stream.extend_from_slice(&fragment[3..]);
        }
        let mut back = Vec::new();
        brotli::BrotliDecompress(&mut &stream[..], &mut back).unwrap();
        assert_eq!(back, wasm);

        let addresses = [1, 2, 3].map(Address::repeat_byte);
        let root = program.entry(&addresses);
        assert_eq!(root.len(), 8 + 60);
        assert_eq!(root[..4], ROOT);
        assert_eq!(root[4..8], (wasm.len() as u32).to_be_bytes());
        assert_eq!(root[28..48], [2; 20]);
        let small = Program::from_wasm("vault", EMPTY).unwrap();
        assert!(small.fragments().is_empty());
        assert_eq!(small.entry(&[]), small.code);
    }

    #[test]
    fn what_cannot_be_deployed_is_refused_here() {
        assert!(matches!(
            Program::from_wasm("vault", b"\x7fELF"),
            Err(ProgramError::NotWasm { .. })
        ));
        assert!(matches!(
            Program::from_wasm("vault", &noise(110_000)),
            Err(ProgramError::TooLarge { .. })
        ));
        let missing = Programs::read(Path::new("/nonexistent"));
        assert!(matches!(missing, Err(ProgramError::Unreadable { .. })));
    }
}
