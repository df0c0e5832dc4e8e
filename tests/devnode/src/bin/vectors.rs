//! Runs files of conformance vectors and prints what differs.
//!
//! `vectors FILE...` ends with the line `N passed, N failed`, and with status 1 if any failed.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use stylus_devnode::stylus::{Compiler, vectors};

/// Run Stylus conformance vectors against the embedded VM.
#[derive(Debug, Parser)]
struct Arguments {
    /// JSON files of vectors.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

fn main() -> eyre::Result<ExitCode> {
    let arguments = Arguments::parse();
    let compiler = Compiler::new()?;
    let (mut passed, mut failed) = (0, 0);
    for file in &arguments.files {
        let report = vectors::run_file(file, &compiler)?;
        for failure in &report.failures {
            println!("{}", failure.name);
            for difference in &failure.differences {
                println!("  {difference}");
            }
        }
        passed += report.passed;
        failed += report.failures.len();
    }
    println!("{passed} passed, {failed} failed");
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
