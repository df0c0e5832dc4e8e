//! A wasm file as the code of a Stylus program.

use std::path::{Path, PathBuf};

use alloy::primitives::Bytes;

/// Prefix of a classic program: Stylus, version 0, no dictionary.
const PREFIX: [u8; 4] = [0xef, 0xf0, 0x00, 0x00];
/// Most bytes of code at one address.
pub const CODE_BYTES_MAX: usize = 24_576;
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
    /// Code as it will stand on chain.
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
        if code.len() > CODE_BYTES_MAX {
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

    /// EVM code that returns the program's code: `PUSH32 length DUP1 PUSH1 offset PUSH1 0 CODECOPY PUSH1 0 RETURN`, a
    /// zero byte for the version of this prelude, then the code.
    pub fn init_code(&self) -> Bytes {
        const PRELUDE: u8 = 43;
        let mut init = vec![0x7f];
        init.extend([0; 24]);
        init.extend((self.code.len() as u64).to_be_bytes());
        init.extend([
            0x80, 0x60, PRELUDE, 0x60, 0x00, 0x39, 0x60, 0x00, 0xf3, 0x00,
        ]);
        init.extend_from_slice(&self.code);
        init.into()
    }
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
        let init = program.init_code();
        assert_eq!(init.len(), 43 + program.code.len());
        assert_eq!(init[43..], program.code);
        assert_eq!(usize::from(init[32]), program.code.len());
        assert_eq!(
            init[33..43],
            [0x80, 0x60, 43, 0x60, 0, 0x39, 0x60, 0, 0xf3, 0]
        );
    }

    #[test]
    fn what_cannot_be_deployed_is_refused_here() {
        assert!(matches!(
            Program::from_wasm("vault", b"\x7fELF"),
            Err(ProgramError::NotWasm { .. })
        ));
        let mut noise = EMPTY.to_vec();
        let mut word = 1u64;
        while noise.len() < 40_000 {
            word = word
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            noise.extend(&word.to_be_bytes()[..4]);
        }
        assert!(matches!(
            Program::from_wasm("vault", &noise),
            Err(ProgramError::TooLarge { .. })
        ));
        let missing = Programs::read(Path::new("/nonexistent"));
        assert!(matches!(missing, Err(ProgramError::Unreadable { .. })));
    }
}
