//! What a host function sees of its program: meter, memory and the way to the EVM.

use std::fmt;

use alloy_primitives::{Address, B256, Bytes, U256};
use thiserror::Error;
use wasmtime::{AsContext, AsContextMut, Caller, Global, Memory, Val};

use super::{
    EvmData, Reply, Request, Rules, cache::StorageCache, mailbox::Mailbox, trace::Recorder,
};

/// Why a host function ends its program.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(super) enum HostError {
    #[error("exit with status {0}")]
    Exit(u32),
    #[error("pointer out of bounds")]
    OutOfBounds,
    #[error("out of ink")]
    OutOfInk,
    #[error("not allowed here: the context is static, or the gas does not cover the base price")]
    Refused,
    #[error("storage flush ran out of gas")]
    FlushFailed,
    #[error("a log of {topics} topics in {len} bytes; allowed are 4 topics of 32 bytes each")]
    Topics { topics: u32, len: u32 },
    #[error("the driver's reply does not answer the request")]
    ReplyMismatch,
    #[error("called before the program was set up")]
    NotReady,
}

/// A host function that ended its program.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("{function}: {error}")]
pub(super) struct Failed {
    pub(super) function: &'static str,
    pub(super) error: HostError,
}

/// All that belongs to one run and is not in the program's memory.
#[derive(Default)]
pub(super) struct HostState {
    pub(super) calldata: Bytes,
    pub(super) data: EvmData,
    pub(super) rules: Rules,
    pub(super) mailbox: Mailbox,
    pub(super) handles: Option<Handles>,
    pub(super) cache: StorageCache,
    pub(super) output: Vec<u8>,
    pub(super) return_data: Bytes,
    /// The code that was asked for last. Empty code is not kept from ArbOS 40 on.
    pub(super) last_code: Option<(Address, Bytes)>,
    pub(super) recorder: Option<Recorder>,
}

/// Where the host finds the meter and the memory of the instance.
#[derive(Clone, Copy)]
pub(super) struct Handles {
    pub(super) ink_left: Global,
    pub(super) ink_status: Global,
    pub(super) stack_left: Global,
    pub(super) memory: Memory,
}

impl Handles {
    /// {ink} What the meter holds; `None` once it is used up.
    pub(super) fn ink_left(&self, mut store: impl AsContextMut) -> Option<u64> {
        match self.ink_status.get(&mut store) {
            Val::I32(0) => self.ink_left.get(&mut store).i64().map(|ink| ink as u64),
            _ => None,
        }
    }

    pub(super) fn set_ink(
        &self,
        store: impl AsContextMut,
        ink: u64,
    ) -> Result<(), wasmtime::Error> {
        self.ink_left.set(store, Val::I64(ink as i64))
    }

    /// Uses the ink up.
    pub(super) fn exhaust(&self, mut store: impl AsContextMut) -> Result<(), wasmtime::Error> {
        self.set_ink(&mut store, 0)?;
        self.ink_status.set(store, Val::I32(1))
    }

    /// {word}
    pub(super) fn stack_left(&self, store: impl AsContextMut) -> u32 {
        self.stack_left.get(store).i32().unwrap_or(0) as u32
    }
}

/// A host function's view while it runs.
pub(super) struct Host<'a> {
    caller: Caller<'a, HostState>,
    handles: Handles,
    /// {ink} When the call began, if calls are recorded.
    start_ink: Option<u64>,
}

impl<'a> Host<'a> {
    pub(super) fn new(mut caller: Caller<'a, HostState>) -> Result<Self, HostError> {
        let handles = caller.data().handles.ok_or(HostError::NotReady)?;
        let start_ink = match caller.data().recorder.is_some() {
            true => handles.ink_left(&mut caller),
            false => None,
        };
        Ok(Self {
            caller,
            handles,
            start_ink,
        })
    }

    /// Whether calls are recorded: what only a record needs is worth computing.
    pub(super) fn is_recorded(&self) -> bool {
        self.start_ink.is_some()
    }

    /// Records this call, if calls are recorded: what the program gave and got, in parts.
    pub(super) fn record(&mut self, name: &'static str, args: &[&[u8]], outs: &[&[u8]]) {
        if let Some(start_ink) = self.start_ink {
            let end_ink = self.handles.ink_left(&mut self.caller).unwrap_or(0);
            if let Some(recorder) = &self.state().recorder {
                recorder.record(name, args, outs, (start_ink, end_ink));
            }
        }
    }

    pub(super) fn state(&self) -> &HostState {
        self.caller.data()
    }

    pub(super) fn state_mut(&mut self) -> &mut HostState {
        self.caller.data_mut()
    }

    /// Asks the EVM.
    ///
    /// Errors: [`HostError::Refused`].
    pub(super) async fn ask(&mut self, request: Request) -> Result<Reply, HostError> {
        let mailbox = self.state().mailbox.clone();
        match mailbox.ask(request).await {
            Reply::Refused => Err(HostError::Refused),
            reply => Ok(reply),
        }
    }

