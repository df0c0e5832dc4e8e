//! Bytecode on disk: what set-up built, and what others published to npm.

use std::fs;
use std::path::{Path, PathBuf};

use alloy::hex;
use alloy::primitives::Bytes;
use serde_json::Value;

/// An artifact that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The file cannot be read; most often set-up has not run.
    #[error("cannot read {} (run ./scripts/setup first)", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds no bytecode in a known place.
    #[error("{}: no bytecode: {reason}", path.display())]
    NoBytecode {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// Where compiled code lies.
#[derive(Debug, Clone)]
pub struct Artifacts {
    built: PathBuf,
    npm: PathBuf,
}

impl Artifacts {
    /// Reads what set-up built from `built` and published packages from this repository's `node_modules`.
    pub fn at(built: impl Into<PathBuf>) -> Self {
        Self {
            built: built.into(),
            npm: workspace_root().join("scripts/npm/node_modules"),
        }
    }

    /// The directory that set-up writes: `NAME.wasm` and `solidity/`.
    pub fn built(&self) -> &Path {
        &self.built
    }

    /// Creation code of one of our Solidity mocks.
    ///
    /// - Errors: [`ArtifactError`].
    pub fn mock(&self, file: &str, contract: &str) -> Result<Bytes, ArtifactError> {
        bytecode(
            &self
                .built
                .join(format!("solidity/{file}.sol/{contract}.json")),
        )
    }

    /// Creation code of a contract of the devnode's example: `Token`, the program's twin, or `Till`.
    ///
    /// - Errors: [`ArtifactError`].
    pub fn example(&self, contract: &str) -> Result<Bytes, ArtifactError> {
        bytecode(
            &self
                .built
                .join(format!("example/{contract}.sol/{contract}.json")),
        )
    }

    /// Creation code from a published package, by the path below `node_modules`.
    ///
    /// - Errors: [`ArtifactError`].
    pub fn published(&self, path: &str) -> Result<Bytes, ArtifactError> {
        bytecode(&self.npm.join(path))
    }

    /// Creation code of the Solidity twin of the devnode's `example`.
    ///
    /// - Errors: [`ArtifactError`].
    pub fn twin(&self) -> Result<Bytes, ArtifactError> {
        bytecode(&self.built.join("example/Token.sol/Token.json"))
    }

    /// Final bytes of a Stylus contract: `vault`, `engine`, `adapter`, or the devnode's `example`.
    ///
    /// - Errors: [`ArtifactError::Read`].
    pub fn wasm(&self, name: &str) -> Result<Vec<u8>, ArtifactError> {
        let path = self.built.join(format!("{name}.wasm"));
        fs::read(&path).map_err(|source| ArtifactError::Read { path, source })
    }
}

impl Default for Artifacts {
    fn default() -> Self {
        Self::at(workspace_root().join("target/artifacts"))
    }
}

/// The checkout that this crate was built from.
pub fn workspace_root() -> PathBuf {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR"));
    scripts.parent().unwrap_or(scripts).to_path_buf()
}

/// Hardhat and truffle keep the code at `bytecode`, foundry at `bytecode.object`.
fn bytecode(path: &Path) -> Result<Bytes, ArtifactError> {
    let refuse = |reason: String| ArtifactError::NoBytecode {
        path: path.to_path_buf(),
        reason,
    };
    let text = fs::read_to_string(path).map_err(|source| ArtifactError::Read {
        path: path.to_path_buf(),
        source,
    })?;
    let json: Value = serde_json::from_str(&text).map_err(|e| refuse(e.to_string()))?;
    let field = json
        .get("bytecode")
        .ok_or_else(|| refuse("no field `bytecode`".into()))?;
    let code = field
        .get("object")
        .unwrap_or(field)
        .as_str()
        .ok_or_else(|| refuse("not a string".into()))?;
    let code =
        hex::decode(code).map_err(|e| refuse(format!("not hex (libraries to link?): {e}")))?;
    if code.is_empty() {
        return Err(refuse("empty: an interface or an abstract contract".into()));
    }
    Ok(code.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_layouts_and_names_what_is_wrong() {
        let dir = tempfile::tempdir().unwrap();
        let file = |text: &str| {
            let path = dir.path().join("a.json");
            fs::write(&path, text).unwrap();
            bytecode(&path)
        };
        assert_eq!(
            file(r#"{"bytecode":"0x6001"}"#).unwrap(),
            Bytes::from_static(&[0x60, 0x01])
        );
        assert_eq!(
            file(r#"{"bytecode":{"object":"0x6001"}}"#).unwrap(),
            Bytes::from_static(&[0x60, 0x01])
        );
        assert!(
            file(r#"{"bytecode":"0x"}"#)
                .unwrap_err()
                .to_string()
                .contains("empty")
        );
        assert!(
            file(r#"{"bytecode":"0x__$ab$__"}"#)
                .unwrap_err()
                .to_string()
                .contains("not hex")
        );
        assert!(
            bytecode(Path::new("/nowhere"))
                .unwrap_err()
                .to_string()
                .contains("scripts/setup")
        );
    }
}
