//! How large requests may be.

use std::time::Duration;

use alloy::{
    primitives::{Address, Bytes, keccak256},
    providers::Provider,
};
use futures::future::join_all;
use serde_json::{Value, json};
use stylus_devnode::{
    Config, TEST_ACCOUNTS,
    config::{BODY_MAX, Mining, REQUEST_MAX},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_tungstenite::{connect_async, tungstenite::Error};

use crate::rig::{DEV, Rig, process::until, socket::Socket};

/// Data whose request is longer than the limit.
fn long() -> Bytes {
    vec![7; REQUEST_MAX as usize / 2].into()
}

/// A chain whose dump is too long for any other method.
async fn dump(rig: &Rig) -> Value {
    rig.rpc("anvil_mine", json!([3_000])).await;
    let dump = rig.rpc("anvil_dumpState", json!([])).await;
    assert!(dump.as_str().unwrap().len() > REQUEST_MAX as usize);
    dump
}

#[tokio::test]
async fn what_is_too_large_is_refused_with_the_limit() {
    let rig = Rig::new().await;
    let refused = rig
        .client
        .raw_request::<_, Value>("web3_sha3".into(), (long(),));
    let refused = refused.await.unwrap_err();
    let error = refused.as_error_resp().unwrap();
    assert_eq!(
        (error.code, &*error.message),
        (-32007, "Request is too big")
    );
    assert_eq!(
        error.data.as_ref().unwrap().get(),
        format!("\"Exceeded max limit of {REQUEST_MAX}\"")
    );

    let mut socket = Socket::new(&rig).await;
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "web3_sha3", "params": [long()] });
    socket.write(&request).await;
    assert_eq!(socket.read().await["error"]["code"], -32007);
    assert_eq!(
        socket.call("eth_blockNumber", json!([])).await,
        Ok(json!("0x0"))
    );
}

#[tokio::test]
async fn a_batch_may_not_hide_a_dump() {
    let rig = Rig::new().await;
    let batch = json!([
        { "jsonrpc": "2.0", "id": 1, "method": "anvil_loadState", "params": [long()] },
        { "jsonrpc": "2.0", "id": 2, "method": "web3_sha3", "params": ["0x"] },
    ]);
    let answer = alloy::transports::http::reqwest::Client::new()
        .post(rig.node.url())
        .json(&batch)
        .send();
    let answer: Value = answer.await.unwrap().json().await.unwrap();
    assert_eq!(answer["error"]["code"], -32007);
}

#[tokio::test]
async fn a_dump_may_be_larger() {
    let rig = Rig::new().await;
    let dump = dump(&rig).await;
    let other = Rig::new().await;
    assert_eq!(other.rpc("anvil_loadState", json!([dump])).await, true);
    assert_eq!(other.rpc("eth_blockNumber", json!([])).await, "0xbb8");
    // Not every long request to that method is a dump.
    let (code, message) = other.rpc_error("anvil_loadState", json!([long()])).await;
    assert_eq!(code, -32000);
    assert!(
        message.starts_with("state dump is not readable: "),
        "{message}"
    );
}

#[tokio::test]
async fn without_a_limit_every_request_may() {
    let config = Config {
        request_max: BODY_MAX,
        ..Config::default()
    };
    let rig = Rig::with(config).await;
    let hash = rig.rpc("web3_sha3", json!([long()])).await;
    assert_eq!(hash, json!(keccak256(long())));
    let mut socket = Socket::new(&rig).await;
    let hash = socket.call("web3_sha3", json!([long()])).await;
    assert_eq!(hash, Ok(json!(keccak256(long()))));
}

#[tokio::test]
async fn a_listing_of_too_much_is_refused() {
    const LEN: usize = 2 << 20;

    let config = Config {
        mining: Mining::Manual,
        ..Config::default()
    };
    let rig = Rig::with(config).await;
    let data = Bytes::from(vec![0; LEN]);
    let send = |from: Address| {
        let tx = json!([{ "from": from, "to": from, "gas": "0x1c9c380", "input": data }]);
        rig.rpc("eth_sendTransaction", tx)
    };
    send(TEST_ACCOUNTS[0]).await;
    for _ in 0..(64 << 20) / LEN {
        send(DEV).await;
    }
    for (method, params) in [
        ("txpool_content", json!([])),
        ("txpool_contentFrom", json!([DEV])),
    ] {
        let (code, message) = rig.rpc_error(method, params).await;
        assert_eq!(code, -32005);
        assert!(message.contains("an answer holds 64: "), "{message}");
    }
    let other = json!([TEST_ACCOUNTS[0]]);
    let content = rig.rpc("txpool_contentFrom", other).await;
    assert_eq!(content["pending"]["0"]["input"], json!(data));
    // Nothing is mined that cannot be told of.
    let (code, message) = rig.rpc_error("evm_mine_detailed", json!([])).await;
    assert_eq!(code, -32005);
    assert!(message.contains("an answer holds 64: "), "{message}");
    assert_eq!(rig.rpc("eth_blockNumber", json!([])).await, "0x0");
    let rig = Rig::new().await;
    let (_, message) = rig
        .rpc_error("evm_mine_detailed", json!([{ "blocks": 1_001 }]))
        .await;
    assert!(message.contains("more than 1000 blocks"), "{message}");
}

