//! Turns a contract's optimised wasm into the bytes that are deployed.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use alloy::primitives::B256;
use clap::Parser;
use eyre::{OptionExt, Result, WrapErr};
use gimbal_scripts::pack::{PREFIX_BYTES, pack};

/// Turns a contract's optimised wasm into the bytes that are deployed: text round trip, custom sections stripped.
#[derive(Debug, Parser)]
struct Options {
    /// Wasm as the compiler or wasm-opt wrote it
    input: PathBuf,
    /// Where to write the final wasm
    output: PathBuf,
    /// Adds this as the section `project_hash`
    #[arg(long, value_name = "HASH")]
    project_hash: Option<B256>,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pack: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let raw = fs::read(&options.input).wrap_err_with(|| options.input.display().to_string())?;
    let packed = pack(&raw, options.project_hash)?;
    if let Some(directory) = options.output.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(&options.output, &packed.wasm)
        .wrap_err_with(|| options.output.display().to_string())?;
    let name = options
        .output
        .file_stem()
        .ok_or_eyre("the output has no name")?
        .to_string_lossy();
    println!(
        "{name}: {} bytes of wasm, {} compressed ({} on chain), keccak256 {}",
        packed.wasm.len(),
        packed.compressed.len(),
        packed.compressed.len() + PREFIX_BYTES,
        packed.hash()
    );
    Ok(())
}
