//! Other people's programs, started by a test: Foundry's tools, `cargo stylus`, scripts for Node.js.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use eyre::{Context, OptionExt, Result, ensure};
use gimbal_scripts::artifact::workspace_root;

/// A program with its working directory and environment.
#[derive(Debug, Clone)]
pub struct Tool {
    program: PathBuf,
    fixed: Vec<String>,
    directory: PathBuf,
    env: Vec<(String, String)>,
}

/// What a program printed, without colours, and whether it ended well.
#[derive(Debug, Clone)]
pub struct Printed {
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
    /// Whether the exit code was zero.
    pub success: bool,
}

impl Tool {
    /// `cast` or `forge` from npm: the binary itself, since npm's launcher ends with exit code 0 whatever happens. Its
    /// home is `directory`, so that it finds no settings, keys or compilers of whoever runs the tests.
    ///
    /// # Errors
    ///
    /// If `./scripts/setup` has not installed it.
    pub fn foundry(name: &str, directory: &Path) -> Result<Self> {
        let packages = workspace_root().join("scripts/npm/node_modules/@foundry-rs");
        let program = std::fs::read_dir(&packages)
            .wrap_err("no Foundry: run ./scripts/setup first")?
            .filter_map(|entry| Some(entry.ok()?.path().join("bin").join(name)))
            .find(|path| path.is_file())
            .ok_or_eyre("no Foundry for this platform: run ./scripts/setup first")?;
        Ok(Self::new(program, directory)
            .env("HOME", directory.display())
            .env("FOUNDRY_DISABLE_NIGHTLY_WARNING", 1))
    }

    /// `cargo stylus`, which builds contracts with the compiler that set-up found, into the folder that set-up filled.
    ///
    /// # Errors
    ///
    /// If `./scripts/setup` has not installed it.
    pub fn cargo_stylus(directory: &Path) -> Result<Self> {
        let root = workspace_root();
        let program = root.join("target/tools/bin/cargo-stylus");
        ensure!(
            program.is_file(),
            "no cargo-stylus: run ./scripts/setup first"
        );
        let mut tool = Self::new(program, directory)
            .env("CARGO", root.join("scripts/wasm-cargo").display())
            .env("CARGO_TARGET_DIR", root.join("target/example").display());
        for name in ["HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"] {
            if let Ok(value) = std::env::var(name) {
                tool = tool.env(name, value);
            }
        }
        tool.fixed = vec!["stylus".into()];
        Ok(tool)
    }

    /// A script of `tests/e2e/clients` under Node.js, with the packages of `scripts/npm`.
    #[must_use]
    pub fn node(script: &str) -> Self {
        let directory = workspace_root().join("tests/e2e/clients");
        let mut tool = Self::new("node".into(), &directory);
        tool.fixed = vec![script.into()];
        tool
    }

    fn new(program: PathBuf, directory: &Path) -> Self {
        let path = std::env::var("PATH").unwrap_or_default();
        Self {
            program,
            fixed: Vec::new(),
            directory: directory.to_path_buf(),
            env: vec![("PATH".into(), path), ("NO_COLOR".into(), "1".into())],
        }
    }

    /// The same with one more variable in its environment, which otherwise holds `PATH` alone.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl ToString) -> Self {
        self.env.push((name.into(), value.to_string()));
        self
    }

    /// The same in another working directory.
    #[must_use]
    pub fn at(mut self, directory: impl AsRef<Path>) -> Self {
        self.directory = directory.as_ref().to_path_buf();
        self
    }

    /// Runs it to its end.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub async fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Result<Printed> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.fixed)
            .args(arguments)
            .current_dir(&self.directory)
            .env_clear()
            .envs(self.env.iter().cloned());
        let program = self.program.display().to_string();
        let Output {
            stdout,
            stderr,
            status,
        } = tokio::task::spawn_blocking(move || command.output())
            .await?
            .wrap_err_with(|| format!("{program} does not start"))?;
        Ok(Printed {
            out: plain(&stdout),
            err: plain(&stderr),
            success: status.success(),
        })
    }

    /// What it printed on standard output, where it must end well.
    ///
    /// # Errors
    ///
    /// If it does not.
    pub async fn done<A: AsRef<OsStr> + std::fmt::Debug>(&self, arguments: &[A]) -> Result<String> {
        let Printed { out, err, success } = self.run(arguments).await?;
        ensure!(success, "{arguments:?}: {out}\n{err}");
        Ok(out)
    }

    /// What it complained of, where it must fail.
    ///
    /// # Errors
    ///
    /// If it does not.
    pub async fn refused<A: AsRef<OsStr> + std::fmt::Debug>(
        &self,
        arguments: &[A],
    ) -> Result<String> {
        let Printed { out, err, success } = self.run(arguments).await?;
        ensure!(!success, "{arguments:?} should have failed: {out}\n{err}");
        Ok(err)
    }
}

/// Text without the escape sequences of a terminal.
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split('\u{1b}');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
    }
    plain.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_taken_out_of_what_was_printed() {
        assert_eq!(
            plain(b"\x1b[90mfee: \x1b[38;5;48;1m0.1\x1b[0;0m ETH\n"),
            "fee: 0.1 ETH"
        );
    }
}
