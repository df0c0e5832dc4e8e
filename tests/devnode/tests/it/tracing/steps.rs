//! The struct logger.

use alloy::providers::{DynProvider, Provider};
use serde_json::{Value, json};

use super::{
    evm::{anvil, run},
    scene::{PARROT, Scene},
};
use crate::rig::Rig;

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

/// The receipt's gas used and status, and the struct logs with some options.
async fn steps(client: &DynProvider, options: &[Value]) -> Vec<Value> {
    let receipt = run(client).await;
    let hash = &receipt["transactionHash"];
    let mut seen = vec![receipt["gasUsed"].clone(), receipt["status"].clone()];
    for options in options {
        let trace = client.raw_request("debug_traceTransaction".into(), json!([hash, options]));
        seen.push(trace.await.unwrap());
    }
    seen
}

/// Without its flag anvil records no steps.
#[tokio::test]
async fn evm_transactions_have_anvils_steps() {
    let rig = Rig::new().await;
    let (_process, anvil) = anvil(&["--steps-tracing"]);
    let options = [
        json!({}),
        json!({ "enableMemory": true, "enableReturnData": true }),
        json!({ "disableStack": true, "disableStorage": true }),
    ];
    let (ours, theirs) = (
        steps(&rig.client, &options).await,
        steps(&anvil, &options).await,
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
