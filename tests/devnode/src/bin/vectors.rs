//! Runs files of conformance vectors and prints what differs.
//!
//! `vectors FILE...` ends with the line `N passed, N failed`. Exit status: 0 if all passed, 1 if any
//! failed, 2 if a file could not be read or is no file of vectors.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use stylus_devnode::stylus::{
    Compiler,
    vectors::{self, Report, VectorError},
};

/// Run Stylus conformance vectors against the embedded VM
///
/// Exit status: 0 all passed, 1 some failed, 2 a file is unreadable or holds no vectors.
#[derive(Debug, Parser)]
#[command(name = "vectors")]
struct Arguments {
    /// JSON files of vectors
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Exit status where not all vectors could be run.
const UNREADABLE: u8 = 2;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(UNREADABLE)
        }
    }
}

/// How many vectors failed.
fn run(arguments: &Arguments) -> Result<usize, VectorError> {
    let compiler = Compiler::new()?;
    let mut all = Report::default();
    for file in &arguments.files {
        let report = vectors::run_file(file, &compiler)?;
        for warning in &report.warnings {
            eprintln!("warning: {warning}");
        }
        for failure in &report.failures {
            println!("{}", failure.name);
            for difference in &failure.differences {
                println!("  {difference}");
            }
        }
        all.passed += report.passed;
        all.newer += report.newer;
        all.failures.extend(report.failures);
    }
    if all.newer > 0 {
        println!(
            "{} of them end otherwise under Stylus version 3, as they state",
            all.newer
        );
    }
    println!("{} passed, {} failed", all.passed, all.failures.len());
    Ok(all.failures.len())
}
