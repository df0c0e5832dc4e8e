//! A node under measurement: a child process on a free loopback port, stopped when dropped.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use eyre::{Result, WrapErr, bail};

use crate::chain::Chain;

/// How long a node may take until it answers.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// A running node.
#[derive(Debug)]
pub struct Peer {
    process: Child,
    url: String,
    ready: Duration,
}

impl Peer {
    /// Starts `program --port PORT` with `args` and waits for the first answer to `eth_chainId`.
    ///
    /// - Errors: the program cannot be started, or does not answer within 20 s.
    pub async fn start(program: &Path, args: &[&str]) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let started = Instant::now();
        let process = Command::new(program)
            .args(["--port", &port.to_string()])
            .args(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .wrap_err_with(|| format!("cannot start {}", program.display()))?;
        let mut peer = Self {
            process,
            url: format!("http://127.0.0.1:{port}"),
            ready: Duration::ZERO,
        };
        while Chain::connect(&peer.url).await.is_err() {
            if started.elapsed() > READY_WITHIN {
                bail!("{} did not answer within 20 s", program.display());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        peer.ready = started.elapsed();
        Ok(peer)
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From process start to the first answer.
    pub fn ready(&self) -> Duration {
        self.ready
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // A process that is gone already is what we want.
        let _gone = self.process.kill();
        let _status = self.process.wait();
    }
}
