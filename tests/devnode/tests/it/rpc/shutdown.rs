//! What was answered is in the state file, whenever the node is told to end.

use std::{
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, Instant},
};

use alloy::{
    primitives::{Address, B256, Bytes, hex},
    providers::{Provider, ProviderBuilder},
};
use futures::future::join_all;
use serde_json::{Value, json};
use stylus_devnode::{Config, TEST_ACCOUNTS, config::Mining, spawn};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Notify, watch},
    time::sleep,
};

use crate::rig::Rig;

const ALICE: Address = Address::repeat_byte(0xa1);

fn config(state: PathBuf, mining: Mining) -> Config {
    Config {
        state: Some(state),
        mining,
        ..Config::default()
    }
}

fn payment(from: Address) -> Value {
    json!([{ "from": from, "to": ALICE, "value": "0x1", "gas": "0x5208" }])
}

/// Every transaction is known to a node that starts from the file.
async fn check(state: PathBuf, mining: Mining, answered: &[B256]) {
    let node = spawn(config(state, mining)).await.unwrap();
    let client = ProviderBuilder::new().connect_http(node.url().parse().unwrap());
    for hash in answered {
        let tx: Value = client
            .raw_request("eth_getTransactionByHash".into(), (hash,))
            .await
            .unwrap();
        assert_eq!(tx["hash"], json!(hash), "one of {}", answered.len());
    }
}

/// Sends one transaction after the other until there is no answer, and returns the hashes. `all` counts
/// everyone's.
async fn send_on(url: String, from: Address, all: &watch::Sender<usize>) -> Vec<B256> {
    let client = ProviderBuilder::new().connect_http(url.parse().unwrap());
    let mut answered = Vec::new();
    while let Ok(hash) = client
        .raw_request("eth_sendTransaction".into(), payment(from))
        .await
    {
        answered.push(hash);
        all.send_modify(|count| *count += 1);
    }
    answered
}

async fn ends_amid_senders(mining: Mining) {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let rig = Rig::with(config(state.clone(), mining)).await;
    let url = rig.node.url();
    let all = watch::Sender::new(0);
    let senders = TEST_ACCOUNTS.map(|from| send_on(url.clone(), from, &all));
    let stop = async {
        let mut all = all.subscribe();
        let many = |count: &usize| *count > 4 * TEST_ACCOUNTS.len();
        all.wait_for(many).await.unwrap();
        rig.node.shutdown().await.unwrap();
    };
    let (answered, ()) = tokio::join!(join_all(senders), stop);
    let answered = answered.concat();
    assert!(answered.len() > TEST_ACCOUNTS.len());
    check(state, mining, &answered).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mined_transactions_that_were_answered_are_in_the_file() {
    ends_amid_senders(Mining::Auto).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_transactions_that_were_answered_are_in_the_file() {
    ends_amid_senders(Mining::Manual).await;
}

/// Begins a request, and ends it after a while. The hash, if there is one, of which `first` learns.
async fn straggle(
    address: SocketAddr,
    from: Address,
    pause: Duration,
    first: &Notify,
) -> Option<B256> {
    let request = json!({
        "jsonrpc": "2.0", "id": 1, "method": "eth_sendTransaction", "params": payment(from),
    });
    let request = request.to_string();
    let (early, late) = request.split_at(request.len() / 2);
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        request.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(early.as_bytes()).await.unwrap();
    sleep(pause).await;
    // The node may have ended.
    stream.write_all(late.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    let answer: Value = serde_json::from_str(body).ok()?;
    let hash = serde_json::from_value(answer["result"].clone()).ok();
    first.notify_one();
    hash
}

/// Requests that end at every moment from before the order to end until the file, which is large, is
/// written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_ends_late_is_in_the_file_or_refused() {
    const STEP: Duration = Duration::from_millis(15);

    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let rig = Rig::with(config(state.clone(), Mining::Auto)).await;
    rig.rpc("anvil_mine", json!([10_000])).await;
    let address = rig.node.address();
    let (wait, first) = (Duration::from_millis(300), Notify::new());
    let stragglers = (0..150).map(|step| {
        let from = TEST_ACCOUNTS[step as usize % TEST_ACCOUNTS.len()];
        straggle(address, from, wait + step * STEP, &first)
    });
    let stop = async {
        first.notified().await;
        rig.node.shutdown().await.unwrap();
    };
    let (answered, ()) = tokio::join!(join_all(stragglers), stop);
    let answered: Vec<_> = answered.into_iter().flatten().collect();
    assert!((1..150).contains(&answered.len()));
    check(state, Mining::Auto, &answered).await;
}

/// For ever: call nobody.
const CALLER: &[u8] = &hex!("5b5f5f5f5f5f5f5af1505f56");
/// For ever: nothing at all. One frame of EVM code.
const IDLER: &[u8] = &hex!("5b5f56");
/// The same, of a program.
const PROGRAM: &str = r#"(module (memory (export "memory") 1 1)
    (func (export "user_entrypoint") (param i32) (result i32) (loop (br 0)) i32.const 0))"#;

/// More calls than there are processors, each with gas for long: those that run end, and say why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_run_do_not_hold_a_shutdown() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    for code in [Some(CALLER), Some(IDLER), None] {
        let rig = Rig::with(config(state.clone(), Mining::Auto)).await;
        let to = match code {
            Some(code) => {
                let params = json!([ALICE, Bytes::copy_from_slice(code)]);
                rig.rpc("anvil_setCode", params).await;
                ALICE
            }
            None => rig.program(PROGRAM).await,
        };
        rig.rpc("anvil_mine", json!([3])).await;
        let height = rig.rpc("eth_blockNumber", json!([])).await;
        let client = ProviderBuilder::new().connect_http(rig.node.url().parse().unwrap());
        let call = json!([{ "to": to, "gas": "0x2faf080" }, "latest"]);
        let calls = (0..40).map(|_| client.raw_request::<_, Value>("eth_call".into(), &call));
        let stop = async {
            sleep(Duration::from_millis(100)).await;
            let start = Instant::now();
            rig.node.shutdown().await.unwrap();
            start.elapsed()
        };
        let (ends, elapsed) = tokio::join!(join_all(calls), stop);
        // The time that a call has is 20 s.
        assert!(elapsed < Duration::from_secs(5), "{elapsed:?}");
        let is_aborted = |end: &Result<Value, _>| {
            let error = end.as_ref().map_err(ToString::to_string);
            error.is_err_and(|error: String| {
                error.contains("execution aborted: the node is shutting down")
            })
        };
        assert!(ends.iter().any(is_aborted), "{ends:?}");
        let later = spawn(config(state.clone(), Mining::Auto)).await.unwrap();
        let client = ProviderBuilder::new().connect_http(later.url().parse().unwrap());
        let found: Value = client
            .raw_request("eth_blockNumber".into(), ())
            .await
            .unwrap();
        assert_eq!(found, height);
        later.shutdown().await.unwrap();
    }
}
