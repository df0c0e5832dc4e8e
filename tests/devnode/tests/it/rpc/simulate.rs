//! `eth_simulateV1`.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, U256, address, keccak256},
    providers::Provider,
    rpc::types::TransactionRequest,
    rpc::types::simulate::{SimBlock, SimulatePayload},
};
use serde_json::{Value, json};

use crate::rig::{DEV, Rig, evm_proxy, init_code, via_evm};

const ALICE: Address = Address::repeat_byte(0xa1);
const BOB: Address = Address::repeat_byte(0xb0);
const CONTRACT: Address = Address::repeat_byte(0xc0);
const ETHER: Address = address!("eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee");

/// Adds one to slot 0, and returns the block's time, its base fee and the new value.
const COUNTER: &str = "0x5f54600101805f55604052425f524860205260605ff3";

fn words(data: &Value) -> Vec<U256> {
    let data: Bytes = serde_json::from_value(data.clone()).unwrap();
    data.chunks(32).map(U256::from_be_slice).collect()
}

async fn simulate(rig: &Rig, payload: Value) -> Vec<Value> {
    let blocks = rig.rpc("eth_simulateV1", json!([payload, "latest"])).await;
    serde_json::from_value(blocks).unwrap()
}

#[tokio::test]
async fn what_a_block_does_the_next_one_sees() {
    let rig = Rig::new().await;
    let head = rig
        .rpc("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    let now: U256 = serde_json::from_value(head["timestamp"].clone()).unwrap();
    let call = json!({ "from": ALICE, "to": CONTRACT });
    let blocks = simulate(
        &rig,
        json!({ "blockStateCalls": [
            { "stateOverrides": { CONTRACT.to_string(): { "code": COUNTER } }, "calls": [call, call] },
            {
                "blockOverrides": { "number": "0x4", "time": now + U256::from(100), "baseFeePerGas": "0x7" },
                "calls": [call],
            },
        ]}),
    )
    .await;
    // Blocks in between are made up too.
    let numbers: Vec<_> = blocks.iter().map(|block| &block["number"]).collect();
    assert_eq!(numbers, ["0x1", "0x2", "0x3", "0x4"]);
    let mut parent = &head["hash"];
    for block in &blocks {
        assert_eq!(&block["parentHash"], parent);
        parent = &block["hash"];
    }
    let first = &blocks[0]["calls"];
    assert_eq!(
        words(&first[0]["returnData"]),
        [now + U256::ONE, U256::ZERO, U256::ONE]
    );
    assert_eq!(words(&first[1]["returnData"])[2], U256::from(2));
    let last = &blocks[3]["calls"][0];
    let expected = [now + U256::from(100), U256::from(7), U256::from(3)];
    assert_eq!(words(&last["returnData"]), expected);
    assert_eq!((&last["status"], last.get("error")), (&json!("0x1"), None));
    let used = |value: &Value| serde_json::from_value::<U256>(value.clone()).unwrap();
    let calls: U256 = (0..2).map(|index| used(&first[index]["gasUsed"])).sum();
    assert_eq!(used(&blocks[0]["gasUsed"]), calls);
    assert_eq!(blocks[0]["transactions"].as_array().unwrap().len(), 2);
    // Nothing of it happened.
    assert_eq!(rig.client.get_block_number().await.unwrap(), 0);
    assert!(rig.client.get_code_at(CONTRACT).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_call_that_fails_says_why_and_the_others_go_on() {
    let rig = Rig::new().await;
    let reverts = Address::repeat_byte(0xc1);
    let halts = Address::repeat_byte(0xc2);
    let blocks = simulate(
        &rig,
        json!({ "returnFullTransactions": true, "blockStateCalls": [{
            "stateOverrides": {
                CONTRACT.to_string(): { "code": COUNTER },
                reverts.to_string(): { "code": "0x60aa5f5260205ffd" },
                halts.to_string(): { "code": "0xfe" },
            },
            "calls": [{ "to": reverts }, { "to": halts, "gas": "0xc350" }, { "from": ALICE, "to": CONTRACT }],
        }]}),
    )
    .await;
    let calls = &blocks[0]["calls"];
    assert_eq!(calls[0]["status"], "0x0");
    assert_eq!(calls[0]["error"]["code"], 3);
    assert_eq!(calls[0]["error"]["data"], json!(B256::with_last_byte(0xaa)));
    assert_eq!(
        calls[1]["error"],
        json!({ "code": -32015, "message": "invalid opcode" })
    );
    assert_eq!(calls[1]["gasUsed"], "0xc350");
    assert_eq!(words(&calls[2]["returnData"])[2], U256::ONE);
    let txs = &blocks[0]["transactions"];
    assert_eq!(
        (&txs[2]["from"], &txs[2]["to"]),
        (&json!(ALICE), &json!(CONTRACT))
    );
}

#[tokio::test]
async fn transfers_are_logs_if_wanted() {
    let rig = Rig::new().await;
    let proxy = rig.deploy(&evm_proxy(0xF1)).await;
    let request = json!({ "from": DEV, "to": proxy, "value": "0x5", "input": Bytes::from(via_evm(BOB, &[])) });
    for (wanted, expected) in [(true, vec![(DEV, proxy), (proxy, BOB)]), (false, vec![])] {
        let blocks = simulate(
            &rig,
            json!({ "traceTransfers": wanted, "blockStateCalls": [{ "calls": [request] }] }),
        )
        .await;
        let logs = blocks[0]["calls"][0]["logs"].as_array().unwrap();
        let seen: Vec<_> = logs
            .iter()
            .map(|log| {
                assert_eq!(log["address"], json!(ETHER));
                assert_eq!(
                    log["topics"][0],
                    json!(keccak256("Transfer(address,address,uint256)"))
                );
                assert_eq!(words(&log["data"]), [U256::from(5)]);
                let party = |index: usize| {
                    let word: B256 = serde_json::from_value(log["topics"][index].clone()).unwrap();
                    Address::from_word(word)
                };
                (party(1), party(2))
            })
            .collect();
        assert_eq!(seen, expected);
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_the_codes_of_the_specification() {
    let rig = Rig::new().await;
    let call = |fields: Value| {
        let mut call =
            json!({ "from": DEV, "to": ALICE, "gas": "0x5208", "maxFeePerGas": "0x77359400" });
        call.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        json!({ "validation": true, "blockStateCalls": [{ "calls": [call] }] })
    };
    let numbers = |numbers: &[u64]| {
        let block = |number: &u64| json!({ "blockOverrides": { "number": U256::from(*number) } });
        json!({ "blockStateCalls": numbers.iter().map(block).collect::<Vec<_>>() })
    };
    assert_eq!(
        simulate(&rig, call(json!({ "value": "0x1" }))).await[0]["calls"][0]["status"],
        "0x1"
    );
    for (payload, code, reason) in [
        (json!({}), -32602, "empty input"),
        (
            numbers(&[5, 5]),
            -38020,
            "block numbers must be in order: 5 <= 5",
        ),
        (numbers(&[1, 257]), -38026, "too many blocks"),
        (
            json!({ "blockStateCalls": [{ "blockOverrides": { "time": "0x1" } }] }),
            -38021,
            "block timestamps must be in order: 1 <= ",
        ),
        (
            json!({ "blockStateCalls": [{
                "blockOverrides": { "gasLimit": "0xffff" }, "calls": [{ "gas": "0x10000" }],
            }]}),
            -38015,
            "block gas limit reached: 65536 >= 65535",
        ),
        (call(json!({ "nonce": "0x9" })), -38011, ""),
        (call(json!({ "maxFeePerGas": "0x1" })), -38012, ""),
        (
            call(json!({ "gas": "0x5207" })),
            -38013,
            "intrinsic gas too low",
        ),
        (
            call(json!({ "value": U256::MAX >> 1 })),
            -38014,
            "insufficient funds",
        ),
        (
            json!({ "blockStateCalls": [{ "blockOverrides": { "colour": "red" } }] }),
            -32602,
            "invalid params: block override \"colour\" is not supported",
        ),
    ] {
        let (have, message) = rig.rpc_error("eth_simulateV1", json!([payload])).await;
        assert_eq!(have, code, "{message}");
        assert!(message.starts_with(reason), "{message}");
    }
}

/// alloy reads the answer.
#[tokio::test]
async fn a_program_runs_in_blocks_that_are_made_up() {
    let rig = Rig::new().await;
    let program = rig.program(include_str!("../wat/proxy.wat")).await;
    let input = crate::rig::via_program(crate::rig::Kind::Call, ALICE, 3, &[]);
    let call = TransactionRequest::default()
        .with_from(DEV)
        .with_to(program)
        .with_value(U256::from(3))
        .with_input(input);
    let payload = SimulatePayload::default()
        .with_trace_transfers()
        .extend(SimBlock::default().call(call));
    let blocks = rig.client.simulate(&payload).await.unwrap();
    let result = &blocks[0].calls[0];
    assert!(result.status, "{result:?}");
    assert_eq!(result.logs.len(), 2);
    assert_eq!(
        blocks[0].inner.header.number,
        rig.client.get_block_number().await.unwrap() + 1
    );
    assert_eq!(rig.client.get_balance(ALICE).await.unwrap(), U256::ZERO);
}

/// Returns slot 0.
const READER: &[u8] = &[0x5f, 0x54, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3];

/// Whatever was at its address: in blocks that are made up, in the pending one, and when it is mined.
#[tokio::test]
async fn a_new_contract_begins_with_empty_storage() {
    let rig = Rig::new().await;
    let created = DEV.create(0);
    let old = json!([created, "0x0", B256::with_last_byte(7)]);
    rig.rpc("anvil_setStorageAt", old).await;
    let deploy = json!({ "from": DEV, "gas": "0x30d40", "input": Bytes::from(init_code(READER)) });
    let calls = json!({ "blockStateCalls": [{ "calls": [deploy, { "to": created }] }] });
    let calls = &simulate(&rig, calls).await[0]["calls"];
    assert_eq!(calls[0]["status"], "0x1");
    assert_eq!(words(&calls[1]["returnData"]), [U256::ZERO]);

    rig.rpc("evm_setAutomine", json!([false])).await;
    rig.rpc("eth_sendTransaction", json!([deploy])).await;
    for block in ["pending", "latest"] {
        let word = rig.rpc("eth_call", json!([{ "to": created }, block])).await;
        assert_eq!(words(&word), [U256::ZERO], "{block}");
        rig.rpc("evm_mine", json!([])).await;
    }
}
