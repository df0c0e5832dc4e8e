//! The struct logger.

use serde_json::json;

use super::scene::{PARROT, Scene};

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
