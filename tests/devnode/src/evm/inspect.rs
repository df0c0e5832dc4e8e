//! Execution that an inspector watches.
//!
//! EVM frames are watched operator by operator. A program's frame shows as a frame: its start, its
//! logs, the calls and creations that it makes, its end.

use revm::{
    Inspector,
    context::{BlockEnv, CfgEnv, FrameStack, TxEnv},
    context_interface::{ContextTr, JournalTr, context::take_error},
    handler::{EthFrame, EvmTr, FrameInitOrResult, ItemOrResult},
    inspector::{InspectorEvmTr, InspectorHandler, handler::frame_end, inspect_instructions},
    interpreter::interpreter::EthInterpreter,
};

use super::{
    Context, Error, Evm, Executed, Instructions,
    frames::{Frame, FrameError, reject_reserved_code},
    handler::ArbitrumHandler,
    session::Session,
};
use crate::{chain::state::view::View, precompiles::Precompiles};

/// As [`super::execute`], watched by an inspector.
pub fn inspect<'a, I: Inspector<Context<'a>>>(
    view: View<'a>,
    config: CfgEnv,
    block: BlockEnv,
    tx: TxEnv,
    session: Session,
    inspector: &mut I,
) -> Result<Executed, Error> {
    let mut evm = Evm::new(view, config, block, tx, session, inspector);
    let result = ArbitrumHandler::default().inspect_run(&mut evm);
    evm.executed(result)
}

impl<'a, I: Inspector<Context<'a>>> InspectorHandler for ArbitrumHandler<'a, I> {
    type IT = EthInterpreter;
}

impl<'a, I: Inspector<Context<'a>>> InspectorEvmTr for Evm<'a, I> {
    type Inspector = I;

    fn all_inspector(
        &self,
    ) -> (
        &Context<'a>,
        &Instructions<'a>,
        &Precompiles,
        &FrameStack<EthFrame<EthInterpreter>>,
        &I,
    ) {
        let inner = &self.inner;
        (
            &inner.ctx,
            &inner.instruction,
            &inner.precompiles,
            &inner.frame_stack,
            &inner.inspector,
        )
    }

    fn all_mut_inspector(
        &mut self,
    ) -> (
        &mut Context<'a>,
        &mut Instructions<'a>,
        &mut Precompiles,
        &mut FrameStack<EthFrame<EthInterpreter>>,
        &mut I,
    ) {
        let inner = &mut self.inner;
        (
            &mut inner.ctx,
            &mut inner.instruction,
            &mut inner.precompiles,
            &mut inner.frame_stack,
            &mut inner.inspector,
        )
    }

    fn inspect_frame_run(&mut self) -> Result<FrameInitOrResult<Frame>, FrameError> {
        let mut next = match self.is_program() {
            true => self.watch_program()?,
            false => self.watch_code()?,
        };
        if let ItemOrResult::Result(result) = &mut next {
            let (context, inspector, frame) = self.ctx_inspector_frame();
            frame_end(context, inspector, &frame.input, result);
        }
        Ok(next)
    }
}

impl<'a, I: Inspector<Context<'a>>> Evm<'a, I> {
    fn watch_code(&mut self) -> Result<FrameInitOrResult<Frame>, FrameError> {
        let (context, inspector, frame, instructions) = self.ctx_inspector_frame_instructions();
        let mut action = inspect_instructions(
            context,
            &mut frame.interpreter,
            inspector,
            instructions.instruction_table(),
            instructions.gas_table(),
        );
        if frame.data.is_create() {
            reject_reserved_code(&mut action, context);
        }
        self.finish(action)
    }

    /// Runs a program until it calls, creates or ends. The logs of one that failed are gone.
    fn watch_program(&mut self) -> Result<FrameInitOrResult<Frame>, FrameError> {
        let context = self.ctx();
        // The inspector may have refused to go on.
        take_error::<FrameError, _>(context.error())?;
        let before = context.journal().logs().len();
        let next = self.run_top_frame()?;
        let (context, inspector) = self.ctx_inspector();
        let logs = context.journal().logs().get(before..).map(<[_]>::to_vec);
        for log in logs.into_iter().flatten() {
            inspector.log(context, log);
        }
        Ok(next)
    }
}
