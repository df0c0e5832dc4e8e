//! Checks wasm sizes and imports, selectors and the direction of dependencies; exit code 1 on a violation.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use comfy_table::{Table, presets::UTF8_BORDERS_ONLY};
use eyre::Result;
use gimbal_scripts::artifact::Artifacts;
use gimbal_scripts::gates;

/// Checks wasm sizes and imports, selectors and the direction of dependencies.
#[derive(Debug, Parser)]
struct Options {
    /// Where set-up put the built contracts
    #[arg(long, value_name = "DIR")]
    artifacts: Option<PathBuf>,
}

fn main() -> ExitCode {
    match check(Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("gates: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Prints every gate; whether all of them hold.
fn check(options: Options) -> Result<bool> {
    let checks = gates::run(&options.artifacts.map(Artifacts::at).unwrap_or_default())?;
    let mut table = Table::new();
    table
        .load_style(UTF8_BORDERS_ONLY)
        .set_header(["gate", "found", "allowed", ""]);
    for check in &checks {
        let verdict = if check.passed { "ok" } else { "FAILED" };
        table.add_row([&check.subject, &check.found, &check.allowed, verdict]);
    }
    println!("{table}");
    let failed = checks.iter().filter(|check| !check.passed).count();
    println!("gates: {} passed, {failed} failed", checks.len() - failed);
    Ok(failed == 0)
}
