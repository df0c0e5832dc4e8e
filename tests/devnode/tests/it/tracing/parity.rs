//! Parity's traces.

use alloy::{
    primitives::{Address, Bytes, U256, hex},
    providers::{DynProvider, Provider},
};
use serde_json::{Value, json};
use stylus_devnode::{Config, config::Mining};

use super::{
    evm::{CODES, anvil, run},
    scene::{ARB_SYS, Scene, batch, logged, word},
};
use crate::rig::{DEV, Rig};

fn text(address: Address) -> String {
    format!("{address:?}")
}

fn list(traces: &Value) -> &Vec<Value> {
    traces.as_array().unwrap_or_else(|| panic!("{traces}"))
}

/// Without what belongs to one chain, and without what is ours alone.
fn everywhere(mut traces: Value) -> Value {
    for trace in traces.as_array_mut().unwrap() {
        let trace = trace.as_object_mut().unwrap();
        for field in [
            "blockHash",
            "blockNumber",
            "transactionHash",
            "vm",
            "revertReason",
        ] {
            trace.remove(field);
        }
    }
    traces
}

/// What a creation that reverts returns is no code, and it made no contract: anvil 1.7.1 says so.
fn mend(trace: &mut Value) {
    if trace["type"] == "create" && trace["error"] == "Reverted" {
        let result = trace["result"].as_object_mut().unwrap();
        result.remove("address").unwrap();
        let code = result.remove("code").unwrap();
        result.insert("output".into(), code);
    }
}

/// What a node tells of the transaction in each of Parity's ways, which is the same in all of them.
async fn told(client: &DynProvider) -> (Value, Value) {
    let receipt = run(client).await;
    let (hash, number) = (&receipt["transactionHash"], &receipt["blockNumber"]);
    let ask = async |method: &'static str, params: Value| -> Value {
        client.raw_request(method.into(), params).await.unwrap()
    };
    let traces = ask("trace_transaction", json!([hash])).await;
    let block = ask("trace_block", json!([number])).await;
    assert_eq!(block, traces);
    let range = json!([{ "fromBlock": number, "toBlock": number }]);
    assert_eq!(ask("trace_filter", range).await, traces);
    let params = json!([number, ["trace", "stateDiff"]]);
    let results = ask("trace_replayBlockTransactions", params).await;
    let result = results[0].clone();
    assert_eq!(&result["transactionHash"], hash);
    assert_eq!(list(&results).len(), 1);
    (traces, result)
}

#[tokio::test]
async fn evm_transactions_have_anvils_traces() {
    let rig = Rig::new().await;
    let (_process, anvil) = anvil(&[]);
    let (ours, our_result) = told(&rig.client).await;
    let (theirs, their_result) = told(&anvil).await;
    assert!(list(&ours).len() > 12, "{ours}");
    let (ours, mut theirs) = (everywhere(ours), everywhere(theirs));
    for (ours, theirs) in list(&ours).iter().zip(theirs.as_array_mut().unwrap()) {
        mend(theirs);
        assert_eq!(ours, theirs);
    }
    assert_eq!(list(&ours).len(), list(&theirs).len());

    let fields = |result: &Value| -> Vec<String> {
        let fields = result.as_object().unwrap().keys();
        fields.cloned().collect()
    };
    assert_eq!(fields(&our_result), fields(&their_result));
    // The list is the same in all answers of ours; anvil leaves precompiles out of this one.
    let mut replayed = our_result["trace"].clone();
    for trace in replayed.as_array_mut().unwrap() {
        trace["transactionPosition"] = json!(0);
    }
    assert_eq!(everywhere(replayed), ours);
    for field in ["output", "vmTrace"] {
        assert_eq!(our_result[field], their_result[field], "{field}");
    }
    // Fees and who gets them differ.
    let (ours, theirs) = (&our_result["stateDiff"], &their_result["stateDiff"]);
    for (address, _) in CODES {
        assert_eq!(ours[text(address)], theirs[text(address)], "{address}");
    }
    assert!(ours[text(CODES[1].0)]["storage"].is_object());
    assert_eq!(ours[text(CODES[3].0)]["nonce"]["*"]["to"], json!("0x2"));
}

