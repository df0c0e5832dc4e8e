//! `stylusTracer`.

use serde_json::{Value, json};

use super::scene::{Scene, bytes, number, word};
use crate::rig::{Kind, Rig, via_program};

fn names(steps: &Value) -> Vec<&str> {
    let steps = steps.as_array().unwrap();
    steps
        .iter()
        .map(|step| step["name"].as_str().unwrap())
        .collect()
}

const OPTIONS: &str = "stylusTracer";

#[tokio::test]
async fn a_program_shows_its_host_calls() {
    let scene = Scene::new().await;
    let receipt = scene.rig.call(scene.storage, word(7)).await;
    let steps = scene
        .trace(receipt.transaction_hash, json!({"tracer": OPTIONS}))
        .await;
    assert_eq!(
        names(&steps),
        [
            "user_entrypoint",
            "read_args",
            "storage_cache_bytes32",
            "storage_flush_cache",
            "user_returned"
        ]
    );
    assert_eq!(
        steps[1]["outs"],
        json!(bytes(&json!(format!("0x{:064x}", 7))))
    );
    // The published figures: 21,344 for reading 32 bytes; a cold slot from zero.
    let ink = |step: &Value| step["startInk"].as_u64().unwrap() - step["endInk"].as_u64().unwrap();
    assert_eq!(ink(&steps[3]), 221_068_073);
}

#[tokio::test]
async fn frames_nest_where_they_were_called() {
    let scene = Scene::new().await;
    let (hash, _) = scene.send().await;
    let outer = scene.trace(hash, json!({"tracer": OPTIONS})).await;
    // EVM code has no host calls, but what it calls may have.
    assert_eq!(names(&outer), ["evm_call_contract"]);
    assert_eq!(outer[0]["address"], json!(format!("{:?}", scene.proxy)));
    assert_eq!(
        (&outer[0]["args"], &outer[0]["startInk"]),
        (&json!("0x"), &json!(0))
    );
    let proxy = &outer[0]["steps"];
    assert_eq!(
        names(proxy),
        [
            "user_entrypoint",
            "read_args",
            "call_contract",
            "read_return_data",
            "write_result",
            "user_returned"
        ]
    );
    let batch = &proxy[2];
    assert_eq!(batch["address"], json!(format!("{:?}", scene.batch)));
    assert_eq!(&bytes(&batch["args"])[..20], scene.batch.as_slice());
    assert_eq!(names(&batch["steps"]), ["evm_call_contract"; 5]);
    let inner = |index: usize| &batch["steps"][index]["steps"];
    assert_eq!(
        names(inner(1)),
        ["user_entrypoint", "read_args", "emit_log", "user_returned"]
    );
    // The one that trapped did not return.
    assert_eq!(
        names(inner(2)),
        ["user_entrypoint", "read_args", "emit_log"]
    );
    assert_eq!((inner(3), inner(4)), (&json!([]), &json!([])));

    // The ink that a program has left when it calls is at least what the callee begins with.
    let (caller, callee) = (&proxy[2], &inner(0)[0]);
    assert!(caller["startInk"].as_u64() > callee["startInk"].as_u64());
    assert!(
        number(&json!(format!(
            "{:#x}",
            callee["startInk"].as_u64().unwrap()
        ))) > 0
    );
}

/// Whatever kind of call, and whether or not it made a frame.
#[tokio::test]
async fn every_call_has_an_address_and_steps() {
    let scene = Scene::new().await;
    let refused = via_program(Kind::Call, scene.storage, 1_000_000, &word(1));
    for (input, name, steps) in [
        (
            via_program(Kind::Static, scene.storage, 0, &[]),
            "static_call_contract",
            5,
        ),
        (
            via_program(Kind::Delegate, scene.storage, 0, &[]),
            "delegate_call_contract",
            5,
        ),
        (refused, "call_contract", 0),
    ] {
        let receipt = scene.rig.send(scene.proxy.into(), input, 0).await;
        let trace = scene
            .trace(receipt.transaction_hash, json!({"tracer": OPTIONS}))
            .await;
        assert_eq!(trace[2]["name"], json!(name));
        assert_eq!(trace[2]["address"], json!(format!("{:?}", scene.storage)));
        assert_eq!(trace[2]["steps"].as_array().unwrap().len(), steps, "{name}");
    }
}

/// The script that cargo-stylus sends by default means the same.
#[tokio::test]
async fn the_script_of_cargo_stylus_is_understood() {
    let scene = Scene::new().await;
    let (hash, _) = scene.send().await;
    let script = r#"{ "hostio": function(info) { this.nests.includes(info.name) },
        "enter": function(frame) { name = "evm_delegate_call_contract" } }"#;
    let by_script = scene.trace(hash, json!({"tracer": script})).await;
    assert_eq!(
        by_script,
        scene.trace(hash, json!({"tracer": OPTIONS})).await
    );
}

#[tokio::test]
async fn too_many_host_calls_are_refused() {
    let rig = Rig::new().await;
    let busy = rig
        .program(
            r#"(module
            (import "vm_hooks" "block_number" (func $number (result i64)))
            (memory (export "memory") 1 1)
            (func (export "user_entrypoint") (param i32) (result i32)
                (loop $again (drop (call $number)) (br $again)) (i32.const 0)))"#,
        )
        .await;
    let call = json!({"to": busy, "gas": "0x7a120"});
    let (_, message) = rig
        .rpc_error(
            "debug_traceCall",
            json!([call, "latest", {"tracer": OPTIONS}]),
        )
        .await;
    assert!(message.starts_with("trace too large"), "{message}");
}
