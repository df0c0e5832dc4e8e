//! How long a program takes until its first answer: compiled anew, and from the disk's cache.

use std::path::Path;
use std::time::{Duration, Instant};

use eyre::{Result, ensure};
use serde_json::json;

use super::calls::Twins;
use super::line::Line;
use super::peer::Peer;
use crate::artifact::Artifacts;

/// How long a node may take to write what it compiled.
const WRITING_MAX: Duration = Duration::from_secs(20);
/// {byte} A compiled program is longer than any note beside it.
const MODULE_LEN_MIN: u64 = 16 << 10;

/// `name()`.
const NAME: &str = "0x06fdde03";

/// First call of the example program on a node that has just started on a saved chain, {ms}: with an empty cache on
/// disk, then with the one that the former run left.
///
/// - Errors: missing artifacts, a node that refuses.
pub async fn first_call_ms(program: &Path, artifacts: &Artifacts) -> Result<(f64, f64)> {
    let folder = tempfile::tempdir()?;
    let state = folder.path().join("state");
    let twins = {
        let node =
            Peer::start_in(program, &state_args(&state), &folder.path().join("made")).await?;
        let twins = Twins::deploy(node.url(), artifacts).await?;
        node.stop()?;
        twins
    };
    let cache = folder.path().join("cache");
    let mut taken = Vec::new();
    for _ in 0..2 {
        let node = Peer::start_in(program, &state_args(&state), &cache).await?;
        let url = node.url().to_owned();
        let first = tokio::task::spawn_blocking(move || -> Result<f64> {
            let mut line = Line::open(&url)?;
            line.call("eth_chainId", json!([]))?;
            let started = Instant::now();
            let call = json!([{"to": twins.stylus, "input": NAME}, "latest"]);
            let answer = line.call("eth_call", call)?;
            let taken = started.elapsed().as_secs_f64() * 1e3;
            ensure!(
                answer.as_str().is_some_and(|word| word.len() > 66),
                "no name: {answer}"
            );
            Ok(taken)
        });
        taken.push(first.await??);
        written(&cache).await?;
        node.stop()?;
    }
    Ok((taken[0], taken[1]))
}

/// Waits until the node has written a compiled program, which it does some time after it has answered.
async fn written(cache: &Path) -> Result<()> {
    let deadline = Instant::now() + WRITING_MAX;
    while !holds_module(cache) {
        ensure!(
            Instant::now() < deadline,
            "no compiled program in {} after {WRITING_MAX:?}",
            cache.display()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Whether a file of some size lies below the folder. Files that are being written have `wip` in their names.
fn holds_module(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let path = entry.path();
        match path.is_dir() {
            true => holds_module(&path),
            false => {
                let is_whole = !path.to_string_lossy().contains("wip");
                is_whole
                    && entry
                        .metadata()
                        .is_ok_and(|file| file.len() > MODULE_LEN_MIN)
            }
        }
    })
}

fn state_args(state: &Path) -> [String; 2] {
    ["--state".to_owned(), state.display().to_string()]
}