#[tokio::test]
async fn a_mixed_stack_is_one_list() {
    let scene = Scene::new().await;
    let (hash, _) = scene.send().await;
    let ask = async |method: &'static str, params: Value| scene.rig.rpc(method, params).await;
    for name in ["trace_transaction", "arbtrace_transaction"] {
        let traces = ask(name, json!([hash])).await;
        let of = |trace: &Value| json!([trace["traceAddress"], trace["vm"], trace["action"]["to"]]);
        let shown: Vec<_> = list(&traces).iter().map(of).collect();
        let line = |place: &[u8], vm: &str, to: Address| json!([place, vm, text(to)]);
        assert_eq!(
            shown,
            [
                line(&[], "evm", scene.batch),
                line(&[0], "wasm", scene.proxy),
                line(&[0, 0], "evm", scene.batch),
                line(&[0, 0, 0], "wasm", scene.storage),
                line(&[0, 0, 1], "wasm", scene.logger),
                line(&[0, 0, 2], "wasm", scene.logger),
                line(&[0, 0, 3], "evm", scene.parrot),
                line(&[0, 0, 4], "precompile", ARB_SYS),
            ]
        );
        assert_eq!(traces[2]["subtraces"], json!(5));
        // The trap is a revert to its caller; the list says why.
        let trapped = &traces[5];
        assert_eq!(trapped["error"], json!("Reverted"));
        let reason = trapped["revertReason"].as_str().unwrap();
        assert!(reason.starts_with("unreachable was executed"), "{reason}");
        assert_eq!(traces[6]["result"]["output"], json!(Bytes::from("polly")));
        assert_eq!(traces[6].get("revertReason"), None);
    }
    // One of them, by its place.
    let traces = ask("trace_transaction", json!([hash])).await;
    for name in ["trace_get", "arbtrace_get"] {
        for (path, index) in [
            (json!([]), 0),
            (json!(["0x0", "0x0", "0x4"]), 7),
            (json!([0, 0, 1]), 4),
        ] {
            let found = ask(name, json!([hash, path])).await;
            assert_eq!(found, traces[index], "{name} {path}");
        }
        assert_eq!(ask(name, json!([hash, ["0x1"]])).await, Value::Null);
    }
    // Executed again as a whole.
    for name in ["trace_replayTransaction", "arbtrace_replayTransaction"] {
        let result = ask(name, json!([hash, ["trace", "stateDiff"]])).await;
        let list = everywhere(result["trace"].clone());
        let mut placed = everywhere(traces.clone());
        for trace in placed.as_array_mut().unwrap() {
            trace.as_object_mut().unwrap().remove("transactionPosition");
        }
        assert_eq!(list, placed);
        let slot = &result["stateDiff"][text(scene.storage)]["storage"];
        let changed = slot.as_object().unwrap().values().next().unwrap();
        assert_eq!(changed["*"]["to"], json!(Bytes::from(word(7))));
        let bare = ask(name, json!([hash, []])).await;
        assert_eq!(
            (&bare["trace"], &bare["stateDiff"]),
            (&json!([]), &Value::Null)
        );
    }
}

