//! What ran in each frame, and what programs told meanwhile.

use std::mem;

use alloy_primitives::{Address, U256};
use revm::{
    Inspector,
    context_interface::CreateScheme,
    interpreter::{CallInputs, CallOutcome, CallScheme, CreateInputs, CreateOutcome},
};
use serde::Serialize;

use crate::{
    evm::Context,
    stylus::{code, trace::HostCall},
};

/// Which machine runs a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Vm {
    /// A Stylus program.
    Wasm,
    /// EVM code.
    Evm,
    /// The node itself.
    Precompile,
}

/// One frame.
#[derive(Debug)]
pub struct Seen {
    /// What ran; none where there was no code.
    pub vm: Option<Vm>,
    /// Why a program failed, beyond what its result says.
    pub reason: Option<String>,
    /// Whose code ran; of a creation that failed none.
    pub(super) address: Option<Address>,
    /// What happened in it, in order.
    pub(super) events: Vec<Event>,
    /// How it was called.
    name: &'static str,
    /// The frame that it called last, as long as the host call that did is not heard of.
    called: Option<usize>,
}

/// What happens in a frame.
#[derive(Debug)]
pub(super) enum Event {
    /// A program's host call, and the frame that it led to.
    Host(HostCall, Option<usize>),
    /// A frame by EVM code, and how it was called.
    Frame(&'static str, usize),
    /// The account destroyed itself for an heir.
    Destroyed(Address),
}

/// Notes the frames of a transaction in order of their starts.
#[derive(Debug, Default)]
pub struct Frames {
    pub(super) seen: Vec<Seen>,
    /// How many host calls are not there for want of space.
    pub(super) missing: u64,
    open: Vec<usize>,
}

impl Frames {
    /// The frames, in order of their starts.
    pub fn seen(&self) -> &[Seen] {
        &self.seen
    }

    fn open(
        &mut self,
        context: &mut Context<'_>,
        name: &'static str,
        vm: Option<Vm>,
        address: Option<Address>,
    ) {
        self.listen(context);
        self.settle();
        self.open.push(self.seen.len());
        self.seen.push(Seen {
            vm,
            reason: None,
            address,
            events: Vec::new(),
            name,
            called: None,
        });
    }

    /// The frame that ends now.
    fn close(&mut self, context: &mut Context<'_>) -> Option<&mut Seen> {
        self.listen(context);
        self.settle();
        let index = self.open.pop()?;
        if let Some(caller) = self.current() {
            caller.called = Some(index);
        }
        let seen = self.seen.get_mut(index)?;
        if let Some(witness) = &mut context.chain.witness {
            seen.reason = witness.reason.take();
        }
        Some(seen)
    }

    fn current(&mut self) -> Option<&mut Seen> {
        self.seen.get_mut(*self.open.last()?)
    }

    /// Takes the host calls that the current frame's program made since. The first of them is the
    /// one that called the last frame, if there is one.
    fn listen(&mut self, context: &mut Context<'_>) {
        let Some(witness) = &mut context.chain.witness else {
            return;
        };
        let heard = mem::take(&mut witness.heard);
        self.missing = self.missing.saturating_add(heard.missing);
        if let Some(current) = self.current() {
            for call in heard.calls {
                let frame = current.called.take();
                current.events.push(Event::Host(call, frame));
            }
        }
    }

    /// A frame whose host call was not heard of is EVM code's, or that of a program that failed.
    fn settle(&mut self) {
        let Some(called) = self.current().and_then(|current| current.called.take()) else {
            return;
        };
        let name = self.seen.get(called).map_or("", |seen| seen.name);
        if let Some(current) = self.current() {
            current.events.push(Event::Frame(name, called));
        }
    }
}

impl<'a> Inspector<Context<'a>> for Frames {
    fn call(&mut self, context: &mut Context<'a>, inputs: &mut CallInputs) -> Option<CallOutcome> {
        let vm = match inputs.known_bytecode.1.original_byte_slice() {
            [] => None,
            program if code::is_callable(program, context.chain.arbos()) => Some(Vm::Wasm),
            _ => Some(Vm::Evm),
        };
        let name = match inputs.scheme {
            CallScheme::Call | CallScheme::CallCode => "evm_call_contract",
            CallScheme::DelegateCall => "evm_delegate_call_contract",
            CallScheme::StaticCall => "evm_static_call_contract",
        };
        self.open(context, name, vm, Some(inputs.bytecode_address));
        None
    }

    fn call_end(&mut self, context: &mut Context<'a>, _: &CallInputs, outcome: &mut CallOutcome) {
        if let Some(seen) = self.close(context)
            && outcome.was_precompile_called
        {
            seen.vm = Some(Vm::Precompile);
        }
    }

    fn create(
        &mut self,
        context: &mut Context<'a>,
        inputs: &mut CreateInputs,
    ) -> Option<CreateOutcome> {
        let name = match inputs.scheme() {
            CreateScheme::Create2 { .. } => "evm_create2",
            _ => "evm_create1",
        };
        self.open(context, name, Some(Vm::Evm), None);
        None
    }

    fn create_end(
        &mut self,
        context: &mut Context<'a>,
        _: &CreateInputs,
        outcome: &mut CreateOutcome,
    ) {
        if let Some(seen) = self.close(context) {
            seen.address = outcome.address.filter(|_| outcome.result.is_ok());
        }
    }

    fn selfdestruct(&mut self, _: Address, heir: Address, _: U256) {
        self.settle();
        if let Some(current) = self.current() {
            current.events.push(Event::Destroyed(heir));
        }
    }
}
