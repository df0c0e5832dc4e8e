//! The frame loop.

use revm::{
    handler::{EthFrame, EvmTr, FrameInitOrResult, ItemOrResult, evm::ContextDbError},
    interpreter::{InstructionResult, InterpreterAction, interpreter::EthInterpreter},
};

use super::{Context, Evm};

type Frame = EthFrame<EthInterpreter>;

impl<'a> Evm<'a> {
    /// Runs the top frame until it calls, creates or ends.
    pub(super) fn run_top_frame(
        &mut self,
    ) -> Result<FrameInitOrResult<Frame>, ContextDbError<Context<'a>>> {
        let (context, instructions, _, frames) = self.inner.all_mut();
        let frame = frames.get();
        let mut action = frame.interpreter.run_plain(
            instructions.instruction_table(),
            instructions.gas_table(),
            context,
        );
        if frame.data.is_create() {
            reject_reserved_code(&mut action, context.chain.arbos_version);
        }
        let next = frame.process_next_action::<_, ContextDbError<Context<'a>>>(context, action)?;
        if let ItemOrResult::Result(_) = next {
            frame.set_finished(true);
        }
        Ok(next)
    }
}

/// EIP-3541, which lets only Stylus code pass.
fn reject_reserved_code(action: &mut InterpreterAction, _arbos_version: u64) {
    if let InterpreterAction::Return(result) = action
        && result.result.is_ok()
        && result.output.first() == Some(&0xEF)
    {
        result.result = InstructionResult::CreateContractStartingWithEF;
    }
}
