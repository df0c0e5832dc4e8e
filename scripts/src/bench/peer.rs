//! A node under measurement: a child process on a free loopback port, stopped when dropped.

use std::ffi::OsStr;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use eyre::{OptionExt, Result, WrapErr, ensure};
use serde_json::json;
use tempfile::TempDir;

use super::line::Line;
use crate::artifact::workspace_root;

/// How long a node may take until it answers, and until it has stopped.
const WITHIN: Duration = Duration::from_secs(20);

/// A running node.
#[derive(Debug)]
pub struct Peer {
    process: Child,
    url: String,
    ready: Duration,
    /// Deleted when it has stopped: anvil leaves gigabytes of old states behind.
    _home: Option<TempDir>,
}

impl Peer {
    /// Starts `program --port PORT` with `args`, at home in a directory of its own, and waits for the
    /// first answer to `eth_chainId`.
    ///
    /// - Errors: the program cannot be started, or does not answer within 20 s.
    pub async fn start(program: &Path, args: &[&str]) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let mut peer = Self::start_in(program, args, home.path()).await?;
        peer._home = Some(home);
        Ok(peer)
    }

    /// The same at home in `home`, where it finds what another one left.
    ///
    /// - Errors: as [`Peer::start`].
    pub async fn start_in(program: &Path, args: &[impl AsRef<OsStr>], home: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command.env("XDG_CACHE_HOME", home).env("HOME", home);
        spawn(command, program, args).await
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From process start to the first answer.
    pub fn ready(&self) -> Duration {
        self.ready
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Asks the node to stop, as Ctrl-C does, and waits until it has: it may have a state to write.
    ///
    /// - Errors: it is still there after 20 s.
    pub fn stop(mut self) -> Result<()> {
        let told = Command::new("kill")
            .args(["-INT", &self.id().to_string()])
            .status()?;
        ensure!(told.success(), "the node was gone already");
        let asked = Instant::now();
        while self.process.try_wait()?.is_none() {
            ensure!(
                asked.elapsed() < WITHIN,
                "the node did not stop within 20 s"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

async fn spawn(mut command: Command, program: &Path, args: &[impl AsRef<OsStr>]) -> Result<Peer> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let started = Instant::now();
    let process = command
        .args(["--port", &port.to_string()])
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .wrap_err_with(|| format!("cannot start {}", program.display()))?;
    let mut peer = Peer {
        process,
        url: format!("http://127.0.0.1:{port}"),
        ready: Duration::ZERO,
        _home: None,
    };
    let answers = |url: &str| Line::open(url)?.call("eth_chainId", json!([]));
    while answers(&peer.url).is_err() {
        ensure!(
            started.elapsed() < WITHIN,
            "{} did not answer within 20 s",
            program.display()
        );
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    peer.ready = started.elapsed();
    Ok(peer)
}

impl Drop for Peer {
    fn drop(&mut self) {
        // A process that is gone already is what we want.
        let _gone = self.process.kill();
        let _status = self.process.wait();
    }
}

/// npm's anvil: the platform's own binary, since killing npm's launcher would leave its child behind.
///
/// - Errors: npm installed none.
pub fn anvil() -> Result<PathBuf> {
    let packages = workspace_root().join("scripts/npm/node_modules/@foundry-rs");
    let entries = std::fs::read_dir(&packages)
        .wrap_err_with(|| format!("{}; run ./scripts/setup first", packages.display()))?;
    let mut binaries = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        let name = entry.file_name();
        let binary = entry.path().join("bin/anvil");
        (name.to_str()?.starts_with("anvil-") && binary.exists()).then_some(binary)
    });
    binaries
        .next()
        .ok_or_eyre("npm installed no anvil for this platform")
}
