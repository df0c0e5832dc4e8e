//! Requests that are wrong or ask for too much.

use alloy::primitives::{Address, B256};
use serde_json::json;

use super::scene::Scene;
use crate::rig::DEV;

#[tokio::test]
async fn what_cannot_be_traced_is_said() {
    let scene = Scene::new().await;
    let (hash, _) = scene.send().await;
    let error = async |options| scene.rig.rpc_error("debug_traceTransaction", options).await;
    let (code, message) = error(json!([hash, {"tracer": "stepTracer"}])).await;
    assert_eq!(code, -32000);
    assert!(message.contains("'stepTracer'"), "{message}");
    assert!(
        message.contains("callTracer") && message.contains("stylusTracer"),
        "{message}"
    );
    let (code, message) =
        error(json!([hash, {"tracer": "callTracer", "tracerConfig": {"withLog": 7}}])).await;
    assert_eq!(
        (code, message.contains("tracerConfig")),
        (-32602, true),
        "{message}"
    );
    let (code, message) = error(json!([hash, {"timeout": "soon"}])).await;
    assert_eq!(
        (code, message.contains("'soon'")),
        (-32602, true),
        "{message}"
    );
    let (_, message) = error(json!([B256::ZERO])).await;
    assert_eq!(message, "transaction not found");
    let (_, message) = scene
        .rig
        .rpc_error("debug_traceBlockByNumber", json!(["0xffff"]))
        .await;
    assert_eq!(message, "header not found");
    let poor = json!({"from": Address::repeat_byte(1), "to": DEV, "value": "0x1"});
    let (_, message) = scene
        .rig
        .rpc_error("debug_traceCall", json!([poor, "latest"]))
        .await;
    assert!(message.starts_with("insufficient funds"), "{message}");
    // What other nodes take is no error.
    let options = json!({"tracer": "noopTracer", "timeout": "10s", "reexec": 128});
    assert_eq!(scene.trace(hash, options).await, json!({}));
}

/// Code that would make gigabytes of trace ends early, and says so.
#[tokio::test]
async fn a_trace_that_grows_too_large_is_refused() {
    let scene = Scene::new().await;
    let at = Address::repeat_byte(0x66);
    let cases = [
        // for ever: jump
        ("0x5b5f56", json!({})),
        // 1 MiB of memory, then for ever
        ("0x5f620fffff525b600656", json!({"enableMemory": true})),
        // for ever: store at gas left, which shows all slots so far
        ("0x5b5a80555f56", json!({"disableStack": true})),
        // for ever: call nobody with 1 MiB
        (
            "0x5f620fffff525b5f5f620fffff5f5f5f5af150600656",
            json!({"tracer": "callTracer"}),
        ),
    ];
    for (code, mut options) in cases {
        options["stateOverrides"] = json!({format!("{at:?}"): {"code": code}});
        let call = json!({"from": DEV, "to": at, "gas": "0x2faf080"});
        let (_, message) = scene
            .rig
            .rpc_error("debug_traceCall", json!([call, "latest", options]))
            .await;
        assert!(message.starts_with("trace too large"), "{code}: {message}");
    }
    // The same code in a trace of few steps, or with another tracer, is all right.
    let call = json!({"from": DEV, "to": at, "gas": "0xfffff"});
    let overrides = json!({format!("{at:?}"): {"code": "0x5b5f56"}});
    let options = json!({"limit": 10, "stateOverrides": overrides});
    let trace = scene
        .rig
        .rpc("debug_traceCall", json!([call, "latest", options]))
        .await;
    assert_eq!(trace["structLogs"].as_array().unwrap().len(), 10);
    assert_eq!(trace["failed"], json!(true));
    let options = json!({"timeout": "1ns", "stateOverrides": overrides});
    let (_, message) = scene
        .rig
        .rpc_error("debug_traceCall", json!([call, "latest", options]))
        .await;
    assert_eq!(message, "execution aborted (timeout = 1ns)");
}
