//! `callTracer` and its relatives.

use alloy::{
    primitives::{Address, Bytes, U64},
    providers::Provider,
};
use alloy_rpc_types_trace::geth::{
    CallConfig, GethDebugBuiltInTracerType, GethDebugTracingOptions, GethTrace,
};
use serde_json::{Value, json};

use super::scene::{ARB_SYS, Scene, logged, number, word};
use crate::rig::{DEV, Rig};

/// Type, machine and callee of a frame and of those in it.
fn shape(frame: &Value) -> Value {
    let calls = frame["calls"].as_array().into_iter().flatten();
    json!([
        frame["type"],
        frame["vm"],
        frame["to"],
        calls.map(shape).collect::<Vec<_>>()
    ])
}

fn frames(frame: &Value) -> Vec<&Value> {
    let calls = frame["calls"].as_array().into_iter().flatten();
    std::iter::once(frame)
        .chain(calls.flat_map(frames))
        .collect()
}

fn text(address: Address) -> String {
    format!("{address:?}")
}

#[tokio::test]
async fn programs_and_code_make_one_tree() {
    let scene = Scene::new().await;
    let (hash, gas_used) = scene.send().await;
    let options = json!({"tracer": "callTracer", "tracerConfig": {"withLog": true}});
    let root = scene.trace(hash, options).await;
    let (batch, proxy) = (text(scene.batch), text(scene.proxy));
    let leaf = |vm: &str, to: Address| json!(["CALL", vm, text(to), []]);
    assert_eq!(
        shape(&root),
        json!([
            "CALL",
            "evm",
            batch,
            [[
                "CALL",
                "wasm",
                proxy,
                [[
                    "CALL",
                    "evm",
                    batch,
                    [
                        leaf("wasm", scene.storage),
                        leaf("wasm", scene.logger),
                        leaf("wasm", scene.logger),
                        leaf("evm", scene.parrot),
                        leaf("precompile", ARB_SYS),
                    ]
                ],]
            ],]
        ])
    );
    assert_eq!(number(&root["gasUsed"]), gas_used);
    for frame in frames(&root) {
        let calls = frame["calls"].as_array().into_iter().flatten();
        let inner: u64 = calls.map(|call| number(&call["gasUsed"])).sum();
        assert!(number(&frame["gasUsed"]) >= inner, "{frame}");
        assert!(
            number(&frame["gas"]) >= number(&frame["gasUsed"]),
            "{frame}"
        );
    }

    let all = frames(&root);
    let (storing, logging, trapped, parrot) = (all[3], all[4], all[5], all[6]);
    assert_eq!(bytes(storing, "input"), Bytes::from(word(7)));
    assert_eq!(storing["error"], Value::Null);
    assert_eq!(logging["logs"][0]["data"], json!("0x68656c6c6f"));
    assert_eq!(logging["logs"][0]["address"], json!(text(scene.logger)));
    assert_eq!(
        bytes(trapped, "input"),
        Bytes::from(logged(0xbb, b"lost\xfe"))
    );
    assert_eq!(trapped["error"], json!("execution reverted"));
    let reason = trapped["revertReason"].as_str().unwrap();
    assert!(
        reason.starts_with("unreachable was executed in function"),
        "{reason}"
    );
    assert_eq!(trapped["logs"], Value::Null);
    assert_eq!(parrot["error"], json!("execution reverted"));
    assert_eq!(bytes(parrot, "output"), Bytes::from("polly"));
    // The logs of the receipt, in order.
    let logs: Vec<_> = all
        .iter()
        .flat_map(|frame| frame["logs"].as_array().into_iter().flatten())
        .collect();
    assert_eq!(logs.len(), 3);
}

fn bytes(frame: &Value, field: &str) -> Bytes {
    super::scene::bytes(&frame[field])
}

#[tokio::test]
async fn only_the_first_call_on_request() {
    let scene = Scene::new().await;
    let (hash, gas_used) = scene.send().await;
    let options = json!({"tracer": "callTracer", "tracerConfig": {"onlyTopCall": true}});
    let root = scene.trace(hash, options).await;
    assert_eq!(root["calls"], Value::Null);
    assert_eq!(root["logs"], Value::Null);
    assert_eq!(number(&root["gasUsed"]), gas_used);
    assert_eq!(root["vm"], json!("evm"));
}

/// A typed client, which knows nothing of the machine, reads the same.
#[tokio::test]
async fn alloys_client_reads_call_frames() {
    let scene = Scene::new().await;
    let (hash, gas_used) = scene.send().await;
    let trace = async |options: GethDebugTracingOptions| -> GethTrace {
        let params = (hash, options);
        let trace = scene
            .rig
            .client
            .raw_request("debug_traceTransaction".into(), params);
        trace.await.unwrap()
    };
    let options = GethDebugTracingOptions::call_tracer(CallConfig::default().with_log());
    let GethTrace::CallTracer(root) = trace(options).await else {
        panic!("no call frame");
    };
    assert_eq!(root.gas_used.to::<u64>(), gas_used);
    assert_eq!(root.from, DEV);
    assert_eq!(root.calls[0].to, Some(scene.proxy));
    assert_eq!(root.calls[0].calls[0].calls.len(), 5);
    let GethTrace::Default(frame) = trace(GethDebugTracingOptions::default()).await else {
        panic!("no struct log");
    };
    assert_eq!(frame.gas, gas_used);
    let prestate = GethDebugTracingOptions::new_tracer(GethDebugBuiltInTracerType::PreStateTracer);
    assert!(matches!(
        trace(prestate).await,
        GethTrace::PreStateTracer(_)
    ));
}

