//! How a run ended, read from what it left.

use wasmtime::{Instance, Store, Trap, Val};

use super::{
    Outcome, OutcomeKind, Panic, RunError, TrapReport,
    activate::Sight,
    host::{Failed, Handles, HostError, HostState},
    instrument::watch::{Seen, Watch},
    panic::Memory,
};

/// A program that runs no more.
pub(super) struct Ended<'a> {
    pub(super) sight: Option<&'a Sight>,
    pub(super) instance: Instance,
    pub(super) handles: Handles,
    pub(super) store: Store<HostState>,
}

impl Ended<'_> {
    /// Which way the program ended. What it was stopped by counts in this order: stack, ink, the rest.
    ///
    /// Errors: [`RunError::Engine`], [`RunError::ReplyMismatch`].
    pub(super) fn outcome(
        mut self,
        result: Result<u32, wasmtime::Error>,
    ) -> Result<Outcome, RunError> {
        let ink = self.handles.ink_left(&mut self.store);
        let ink_left = ink.unwrap_or(0);
        let (kind, trap) = match exited(result) {
            Ok(status) => (self.returned(status, ink_left), None),
            Err(error) => {
                let stack_used_up = self.handles.stack_left(&mut self.store) == 0;
                let kind = match (stack_used_up, ink) {
                    (true, _) => OutcomeKind::OutOfStack,
                    (false, None) => OutcomeKind::OutOfInk,
                    (false, Some(_)) => stopped(&error)?,
                };
                let report = TrapReport::new(&error, kind, self.panic());
                (kind, Some(report))
            }
        };
        let gas_left = match kind {
            OutcomeKind::OutOfStack => 0,
            _ => self.store.data().rules.ink_to_gas(ink_left),
        };
        let output = match kind {
            OutcomeKind::Success | OutcomeKind::Revert => self.store.into_data().output,
            _ => Vec::new(),
        };
        Ok(Outcome {
            kind,
            output,
            ink_left,
            gas_left,
            trap,
        })
    }

    fn returned(&self, status: u32, ink: u64) -> OutcomeKind {
        if let Some(recorder) = &self.store.data().recorder {
            recorder.record("user_returned", &[], &[&status.to_be_bytes()], (ink, ink));
        }
        match status {
            0 => OutcomeKind::Success,
            _ => OutcomeKind::Revert,
        }
    }

    /// The panic that the program was stopped by, if it lets that be seen.
    fn panic(&mut self) -> Option<Panic> {
        let sight = self.sight?;
        let seen: Vec<_> = sight
            .watches
            .iter()
            .filter_map(|watch| self.seen(watch))
            .collect();
        let memory = Memory::new(self.handles.memory.data(&self.store), &sight.formatters);
        Panic::read(&seen, &memory)
    }

    /// The arguments of a function, if it was called.
    fn seen(&mut self, watch: &Watch) -> Option<(Seen, Vec<u32>)> {
        let mut values = (0..=watch.params).map(|n| {
            let global = self
                .instance
                .get_global(&mut self.store, &watch.export(n))?;
            match global.get(&mut self.store) {
                Val::I32(value) => Some(value as u32),
                _ => None,
            }
        });
        match values.next()?? {
            0 => None,
            _ => Some((watch.seen, values.collect::<Option<_>>()?)),
        }
    }
}

/// An early exit ends a program like its entry point's return.
fn exited(result: Result<u32, wasmtime::Error>) -> Result<u32, wasmtime::Error> {
    result.or_else(|error| match error.downcast_ref() {
        Some(Failed {
            error: HostError::Exit(status),
            ..
        }) => Ok(*status),
        _ => Err(error),
    })
}

fn stopped(error: &wasmtime::Error) -> Result<OutcomeKind, RunError> {
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return Ok(match trap {
            Trap::StackOverflow => OutcomeKind::OutOfStack,
            _ => OutcomeKind::Failure,
        });
    }
    match error.downcast_ref::<Failed>().map(|failed| failed.error) {
        Some(HostError::OutOfInk) => Ok(OutcomeKind::OutOfInk),
        Some(HostError::ReplyMismatch) => Err(RunError::ReplyMismatch),
        Some(HostError::NotReady) | None => {
            Err(RunError::Engine(wasmtime::Error::msg(error.to_string())))
        }
        Some(_) => Ok(OutcomeKind::Failure),
    }
}
