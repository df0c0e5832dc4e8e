//! Starting, resuming and ending programs.

use alloy_primitives::{Address, B256, Bytes, U256};
use revm::{
    context_interface::{
        Block, Cfg, ContextTr, LocalContextTr, Transaction, context::ContextError,
    },
    handler::{EvmTr, FrameInitOrResult, FrameResult},
    interpreter::{
        FrameInput, Gas, InstructionResult, InterpreterAction, InterpreterResult,
        interpreter_types::RuntimeFlag,
    },
};
use thiserror::Error;

use super::{
    Context, Evm,
    answers::{self, Acting, Answer},
    calls::Pending,
    frames::{Frame, FrameError, check_time},
};
use crate::{
    arbos::{
        self, access, params,
        program::{Inactive, Program},
    },
    errands,
    fork::{Reason, StateError},
    stylus::{
        Compiler, Entry, EvmData, LoadError, Outcome, OutcomeKind, Program as NativeProgram, Reply,
        Rules, Run, Step, Work,
        code::{self, Code, CodeError},
        memory::page_price,
        names::Names,
        trace::Recording,
    },
};

/// A program that waits for the frame above it.
#[derive(Debug)]
pub struct Suspended {
    run: Run,
    rules: Rules,
    acting: Acting,
    depth: usize,
    /// {page} Open when the frame began.
    pages_before: u16,
    /// {gas} When the frame began.
    gas_before: u64,
    pending: Option<Pending>,
    reply: Option<Reply>,
}

impl Suspended {
    /// Depth of its frame.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Takes the result of the call or creation it waits for.
    pub fn receive(&mut self, gas: &mut Gas, result: FrameResult) {
        if let Some(pending) = self.pending.take() {
            self.reply = Some(pending.settle(gas, result));
        }
    }
}

