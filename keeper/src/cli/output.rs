//! Logs, results and failures in their places.

use std::io::{ErrorKind, Write};

use eyre::WrapErr as _;
use serde::Serialize;
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::args::Global;

/// Why a result is not to be seen. What the command did is done all the same.
const NO_RESULT: &str = "the result cannot be written to stdout";

/// Logs to stderr; `RUST_LOG` decides what, the flags otherwise.
pub(super) fn init(global: &Global) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => "warn",
        (_, true) => "gimbal_keeper=debug,info",
        _ => "gimbal_keeper=info,warn",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr())
        && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .with_target(false)
        .finish()
        .with(filter_fn(discreet))
        .init();
}

/// The transport's span holds the node's whole URL, API key included. No directive of `RUST_LOG` may bring it back, so
/// this is no directive itself: a more specific one would win.
fn discreet(meta: &Metadata<'_>) -> bool {
    match meta.target().split("::").next() {
        Some("alloy_transport_http") => false,
        Some("hyper_util" | "reqwest") => *meta.level() <= Level::WARN,
        _ => true,
    }
}

/// One JSON document on one line of stdout.
pub(super) fn json(document: &impl Serialize) -> eyre::Result<()> {
    let mut line = serde_json::to_vec(document)?;
    line.push(b'\n');
    write(&line).wrap_err(NO_RESULT)
}

/// Text on stdout. A reader that has left, as `head` does, is no failure.
pub(super) fn text(text: &str) -> eyre::Result<()> {
    match write(format!("{text}\n").as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).wrap_err(NO_RESULT),
        _ => Ok(()),
    }
}

fn write(bytes: &[u8]) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// A line on stderr, where there is one: words to people are not worth a failure.
pub(super) fn say(text: &str) {
    writeln!(std::io::stderr(), "{text}").ok();
}

/// What failed, on stderr; with `--json` also as a document on stdout.
pub(super) fn failure(global: &Global, error: &eyre::Report, code: u8) {
    // With its causes where they are not part of its words.
    say(&match error.downcast_ref::<crate::Error>() {
        Some(known) => format!("gimbal: {known}"),
        None => format!("gimbal: {error:#}"),
    });
    if global.json {
        let refusal = match error.downcast_ref::<crate::Error>() {
            Some(crate::Error::Refused { revert, .. }) => Some(revert),
            _ => None,
        };
        let document = serde_json::json!({
            "schema": "gimbal.error/1",
            "exit_code": code,
            "error": error.to_string(),
            "revert": refusal,
        });
        // Where this cannot be written either, stderr has the same words.
        json(&document).ok();
    }
}
