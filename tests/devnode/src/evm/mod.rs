//! One transaction's execution: revm with Arbitrum's rules and Stylus programs as frames.
//!
//! [`Evm`] wraps revm's own type and implements [`EvmTr`]; [`handler`] holds the phases that
//! differ, [`frames`] the frame loop, [`mod@inspect`] the same loop with an inspector that watches.

pub mod answers;
pub mod calls;
pub mod deadline;
pub mod env;
pub mod frames;
pub mod handler;
pub mod inspect;
pub mod opcodes;
pub mod programs;
pub mod session;

use revm::{
    Context as RevmContext, Journal,
    context::{
        BlockEnv, CfgEnv, Evm as RevmEvm, FrameStack, LocalContext, TxEnv,
        result::{EVMError, ExecutionResult, HaltReason},
    },
    context_interface::context::take_error,
    handler::{
        EthFrame, EvmTr, FrameInitOrResult, FrameResult, Handler, evm::ContextDbError,
        evm::FrameInitResult, instructions::EthInstructions,
    },
    interpreter::{interpreter::EthInterpreter, interpreter_action::FrameInit},
    state::EvmState,
};

use self::{handler::ArbitrumHandler, programs::Suspended, session::Session};
use crate::{chain::state::view::View, fork::StateError, precompiles::Precompiles};

/// revm's context over a chain view.
pub type Context<'a> =
    RevmContext<BlockEnv, TxEnv, CfgEnv, View<'a>, Journal<View<'a>>, Session, LocalContext>;

/// Opcode table over that context.
pub type Instructions<'a> = EthInstructions<EthInterpreter, Context<'a>>;

type Inner<'a, I> =
    RevmEvm<Context<'a>, I, Instructions<'a>, Precompiles, EthFrame<EthInterpreter>>;

/// Why a transaction could not be executed at all.
pub type Error = EVMError<StateError>;

/// An EVM for one transaction, with an inspector beside it or none.
#[expect(
    missing_debug_implementations,
    reason = "revm's parts have no useful debug form"
)]
pub struct Evm<'a, I = ()> {
    inner: Inner<'a, I>,
    suspended: Vec<Suspended>,
}

/// What one transaction did.
#[derive(Debug)]
pub struct Executed {
    /// Status, gas, logs and output.
    pub result: ExecutionResult<HaltReason>,
    /// Changes to be committed, or dropped.
    pub state: EvmState,
    /// What the transaction left for the rest of its block.
    pub session: Session,
}

/// Executes a transaction on a view; nothing is committed.
pub fn execute(
    view: View<'_>,
    config: CfgEnv,
    block: BlockEnv,
    tx: TxEnv,
    session: Session,
) -> Result<Executed, Error> {
    let mut evm = Evm::new(view, config, block, tx, session, ());
    let result = ArbitrumHandler::default().run(&mut evm);
    evm.executed(result)
}

impl<'a, I> Evm<'a, I> {
    fn new(
        view: View<'a>,
        config: CfgEnv,
        block: BlockEnv,
        tx: TxEnv,
        session: Session,
        inspector: I,
    ) -> Self {
        let mut config = config;
        config.disable_eip7623 = !session.limits.is_calldata_floored;
        let spec = config.spec;
        let precompiles = Precompiles::new(spec, session.arbos_version);
        let context = RevmContext {
            block,
            tx,
            cfg: config,
            journaled_state: revm::context_interface::JournalTr::new(view),
            chain: session,
            local: LocalContext::default(),
            error: Ok(()),
        };
        Self {
            inner: RevmEvm::new_with_inspector(
                context,
                inspector,
                opcodes::table(spec),
                precompiles,
            ),
            suspended: Vec::new(),
        }
    }

    fn executed(
        mut self,
        result: Result<ExecutionResult<HaltReason>, Error>,
    ) -> Result<Executed, Error> {
        // A precompile can tell revm of an error in words only.
        take_error::<Error, _>(&mut self.inner.ctx.error)?;
        let result = result?;
        let state =
            revm::context_interface::JournalTr::finalize(&mut self.inner.ctx.journaled_state);
        Ok(Executed {
            result,
            state,
            session: self.inner.ctx.chain,
        })
    }
}

impl<'a, I> EvmTr for Evm<'a, I> {
    type Context = Context<'a>;
    type Instructions = Instructions<'a>;
    type Precompiles = Precompiles;
    type Frame = EthFrame<EthInterpreter>;

    fn all(
        &self,
    ) -> (
        &Self::Context,
        &Self::Instructions,
        &Self::Precompiles,
        &FrameStack<Self::Frame>,
    ) {
        self.inner.all()
    }

    fn all_mut(
        &mut self,
    ) -> (
        &mut Self::Context,
        &mut Self::Instructions,
        &mut Self::Precompiles,
        &mut FrameStack<Self::Frame>,
    ) {
        self.inner.all_mut()
    }

    fn frame_init(
        &mut self,
        init: FrameInit,
    ) -> Result<FrameInitResult<'_, Self::Frame>, ContextDbError<Self::Context>> {
        self.push_frame(init)
    }

    fn frame_run(
        &mut self,
    ) -> Result<FrameInitOrResult<Self::Frame>, ContextDbError<Self::Context>> {
        self.run_top_frame()
    }

    fn frame_return_result(
        &mut self,
        result: FrameResult,
    ) -> Result<Option<FrameResult>, ContextDbError<Self::Context>> {
        self.return_to_parent(result)
    }
}