    /// Asks the EVM for a word and buys its gas.
    pub(super) async fn ask_value(&mut self, request: Request) -> Result<B256, HostError> {
        match self.ask(request).await? {
            Reply::Value { value, gas } => {
                self.buy_gas(gas)?;
                Ok(value)
            }
            _ => Err(HostError::ReplyMismatch),
        }
    }

    /// Asks the EVM to do something and buys its gas.
    pub(super) async fn ask_done(&mut self, request: Request) -> Result<(), HostError> {
        match self.ask(request).await? {
            Reply::Done { gas } => self.buy_gas(gas),
            _ => Err(HostError::ReplyMismatch),
        }
    }

    /// {ink}
    pub(super) fn ink_left(&mut self) -> Result<u64, HostError> {
        self.handles
            .ink_left(&mut self.caller)
            .ok_or(HostError::OutOfInk)
    }

    /// {gas} Rounded down.
    pub(super) fn gas_left(&mut self) -> Result<u64, HostError> {
        let ink = self.ink_left()?;
        Ok(self.state().rules.ink_to_gas(ink))
    }

    /// Pays, or ends the program with its ink used up.
    pub(super) fn buy_ink(&mut self, ink: u64) -> Result<(), HostError> {
        match self.ink_left()?.checked_sub(ink) {
            Some(left) => self
                .handles
                .set_ink(&mut self.caller, left)
                .map_err(|_| HostError::NotReady),
            None => Err(self.out_of_ink()),
        }
    }

    /// Pays gas at the chain's ink price, saturating.
    pub(super) fn buy_gas(&mut self, gas: u64) -> Result<(), HostError> {
        let ink = self.state().rules.gas_to_ink(gas);
        self.buy_ink(ink)
    }

    /// Ends the program with its ink used up unless it could pay this gas.
    pub(super) fn require_gas(&mut self, gas: u64) -> Result<(), HostError> {
        let ink = self.state().rules.gas_to_ink(gas);
        match self.ink_left()? < ink {
            true => Err(self.out_of_ink()),
            false => Ok(()),
        }
    }

    /// Uses the ink up.
    pub(super) fn out_of_ink(&mut self) -> HostError {
        match self.handles.exhaust(&mut self.caller) {
            Ok(()) => HostError::OutOfInk,
            Err(_) => HostError::NotReady,
        }
    }

    /// The bytes at `ptr`. None at all are still out of bounds behind the memory's end.
    pub(super) fn read(&self, ptr: u32, len: u32) -> Result<&[u8], HostError> {
        let memory = self.handles.memory.data(self.caller.as_context());
        let start = ptr as usize;
        memory
            .get(start..start + len as usize)
            .ok_or(HostError::OutOfBounds)
    }

    pub(super) fn read_array<const N: usize>(&self, ptr: u32) -> Result<[u8; N], HostError> {
        let mut array = [0; N];
        array.copy_from_slice(self.read(ptr, N as u32)?);
        Ok(array)
    }

    pub(super) fn read_word(&self, ptr: u32) -> Result<B256, HostError> {
        self.read_array(ptr).map(B256::new)
    }

    pub(super) fn read_u256(&self, ptr: u32) -> Result<U256, HostError> {
        self.read_array::<32>(ptr).map(U256::from_be_bytes)
    }

    pub(super) fn read_address(&self, ptr: u32) -> Result<Address, HostError> {
        self.read_array(ptr).map(Address::new)
    }

    /// Writes to memory. No bytes at all are still out of bounds behind the memory's end.
    pub(super) fn write(&mut self, ptr: u32, bytes: &[u8]) -> Result<(), HostError> {
        let memory = self.handles.memory.data_mut(&mut self.caller);
        let start = ptr as usize;
        let place = memory
            .get_mut(start..start + bytes.len())
            .ok_or(HostError::OutOfBounds)?;
        place.copy_from_slice(bytes);
        Ok(())
    }

    /// Writes a part of the run's own state to memory.
    pub(super) fn write_from(
        &mut self,
        ptr: u32,
        source: impl for<'s> FnOnce(&'s HostState) -> &'s [u8],
    ) -> Result<(), HostError> {
        let (memory, state) = self.handles.memory.data_and_store_mut(&mut self.caller);
        let bytes = source(state);
        let start = ptr as usize;
        let place = memory
            .get_mut(start..start + bytes.len())
            .ok_or(HostError::OutOfBounds)?;
        place.copy_from_slice(bytes);
        Ok(())
    }

    pub(super) fn write_u32(&mut self, ptr: u32, value: u32) -> Result<(), HostError> {
        self.write(ptr, &value.to_le_bytes())
    }
}

impl fmt::Debug for HostState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostState")
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}
