//! Resident memory after many blocks.

use std::path::Path;

use eyre::{Result, WrapErr};

use super::peer::Peer;
use super::rates::Ground;
use crate::artifact::Artifacts;

/// Resident memory of a process, {MiB}.
///
/// - Errors: the system has no `/proc/PID/status`.
pub fn resident_mib(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/status");
    let status = std::fs::read_to_string(&path).wrap_err(path)?;
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next())
        .unwrap_or_default();
    Ok(kib.parse::<f64>()? / 1024.0)
}

/// Resident memory of a fresh node after `blocks` blocks of one ERC-20 transfer each, {MiB}.
///
/// - Errors: as [`Ground::transfers`] and [`resident_mib`].
pub async fn after_blocks(program: &Path, artifacts: &Artifacts, blocks: usize) -> Result<f64> {
    let node = Peer::start(program, &[]).await?;
    let ground = Ground::prepare(node.url(), artifacts).await?;
    ground.transfers(blocks).await?;
    resident_mib(node.id())
}
