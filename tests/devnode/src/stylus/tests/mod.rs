//! Tests that need more than one module.

mod corners;
mod figures;
mod hostile;
mod passes;
mod refusals;
mod runs;
mod trace;
mod traps;
mod vectors;

use alloy_primitives::Bytes;

use super::{
    Activation, ActivationError, ArbosVersion, Compiler, Entry, EvmData, Outcome, Reply, Request,
    Rules, Run, RunError, Step, activate,
};

/// {ink} More than any program here uses.
const AMPLE_INK: u64 = 10_000_000_000;

/// The rules that the published figures were computed under.
fn rules() -> Rules {
    Rules::new(ArbosVersion(51))
}

fn activate_wat(wat: &str) -> Result<Activation, ActivationError> {
    activate(&wat::parse_str(wat).unwrap(), &rules(), 128)
}

/// A module with one page of memory around these fields.
fn module(fields: &str) -> String {
    format!("(module {fields})").replace("MEMORY", "(memory (export \"memory\") 1 1)")
}

fn entry(calldata: &[u8], ink: u64) -> Entry {
    let data = EvmData::default();
    Entry {
        calldata: Bytes::copy_from_slice(calldata),
        ink,
        data,
        rules: rules(),
        recording: None,
    }
}

fn start(wat: &str, entry: Entry) -> Run {
    let compiler = Compiler::new().unwrap();
    let program = compiler
        .compile(&activate_wat(wat).unwrap().instrumented)
        .unwrap();
    Run::start(&program, entry)
}

/// Runs to the end; no question may come.
fn run(wat: &str) -> Outcome {
    run_answering(start(wat, entry(&[], AMPLE_INK)), |request| {
        panic!("{request:?}")
    })
}

/// Runs on, whatever pauses it makes.
fn resume(run: &mut Run, reply: Option<Reply>) -> Result<Step, RunError> {
    let mut step = run.resume(reply)?;
    while step == Step::Pause {
        step = run.resume(None)?;
    }
    Ok(step)
}

fn run_answering(mut run: Run, mut answer: impl FnMut(Request) -> Reply) -> Outcome {
    let mut step = resume(&mut run, None).unwrap();
    loop {
        match step {
            Step::Ask(request) => step = resume(&mut run, Some(answer(request))).unwrap(),
            Step::Pause => unreachable!("resume goes on"),
            Step::Done(outcome) => return outcome,
        }
    }
}
