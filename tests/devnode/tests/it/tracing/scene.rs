//! One transaction that has everything: EVM code calls a program calls EVM code, which calls a
//! program that writes, one that logs, one that traps, EVM code that reverts, and a precompile.

use alloy::primitives::{Address, B256, Bytes, U256, address};
use serde_json::{Value, json};

use crate::rig::{Kind, PROXY, Rig, via_program};

pub(super) const STORAGE: &str = include_str!("../wat/storage.wat");
pub(super) const LOGGER: &str = include_str!("../wat/logger.wat");
pub(super) const ARB_SYS: Address = address!("0x0000000000000000000000000000000000000064");

/// `arbBlockNumber()`
pub(super) const ARB_BLOCK_NUMBER: [u8; 4] = [0xa3, 0xb1, 0xb3, 0x1d];

/// Reverts with its input.
pub(super) const PARROT: [u8; 10] = [0x36, 0x60, 0, 0x60, 0, 0x37, 0x36, 0x60, 0, 0xfd];

/// Makes the calls that its input lists and logs nothing at the end, whatever they did.
#[rustfmt::skip]
pub(super) const BATCH: [u8; 41] = [
    0x5f,                                     // p = 0
    0x5b, 0x36, 0x81, 0x10, 0x15, 0x60, 0x26, 0x57, // while p < calldatasize
    0x80, 0x60, 0x20, 0x01, 0x35,             // len = calldata[p + 32]
    0x80, 0x82, 0x60, 0x40, 0x01, 0x5f, 0x37, // memory[0..len] = calldata[p + 64..]
    0x5f, 0x5f, 0x82, 0x5f, 0x5f, 0x86, 0x35, 0x5a, 0xf1, 0x50, // call(calldata[p], ..)
    0x01, 0x60, 0x40, 0x01, 0x60, 0x01, 0x56, // p = p + len + 64
    0x5b, 0x5f, 0x5f,                         // log0(0, 0)
];

/// Input of [`BATCH`].
pub(super) fn batch(calls: &[(Address, Vec<u8>)]) -> Vec<u8> {
    let mut input = Vec::new();
    for (to, data) in calls {
        input.extend(to.into_word());
        input.extend(U256::from(data.len()).to_be_bytes::<32>());
        input.extend(data);
    }
    input
}

pub(super) fn word(number: u64) -> Vec<u8> {
    U256::from(number).to_be_bytes::<32>().to_vec()
}

/// Input of the logger: a topic and data.
pub(super) fn logged(topic: u8, data: &[u8]) -> Vec<u8> {
    [B256::repeat_byte(topic).as_slice(), data].concat()
}

pub(super) struct Scene {
    pub(super) rig: Rig,
    pub(super) batch: Address,
    pub(super) proxy: Address,
    pub(super) storage: Address,
    pub(super) logger: Address,
    pub(super) parrot: Address,
    pub(super) input: Vec<u8>,
}

impl Scene {
    pub(super) async fn new() -> Self {
        let rig = Rig::new().await;
        let code = [&BATCH[..], &[0xa0, 0x00]].concat();
        let batch_address = rig.deploy(&code).await;
        let (proxy, storage) = (rig.program(PROXY).await, rig.program(STORAGE).await);
        let (logger, parrot) = (rig.program(LOGGER).await, rig.deploy(&PARROT).await);
        let inner = batch(&[
            (storage, word(7)),
            (logger, logged(0xaa, b"hello")),
            (logger, logged(0xbb, b"lost\xfe")),
            (parrot, b"polly".to_vec()),
            (ARB_SYS, ARB_BLOCK_NUMBER.to_vec()),
        ]);
        let input = batch(&[(proxy, via_program(Kind::Call, batch_address, 0, &inner))]);
        Self {
            rig,
            batch: batch_address,
            proxy,
            storage,
            logger,
            parrot,
            input,
        }
    }

    /// Sends the transaction; its hash and gas used.
    pub(super) async fn send(&self) -> (B256, u64) {
        let receipt = self.rig.call(self.batch, self.input.clone()).await;
        (receipt.transaction_hash, receipt.gas_used)
    }

    pub(super) async fn trace(&self, hash: B256, options: Value) -> Value {
        self.rig
            .rpc("debug_traceTransaction", json!([hash, options]))
            .await
    }
}

pub(super) fn number(value: &Value) -> u64 {
    let text = value.as_str().unwrap_or_else(|| panic!("no text: {value}"));
    u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
}

pub(super) fn bytes(value: &Value) -> Bytes {
    value.as_str().unwrap().parse().unwrap()
}
