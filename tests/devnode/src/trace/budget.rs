//! Bounds on the size and the time of a trace.

use std::{cell::Cell, rc::Rc};

use alloy_primitives::{
    Address, Log, U256,
    map::{AddressHashMap, HashSet},
};
use revm::{
    Inspector,
    bytecode::opcode,
    context_interface::{ContextTr, context::ContextError},
    interpreter::{
        CallInputs, CallOutcome, CreateInputs, CreateOutcome, Interpreter,
        interpreter_types::{Jumps, LoopControl, ReturnData},
    },
    state::EvmState,
};
use revm_inspectors::tracing::{DebugInspector, TracingInspectorConfig};

use super::{TraceError, options::Options};
use crate::{
    chain::state::view::View,
    evm::{
        Context,
        deadline::{Aborted, Deadline},
    },
    fork::StateError,
};

/// {byte} What a request's traces may be at most, as they are sent.
pub const SIZE_MAX: u64 = 256 << 20;

/// {byte} What parts of a trace take as JSON, about.
mod size {
    pub(super) const STEP: u64 = 200;
    pub(super) const WORD: u64 = 40;
    pub(super) const SLOT: u64 = 140;
    pub(super) const FRAME: u64 = 500;
    pub(super) const LOG: u64 = 400;
    pub(super) const ACCOUNT: u64 = 300;
    /// Of a byte.
    pub(super) const HEX: u64 = 2;
}

/// How many steps are watched between two looks at the clock.
const CLOCK_STEPS: u64 = 1_024;

/// Adds up what a request's traces will take, and ends the execution where that is too much.
#[derive(Debug)]
pub(super) struct Budget {
    /// What of each step is recorded; nothing if steps are not.
    steps: Option<TracingInspectorConfig>,
    /// Slots that the steps' storage shows so far.
    shown: AddressHashMap<HashSet<U256>>,
    seen: u64,
    spent: Rc<Cell<u64>>,
    deadline: Deadline,
    aborted: Option<Aborted>,
}

impl Budget {
    pub(super) fn new(geth: &DebugInspector, options: &Options) -> Self {
        let config = match geth {
            DebugInspector::Default(inspector, _) | DebugInspector::Erc7562Tracer(inspector, _) => {
                Some(*inspector.config())
            }
            _ => None,
        };
        Self {
            steps: config.filter(|config| config.record_steps),
            shown: AddressHashMap::default(),
            seen: 0,
            spent: Rc::clone(&options.spent),
            deadline: options.deadline.clone(),
            aborted: None,
        }
    }

    pub(super) fn refusal(&self) -> Option<TraceError> {
        match (self.spent.get() > SIZE_MAX, self.aborted) {
            (true, _) => Some(TraceError::TooLarge),
            (false, Some(aborted)) => Some(aborted.into()),
            (false, None) => None,
        }
    }

    /// Accounts that a trace shows, with their code.
    pub(super) fn spend_state(
        &mut self,
        before: &View<'_>,
        state: &EvmState,
    ) -> Result<(), StateError> {
        for (address, account) in state {
            let code = before.code_of(address)?.len() as u64;
            let slots = account.storage.len() as u64;
            self.spend(size::ACCOUNT + size::HEX * code + size::SLOT * slots);
        }
        Ok(())
    }

    fn spend(&mut self, bytes: u64) {
        self.spent.set(self.spent.get().saturating_add(bytes));
    }

    /// {byte} What the struct logger writes of a step.
    fn step_size(&mut self, interpreter: &Interpreter) -> u64 {
        let Some(config) = self.steps else {
            return 0;
        };
        if config
            .step_limit
            .is_some_and(|limit| self.seen > limit.get())
        {
            return 0;
        }
        let mut bytes = size::STEP;
        if config.record_stack_snapshots.is_full() {
            bytes += size::WORD * interpreter.stack.len() as u64;
        }
        if config.record_memory_snapshots {
            bytes += size::HEX * interpreter.memory.len() as u64;
        }
        if config.record_returndata_snapshots {
            bytes += size::HEX * interpreter.return_data.buffer().len() as u64;
        }
        if config.record_state_diff {
            bytes += size::SLOT * self.slots_shown(interpreter);
        }
        bytes
    }

    /// A step that reads or writes storage shows all slots of its account so far.
    fn slots_shown(&mut self, interpreter: &Interpreter) -> u64 {
        if !matches!(
            interpreter.bytecode.opcode(),
            opcode::SLOAD | opcode::SSTORE
        ) {
            return 0;
        }
        let slots = self
            .shown
            .entry(interpreter.input.target_address)
            .or_default();
        slots.extend(interpreter.stack.data().last());
        slots.len() as u64
    }

    /// Leaves an error in the context where it is too much: the next frame or step ends.
    fn check(&mut self, context: &mut Context<'_>) {
        if self.aborted.is_none() && self.seen.is_multiple_of(CLOCK_STEPS) {
            self.aborted = self.deadline.check().err();
        }
        if let Some(refusal) = self.refusal()
            && context.error().is_ok()
        {
            *context.error() = Err(ContextError::Custom(refusal.to_string()));
        }
    }
}

impl<'a> Inspector<Context<'a>> for Budget {
    fn step(&mut self, interpreter: &mut Interpreter, context: &mut Context<'a>) {
        self.seen += 1;
        let bytes = self.step_size(interpreter);
        self.spend(bytes);
        self.check(context);
        if self.refusal().is_some() {
            interpreter.bytecode.reset_action();
            interpreter.halt_fatal();
        }
    }

    fn log(&mut self, context: &mut Context<'a>, log: Log) {
        self.spend(size::LOG + size::HEX * log.data.data.len() as u64);
        self.check(context);
    }

    fn call(&mut self, context: &mut Context<'a>, inputs: &mut CallInputs) -> Option<CallOutcome> {
        self.spend(size::FRAME + size::HEX * inputs.input.len() as u64);
        self.check(context);
        None
    }

    fn call_end(&mut self, context: &mut Context<'a>, _: &CallInputs, outcome: &mut CallOutcome) {
        self.spend(size::HEX * outcome.result.output.len() as u64);
        self.check(context);
    }

    fn create(
        &mut self,
        context: &mut Context<'a>,
        inputs: &mut CreateInputs,
    ) -> Option<CreateOutcome> {
        self.spend(size::FRAME + size::HEX * inputs.init_code().len() as u64);
        self.check(context);
        None
    }

    fn create_end(
        &mut self,
        context: &mut Context<'a>,
        _: &CreateInputs,
        outcome: &mut CreateOutcome,
    ) {
        self.spend(size::HEX * outcome.result.output.len() as u64);
        self.check(context);
    }

    fn selfdestruct(&mut self, _: Address, _: Address, _: U256) {
        self.spend(size::FRAME);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use alloy_rpc_types_trace::geth::GethDebugTracingOptions;

    use super::*;
    use crate::fork::Stop;

    #[test]
    fn the_traces_of_a_request_share_its_budget() {
        let request = || {
            let geth = GethDebugTracingOptions::default();
            let deadline = Deadline::after(Duration::from_secs(60), Stop::default());
            Options::new(geth, deadline).unwrap()
        };
        let budget = |options: &Options| {
            let geth = DebugInspector::new(options.geth.clone()).unwrap();
            Budget::new(&geth, options)
        };
        let options = request();
        budget(&options).spend(SIZE_MAX);
        let mut second = budget(&options);
        assert!(second.refusal().is_none());
        second.spend(1);
        assert!(matches!(second.refusal(), Some(TraceError::TooLarge)));
        assert!(budget(&request()).refusal().is_none());
    }
}
