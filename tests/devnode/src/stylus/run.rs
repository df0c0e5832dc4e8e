//! Running a program until it ends or needs the EVM.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use thiserror::Error;
use wasmtime::{Instance, Store, Val};

use super::{
    Entry, Outcome, Program, Reply, Request,
    cache::StorageCache,
    end::Ended,
    host::{Handles, HostState},
    mailbox::Mailbox,
    program::Compiled,
    trace::{HostCalls, Recorder},
};

/// A program on its fiber, from its first operator to its end.
type Execution = Pin<Box<dyn Future<Output = Result<Outcome, RunError>> + Send>>;

/// A program that is being run.
///
/// Dropping it before its end frees everything that it holds.
pub struct Run {
    mailbox: Mailbox,
    execution: Option<Execution>,
    awaits_reply: bool,
    recorder: Option<Recorder>,
}

/// Where a run has come to.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// It needs the EVM; resume it with the reply.
    Ask(Request),
    /// It has run for a while; resume it without a reply, or drop it.
    Pause,
    /// It has ended.
    Done(Outcome),
}

/// Why a run cannot go on. None of these is the program's doing.
#[derive(Debug, Error)]
pub enum RunError {
    /// The engine failed, for want of memory for instance.
    #[error("the engine failed: {0}")]
    Engine(#[from] wasmtime::Error),
    /// It has ended, failed, or waits for a reply and got none, or the other way round.
    #[error("a run is resumed with a reply exactly if it asked")]
    Misused,
    /// The reply is of another kind than the request.
    #[error("the reply does not answer the request")]
    ReplyMismatch,
}

impl Run {
    /// Prepares a run; the program's first operator is executed by the first [`Run::resume`].
    pub fn start(program: &Program, entry: Entry) -> Self {
        let mailbox = Mailbox::default();
        let recorder = entry.recording.clone().map(Recorder::new);
        let execution = execute(program.clone(), entry, mailbox.clone(), recorder.clone());
        Self {
            mailbox,
            execution: Some(Box::pin(execution)),
            awaits_reply: false,
            recorder,
        }
    }

    /// How many host calls are recorded and not taken yet; 0 if none are to be.
    pub fn calls_recorded(&self) -> usize {
        self.recorder.as_ref().map_or(0, Recorder::len)
    }

    /// Takes the host calls recorded so far, however the run stands or ended. None if none were to be.
    pub fn take_calls(&mut self) -> HostCalls {
        self.recorder
            .as_ref()
            .map_or_else(HostCalls::default, Recorder::take)
    }

    /// Runs on: without a reply first and after each [`Step::Pause`], with the reply to each [`Step::Ask`].
    ///
    /// Errors: every [`RunError`]; the run is then over.
    pub fn resume(&mut self, reply: Option<Reply>) -> Result<Step, RunError> {
        let execution = self.execution.as_mut().ok_or(RunError::Misused)?;
        if reply.is_some() != self.awaits_reply {
            self.execution = None;
            return Err(RunError::Misused);
        }
        if let Some(reply) = reply {
            self.mailbox.answer(reply);
        }
        match execution
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(outcome) => {
                self.execution = None;
                outcome.map(Step::Done)
            }
            Poll::Pending => match self.mailbox.take_request() {
                Some(request) => {
                    self.awaits_reply = true;
                    Ok(Step::Ask(request))
                }
                None => {
                    self.awaits_reply = false;
                    Ok(Step::Pause)
                }
            },
        }
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("awaits_reply", &self.awaits_reply)
            .finish_non_exhaustive()
    }
}

async fn execute(
    program: Program,
    entry: Entry,
    mailbox: Mailbox,
    recorder: Option<Recorder>,
) -> Result<Outcome, RunError> {
    let compiled = &*program.0;
    let input_len = entry.calldata.len() as u32;
    let (ink, stack) = (entry.ink, entry.rules.stack_limit());
    let state = HostState {
        calldata: entry.calldata,
        data: entry.data,
        rules: entry.rules,
        mailbox,
        handles: None,
        cache: StorageCache::default(),
        output: Vec::new(),
        return_data: alloy_primitives::Bytes::new(),
        last_code: None,
        recorder,
    };
    let mut store = Store::new(compiled.instance.module().engine(), state);
    store.set_epoch_deadline(1);
    store.epoch_deadline_async_yield_and_update(1);
    let instance = compiled.instance.instantiate_async(&mut store).await?;
    let handles = handles(compiled, &instance, &mut store)?;
    handles.set_ink(&mut store, ink)?;
    handles.stack_left.set(&mut store, Val::I32(stack as i32))?;
    store.data_mut().handles = Some(handles);

    let entrypoint = instance
        .get_module_export(&mut store, &compiled.entrypoint)
        .and_then(wasmtime::Extern::into_func)
        .ok_or_else(|| wasmtime::Error::msg("no entry point"))?
        .typed::<u32, u32>(&store)?;
    if let Some(recorder) = &store.data().recorder {
        let args = input_len.to_be_bytes();
        recorder.record("user_entrypoint", &[&args], &[], (ink, ink));
    }
    let result = entrypoint.call_async(&mut store, input_len).await;
    let ended = Ended {
        sight: compiled.sight.as_ref(),
        instance,
        handles,
        store,
    };
    ended.outcome(result)
}

fn handles(
    compiled: &Compiled,
    instance: &Instance,
    store: &mut Store<HostState>,
) -> Result<Handles, wasmtime::Error> {
    let mut global = |index: usize| {
        instance
            .get_module_export(&mut *store, &compiled.meter[index])
            .and_then(wasmtime::Extern::into_global)
            .ok_or_else(|| wasmtime::Error::msg("no meter"))
    };
    let (ink_left, ink_status, stack_left) = (global(0)?, global(1)?, global(3)?);
    let memory = instance
        .get_module_export(&mut *store, &compiled.memory)
        .and_then(wasmtime::Extern::into_memory)
        .ok_or_else(|| wasmtime::Error::msg("no memory"))?;
    Ok(Handles {
        ink_left,
        ink_status,
        stack_left,
        memory,
    })
}
