//! Where and why a program stopped.

use std::fmt;

use rustc_demangle::demangle;
use thiserror::Error;
use wasmtime::{FrameInfo, Trap, WasmBacktrace};

use super::{OutcomeKind, host::Failed, panic::Panic};

/// Why and where a run stopped before its program was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrapReport {
    /// Why.
    pub kind: TrapKind,
    /// The functions that were running, innermost first, at most some twenty: their names without hashes,
    /// or `function 12` where the wasm carries none.
    pub functions: Vec<String>,
    /// What a Rust panic says, if the program was compiled for seeing that and carries names.
    pub panic: Option<Panic>,
}

/// The ways in which a program is stopped.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TrapKind {
    /// `unreachable`: how a Rust panic ends.
    #[error("unreachable was executed")]
    Unreachable,
    /// A memory access.
    #[error("memory access out of bounds")]
    MemoryOutOfBounds,
    /// A table access.
    #[error("table access out of bounds")]
    TableOutOfBounds,
    /// An indirect call to nothing.
    #[error("indirect call to an empty table entry")]
    IndirectCallToNull,
    /// An indirect call to a function of another type.
    #[error("indirect call to a function of another type")]
    BadSignature,
    /// Of integers.
    #[error("division by zero")]
    DivisionByZero,
    /// Division of the least integer by -1.
    #[error("integer overflow in a division")]
    IntegerOverflow,
    /// The ink was used up.
    #[error("out of ink")]
    OutOfInk,
    /// The stack was used up.
    #[error("out of stack")]
    OutOfStack,
    /// A host function refused.
    #[error("{function}: {reason}")]
    Host {
        /// Which.
        function: &'static str,
        /// Why.
        reason: String,
    },
    /// Another trap of the engine.
    #[error("{0}")]
    Other(String),
}

impl TrapReport {
    /// Reads what the engine says of a run that ended as `kind`.
    pub(super) fn new(error: &wasmtime::Error, kind: OutcomeKind, panic: Option<Panic>) -> Self {
        let kind = match kind {
            OutcomeKind::OutOfInk => TrapKind::OutOfInk,
            OutcomeKind::OutOfStack => TrapKind::OutOfStack,
            _ => stopped(error),
        };
        let functions = error
            .downcast_ref::<WasmBacktrace>()
            .map(|trace| trace.frames().iter().map(function).collect())
            .unwrap_or_default();
        Self {
            kind,
            functions,
            panic,
        }
    }
}

fn stopped(error: &wasmtime::Error) -> TrapKind {
    if let Some(Failed { function, error }) = error.downcast_ref() {
        return TrapKind::Host {
            function,
            reason: error.to_string(),
        };
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::UnreachableCodeReached) => TrapKind::Unreachable,
        Some(Trap::MemoryOutOfBounds) => TrapKind::MemoryOutOfBounds,
        Some(Trap::TableOutOfBounds) => TrapKind::TableOutOfBounds,
        Some(Trap::IndirectCallToNull) => TrapKind::IndirectCallToNull,
        Some(Trap::BadSignature) => TrapKind::BadSignature,
        Some(Trap::IntegerDivisionByZero) => TrapKind::DivisionByZero,
        Some(Trap::IntegerOverflow) => TrapKind::IntegerOverflow,
        Some(other) => TrapKind::Other(other.to_string()),
        None => TrapKind::Other(error.to_string()),
    }
}

fn function(frame: &FrameInfo) -> String {
    match frame.func_name() {
        Some(name) => format!("{:#}", demangle(name)),
        None => format!("function {}", frame.func_index()),
    }
}

/// One sentence: the panic's if there was one, else the kind and the innermost function.
impl fmt::Display for TrapReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.panic, self.functions.first()) {
            (Some(panic), _) => panic.fmt(f),
            (None, Some(function)) => write!(f, "{} in {function}", self.kind),
            (None, None) => self.kind.fmt(f),
        }
    }
}
