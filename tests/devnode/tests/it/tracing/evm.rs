//! One transaction of EVM code alone, which anvil runs as well.

use std::time::Duration;

use alloy::{
    primitives::{Address, Bytes},
    providers::{DynProvider, Provider, ProviderBuilder},
};
use serde_json::{Value, json};

use super::scene::{BATCH, PARROT, batch};
use crate::rig::anvil::Anvil;

const SENDER: Address = stylus_devnode::TEST_ACCOUNTS[0];
const BATCHER: Address = Address::repeat_byte(0xc0);

/// What EVM code can do: storage set, changed and cleared; hashes over new memory; logs; creations; calls
/// of every kind, of a precompile too; an end for good; and each way to fail.
#[rustfmt::skip]
pub(super) const CODES: [(Address, &[u8]); 9] = [
    (BATCHER, &BATCH),
    (Address::repeat_byte(0xc1), &[
        0x60, 1, 0x5f, 0x55, 0x60, 2, 0x5f, 0x55, 0x5f, 0x54, 0x60, 9, 0x55, 0x5f, 0x5f, 0x55, 0x00,
    ]),
    (Address::repeat_byte(0xc2), &[
        0x36, 0x5f, 0x61, 1, 0, 0x37, 0x60, 0x20, 0x61, 1, 0, 0x20, 0x5f, 0x52, 0x60, 0x2a, 0x60, 0x40, 0x5f, 0xa1,
        0x60, 0x20, 0x5f, 0xf3,
    ]),
    (Address::repeat_byte(0xc3), &[0x5f, 0x5f, 0x5f, 0x5f, 0xf5, 0x50, 0x5f, 0x5f, 0x5f, 0xf0, 0x3b, 0x00]),
    (Address::repeat_byte(0xc4), &PARROT),
    // Calls the parrot, then leaves what it has to its caller.
    (Address::repeat_byte(0xc7), &[
        0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x73,
        0xc4, 0xc4, 0xc4, 0xc4, 0xc4, 0xc4, 0xc4, 0xc4, 0xc4, 0xc4, 0xc4, 0xc4, 0xc4, 0xc4, 0xc4, 0xc4, 0xc4, 0xc4, 0xc4, 0xc4,
        0x5a, 0xf1, 0x33, 0xff,
    ]),
    // Creates code that reverts with a word, and code of one byte.
    (Address::repeat_byte(0xc8), &[
        0x64, 0x60, 0x20, 0x5f, 0xfd, 0x00, 0x5f, 0x52, 0x60, 5, 0x60, 27, 0x5f, 0xf0, 0x50,
        0x64, 0x60, 1, 0x5f, 0xf3, 0x00, 0x5f, 0x52, 0x60, 5, 0x60, 27, 0x5f, 0xf0, 0x00,
    ]),
    // What takes all gas comes last.
    (Address::repeat_byte(0xc5), &[0x60, 1, 0xfe]),
    // Delegates to the hashing code, asks it statically, and jumps nowhere.
    (Address::repeat_byte(0xc6), &[
        0x60, 0x20, 0x5f, 0x5f, 0x5f, 0x60, 0xc2, 0x5f, 0x52, 0x5f, 0x51, 0x73,
        0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2,
        0x5a, 0xf4, 0x5f, 0x5f, 0x5f, 0x5f, 0x60, 4, 0x5a, 0xfa, 0x60, 1, 0x56,
    ]),
];

/// An anvil, as long as the process is kept.
pub(super) fn anvil(args: &[&str]) -> (Anvil, DynProvider) {
    let process = Anvil::start(args);
    let client = ProviderBuilder::new()
        .connect_http(process.url.parse().unwrap())
        .erased();
    (process, client)
}

/// Calls all of them in one transaction, whose receipt this is.
pub(super) async fn run(client: &DynProvider) -> Value {
    let ask = |method: &'static str, params: Value| client.raw_request(method.into(), params);
    for (address, code) in CODES {
        let set: Value = ask(
            "anvil_setCode",
            json!([address, Bytes::copy_from_slice(code)]),
        )
        .await
        .unwrap();
        assert_eq!(set, Value::Null);
    }
    let identity = Address::with_last_byte(4);
    let codes = CODES[1..].iter().map(|(address, _)| *address);
    let calls: Vec<_> = [identity]
        .into_iter()
        .chain(codes)
        .map(|address| (address, b"polly".to_vec()))
        .collect();
    let input = Bytes::from(batch(&calls));
    let tx = json!([{ "from": SENDER, "to": BATCHER, "input": input, "gas": "0x1e8480" }]);
    let hash: Value = ask("eth_sendTransaction", tx).await.unwrap();
    // anvil answers before it has made the block.
    loop {
        let receipt: Value = ask("eth_getTransactionReceipt", json!([hash]))
            .await
            .unwrap();
        match receipt {
            Value::Null => tokio::time::sleep(Duration::from_millis(20)).await,
            receipt => break receipt,
        }
    }
}
