//! Struct logs of mixed stacks.
//!
//! The builder finds the frame of a call at the step that made it. A program's frame has no steps,
//! so that the EVM frames above it would be lost: it gets one step for each, which is taken out of
//! the finished trace again.

use alloy_rpc_types_trace::geth::StructLog;
use revm::bytecode::{OpCode, opcode};
use revm_inspectors::tracing::{DebugInspector, types::CallTraceStep};

/// Program counter of steps that are not there.
const NOWHERE: usize = usize::MAX;

/// Gives every frame without steps one for each frame above it, and returns their number. The
/// limit on steps is raised by that.
pub(super) fn mark_programs(geth: &mut DebugInspector) -> u64 {
    let DebugInspector::Default(inspector, options) = geth else {
        return 0;
    };
    let mut marked = 0;
    for node in inspector.traces_mut().nodes_mut() {
        if node.trace.steps.is_empty() {
            let count = node.children.len();
            node.trace.steps = vec![step(); count];
            marked += count as u64;
        }
    }
    options.limit = options
        .limit
        .filter(|limit| *limit > 0)
        .map(|limit| limit.saturating_add(marked));
    marked
}

/// Takes out what [`mark_programs`] put in.
pub(super) fn unmark(logs: &mut Vec<StructLog>, marked: u64, geth: DebugInspector) {
    if marked == 0 {
        return;
    }
    logs.retain(|log| log.pc != NOWHERE as u64);
    if let DebugInspector::Default(_, options) = geth
        && let Some(limit) = options.limit
    {
        logs.truncate(usize::try_from(limit - marked).unwrap_or(usize::MAX));
    }
}

fn step() -> CallTraceStep {
    CallTraceStep {
        pc: NOWHERE,
        op: OpCode::new_or_unknown(opcode::CALL),
        stack: None,
        push_stack: None,
        memory: None,
        returndata: Default::default(),
        gas_remaining: 0,
        gas_refund_counter: 0,
        gas_used: 0,
        gas_cost: 0,
        state_gas_cost: None,
        state_gas_reservoir: None,
        state_gas_spent: 0,
        storage_change: None,
        status: None,
        immediate_bytes: None,
        decoded: None,
    }
}
