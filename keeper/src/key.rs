//! The signing key: from a file, a keystore or the environment, never from the command line's arguments, which every
//! process of the machine can read. Nothing here shows a key or a password.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use alloy::primitives::B256;
use alloy::signers::local::PrivateKeySigner;

/// The environment variable that may hold a private key.
pub const KEY_VARIABLE: &str = "GIMBAL_PRIVATE_KEY";

/// Where the key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A file with the key in hexadecimal, readable by its owner alone.
    File(PathBuf),
    /// An encrypted keystore file and the file with its password.
    Keystore {
        /// The keystore.
        path: PathBuf,
        /// The password's file.
        password: PathBuf,
    },
    /// [`KEY_VARIABLE`].
    Environment,
}

/// A key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// No source.
    #[error(
        "no signing key: give --key-file, --keystore or --account with --password-file, or set {KEY_VARIABLE}"
    )]
    Missing,
    /// A file that cannot be read.
    #[error("cannot read {path}: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// A file that others may read.
    #[error("{path} has mode {mode:04o}: others may read it; run `chmod 600` on it")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Not a key.
    #[error("{origin} holds no private key (64 hexadecimal digits)")]
    NotAKey {
        /// The file or the variable.
        origin: String,
    },
    /// A keystore that does not open.
    #[error("cannot open the keystore {path}: wrong password or not a keystore")]
    Keystore {
        /// The keystore.
        path: PathBuf,
    },
    /// A keystore without its password.
    #[error("the keystore needs --password-file (or ETH_PASSWORD, the path of a file)")]
    NoPassword,
}

impl KeySource {
    /// Reads the key.
    ///
    /// # Errors
    ///
    /// [`KeyError`]; none repeats what was read.
    pub fn load(&self) -> Result<PrivateKeySigner, KeyError> {
        match self {
            Self::File(path) => parse(&read_private(path)?, &path.display().to_string()),
            Self::Keystore { path, password } => {
                let secret = read_private(password)?;
                let secret = secret.trim_end_matches(['\r', '\n']);
                readable(path)?;
                PrivateKeySigner::decrypt_keystore(path, secret)
                    .map_err(|_| KeyError::Keystore { path: path.clone() })
            }
            Self::Environment => {
                let text = std::env::var(KEY_VARIABLE).map_err(|_| KeyError::Missing)?;
                parse(&text, KEY_VARIABLE)
            }
        }
    }
}

/// The file of a foundry account: `~/.foundry/keystores/NAME`, or `DIR/NAME`.
pub fn foundry_account(name: &str, directory: Option<&Path>) -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    directory
        .map_or_else(
            || home().join(".foundry").join("keystores"),
            Path::to_path_buf,
        )
        .join(name)
}

fn parse(text: &str, origin: &str) -> Result<PrivateKeySigner, KeyError> {
    let refused = || KeyError::NotAKey {
        origin: origin.to_owned(),
    };
    let bytes: B256 = text.trim().parse().map_err(|_| refused())?;
    PrivateKeySigner::from_bytes(&bytes).map_err(|_| refused())
}

fn readable(path: &Path) -> Result<File, KeyError> {
    File::open(path).map_err(|error| KeyError::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

/// Reads a small secret. The permissions are those of the open file, so that they cannot change in between.
fn read_private(path: &Path) -> Result<String, KeyError> {
    let unreadable = |error: std::io::Error| KeyError::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let file = readable(path)?;
    let metadata = file.metadata().map_err(unreadable)?;
    check_mode(path, &metadata)?;
    let mut text = String::new();
    file.take(4096)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    Ok(text)
}

#[cfg(unix)]
fn check_mode(path: &Path, metadata: &fs::Metadata) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o7777;
    // A pipe (`--key-file <(pass show key)`) is nobody else's to read.
    if metadata.is_file() && mode & 0o077 != 0 {
        return Err(KeyError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &fs::Metadata) -> Result<(), KeyError> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    const KEY: &str = "0xb6b15c8cb491557369f3c7d2c287b053eb229daa9c22138887752191c9520659";

    fn file(text: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        (dir, path)
    }

    #[test]
    fn a_private_file_is_a_key_with_or_without_prefix() {
        for text in [KEY.to_owned(), KEY[2..].to_owned(), format!("{KEY}\n")] {
            let (_dir, path) = file(&text, 0o600);
            let signer = KeySource::File(path).load().unwrap();
            assert_eq!(
                signer.address().to_string(),
                "0x3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E"
            );
            assert!(!format!("{signer:?}").contains("b6b15c8c"));
        }
    }

    #[test]
    fn an_exposed_file_is_refused() {
        let (_dir, path) = file(KEY, 0o640);
        let error = KeySource::File(path).load().unwrap_err();
        assert!(matches!(error, KeyError::Exposed { mode: 0o640, .. }));
        assert!(error.to_string().contains("0640"));
    }

    #[test]
    fn errors_never_repeat_what_a_file_holds() {
        let zero = "0".repeat(64);
        for text in ["secret words", &KEY[..40], &zero] {
            let (_dir, path) = file(text, 0o600);
            let error = KeySource::File(path).load().unwrap_err();
            assert!(matches!(error, KeyError::NotAKey { .. }));
            assert!(!format!("{error} {error:?}").contains(text));
        }
        let missing = KeySource::File("/nonexistent/key".into()).load();
        assert!(matches!(missing, Err(KeyError::Unreadable { .. })));
    }

    #[test]
    fn a_foundry_keystore_opens_with_its_password_alone() {
        let dir = tempfile::tempdir().unwrap();
        let bytes: B256 = KEY.parse().unwrap();
        let mut random = alloy::signers::k256::elliptic_curve::rand_core::OsRng;
        PrivateKeySigner::encrypt_keystore(
            dir.path(),
            &mut random,
            bytes,
            "correct horse",
            Some("dev"),
        )
        .unwrap();
        let (_keep, right) = file("correct horse\n", 0o600);
        let (_keep, wrong) = file("wrong horse\n", 0o600);
        let path = foundry_account("dev", Some(dir.path()));

        let open = |password: &Path| {
            let source = KeySource::Keystore {
                path: path.clone(),
                password: password.to_owned(),
            };
            source.load()
        };
        assert_eq!(
            open(&right).unwrap().address().to_string(),
            "0x3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E"
        );
        let error = open(&wrong).unwrap_err();
        assert!(matches!(error, KeyError::Keystore { .. }));
        assert!(!error.to_string().contains("horse"));
    }
}