#[tokio::test]
async fn a_dump_that_no_answer_holds_is_refused() {
    const LEN: usize = 2_400 << 10;

    let rig = Rig::new().await;
    let mut code = vec![0; LEN];
    // In a dump each is twice as long.
    for number in 0..(256 << 20) / (2 * LEN) + 1 {
        code[LEN - 1] = number as u8;
        let code = Bytes::copy_from_slice(&code);
        rig.rpc(
            "anvil_setCode",
            json!([Address::with_last_byte(number as u8), code]),
        )
        .await;
    }
    let (code, message) = rig.rpc_error("anvil_dumpState", json!([])).await;
    assert_eq!(code, -32005);
    assert!(message.contains("take more than 255 MiB"), "{message}");
}

/// A WebSocket's place is free again when it ends.
#[tokio::test]
async fn websockets_that_may_hold_too_much_together_are_refused() {
    const SOCKETS: usize = 16;

    let config = Config {
        request_max: BODY_MAX,
        ..Config::default()
    };
    let rig = Rig::with(config).await;
    let mut sockets = Vec::new();
    for _ in 0..SOCKETS {
        sockets.push(Socket::new(&rig).await);
    }
    let refused = connect_async(rig.node.ws_url()).await;
    assert!(
        matches!(&refused, Err(Error::Http(answer)) if answer.status() == 503),
        "{refused:?}"
    );
    for socket in &mut sockets {
        let number = socket.call("eth_blockNumber", json!([])).await;
        assert_eq!(number, Ok(json!("0x0")));
    }
    sockets.pop();
    let again = async {
        while connect_async(rig.node.ws_url()).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(60), again).await.unwrap();
}

/// A connection on which a request of some length begins, and its body never comes.
async fn idle(rig: &Rig, len: u32) -> TcpStream {
    let mut stream = TcpStream::connect(rig.node.address()).await.unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// Each takes its share of what all may take together, and gives it back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_requests_leave_room_for_later_ones() {
    const LEN: usize = 4 << 20;
    const AT_A_TIME: usize = 10;

    let rig = Rig::new().await;
    let text = "7".repeat(LEN);
    let long = || rig.rpc("eth_blockNumber", json!([text]));
    let all = idle(&rig, BODY_MAX).await;
    // Soon there is no room left, which does not concern a short one.
    let waits = async || timeout(Duration::from_secs(2), long()).await.is_err();
    until("a long one waits", waits).await;
    assert_eq!(rig.rpc("eth_blockNumber", json!([])).await, "0x0");
    let freed = async {
        sleep(Duration::from_secs(1)).await;
        drop(all);
    };
    let (number, ()) = tokio::join!(timeout(Duration::from_secs(60), long()), freed);
    assert_eq!(number.unwrap(), "0x0");
    for _ in 0..=BODY_MAX as usize / LEN / AT_A_TIME {
        let numbers = (0..AT_A_TIME).map(|_| long());
        assert_eq!(join_all(numbers).await, ["0x0"; AT_A_TIME]);
    }
}

/// Neither room nor a body is waited for without an end.
#[tokio::test]
async fn a_long_request_that_does_not_come_is_given_up() {
    const LEN: u32 = 200 << 10;
    const PATIENCE: Duration = Duration::from_secs(90);
    /// Within which the node has seen what was begun.
    const PAUSE: Duration = Duration::from_secs(1);

    let rig = Rig::new().await;
    let mut lazy = idle(&rig, LEN).await;
    let _rest = idle(&rig, BODY_MAX - LEN).await;
    sleep(PAUSE).await;
    let mut crowded = idle(&rig, REQUEST_MAX).await;
    let mut answers = [String::new(), String::new()];
    let [early, late] = &mut answers;
    let read = tokio::join!(
        timeout(PATIENCE, lazy.read_to_string(early)),
        timeout(PATIENCE, crowded.read_to_string(late)),
    );
    assert!(matches!(read, (Ok(_), Ok(_))), "{read:?}");
    for (answer, status, reason) in [
        (&answers[0], "408", "did not arrive in time"),
        (&answers[1], "503", "too many long requests"),
    ] {
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert!(answer.contains(reason), "{answer}");
    }
}
