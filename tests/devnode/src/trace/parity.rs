//! Parity's traces: a transaction's calls, creations and self-destructs as one list, each with its place
//! in the tree.
//!
//! revm-inspectors makes them of what its flat call tracer saw; what [`super::frames`] noted is added, as
//! in [`super::call`].

use std::slice;

use alloy_consensus::transaction::TransactionInfo;
use alloy_primitives::{B256, Bytes, map::HashSet};
use alloy_rpc_types_trace::parity::{
    Action, LocalizedTransactionTrace, StateDiff, TraceType, TransactionTrace,
};
use revm_inspectors::tracing::{
    DebugInspector, TracingInspector, TracingInspectorConfig, parity::populate_state_diff,
};
use serde::Serialize;

use super::{
    TraceError, Tracer,
    frames::{Seen, Vm},
};
use crate::chain::calls::replay::Watched;

/// What is wanted of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    trace: bool,
    state_diff: bool,
}

impl Wanted {
    /// Reads the names that a request gives.
    ///
    /// # Errors
    /// [`TraceError::VmTrace`], whose form has no place for what programs do.
    pub fn new(types: &HashSet<TraceType>) -> Result<Self, TraceError> {
        if types.contains(&TraceType::VmTrace) {
            return Err(TraceError::VmTrace);
        }
        Ok(Self {
            trace: types.contains(&TraceType::Trace),
            state_diff: types.contains(&TraceType::StateDiff),
        })
    }
}

/// One entry of the list, and which machine ran it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Noted<T> {
    /// The entry as Parity has it.
    #[serde(flatten)]
    pub trace: T,
    /// The machine; none where no code ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    vm: Option<Vm>,
    /// Why a program failed, beyond what the error says.
    #[serde(skip_serializing_if = "Option::is_none")]
    revert_reason: Option<String>,
}

/// An entry that says in which block and transaction it is.
pub type Placed = Noted<LocalizedTransactionTrace>;

/// What was wanted of a transaction.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Results {
    output: Bytes,
    state_diff: Option<StateDiff>,
    trace: Vec<Noted<TransactionTrace>>,
    /// Clients expect the field.
    vm_trace: (),
    /// The transaction, where several are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_hash: Option<B256>,
}

/// What watches in place of one of geth's tracers. As in anvil's traces, calls of precompiles show.
pub(super) fn inspector() -> DebugInspector {
    let config = TracingInspectorConfig::default_parity().set_exclude_precompile_calls(false);
    DebugInspector::FlatCallTracer(TracingInspector::new(config))
}

impl Tracer {
    /// The entries of a mined transaction. As in Parity, gas is counted without what the transaction takes
    /// before it begins.
    ///
    /// # Errors
    /// [`TraceError::TooLarge`].
    pub fn into_placed(self, place: TransactionInfo) -> Result<Vec<Placed>, TraceError> {
        if let Some(refusal) = self.refusal() {
            return Err(refusal);
        }
        let DebugInspector::FlatCallTracer(inspector) = self.geth else {
            return Ok(Vec::new());
        };
        let mut seen = self.frames.seen().iter();
        let traces = inspector
            .into_parity_builder()
            .into_localized_transaction_traces_iter(place);
        Ok(traces
            .map(|trace| {
                let noted = noted(&trace.trace, &mut seen);
                Noted::of(trace, noted)
            })
            .collect())
    }

    /// What is wanted of an execution.
    ///
    /// # Errors
    /// [`TraceError::TooLarge`], [`TraceError::State`].
    pub fn into_results(
        mut self,
        watched: &Watched<'_>,
        wanted: Wanted,
    ) -> Result<Results, TraceError> {
        let (before, executed) = (&watched.before, &watched.executed);
        let mut state_diff = wanted.state_diff.then(StateDiff::default);
        if let Some(diff) = &mut state_diff {
            self.budget.spend_state(before, &executed.state)?;
            if self.refusal().is_none() {
                populate_state_diff(diff, before, executed.state.iter())?;
            }
        }
        let traces = match wanted.trace {
            true => self.into_placed(TransactionInfo::default())?,
            false => self.refusal().map_or(Ok(Vec::new()), Err)?,
        };
        Ok(Results {
            output: executed.result.output().cloned().unwrap_or_default(),
            state_diff,
            trace: traces.into_iter().map(Noted::anywhere).collect(),
            vm_trace: (),
            transaction_hash: None,
        })
    }
}

/// What was noted of an entry. Both are in order of the frames' starts; a self-destruct is no frame.
fn noted<'a>(trace: &TransactionTrace, seen: &mut slice::Iter<'a, Seen>) -> Option<&'a Seen> {
    match trace.action {
        Action::Selfdestruct(_) => None,
        _ => seen.next(),
    }
}

impl<T> Noted<T> {
    fn of(trace: T, noted: Option<&Seen>) -> Self {
        Self {
            trace,
            vm: noted.and_then(|noted| noted.vm),
            revert_reason: noted.and_then(|noted| noted.reason.clone()),
        }
    }
}

impl Placed {
    fn anywhere(self) -> Noted<TransactionTrace> {
        Noted {
            trace: self.trace.trace,
            vm: self.vm,
            revert_reason: self.revert_reason,
        }
    }
}
