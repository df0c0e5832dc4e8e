//! Tracers: what a transaction did inside, in the forms of geth, Parity and Nitro.
//!
//! [`Tracer`] watches one execution. revm-inspectors makes geth's answers; beside it [`frames`]
//! notes what ran in each frame and what programs tell, and [`budget`] ends what grows too large.

pub mod budget;
pub mod call;
pub mod frames;
pub mod options;
pub mod parity;
mod steps;
pub mod stylus;

use std::sync::Arc;

use alloy_primitives::map::AddressHashMap;
use alloy_rpc_types_trace::geth::GethTrace;
use revm::context::result::{EVMError, ResultAndState};
use revm_inspectors::tracing::{DebugInspector, DebugInspectorError, TransactionContext};
use serde::Serialize;
use thiserror::Error;

use self::{
    budget::Budget,
    frames::Frames,
    options::{Kind, Options},
};
use crate::{
    chain::{
        blocks::query::QueryError,
        calls::{call::CallError, replay::Watched},
    },
    evm::{
        self, Context,
        deadline::{self, Aborted, Deadline},
        session::Witness,
    },
    fork::StateError,
    stylus::{names::Names, trace::Recording},
};

/// Why there is no trace.
#[derive(Debug, Error)]
pub enum TraceError {
    /// No tracer has this name.
    #[error("tracer not found: '{name}'; there are {}", options::names())]
    Unknown {
        /// The name, or the start of it.
        name: String,
    },
    /// The tracer takes no such configuration.
    #[error("invalid tracerConfig: {0}")]
    Config(String),
    /// Parity's form of steps.
    #[error(
        "vmTrace is not made: debug_traceTransaction tells steps of EVM code, and with stylusTracer host calls of programs"
    )]
    VmTrace,
    /// The trace would be too large.
    #[error(
        "trace too large: over {} MiB; narrow it down with disableStack, disableStorage, limit, onlyTopCall or another tracer",
        budget::SIZE_MAX >> 20
    )]
    TooLarge,
    /// It took too long, or the node ends.
    #[error(transparent)]
    Aborted(#[from] Aborted),
    /// No such transaction.
    #[error("transaction not found")]
    NoTransaction,
    /// No such block or state.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// State could not be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The call cannot start.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The execution failed as it did not when it was mined.
    #[error("cannot execute again: {0}")]
    Execution(String),
    /// The outcome is not the recorded one.
    #[error("executed again, {hash} used {used} gas instead of {recorded}, success {success}")]
    Diverged {
        /// The transaction.
        hash: alloy_primitives::B256,
        /// {gas} Now.
        used: u64,
        /// {gas} When it was mined.
        recorded: u64,
        /// Whether it succeeded now.
        success: bool,
    },
}

/// A finished trace, ready to be sent.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Trace {
    /// One of geth's.
    Geth(Box<GethTrace>),
    /// A call tree with the machine of each frame.
    Calls(Box<call::Frame>),
    /// Host calls of programs.
    Stylus(Vec<stylus::Step>),
}

/// Watches one execution and makes its trace.
#[expect(
    missing_debug_implementations,
    reason = "a running inspector has no useful debug form"
)]
pub struct Tracer {
    kind: Kind,
    geth: DebugInspector,
    budget: Budget,
    frames: Frames,
    deadline: Deadline,
    recording: Recording,
    names: Arc<AddressHashMap<Names>>,
}

impl Tracer {
    /// A tracer that has seen nothing.
    ///
    /// # Errors
    /// [`TraceError::Unknown`], [`TraceError::Config`].
    pub fn new(options: &Options) -> Result<Self, TraceError> {
        let geth = match options.kind {
            Kind::Parity => parity::inspector(),
            Kind::Geth | Kind::Stylus => DebugInspector::new(options.geth.clone())
                .map_err(|error| TraceError::Config(error.to_string()))?,
        };
        Ok(Self {
            kind: options.kind,
            deadline: options.deadline.clone(),
            recording: options.recording.clone(),
            names: Arc::clone(&options.names),
            budget: Budget::new(&geth, options),
            geth,
            frames: Frames::default(),
        })
    }

    /// What programs are to tell.
    pub fn witness(&self) -> Witness {
        Witness {
            recording: (self.kind == Kind::Stylus).then(|| self.recording.clone()),
            names: Arc::clone(&self.names),
            ..Witness::default()
        }
    }

    /// When the execution has to end.
    pub fn deadline(&self) -> &Deadline {
        &self.deadline
    }

    /// What watches the execution.
    pub fn inspector<'a>(&mut self) -> impl revm::Inspector<Context<'a>> + use<'a, '_> {
        (&mut self.budget, (&mut self.geth, &mut self.frames))
    }

    /// Why the execution was ended early, if it was this tracer that did.
    pub fn refusal(&self) -> Option<TraceError> {
        self.budget.refusal()
    }

    /// The trace of what was watched.
    ///
    /// # Errors
    /// [`TraceError::TooLarge`].
    pub fn finish(
        mut self,
        watched: Watched<'_>,
        place: Option<TransactionContext>,
    ) -> Result<Trace, TraceError> {
        if self.kind == Kind::Stylus {
            return self.frames.into_steps().map(Trace::Stylus);
        }
        let mut before = watched.before;
        if let DebugInspector::PreStateTracer(..) | DebugInspector::Mux(..) = self.geth {
            self.budget.spend_state(&before, &watched.executed.state)?;
        }
        if let Some(refusal) = self.refusal() {
            return Err(refusal);
        }
        let marked = steps::mark_programs(&mut self.geth);
        let result = ResultAndState {
            result: watched.executed.result,
            state: watched.executed.state,
        };
        let trace = self
            .geth
            .get_result(place, &watched.tx, &watched.block, &result, &mut before)
            .map_err(|error| match error {
                DebugInspectorError::Database(error) => TraceError::State(error),
                other => TraceError::Config(other.to_string()),
            })?;
        Ok(match trace {
            GethTrace::CallTracer(root) => {
                Trace::Calls(Box::new(call::Frame::join(root, &self.frames)))
            }
            GethTrace::Default(mut frame) => {
                steps::unmark(&mut frame.struct_logs, marked, self.geth);
                Trace::Geth(Box::new(GethTrace::Default(frame)))
            }
            other => Trace::Geth(Box::new(other)),
        })
    }
}

/// Why an execution could not go on: the tracer's doing, or not.
pub(crate) fn failure(tracer: &Tracer, error: evm::Error) -> TraceError {
    tracer.refusal().unwrap_or_else(|| unwatched_failure(error))
}

/// Why an execution that no tracer watched could not go on.
pub(crate) fn unwatched_failure(error: evm::Error) -> TraceError {
    match (deadline::aborted(&error), error) {
        (Some(late), _) => late.into(),
        (None, EVMError::Database(error)) => error.into(),
        (None, other) => TraceError::Execution(other.to_string()),
    }
}
