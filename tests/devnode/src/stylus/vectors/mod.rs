//! Conformance vectors: programs with the figures that Nitro's own VM gives for them.
//!
//! A file is one JSON array. Each vector is activated, and run once for every expected run, against a
//! small EVM that is made for the purpose; every field that a vector names must agree.

mod compare;
mod format;
mod mock;
mod newer;

use std::{
    fs, io,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
};

use alloy_primitives::Bytes;
use thiserror::Error;

use self::format::{Settings, Vector, Wasm};
use super::{
    ActivationError, ArbosVersion, CompileError, Compiler, Entry, Outcome, Program, Rules, Run,
    RunError, Step, activate, memory::page_price,
};

/// The rules that the vectors were computed under.
const ARBOS: ArbosVersion = ArbosVersion(51);

/// What running a file of vectors showed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Vectors that agree in everything.
    pub passed: usize,
    /// The others.
    pub failures: Vec<Failure>,
    /// Vectors that end otherwise under Stylus version 3, as they state.
    pub newer: usize,
    /// What in the file was not understood, though nothing depends on it.
    pub warnings: Vec<String>,
}

/// A vector that does not agree.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its name.
    pub name: String,
    /// One line for each difference.
    pub differences: Vec<String>,
}

/// Why a file of vectors could not be run.
#[derive(Debug, Error)]
pub enum VectorError {
    /// It cannot be read.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It holds no JSON array.
    #[error("{path}: {source}")]
    Format {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

/// Why one vector could not be run. It fails, and those behind it go on.
#[derive(Debug, Error)]
enum Broken {
    #[error("not understood: {0}")]
    Format(#[from] serde_json::Error),
    #[error(transparent)]
    Program(#[from] VectorError),
    #[error("neither wasm_hex nor wasm_file")]
    NoProgram,
    #[error(transparent)]
    Engine(#[from] CompileError),
}

/// What running one vector showed.
struct Verdict {
    differences: Vec<String>,
    newer: bool,
    unknown_fields: Vec<String>,
}

/// Runs all vectors of a file.
///
/// Those that meet a rule of Stylus version 3 are run under it as well, against what it changes. A vector
/// that cannot be run fails like one that does not agree, even if the VM panics over it.
///
/// Errors: every [`VectorError`], of the file itself.
pub fn run_file(path: &Path, compiler: &Compiler) -> Result<Report, VectorError> {
    let entries: Vec<serde_json::Value> =
        serde_json::from_slice(&read(path)?).map_err(|source| VectorError::Format {
            path: path.to_owned(),
            source,
        })?;
    let mut report = Report::default();
    for (index, entry) in entries.into_iter().enumerate() {
        let name = match entry["name"].as_str() {
            Some(name) => name.to_owned(),
            None => format!("{}, vector {index}", path.display()),
        };
        let run = AssertUnwindSafe(|| run_entry(entry, path, compiler));
        let differences = match panic::catch_unwind(run) {
            Ok(Ok(verdict)) => {
                report.newer += usize::from(verdict.newer);
                let warning = |field| format!("{name}: unknown field {field} is ignored");
                let warnings = verdict.unknown_fields.iter().map(warning);
                report.warnings.extend(warnings);
                verdict.differences
            }
            Ok(Err(broken)) => vec![broken.to_string()],
            Err(_) => vec!["panicked".into()],
        };
        match differences.is_empty() {
            true => report.passed += 1,
            false => report.failures.push(Failure { name, differences }),
        }
    }
    Ok(report)
}

/// Runs one vector of the file at `path`.
fn run_entry(
    entry: serde_json::Value,
    path: &Path,
    compiler: &Compiler,
) -> Result<Verdict, Broken> {
    let vector: Vector = serde_json::from_value(entry)?;
    let wasm = match vector.wasm() {
        Some(Wasm::Bytes(bytes)) => bytes.to_vec(),
        Some(Wasm::File(file)) => read(&path.with_file_name(file))?,
        None => return Err(Broken::NoProgram),
    };
    let mut differences = run_vector(&vector, &wasm, ARBOS, compiler)?;
    let mut newer = false;
    if let Some(reason) = &vector.v3_differs {
        let differs;
        (newer, differs) = newer::run_vector(&vector, reason, &wasm, compiler)?;
        differences.extend(differs);
    }
    Ok(Verdict {
        differences,
        newer,
        unknown_fields: vector.unknown_fields().map(str::to_owned).collect(),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, VectorError> {
    fs::read(path).map_err(|source| VectorError::File {
        path: path.to_owned(),
        source,
    })
}

/// The differences between what a vector expects and what happens.
fn run_vector(
    vector: &Vector,
    wasm: &[u8],
    arbos: ArbosVersion,
    compiler: &Compiler,
) -> Result<Vec<String>, CompileError> {
    let rules = Rules::new(arbos);
    let activated = activate(
        wasm,
        &rules,
        vector.mock.page_limit.unwrap_or(rules.page_limit),
    );
    let mut differences = compare::activation(&vector.expected.activation, &activated);
    let Ok(activation) = activated else {
        return Ok(differences);
    };
    let program = compiler.compile(&activation.instrumented)?;
    for (index, expected) in vector.expected.runs().enumerate() {
        let actual = observe(
            vector,
            &program,
            &rules,
            activation.footprint,
            expected.ink_in,
        );
        let label = format!("run {index}, {} ink", expected.ink_in);
        match actual {
            Ok(actual) => differences.extend(compare::run(&label, expected, &actual)),
            Err(error) => differences.push(format!("{label}: {error}")),
        }
    }
    Ok(differences)
}

/// Runs a program once, from the vector's initial state.
fn observe(
    vector: &Vector,
    program: &Program,
    rules: &Rules,
    footprint: u16,
    ink: u64,
) -> Result<compare::Observed, RunError> {
    let mut mock = mock::Mock::new(&vector.mock, rules.clone());
    let initial = mock.state.clone();
    let footprint_gas = page_price(rules, footprint, mock.pages_open, mock.pages_ever);
    mock.open_pages(footprint);
    let pages_before = (mock.pages_open, mock.pages_ever);
    let outcome = drive(program, &mut mock, vector.calldata.clone(), ink)?;
    Ok(compare::Observed {
        outcome,
        footprint_gas,
        pages_before,
        initial,
        mock,
    })
}

/// Runs a program once against the mock with its default settings.
///
/// Errors: every [`RunError`].
pub fn run(
    program: &Program,
    rules: &Rules,
    footprint: u16,
    calldata: &[u8],
    ink: u64,
) -> Result<Outcome, RunError> {
    let mut mock = mock::Mock::new(&Settings::default(), rules.clone());
    mock.open_pages(footprint);
    drive(program, &mut mock, calldata.to_vec().into(), ink)
}

/// Runs a program to its end.
fn drive(
    program: &Program,
    mock: &mut mock::Mock,
    calldata: Bytes,
    ink: u64,
) -> Result<Outcome, RunError> {
    let entry = Entry {
        calldata,
        ink,
        data: mock.evm_data(),
        rules: mock.rules.clone(),
        recording: None,
    };
    let mut run = Run::start(program, entry);
    let mut step = run.resume(None)?;
    loop {
        match step {
            Step::Ask(request) => step = run.resume(Some(mock.answer(request)))?,
            Step::Pause => step = run.resume(None)?,
            Step::Done(outcome) => return Ok(outcome),
        }
    }
}

/// What came of activating a vector's program.
type Activated = Result<super::Activation, ActivationError>;
