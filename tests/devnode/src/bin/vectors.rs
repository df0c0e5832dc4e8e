//! Runs files of conformance vectors and prints what differs.
//!
//! `vectors FILE...` ends with the line `N passed, N failed`. Exit status: 0 if all passed, 1 if any
//! failed, else 2 if a file could not be read or is no file of vectors.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use stylus_devnode::stylus::{
    Compiler,
    vectors::{self, Report},
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

/// Exit status where not all files could be run.
const UNREADABLE: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let compiler = match Compiler::new() {
        Ok(compiler) => compiler,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(UNREADABLE);
        }
    };
    let (mut passed, mut failed, mut newer, mut unreadable) = (0, 0, 0, false);
    for file in &arguments.files {
        match vectors::run_file(file, &compiler) {
            Ok(report) => {
                print(&report);
                passed += report.passed;
                failed += report.failures.len();
                newer += report.newer;
            }
            Err(error) => {
                eprintln!("error: {error}");
                unreadable = true;
            }
        }
    }
    if newer > 0 {
        println!("{newer} of them end otherwise under Stylus version 3, as they state");
    }
    println!("{passed} passed, {failed} failed");
    match (failed, unreadable) {
        (0, false) => ExitCode::SUCCESS,
        (0, true) => ExitCode::from(UNREADABLE),
        _ => ExitCode::FAILURE,
    }
}

/// What was not understood, and what differs: a line for each vector, then one for each difference.
fn print(report: &Report) {
    for warning in &report.warnings {
        eprintln!("warning: {warning}");
    }
    for failure in &report.failures {
        println!("{}", failure.name);
        for difference in &failure.differences {
            println!("  {difference}");
        }
    }
}
