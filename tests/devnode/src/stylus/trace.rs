//! What a program's host calls were given, what they gave back, and what they cost.
//!
//! A run records them if [`Entry::recording`](super::Entry::recording) is set; [`Run::take_calls`] hands
//! them over, at any time and however the run ends. The bytes are those that Nitro's `stylusTracer`
//! reports: integers big-endian, words and addresses as they are, variable data last.
//!
//! | call | `args` | `outs` |
//! |---|---|---|
//! | `user_entrypoint` | calldata length u32 | |
//! | `user_returned` | | status u32 |
//! | `read_args` | | calldata |
//! | `write_result` | result | |
//! | `exit_early` | status u32 | |
//! | `storage_load_bytes32`, `transient_load_bytes32` | key | value |
//! | `storage_cache_bytes32`, `transient_store_bytes32` | key, value | |
//! | `storage_flush_cache` | clear u8 | |
//! | `account_balance`, `account_codehash` | address | word |
//! | `account_code` | address, offset u32, size u32 | code |
//! | `account_code_size` | address | size u32 |
//! | context and `return_data_size` | | word, address, u64 or u32 |
//! | `pay_for_memory_grow` | pages u16 | |
//! | `math_*` | operands | result |
//! | `native_keccak256` | preimage | digest |
//! | `call_contract` | address, gas u64, value, data | length u32, status u8 |
//! | `delegate_call_contract`, `static_call_contract` | address, gas u64, data | length u32, status u8 |
//! | `create1` | endowment, code | address, length u32 |
//! | `create2` | endowment, salt, code | address, length u32 |
//! | `emit_log` | topics u32, topics and data | |
//! | `read_return_data` | offset u32, size u32 | data |
//! | `console_log_text`, `console_log` | text | |
//!
//! As in Nitro a call is recorded when it has succeeded; the one that ends a program in failure is not.
//! The record of a call or creation follows those of everything that came before its
//! [`Request`](super::Request), so the index that it will have, if it gets one, is
//! [`Run::calls_recorded`] at the time of that request.
//!
//! [`Run::take_calls`]: super::Run::take_calls
//! [`Run::calls_recorded`]: super::Run::calls_recorded

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most calls that one [`Recording`] holds.
pub const CALLS_MAX: u64 = 200_000;
/// {byte} Most bytes of arguments and results that one [`Recording`] holds.
pub const BYTES_MAX: u64 = 64 << 20;

/// One host call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostCall {
    /// Name of the function.
    pub name: &'static str,
    /// What the program gave.
    pub args: Vec<u8>,
    /// What the program got.
    pub outs: Vec<u8>,
    /// {ink} Left before the call.
    pub start_ink: u64,
    /// {ink} Left after it.
    pub end_ink: u64,
}

/// The host calls of a run, in the order in which they ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostCalls {
    /// The calls, up to where the allowance was used up.
    pub calls: Vec<HostCall>,
    /// How many calls after these are missing for want of allowance; 0 if all are there.
    pub missing: u64,
}

/// Makes runs record their host calls. Clones share one allowance: give one to all runs of a transaction.
#[derive(Clone, Debug)]
pub struct Recording(Arc<Mutex<Allowance>>);

#[derive(Debug)]
struct Allowance {
    calls: u64,
    bytes: u64,
}

impl Recording {
    /// An allowance of `calls` and `bytes` {byte}.
    pub fn new(calls: u64, bytes: u64) -> Self {
        Self(Arc::new(Mutex::new(Allowance { calls, bytes })))
    }

    /// Takes one call of this length from the allowance. What does not fit uses it up, so that no record
    /// ever follows a missing one.
    fn take(&self, bytes: u64) -> bool {
        let mut left = lock(&self.0);
        if left.calls == 0 || left.bytes < bytes {
            left.calls = 0;
            return false;
        }
        left.calls -= 1;
        left.bytes -= bytes;
        true
    }
}

impl Default for Recording {
    fn default() -> Self {
        Self::new(CALLS_MAX, BYTES_MAX)
    }
}

/// The records of one run, shared by the run and its driver.
#[derive(Clone, Debug)]
pub(super) struct Recorder {
    recording: Recording,
    recorded: Arc<Mutex<HostCalls>>,
}

impl Recorder {
    pub(super) fn new(recording: Recording) -> Self {
        Self {
            recording,
            recorded: Arc::default(),
        }
    }

    pub(super) fn record(
        &self,
        name: &'static str,
        args: &[&[u8]],
        outs: &[&[u8]],
        (start_ink, end_ink): (u64, u64),
    ) {
        let len: usize = args.iter().chain(outs).map(|part| part.len()).sum();
        let mut recorded = lock(&self.recorded);
        match self.recording.take(len as u64) {
            true => recorded.calls.push(HostCall {
                name,
                args: args.concat(),
                outs: outs.concat(),
                start_ink,
                end_ink,
            }),
            false => recorded.missing += 1,
        }
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.recorded).calls.len()
    }

    pub(super) fn take(&self) -> HostCalls {
        std::mem::take(&mut lock(&self.recorded))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
