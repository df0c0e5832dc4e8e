//! `methods`: the table of JSON-RPC methods.

use std::io::{self, Write};

use stylus_devnode::rpc::table;

/// Prints the table.
///
/// # Errors
/// It cannot be made or written.
pub(super) async fn methods() -> eyre::Result<()> {
    // A chain may not be dropped where futures run.
    let table = tokio::task::spawn_blocking(table::markdown).await??;
    let mut out = io::stdout().lock();
    Ok(write!(out, "{table}")?)
}
