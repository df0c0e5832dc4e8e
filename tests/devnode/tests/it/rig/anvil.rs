//! npm's anvil, to compare with.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use tempfile::TempDir;

/// Stopped when dropped.
pub(crate) struct Anvil {
    child: Child,
    /// Where it keeps old states, which it leaves behind when it is killed.
    _home: TempDir,
    pub(crate) url: String,
}

impl Anvil {
    /// On a port that it picks.
    pub(crate) fn start(args: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut child = Command::new(foundry("anvil"))
            .env("HOME", home.path())
            .args(["--port", "0"])
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.strip_prefix("Listening on ")?.to_owned()))
            .expect("anvil to listen");
        // Read on, or it would stand still once the pipe is full.
        thread::spawn(move || lines.for_each(drop));
        let url = format!("http://{address}");
        Self {
            child,
            _home: home,
            url,
        }
    }
}

/// The platform's own binary of one of Foundry's tools: killing npm's wrapper script would leave its child behind.
pub(crate) fn foundry(name: &str) -> PathBuf {
    let packages = "../../scripts/npm/node_modules/@foundry-rs";
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join(packages);
    let entries = packages.read_dir().expect("what scripts/setup installs");
    let paths = entries.map(|entry| entry.unwrap().path().join("bin").join(name));
    paths
        .into_iter()
        .find(|path| path.is_file())
        .expect("Foundry for this platform")
}

impl Drop for Anvil {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
