//! Batches as they go over the wire, by HTTP and by WebSocket.

use std::time::Duration;

use alloy::primitives::Address;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use stylus_devnode::Config;

use crate::rig::{Rig, socket::Socket};

/// The body of the answer to a POST.
async fn post(rig: &Rig, body: &str) -> String {
    let mut stream = TcpStream::connect(rig.node.address()).await.unwrap();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    body.to_owned()
}

fn mixed() -> Value {
    json!([
        { "jsonrpc": "2.0", "id": "one", "method": "eth_chainId" },
        { "jsonrpc": "2.0", "method": "eth_blockNumber" },
        { "jsonrpc": "2.0", "id": 2, "method": "eth_noSuchMethod", "params": [] },
        7,
        { "id": 3 },
        { "jsonrpc": "2.0", "id": 4, "method": "eth_getBalance", "params": ["nobody"] },
        { "jsonrpc": "2.0", "id": 5, "method": "eth_getBalance", "params": [Address::ZERO, "latest"] },
    ])
}

/// What [`mixed`] is answered with: one entry each but for the notification, in order.
fn check(answers: &Value) {
    let answers = answers.as_array().unwrap();
    let outcome = |answer: &Value| match answer.get("error") {
        Some(error) => error["code"].clone(),
        None => answer["result"].clone(),
    };
    let seen: Vec<_> = answers
        .iter()
        .map(|answer| (answer["id"].clone(), outcome(answer)))
        .collect();
    let expected = [
        (json!("one"), json!("0x64aba")),
        (json!(2), json!(-32601)),
        (json!(null), json!(-32600)),
        (json!(3), json!(-32600)),
        (json!(4), json!(-32602)),
        (json!(5), json!("0x0")),
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn good_and_bad_entries_are_answered_each() {
    let rig = Rig::new().await;
    let body = post(&rig, &mixed().to_string()).await;
    check(&serde_json::from_str(&body).unwrap());
    let mut socket = Socket::new(&rig).await;
    socket.write(&mixed()).await;
    check(&socket.read().await);
}

#[tokio::test]
async fn entries_see_what_those_before_them_did() {
    let rig = Rig::new().await;
    let entry = |id, method: &str, params| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    let batch = json!([
        entry(1, "evm_mine", json!([])),
        entry(2, "eth_blockNumber", json!([])),
        entry(3, "evm_mine", json!([])),
        entry(4, "eth_blockNumber", json!([])),
    ]);
    let answers: Value = serde_json::from_str(&post(&rig, &batch.to_string()).await).unwrap();
    assert_eq!(
        (&answers[1]["result"], &answers[3]["result"]),
        (&json!("0x1"), &json!("0x2"))
    );
}

#[tokio::test]
async fn batches_of_notifications_have_no_answer_and_empty_ones_are_invalid() {
    let rig = Rig::new().await;
    let silent = json!([{ "jsonrpc": "2.0", "method": "evm_mine" }]);
    // HTTP wants a body; it holds no answer.
    assert_eq!(post(&rig, &silent.to_string()).await, "null");
    for (body, code) in [("[]", -32600), ("[{]", -32700), ("{\"id\": 1", -32700)] {
        let answer: Value = serde_json::from_str(&post(&rig, body).await).unwrap();
        assert_eq!(answer["error"]["code"], code, "{body}");
    }
}

#[tokio::test]
async fn a_batch_has_at_most_a_thousand_entries() {
    let rig = Rig::new().await;
    let call = |id| json!({ "jsonrpc": "2.0", "id": id, "method": "eth_chainId" });
    let batch = |len| Value::from((0..len).map(call).collect::<Vec<_>>());
    let body = post(&rig, &batch(1_000).to_string()).await;
    let answers: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answers.as_array().unwrap().len(), 1_000);
    let body = post(&rig, &batch(1_001).to_string()).await;
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answer["error"]["code"], -32010);
    let mut socket = Socket::new(&rig).await;
    socket.write(&batch(1_001)).await;
    assert_eq!(socket.read().await["error"]["code"], -32010);
    // The connection is still good.
    assert!(socket.call("eth_chainId", json!([])).await.is_ok());
}

/// What comes after the batch's time, three times that of a call, is not done.
#[tokio::test]
async fn a_batch_that_takes_long_leaves_the_rest() {
    let rig = Rig::with(Config {
        call_timeout: Duration::from_millis(200),
        ..Config::default()
    })
    .await;
    let at = Address::repeat_byte(0x77);
    // For ever: call nobody.
    let code = "0x5b5f5f5f5f5f5f5af1505f56";
    rig.rpc("anvil_setCode", json!([at, code])).await;
    let call =
        |id| json!({ "jsonrpc": "2.0", "id": id, "method": "eth_call", "params": [{ "to": at }] });
    let mut batch: Vec<_> = (0..20).map(call).collect();
    batch.push(json!({ "jsonrpc": "2.0", "method": "evm_mine" }));
    batch.push(json!({ "jsonrpc": "2.0", "id": 20, "method": "evm_mine" }));
    let batch = Value::from(batch);
    let check = |answers: &Value| {
        let answers = answers.as_array().unwrap();
        let ids: Vec<_> = answers
            .iter()
            .map(|answer| answer["id"].as_u64().unwrap())
            .collect();
        assert_eq!(ids, (0..=20).collect::<Vec<_>>());
        let error = |answer: &Value| {
            let error = &answer["error"];
            (
                error["code"].as_i64().unwrap(),
                error["message"].as_str().unwrap().to_owned(),
            )
        };
        let aborted = (-32000, "execution aborted (timeout = 200ms)".into());
        assert_eq!(error(&answers[0]), aborted);
        let late = "request timed out: the batch took over 600ms, and this is not done";
        assert_eq!(error(&answers[20]), (-32002, late.into()));
        let done = answers
            .iter()
            .filter(|answer| error(answer) == aborted)
            .count();
        assert!((1..=3).contains(&done), "{done}");
    };
    check(&serde_json::from_str(&post(&rig, &batch.to_string()).await).unwrap());
    let mut socket = Socket::new(&rig).await;
    socket.write(&batch).await;
    check(&socket.read().await);
    assert_eq!(rig.rpc("eth_blockNumber", json!([])).await, json!("0x0"));
}
