//! The frame loop: EVM code runs in revm's interpreter, programs beside it.
//!
//! A program is a frame on revm's stack like any other: revm makes its checkpoint, moves its value
//! and commits or reverts it. What the interpreter would hold for EVM code, a parallel stack of
//! Suspended runs holds for programs, found again by the frame's depth.

use alloy_primitives::Address;
use revm::{
    context_interface::{
        ContextTr,
        context::{ContextError, take_error},
    },
    handler::{
        EthFrame, EvmTr, FrameInitOrResult, FrameResult, ItemOrResult, PrecompileProvider,
        evm::{ContextDbError, FrameInitResult},
    },
    interpreter::{
        CallScheme, FrameInput, InstructionResult, Interpreter, InterpreterAction,
        interpreter::EthInterpreter, interpreter_action::FrameInit, interpreter_types::LoopControl,
    },
};

use super::{Context, Evm, Instructions};
use crate::{fork::StateError, stylus::code};

/// revm's frame.
pub type Frame = EthFrame<EthInterpreter>;

/// What only the database or the program engine can be guilty of.
pub type FrameError = ContextError<StateError>;

impl<'a, I> Evm<'a, I> {
    /// Makes a frame, if there is time; from now on its account acts in one more.
    pub(super) fn push_frame(
        &mut self,
        init: FrameInit,
    ) -> Result<FrameInitResult<'_, Frame>, ContextDbError<Context<'a>>> {
        check_time(&self.inner.ctx)?;
        let missing = self.missing_callee(&init);
        if let ItemOrResult::Result(result) = self.inner.frame_init(init)? {
            let state = &mut self.inner.ctx.journal_mut().state;
            if let Some(account) = missing.and_then(|address| state.get_mut(&address)) {
                account.unmark_touch();
            }
            return Ok(ItemOrResult::Result(result));
        }
        let (context, _, _, frames) = self.inner.all_mut();
        let frame = frames.get();
        let caller = frame.interpreter.input.caller_address;
        let acting = acting(&frame.input, created(frame));
        context.chain.frames.enter(caller, acting);
        Ok(ItemOrResult::Item(frame))
    }

    /// The account that a call without value leaves as it is: missing. revm touches it, after which it
    /// would look like one that exists and is empty. A static call and one of a precompile do make it.
    fn missing_callee(&self, init: &FrameInit) -> Option<Address> {
        let FrameInput::Call(inputs) = &init.frame_input else {
            return None;
        };
        let address = inputs.target_address;
        let account = self.inner.ctx.journal().state.get(&address)?;
        let is_missing = inputs.scheme == CallScheme::Call
            && inputs.call_value().is_zero()
            && account.is_loaded_as_not_existing_not_touched()
            && !self.inner.precompiles.warm_addresses().contains(&address);
        is_missing.then_some(address)
    }

    /// Runs the top frame until it calls, creates or ends.
    pub(super) fn run_top_frame(&mut self) -> Result<FrameInitOrResult<Frame>, FrameError> {
        let depth = self.inner.frame_stack().get().depth;
        let suspended = self
            .suspended
            .pop_if(|suspended| suspended.depth() == depth);
        if let Some(suspended) = suspended {
            return self.resume(suspended);
        }
        if self.is_program() {
            return self.start();
        }
        let (context, instructions, _, frames) = self.inner.all_mut();
        let frame = frames.get();
        let mut action = match context.chain.deadline.is_some() {
            true => run_in_time(&mut frame.interpreter, instructions, context)?,
            false => frame.interpreter.run_plain(
                instructions.instruction_table(),
                instructions.gas_table(),
                context,
            ),
        };
        if frame.data.is_create() {
            reject_reserved_code(&mut action, context);
        }
        self.finish(action)
    }

    /// Hands an action of the top frame to revm.
    pub(super) fn finish(
        &mut self,
        action: InterpreterAction,
    ) -> Result<FrameInitOrResult<Frame>, FrameError> {
        let (context, _, _, frames) = self.inner.all_mut();
        let frame = frames.get();
        let next = frame.process_next_action::<_, FrameError>(context, action)?;
        if next.is_result() {
            frame.set_finished(true);
        }
        Ok(next)
    }

    /// Takes a frame's result to the one below it.
    pub(super) fn return_to_parent(
        &mut self,
        result: FrameResult,
    ) -> Result<Option<FrameResult>, FrameError> {
        let (context, _, _, frames) = self.inner.all_mut();
        if frames.get().is_finished() {
            let frame = frames.get();
            let acting = acting(&frame.input, created(frame));
            context.chain.frames.leave(acting);
            frames.pop();
        }
        if frames.index().is_none() {
            return Ok(Some(result));
        }
        let parent = frames.get();
        match self
            .suspended
            .last_mut()
            .filter(|suspended| suspended.depth() == parent.depth)
        {
            Some(suspended) => {
                parent.interpreter.memory.free_child_context();
                take_error::<FrameError, _>(context.error())?;
                suspended.receive(&mut parent.interpreter.gas, result);
            }
            None => parent.return_result::<_, FrameError>(context, result)?,
        }
        Ok(None)
    }

    /// Whether the top frame runs a program.
    pub(super) fn is_program(&mut self) -> bool {
        let arbos = self.inner.ctx.chain.arbos();
        let frame = self.inner.frame_stack().get();
        frame.data.is_call()
            && code::is_callable(frame.interpreter.bytecode.original_byte_slice(), arbos)
    }
}

/// Operators between two looks at the clock: some 50 µs of the cheap ones.
const STEPS: u32 = 10_000;

/// Runs code until it calls, creates or ends, or its time is over.
fn run_in_time<'a>(
    interpreter: &mut Interpreter<EthInterpreter>,
    instructions: &Instructions<'a>,
    context: &mut Context<'a>,
) -> Result<InterpreterAction, FrameError> {
    let (table, gas) = (instructions.instruction_table(), instructions.gas_table());
    loop {
        for _ in 0..STEPS {
            if let Err(end) = interpreter.step(table, gas, context) {
                if interpreter.bytecode.action().is_none() {
                    interpreter.halt(end);
                }
                return Ok(interpreter.take_next_action());
            }
        }
        check_time(context)?;
    }
}

/// Ends an execution whose time is over.
pub(super) fn check_time(context: &Context<'_>) -> Result<(), FrameError> {
    match &context.chain.deadline {
        Some(deadline) => deadline
            .check()
            .map_err(|aborted| ContextError::Db(aborted.into())),
        None => Ok(()),
    }
}

/// The account that a frame acts as, and that counts for re-entrancy; none for code that borrows
/// its caller's account.
pub(super) fn acting(input: &FrameInput, created: Option<Address>) -> Option<Address> {
    match input {
        FrameInput::Call(inputs) => match inputs.scheme {
            CallScheme::Call | CallScheme::StaticCall => Some(inputs.target_address),
            CallScheme::CallCode | CallScheme::DelegateCall => None,
        },
        FrameInput::Create(_) => created,
        FrameInput::Empty => None,
    }
}

/// The account that a creating frame makes.
pub(super) fn created(frame: &Frame) -> Option<Address> {
    frame
        .data
        .is_create()
        .then_some(frame.interpreter.input.target_address)
}

/// EIP-3541, which lets only Stylus code pass.
pub(super) fn reject_reserved_code(action: &mut InterpreterAction, context: &Context<'_>) {
    if let InterpreterAction::Return(result) = action
        && result.result.is_ok()
        && result.output.first() == Some(&0xEF)
        && !code::has_prefix(&result.output, context.chain.arbos())
    {
        result.result = InstructionResult::CreateContractStartingWithEF;
    }
}
