//! [`Chain`] as a host of the SDK. The adapter's tests include this file next to a `Chain` of their own.

#![expect(unsafe_code, reason = "the host's traits are unsafe")]

use std::mem;

use alloy_primitives::{Address, B256, U256};
use stylus_sdk::stylus_core::{
    AccountAccess, BlockAccess, CalldataAccess, ChainAccess, CryptographyAccess, Host,
    MemoryAccess, MessageAccess, MeteringAccess, RawLogAccess, StorageAccess, UnsafeCallAccess,
    UnsafeDeploymentAccess,
};

use super::{Chain, THIS};

impl Host for Chain {}

impl StorageAccess for Chain {
    fn storage_load_bytes32(&self, key: U256) -> B256 {
        if let Some(word) = self
            .frames
            .borrow()
            .last()
            .and_then(|cache| cache.get(&key))
        {
            return *word;
        }
        self.state
            .borrow()
            .storage
            .get(&key)
            .copied()
            .unwrap_or_default()
    }

    unsafe fn storage_cache_bytes32(&self, key: U256, value: B256) {
        let mut frames = self.frames.borrow_mut();
        frames.last_mut().expect("a frame").insert(key, value);
    }

    fn flush_cache(&self, _clear: bool) {
        let mut frames = self.frames.borrow_mut();
        let cache = mem::take(frames.last_mut().expect("a frame"));
        self.state.borrow_mut().storage.extend(cache);
    }
}

unsafe impl UnsafeCallAccess for Chain {
    unsafe fn call_contract(
        &self,
        to: *const u8,
        data: *const u8,
        data_len: usize,
        value: *const u8,
        gas: u64,
        out_len: &mut usize,
    ) -> u8 {
        let (to, data, value) = unsafe {
            (
                Address::from_slice(std::slice::from_raw_parts(to, 20)),
                std::slice::from_raw_parts(data, data_len),
                std::slice::from_raw_parts(value, 32),
            )
        };
        assert_eq!(value, [0; 32], "no contract of ours has ether");
        self.call(to, data, gas, out_len)
    }

    unsafe fn static_call_contract(
        &self,
        to: *const u8,
        data: *const u8,
        data_len: usize,
        gas: u64,
        out_len: &mut usize,
    ) -> u8 {
        let (to, data) = unsafe {
            (
                Address::from_slice(std::slice::from_raw_parts(to, 20)),
                std::slice::from_raw_parts(data, data_len),
            )
        };
        self.call(to, data, gas, out_len)
    }

    unsafe fn delegate_call_contract(
        &self,
        _: *const u8,
        _: *const u8,
        _: usize,
        _: u64,
        _: &mut usize,
    ) -> u8 {
        panic!("no contract of ours delegates")
    }
}

impl CalldataAccess for Chain {
    fn read_args(&self, _: usize) -> Vec<u8> {
        panic!("tests call methods")
    }

    fn read_return_data(&self, offset: usize, size: Option<usize>) -> Vec<u8> {
        let world = self.world.borrow();
        let data = world.returned.iter().copied().skip(offset);
        data.take(size.unwrap_or(usize::MAX)).collect()
    }

    fn return_data_size(&self) -> usize {
        self.world.borrow().returned.len()
    }

    fn write_result(&self, _: &[u8]) {}
}

impl RawLogAccess for Chain {
    fn emit_log(&self, input: &[u8], topics: usize) {
        let (topics, data) = input.split_at(topics * 32);
        let topics = topics.chunks(32).map(B256::from_slice).collect();
        self.state.borrow_mut().logs.push((topics, data.to_vec()));
    }

    fn raw_log(&self, _: &[B256], _: &[u8]) -> Result<(), &'static str> {
        Err("unused")
    }
}

impl MessageAccess for Chain {
    fn msg_sender(&self) -> Address {
        self.world.borrow().sender
    }

    fn msg_reentrant(&self) -> bool {
        false
    }

    fn msg_value(&self) -> U256 {
        U256::ZERO
    }

    fn tx_origin(&self) -> Address {
        self.world.borrow().sender
    }
}

impl AccountAccess for Chain {
    fn balance(&self, _: Address) -> U256 {
        U256::ZERO
    }

    fn contract_address(&self) -> Address {
        THIS
    }

    fn code(&self, account: Address) -> Vec<u8> {
        vec![0; self.code_size(account)]
    }

    fn code_size(&self, account: Address) -> usize {
        usize::from(self.world.borrow().code.contains(&account))
    }

    fn code_hash(&self, _: Address) -> B256 {
        B256::ZERO
    }
}

impl MeteringAccess for Chain {
    fn evm_gas_left(&self) -> u64 {
        self.world.borrow().gas
    }

    fn evm_ink_left(&self) -> u64 {
        self.world.borrow().gas.saturating_mul(10_000)
    }

    fn tx_gas_price(&self) -> U256 {
        U256::ZERO
    }

    fn tx_ink_price(&self) -> u32 {
        10_000
    }
}

impl BlockAccess for Chain {
    fn block_basefee(&self) -> U256 {
        U256::ZERO
    }

    fn block_coinbase(&self) -> Address {
        Address::ZERO
    }

    fn block_number(&self) -> u64 {
        0
    }

    fn block_timestamp(&self) -> u64 {
        self.world.borrow().now
    }

    fn block_gas_limit(&self) -> u64 {
        1 << 50
    }
}

impl ChainAccess for Chain {
    fn chain_id(&self) -> u64 {
        412_346
    }
}

impl CryptographyAccess for Chain {
    fn native_keccak256(&self, input: &[u8]) -> B256 {
        alloy_primitives::keccak256(input)
    }
}

impl MemoryAccess for Chain {
    fn pay_for_memory_grow(&self, _: u16) {}
}

unsafe impl UnsafeDeploymentAccess for Chain {
    unsafe fn create1(&self, _: *const u8, _: usize, _: *const u8, _: *mut u8, _: *mut usize) {
        panic!("no contract of ours deploys")
    }

    unsafe fn create2(
        &self,
        _: *const u8,
        _: usize,
        _: *const u8,
        _: *const u8,
        _: *mut u8,
        _: *mut usize,
    ) {
        panic!("no contract of ours deploys")
    }
}