/// Why the wasm of an activated program cannot be had.
#[derive(Debug, Error)]
enum SourceError {
    #[error(transparent)]
    Code(#[from] CodeError),
    #[error("code is a fragment")]
    Fragment,
    #[error(transparent)]
    State(#[from] StateError),
}

impl<'a, I> Evm<'a, I> {
    /// Starts the program of the top frame.
    pub(super) fn start(&mut self) -> Result<FrameInitOrResult<Frame>, FrameError> {
        let (context, _, _, frames) = self.inner.all_mut();
        let frame = frames.get();
        let rules = rules(context)?;
        let code_hash = code_hash(frame);
        let time = context.block().timestamp().saturating_to();
        let program = Program::unpack(access::read(context, arbos::program::slot(code_hash))?);
        if let Err(inactive) = program.active(&rules, time) {
            let message = message(inactive);
            return self.halt(InstructionResult::NotActivated, message);
        }
        let gas_before = frame.interpreter.gas.remaining();
        let cached = context.chain.recent.touch(code_hash, &rules) || program.cached;
        let pages = context.chain.pages;
        let price = page_price(&rules, program.footprint, pages.open, pages.ever)
            .saturating_add(rules.call_gas(program.init_cost, program.cached_cost, cached));
        if pages.would_exceed(program.footprint, &rules)
            || !frame.interpreter.gas.record_regular_cost(price)
        {
            return self.halt(InstructionResult::OutOfGas, "out of gas".into());
        }
        context.chain.pages.add(program.footprint);
        let compiler: Compiler = context.chain.compiler.clone();
        let bytecode = frame.interpreter.bytecode.original_bytes();
        let mut content = content(context, code_hash)?;
        let names = names(context, frame);
        if let Some(names) = &names {
            content = names.content(content);
        }
        let source = || -> Result<_, SourceError> {
            let mut wasm = wasm(context, &bytecode, &rules)?;
            if let Some(names) = &names {
                names.add_to(&mut wasm);
            }
            Ok(wasm)
        };
        // Who watches sees panics too; nothing that counts differs.
        let loaded = match context.chain.witness.is_some() {
            true => compiler.load_seeing(content, &rules, source),
            false => compiler.load(content, &rules, source),
        };
        let native = match loaded {
            Ok(native) => native,
            Err(LoadError::Source(SourceError::State(error))) => {
                return Err(ContextError::Db(error));
            }
            Err(LoadError::Compile(error)) => {
                return Err(ContextError::Custom(error.to_string()));
            }
            Err(LoadError::Hard(work)) => compiled(content, *work)?,
            Err(error) => {
                context.chain.pages.open = pages.open;
                let message = format!("program cannot be loaded: {error}");
                return self.halt(InstructionResult::NotActivated, message);
            }
        };
        let acting = Acting::of(frame);
        let entry = Entry {
            calldata: frame.interpreter.input.input.bytes(context),
            ink: rules.gas_to_ink(frame.interpreter.gas.remaining()),
            data: evm_data(context, frame),
            rules: rules.clone(),
            recording: recording(context),
        };
        let program = Suspended {
            run: Run::start(&native, entry),
            rules,
            acting,
            depth: frame.depth,
            pages_before: pages.open,
            gas_before,
            pending: None,
            reply: None,
        };
        self.drive(program)
    }

    /// Resumes the program of the top frame with the reply that it waited for.
    pub(super) fn resume(
        &mut self,
        suspended: Suspended,
    ) -> Result<FrameInitOrResult<Frame>, FrameError> {
        self.drive(suspended)
    }

    fn drive(&mut self, mut program: Suspended) -> Result<FrameInitOrResult<Frame>, FrameError> {
        loop {
            let step = program
                .run
                .resume(program.reply.take())
                .map_err(|error| ContextError::Custom(format!("Stylus engine: {error}")))?;
            if let Some(witness) = &mut self.inner.ctx.chain.witness {
                witness.hear(program.run.take_calls());
            }
            let request = match step {
                Step::Ask(request) => Some(request),
                Step::Pause => None,
                Step::Done(outcome) => return self.end(&program, outcome),
            };
            let (context, _, _, frames) = self.inner.all_mut();
            check_time(context)?;
            let Some(request) = request else { continue };
            let gas = &mut frames.get().interpreter.gas;
            match answers::answer(context, gas, &program.acting, &program.rules, request)? {
                Answer::Reply(reply) => program.reply = Some(reply),
                Answer::Frame(input, pending) => {
                    program.pending = Some(pending);
                    self.suspended.push(program);
                    return self.finish(InterpreterAction::NewFrame(*input));
                }
            }
        }
    }

    fn end(
        &mut self,
        program: &Suspended,
        outcome: Outcome,
    ) -> Result<FrameInitOrResult<Frame>, FrameError> {
        self.inner.ctx.chain.pages.open = program.pages_before;
        if let (Some(trap), Some(witness)) = (&outcome.trap, &mut self.inner.ctx.chain.witness) {
            witness.reason = Some(trap.to_string());
        }
        let (result, output) = match outcome.kind {
            OutcomeKind::Success => (InstructionResult::Return, outcome.output),
            OutcomeKind::Revert => (InstructionResult::Revert, outcome.output),
            OutcomeKind::Failure => (InstructionResult::Revert, Vec::new()),
            OutcomeKind::OutOfInk => {
                return self.halt(InstructionResult::OutOfGas, "out of gas".into());
            }
            OutcomeKind::OutOfStack => {
                let message = "max call depth exceeded".into();
                return self.halt(InstructionResult::StackOverflow, message);
            }
        };
        let Some(gas_left) = after_output(program, outcome.gas_left, output.len()) else {
            return self.halt(InstructionResult::OutOfGas, "out of gas".into());
        };
        let frame = self.inner.frame_stack().get();
        frame.interpreter.gas.set_remaining(gas_left);
        let gas = frame.interpreter.gas;
        let result = InterpreterResult {
            result,
            output: output.into(),
            gas,
        };
        self.finish(InterpreterAction::Return(result))
    }

    /// Ends the top frame with all its gas lost. A transaction that fails so tells why.
    fn halt(
        &mut self,
        result: InstructionResult,
        message: String,
    ) -> Result<FrameInitOrResult<Frame>, FrameError> {
        let (context, _, _, frames) = self.inner.all_mut();
        let frame = frames.get();
        let mut result = result;
        if let Some(witness) = &mut context.chain.witness {
            witness.reason.get_or_insert_with(|| message.clone());
        }
        if frame.depth == 0 && result != InstructionResult::OutOfGas {
            context.local_mut().set_precompile_error_context(message);
            result = InstructionResult::PrecompileError;
        }
        frame.interpreter.gas.spend_all();
        let gas = frame.interpreter.gas;
        let output = Bytes::new();
        self.finish(InterpreterAction::Return(InterpreterResult {
            result,
            output,
            gas,
        }))
    }
}

/// Compiles a program: at once, or before the next attempt of whoever holds the chain meanwhile.
fn compiled(content: B256, work: Work) -> Result<NativeProgram, FrameError> {
    if !errands::puts_off() {
        let made = work.make_in_turn();
        return made.map_err(|error| ContextError::Custom(error.to_string()));
    }
    let what = format!("the native code of {content}");
    let put_off = StateError::here(what, Reason::PutOff);
    Err(ContextError::Db(errands::put_off(put_off, || {
        // The next attempt finds either.
        let _kept = work.make_in_turn();
        Ok(())
    })))
}

/// The Stylus parameters in force.
pub fn rules(context: &Context<'_>) -> Result<Rules, StateError> {
    let word = access::read(context, params::slot())?;
    let activation_gas = access::read(context, params::activation_gas_slot())?;
    let arbos = context.chain.arbos();
    Ok(params::unpack(word, arbos, activation_gas.saturating_to()))
}

/// What tells a program's wasm from any other: the module hash that its activation stored. The hash of a
/// root's code covers the addresses of its fragments and not what lies there.
fn content(context: &Context<'_>, code_hash: B256) -> Result<B256, StateError> {
    let module_hash = access::read(context, arbos::program::module_hash_slot(code_hash))?;
    Ok(match module_hash.is_zero() {
        true => code_hash,
        false => module_hash.into(),
    })
}

/// The decompressed program behind code. Fragments are read without touching them, and limits of size
/// count when a program is activated only.
///
/// # Errors
/// What [`code::parse`], [`code::join`] and the decompression say.
fn wasm(context: &Context<'_>, bytecode: &[u8], rules: &Rules) -> Result<Vec<u8>, SourceError> {
    match code::parse(bytecode, rules.arbos)? {
        Code::Classic {
            dictionary,
            compressed,
        } => Ok(code::decompress(
            compressed,
            dictionary,
            code::WASM_LEN_MAX,
        )?),
        Code::Root {
            dictionary,
            wasm_len,
            fragments,
        } => {
            let codes: Vec<Bytes> = fragments
                .iter()
                .map(|fragment| Ok(access::code(context, *fragment)?.original_bytes()))
                .collect::<Result<_, StateError>>()?;
            let compressed = code::join(&fragments, &codes, rules.arbos)?;
            Ok(code::decompress_root(&compressed, dictionary, wasm_len)?)
        }
        Code::Fragment { .. } => Err(SourceError::Fragment),
    }
}

/// {gas} What is left when the EVM's price for returned memory is a floor; none if it cannot be
/// paid.
///
/// `3w + w^2 / 512` for `w` words, measured from the frame's first gas.
fn after_output(program: &Suspended, gas_left: u64, len: usize) -> Option<u64> {
    use crate::stylus::ArbosVersion;

    if len == 0 || !program.rules.since(ArbosVersion::STYLUS_FIXES) {
        return Some(gas_left);
    }
    let words = len.div_ceil(32) as u64;
    let price = words * 3 + words * words / 512;
    Some(gas_left.min(program.gas_before.checked_sub(price)?))
}

/// What someone who watches calls the functions of a frame's program.
fn names(context: &Context<'_>, frame: &Frame) -> Option<Names> {
    let names = &context.chain.witness.as_ref()?.names;
    match &frame.input {
        FrameInput::Call(inputs) => names.get(&inputs.bytecode_address).cloned(),
        _ => None,
    }
}

/// Where host calls are recorded, if someone wants them.
fn recording(context: &Context<'_>) -> Option<Recording> {
    let witness = context.chain.witness.as_ref()?;
    witness.recording.clone()
}

fn code_hash(frame: &Frame) -> B256 {
    match &frame.input {
        FrameInput::Call(inputs) => inputs.known_bytecode.0,
        _ => B256::ZERO,
    }
}

fn evm_data(context: &Context<'_>, frame: &Frame) -> EvmData {
    let (block, tx) = (context.block(), context.tx());
    let input = &frame.interpreter.input;
    let base_fee = block.basefee();
    EvmData {
        contract_address: input.target_address,
        msg_sender: input.caller_address,
        msg_value: input.call_value,
        tx_origin: tx.caller(),
        tx_gas_price: U256::from(tx.effective_gas_price(u128::from(base_fee))),
        block_basefee: U256::from(base_fee),
        block_coinbase: block.beneficiary(),
        block_gas_limit: block.gas_limit(),
        block_number: block.number().saturating_to(),
        block_timestamp: block.timestamp().saturating_to(),
        chain_id: context.cfg().chain_id(),
        reentrant: context
            .chain
            .frames
            .is_reentrant(&input.target_address)
            .into(),
    }
}

fn message(inactive: Inactive) -> String {
    match inactive {
        Inactive::NotActivated => "program not activated".into(),
        Inactive::NeedsUpgrade { program, chain } => {
            format!("program needs upgrade: version {program}, chain has {chain}")
        }
        Inactive::Expired { age_s } => format!("program expired: age {age_s} s"),
    }
}

impl Acting {
    /// The account that a frame acts as.
    fn of(frame: &Frame) -> Self {
        let input = &frame.interpreter.input;
        let address: Address = input.target_address;
        Self {
            address,
            caller: input.caller_address,
            value: input.call_value,
            is_static: frame.interpreter.runtime_flag.is_static(),
        }
    }
}
