//! The only calls to other contracts: capped return data, no decoder, and the only unsafe code.

use alloc::vec::Vec;

use alloy_primitives::{Address, B256, U256};
use stylus_sdk::{call::RawCall, host::VM, prelude::*};

use crate::{
    errors::{Error, Result},
    words::{Field, fits},
};

/// Most bytes that are copied from what a callee returns, or reverts with.
const RETURN_BYTES_MAX: usize = 4096;

/// What a contract returned.
#[derive(Clone, Copy)]
pub(crate) struct Reply(&'static [u8]);

impl Reply {
    /// The word at an index; none if the reply is shorter.
    #[inline(never)]
    pub(crate) fn word(self, index: usize) -> Option<B256> {
        let (words, _) = self.0.as_chunks::<32>();
        words.get(index).map(|bytes| B256::new(*bytes))
    }

    /// The number at an index; none if the reply is shorter or the number longer.
    pub(crate) fn number(self, index: usize) -> Option<u64> {
        let word = self.word(index)?;
        fits(&word, 8).then(|| u64::from_word(&word))
    }

    /// The address at an index; none if the reply is shorter or the word no address.
    pub(crate) fn address(self, index: usize) -> Option<Address> {
        let word = self.word(index)?;
        fits(&word, 20).then(|| Address::from_word(word))
    }

    /// The amount at an index; none if the reply is shorter.
    pub(crate) fn amount(self, index: usize) -> Option<U256> {
        self.word(index).map(|word| U256::from_word(&word))
    }
}

/// A selector and words: calldata, or an error.
#[inline(never)]
pub(crate) fn encode(selector: [u8; 4], words: &[B256]) -> Vec<u8> {
    let mut data = Vec::from(selector);
    extend(&mut data, words);
    data
}

/// What a call allocates lives as long as the call: the allocator never frees, so freeing is code for nothing.
pub(crate) fn keep<'a, T>(list: Vec<T>) -> &'a mut [T] {
    list.leak()
}

/// Values as words.
#[inline(never)]
pub(crate) fn each<T: Field>(values: &[T]) -> &'static [B256] {
    let mut words = Vec::with_capacity(values.len());
    for value in values {
        words.push(value.to_word());
    }
    keep(words)
}

/// Appends words.
#[inline(never)]
pub(crate) fn extend(data: &mut Vec<u8>, words: &[B256]) {
    for word in words {
        data.extend_from_slice(&word.0);
    }
}

/// Static call.
#[inline(never)]
#[expect(
    unsafe_code,
    reason = "no storage is borrowed, the cache is flushed, and a static call cannot change storage"
)]
pub(crate) fn read(vm: &VM, target: Address, data: &[u8]) -> Result<Reply> {
    let call = RawCall::new_static(vm)
        .flush_storage_cache()
        .skip_return_data();
    let status = unsafe { call.call(target, data) };
    finish(vm, target, status.is_ok())
}

/// Call that may change state, anywhere but here: the SDK's guard refuses re-entry.
#[inline(never)]
#[expect(
    unsafe_code,
    reason = "no storage is borrowed, and the cache is flushed and cleared"
)]
pub(crate) fn act(vm: &VM, target: Address, data: &[u8]) -> Result<Reply> {
    let call = RawCall::new(vm).clear_storage_cache().skip_return_data();
    let status = unsafe { call.call(target, data) };
    finish(vm, target, status.is_ok())
}

/// The callee's data: a reply, or its own error; a failure without a reason gets one.
fn finish(vm: &VM, target: Address, success: bool) -> Result<Reply> {
    let size = vm.return_data_size().min(RETURN_BYTES_MAX);
    let data = keep(vm.read_return_data(0, Some(size)));
    if success {
        Ok(Reply(data))
    } else if data.is_empty() {
        Err(Error::call_failed(target))
    } else {
        Err(Error(data))
    }
}