#[tokio::test]
async fn calls_are_traced_one_by_one_and_in_a_row() {
    let scene = Scene::new().await;
    let ask = async |method: &'static str, params: Value| scene.rig.rpc(method, params).await;
    let store =
        |value: u64| json!({ "from": DEV, "to": scene.storage, "input": Bytes::from(word(value)) });
    let change = |result: &Value| {
        let slots = &result["stateDiff"][text(scene.storage)]["storage"];
        let delta = slots.as_object().unwrap().values().next().unwrap()["*"].clone();
        [&delta["from"], &delta["to"]].map(|word| word.as_str().unwrap().parse::<U256>().unwrap())
    };
    let number = |value: u64| U256::from(value);
    let types = json!(["trace", "stateDiff"]);
    for name in ["trace_call", "arbtrace_call"] {
        let result = ask(name, json!([store(5), types, "latest"])).await;
        assert_eq!(change(&result), [number(0), number(5)], "{name}");
        assert_eq!(result["trace"][0]["vm"], json!("wasm"));
        assert_eq!(result.get("transactionHash"), None);
    }
    for name in ["trace_callMany", "arbtrace_callMany"] {
        let calls = json!([
            [store(5), types],
            [store(6), ["stateDiff"]],
            [store(7), types]
        ]);
        let results = ask(name, json!([calls, "latest"])).await;
        for (result, from, to) in [
            (&results[0], 0, 5),
            (&results[1], 5, 6),
            (&results[2], 6, 7),
        ] {
            assert_eq!(change(result), [number(from), number(to)], "{name}");
        }
        assert_eq!(results[1]["trace"], json!([]));
        let nonce = |result: &Value| result["stateDiff"][text(DEV)]["nonce"]["*"]["to"].clone();
        assert_ne!(nonce(&results[1]), nonce(&results[0]));
    }
    // Nothing of it is kept; overrides are those of `eth_call`.
    let slot = scene
        .rig
        .client
        .get_storage_at(scene.storage, U256::ZERO)
        .await;
    assert_eq!(slot.unwrap(), U256::ZERO);
    let code = json!({ text(scene.storage): { "code": "0x00" } });
    let result = ask("trace_call", json!([store(5), types, "latest", code])).await;
    assert_eq!(result["trace"][0]["vm"], json!("evm"));
    // What is signed and not sent.
    let account = stylus_devnode::TEST_ACCOUNTS[0];
    let tx = json!([{ "from": account, "to": scene.storage, "input": Bytes::from(word(9)), "nonce": "0x63" }]);
    let raw = ask("eth_signTransaction", tx).await;
    let result = ask("trace_rawTransaction", json!([raw, types])).await;
    assert_eq!(change(&result), [number(0), number(9)]);
    assert_eq!(result["trace"][0]["action"]["from"], json!(text(account)));
}

#[tokio::test]
async fn traces_are_found_by_block_and_address() {
    let rig = Rig::with(Config {
        mining: Mining::Manual,
        ..Config::default()
    })
    .await;
    let bob = Address::repeat_byte(0xb0);
    let senders = &stylus_devnode::TEST_ACCOUNTS[..3];
    for _ in 0..3 {
        for (value, sender) in (1_u64..).zip(senders) {
            let payment = json!([{ "from": sender, "to": bob, "value": U256::from(value) }]);
            rig.rpc("eth_sendTransaction", payment).await;
        }
        rig.rpc("evm_mine", json!([])).await;
    }
    // Block, and who pays, by what is paid.
    let found = async |filter: Value| -> Vec<(u64, String)> {
        let traces = rig.rpc("trace_filter", json!([filter])).await;
        assert_eq!(rig.rpc("arbtrace_filter", json!([filter])).await, traces);
        let of = |trace: &Value| {
            let value = trace["action"]["value"].as_str().unwrap().to_owned();
            (trace["blockNumber"].as_u64().unwrap(), value)
        };
        list(&traces).iter().map(of).collect()
    };
    let all = found(json!({})).await;
    assert_eq!(all.len(), 9);
    assert!(
        all.iter()
            .map(|(block, _)| *block)
            .eq([1, 1, 1, 2, 2, 2, 3, 3, 3])
    );
    for (filter, expected) in [
        (json!({ "fromBlock": "0x2" }), &all[3..]),
        (json!({ "toBlock": "0x2" }), &all[..6]),
        (
            json!({ "fromBlock": "latest", "toBlock": "latest" }),
            &all[6..],
        ),
        (json!({ "fromBlock": "0x2", "toBlock": "0x9" }), &all[3..]),
        (json!({ "after": 4 }), &all[4..]),
        (json!({ "count": 2 }), &all[..2]),
        (json!({ "after": 2, "count": 5 }), &all[2..7]),
        (json!({ "count": 0 }), &[]),
        (json!({ "after": 99 }), &[]),
        (json!({ "toAddress": [bob], "fromAddress": null }), &all[..]),
        (json!({ "toAddress": [DEV] }), &[]),
        (json!({ "fromAddress": [bob], "toAddress": [bob] }), &[]),
        (
            json!({ "fromAddress": [bob], "toAddress": [bob], "mode": "union" }),
            &all[..],
        ),
    ] {
        assert_eq!(found(filter.clone()).await, expected, "{filter}");
    }
    let second = found(json!({ "fromAddress": [senders[1]], "after": 1 })).await;
    assert_eq!(second, [(2, "0x2".to_owned()), (3, "0x2".to_owned())]);

    for (block, len) in [("0x2", 3), ("latest", 3), ("0x0", 0)] {
        let traces = rig.rpc("arbtrace_block", json!([block])).await;
        assert_eq!(list(&traces).len(), len, "{block}");
        let params = json!([block, ["trace"]]);
        let results = rig.rpc("arbtrace_replayBlockTransactions", params).await;
        assert_eq!(list(&results).len(), len, "{block}");
    }
    let position = rig.rpc("trace_block", json!(["0x2"])).await;
    let position = list(&position)
        .iter()
        .map(|trace| &trace["transactionPosition"]);
    assert!(position.eq([&json!(0), &json!(1), &json!(2)]));
}