#[tokio::test]
async fn the_other_tracers_see_the_same_calls() {
    let scene = Scene::new().await;
    let (hash, _) = scene.send().await;
    let flat = scene.trace(hash, json!({"tracer": "flatCallTracer"})).await;
    let flat = flat.as_array().unwrap();
    // Parity leaves precompile calls out.
    assert_eq!(flat.len(), 7);
    assert_eq!(flat[2]["traceAddress"], json!([0, 0]));
    assert_eq!(flat[6]["error"], json!("Reverted"));
    assert_eq!(flat[6]["action"]["to"], json!(text(scene.parrot)));

    let selectors = scene.trace(hash, json!({"tracer": "4byteTracer"})).await;
    // Nothing but zeros in front of the stored word; the proxy's kind and the batch's address.
    assert_eq!(selectors["0x00000000-28"], json!(1), "{selectors}");
    assert_eq!(selectors["0xaaaaaaaa-33"], json!(1), "{selectors}");

    assert_eq!(
        scene.trace(hash, json!({"tracer": "noopTracer"})).await,
        json!({})
    );

    let options = json!({"tracer": "muxTracer", "tracerConfig": {
        "callTracer": {}, "prestateTracer": {}, "4byteTracer": null,
    }});
    let both = scene.trace(hash, options).await;
    assert_eq!(both["4byteTracer"], selectors);
    assert_eq!(both["callTracer"]["to"], json!(text(scene.batch)));
    assert!(both["prestateTracer"][text(scene.storage)].is_object());
}

/// A creation by a program shows as one, and so does one that fails.
#[tokio::test]
async fn creations_by_programs_are_frames() {
    let scene = Scene::new().await;
    let factory = scene.rig.program(include_str!("../wat/create.wat")).await;
    let init = crate::rig::init_code(&[0x00]);
    let receipt = scene.rig.call(factory, [&[1][..], &init].concat()).await;
    let options = json!({"tracer": "callTracer"});
    let root = scene.trace(receipt.transaction_hash, options.clone()).await;
    assert_eq!(
        shape(&root),
        json!([
            "CALL",
            "wasm",
            text(factory),
            [["CREATE", "evm", text(factory.create(1)), []],]
        ])
    );
    let receipt = scene.rig.call(factory, [&[2][..], &[0xfe]].concat()).await;
    let root = scene.trace(receipt.transaction_hash, options).await;
    let created = &root["calls"][0];
    assert_eq!(created["type"], json!("CREATE2"));
    assert_eq!(created["error"], json!("invalid opcode: INVALID"));
}

/// What geth has no word for is said in ours.
#[tokio::test]
async fn a_program_that_cannot_run_says_why() {
    let scene = Scene::new().await;
    let idle = scene
        .rig
        .deploy(&crate::rig::compress(
            "(module (memory (export \"memory\") 1 1))",
        ))
        .await;
    let call = json!({"from": DEV, "to": scene.batch, "gas": "0xfffff",
        "input": Bytes::from(super::scene::batch(&[(idle, vec![])]))});
    let options = json!({"tracer": "callTracer"});
    let root = scene
        .rig
        .rpc("debug_traceCall", json!([call, "latest", options]))
        .await;
    assert_eq!(root["error"], Value::Null);
    assert_eq!(root["calls"][0]["error"], json!("program not activated"));
    let call = json!({"from": DEV, "to": idle, "gas": "0xfffff"});
    let root = scene
        .rig
        .rpc("debug_traceCall", json!([call, "latest", options]))
        .await;
    assert_eq!(root["error"], json!("program not activated"));
    assert_eq!(number(&root["gasUsed"]), 0xfffff);
}

/// What a contract sees of the chain is what it saw, whatever the chain is called now and who makes its
/// blocks.
#[tokio::test]
async fn old_transactions_keep_the_settings_of_their_time() {
    let rig = Rig::new().await;
    // Returns CHAINID, COINBASE and GASLIMIT.
    let contract = rig
        .deploy(&[
            0x46, 0x5f, 0x52, 0x41, 0x60, 0x20, 0x52, 0x45, 0x60, 0x40, 0x52, 0x60, 0x60, 0x5f,
            0xf3,
        ])
        .await;
    let receipt = rig.call(contract, vec![]).await;
    let number = U64::from(receipt.block_number.unwrap());
    let call = async |block: Value| {
        rig.rpc("eth_call", json!([{ "to": contract }, block]))
            .await
    };
    let then = call(json!("latest")).await;
    rig.rpc("anvil_setChainId", json!([999])).await;
    rig.rpc("anvil_setCoinbase", json!([contract])).await;
    rig.rpc("evm_setBlockGasLimit", json!(["0x1c9c380"])).await;
    rig.rpc("evm_mine", json!([])).await;
    assert_ne!(call(json!("latest")).await, then);
    assert_eq!(call(json!(number)).await, then);
    let options = json!({ "tracer": "callTracer" });
    let ask = json!([receipt.transaction_hash, options]);
    let trace = rig.rpc("debug_traceTransaction", ask).await;
    assert_eq!(trace["output"], then);
}
