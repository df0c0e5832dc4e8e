//! The struct logger.

use std::time::Duration;

use alloy::{
    primitives::{Address, Bytes},
    providers::{DynProvider, Provider, ProviderBuilder},
};
use serde_json::{Value, json};

use super::scene::{BATCH, PARROT, Scene, batch};
use crate::rig::{Rig, anvil::Anvil};

/// The steps of EVM frames are there whatever ran below them.
#[tokio::test]
async fn frames_above_a_program_have_their_steps() {
    let scene = Scene::new().await;
    let (hash, gas_used) = scene.send().await;
    let trace = scene.trace(hash, json!({})).await;
    assert_eq!(trace["gas"], json!(gas_used));
    assert_eq!(trace["failed"], json!(false));
    let logs = trace["structLogs"].as_array().unwrap();
    let at = |depth: u64| {
        let steps = logs.iter().filter(|log| log["depth"] == json!(depth));
        steps
            .map(|log| log["op"].as_str().unwrap())
            .collect::<Vec<_>>()
    };
    let calls = |depth| at(depth).iter().filter(|op| **op == "CALL").count();
    // The batch, the batch in the program, and the parrot in that.
    assert_eq!((calls(1), calls(3)), (1, 5));
    assert_eq!(at(2), Vec::<&str>::new());
    assert_eq!(at(4).len(), PARROT.len() - 3);
    assert_eq!(at(4).last(), Some(&"REVERT"));
    // In order: nothing of the outer frame between its call and the end of the inner ones.
    let depths: Vec<_> = logs
        .iter()
        .map(|log| log["depth"].as_u64().unwrap())
        .collect();
    let first = depths.iter().position(|depth| *depth == 3).unwrap();
    let last = depths.iter().rposition(|depth| *depth == 3).unwrap();
    assert!(depths[first..=last].iter().all(|depth| *depth >= 3));
    assert!(
        depths[..first]
            .iter()
            .chain(&depths[last + 1..])
            .all(|depth| *depth == 1)
    );

    for limit in [1, first, first + 2, logs.len()] {
        let short = scene.trace(hash, json!({"limit": limit})).await;
        assert_eq!(short["structLogs"].as_array().unwrap()[..], logs[..limit]);
    }
}

const SENDER: Address = stylus_devnode::TEST_ACCOUNTS[0];
const BATCHER: Address = Address::repeat_byte(0xc0);

/// What EVM code can do: storage set, changed and cleared; hashes over new memory; logs; creations; calls
/// of every kind; and each way to fail.
#[rustfmt::skip]
const CODES: [(Address, &[u8]); 7] = [
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
    (Address::repeat_byte(0xc5), &[0x60, 1, 0xfe]),
    // Delegates to the hashing code, asks it statically, and jumps nowhere.
    (Address::repeat_byte(0xc6), &[
        0x60, 0x20, 0x5f, 0x5f, 0x5f, 0x60, 0xc2, 0x5f, 0x52, 0x5f, 0x51, 0x73,
        0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2, 0xc2,
        0x5a, 0xf4, 0x5f, 0x5f, 0x5f, 0x5f, 0x60, 4, 0x5a, 0xfa, 0x60, 1, 0x56,
    ]),
];

/// Calls all of them in one transaction, whose receipt and struct logs these are.
async fn anvil_steps(client: &DynProvider, options: &[Value]) -> Vec<Value> {
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
    let calls: Vec<_> = CODES[1..]
        .iter()
        .map(|(address, _)| (*address, b"polly".to_vec()))
        .collect();
    let input = Bytes::from(batch(&calls));
    let tx = json!([{ "from": SENDER, "to": BATCHER, "input": input, "gas": "0x1e8480" }]);
    let hash: Value = ask("eth_sendTransaction", tx).await.unwrap();
    // anvil answers before it has made the block.
    let receipt = loop {
        let receipt: Value = ask("eth_getTransactionReceipt", json!([hash]))
            .await
            .unwrap();
        match receipt {
            Value::Null => tokio::time::sleep(Duration::from_millis(20)).await,
            receipt => break receipt,
        }
    };
    let mut seen = vec![receipt["gasUsed"].clone(), receipt["status"].clone()];
    for options in options {
        let trace = ask("debug_traceTransaction", json!([hash, options])).await;
        seen.push(trace.unwrap());
    }
    seen
}

/// Without its flag anvil records no steps.
#[tokio::test]
async fn evm_transactions_have_anvils_steps() {
    let rig = Rig::new().await;
    let process = Anvil::start(&["--steps-tracing"]);
    let anvil = ProviderBuilder::new()
        .connect_http(process.url.parse().unwrap())
        .erased();
    let options = [
        json!({}),
        json!({ "enableMemory": true, "enableReturnData": true }),
        json!({ "disableStack": true, "disableStorage": true }),
    ];
    let (ours, theirs) = (
        anvil_steps(&rig.client, &options).await,
        anvil_steps(&anvil, &options).await,
    );
    assert_eq!(ours[..2], theirs[..2], "gas used and status");
    for (ours, theirs) in ours[2..].iter().zip(&theirs[2..]) {
        let steps = |trace: &Value| trace["structLogs"].as_array().unwrap().clone();
        assert!(steps(ours).len() > 200, "{ours}");
        for (ours, theirs) in steps(ours).iter().zip(&steps(theirs)) {
            assert_eq!(ours, theirs);
        }
        assert_eq!(ours, theirs);
    }
}