#[tokio::test]
async fn what_cannot_be_traced_is_refused() {
    let scene = Scene::new().await;
    let (hash, _) = scene.send().await;
    let none = alloy::primitives::B256::ZERO;
    for (method, params, words) in [
        ("trace_transaction", json!([none]), "transaction not found"),
        ("trace_get", json!([none, []]), "transaction not found"),
        ("trace_block", json!(["0xffff"]), "header not found"),
        (
            "trace_replayTransaction",
            json!([hash, ["vmTrace"]]),
            "vmTrace is not made",
        ),
        (
            "trace_call",
            json!([{ "to": DEV }, ["steps"]]),
            "Invalid params",
        ),
        (
            "trace_filter",
            json!([{ "fromBlock": "0x2", "toBlock": "0x1" }]),
            "invalid block range",
        ),
        (
            "trace_filter",
            json!([{ "address": [DEV] }]),
            "Invalid params",
        ),
    ] {
        let (_, message) = scene.rig.rpc_error(method, params).await;
        assert!(message.contains(words), "{method}: {message}");
    }
}

/// Sizes are bounded as those of the other traces.
#[tokio::test]
async fn a_list_that_grows_too_large_is_refused() {
    let scene = Scene::new().await;
    let at = Address::repeat_byte(0x66);
    // For ever: call nobody with 1 MiB.
    let code = json!({ text(at): { "code": "0x5f620fffff525b5f5f620fffff5f5f5f5af150600656" } });
    let call = json!({ "from": DEV, "to": at, "gas": "0x2faf080" });
    for types in [json!(["trace"]), json!([])] {
        let params = json!([call, types, "latest", code]);
        let (_, message) = scene.rig.rpc_error("trace_call", params).await;
        assert!(message.starts_with("trace too large"), "{message}");
    }
}

/// Traces that nobody gets need not fit into the answer.
#[tokio::test]
async fn a_filter_that_finds_little_may_look_at_much() {
    let rig = Rig::new().await;
    // Calls nobody 60 times with 1 MiB.
    let code = hex!("5f620fffff52603c5b5f5f620fffff5f5f5f5af150600190038060085700");
    let caller = rig.deploy(&code).await;
    for _ in 0..3 {
        rig.call(caller, vec![]).await;
    }
    let bob = Address::repeat_byte(0xb0);
    let paid = rig.send(bob.into(), vec![], 1).await;
    let traces = rig
        .rpc("trace_filter", json!([{ "toAddress": [bob] }]))
        .await;
    assert_eq!(list(&traces).len(), 1);
    assert_eq!(traces[0]["transactionHash"], json!(paid.transaction_hash));
    let first = json!([{ "toAddress": [Address::ZERO], "count": 1 }]);
    assert_eq!(list(&rig.rpc("trace_filter", first).await).len(), 1);
    let (_, message) = rig.rpc_error("trace_filter", json!([{}])).await;
    assert!(message.starts_with("trace too large"), "{message}");
}

/// On a fork there are traces of what happened there.
#[tokio::test]
async fn a_fork_traces_what_was_sent_on_it() {
    let upstream = Scene::new().await;
    upstream.send().await;
    let local = crate::fork::rig::fork(&upstream.rig).await;
    let receipt = local
        .call(upstream.batch, batch(&[(upstream.logger, logged(1, b"x"))]))
        .await;
    let traces = local.rpc("trace_filter", json!([{}])).await;
    assert_eq!(list(&traces).len(), 2);
    assert_eq!(traces[1]["vm"], json!("wasm"));
    let own = local
        .rpc("trace_transaction", json!([receipt.transaction_hash]))
        .await;
    assert_eq!(own, traces);
    let (_, message) = local
        .rpc_error("trace_filter", json!([{ "fromBlock": "0x0" }]))
        .await;
    assert!(message.contains("after the fork"), "{message}");
}
