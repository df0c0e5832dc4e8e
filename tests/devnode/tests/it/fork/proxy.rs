//! A small HTTP proxy before an upstream, which fails as it is told.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use alloy::{
    primitives::{B256, Bytes},
    sol_types::SolValue,
    transports::http::reqwest,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinHandle,
};

use crate::rig::process::until;

/// What happens to requests.
#[derive(Clone, Debug)]
pub(super) enum Mode {
    Pass,
    /// Answers are late.
    Delay(Duration),
    /// Each answer takes a permit of the gate; all go when it is closed.
    Hold(Arc<Semaphore>),
    /// HTTP 429 with these seconds in `Retry-After`, so many times.
    TooMany(&'static str, usize),
    /// The connection is closed without an answer.
    Drop,
    /// The answer is cut in the middle.
    Truncate,
    /// The answer is this text.
    Say(&'static str),
    /// Reads of state fail with this error; blocks and the chain id are told.
    Refuse(i64, &'static str),
    /// The chain id is this.
    ChainId(u64),
    /// Blocks were made at this number of L1, whose hashes are all the same and whose blocks were these.
    L1 {
        number: u64,
        hash: B256,
        range: (u64, u64),
    },
    /// The upstream is asked for the second text where the request has the first.
    Swap(String, String),
}

pub(super) struct Proxy {
    pub(super) url: String,
    mode: Arc<Mutex<Mode>>,
    upstream: Arc<Mutex<String>>,
    requests: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// A proxy before `upstream`, which passes everything on.
    pub(super) async fn before(upstream: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mode = Arc::new(Mutex::new(Mode::Pass));
        let requests = Arc::new(AtomicUsize::new(0));
        let upstream = Arc::new(Mutex::new(upstream));
        let (told, counted) = (Arc::clone(&mode), Arc::clone(&requests));
        let behind = Arc::clone(&upstream);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let mode = next(&told);
                let upstream = behind.lock().unwrap().clone();
                tokio::spawn(async move {
                    // A client that gives up is part of the game.
                    let _ = serve(stream, mode, &upstream).await;
                });
            }
        });
        Self {
            url,
            mode,
            upstream,
            requests,
            task,
        }
    }

    pub(super) fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }

    /// From here on answers are held back.
    pub(super) fn hold(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        self.set(Mode::Hold(Arc::clone(&gate)));
        gate
    }

    /// Puts another upstream behind the same URL.
    pub(super) fn turn(&self, upstream: String) {
        *self.upstream.lock().unwrap() = upstream;
    }

    /// How many requests came so far.
    pub(super) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Waits until so many came.
    pub(super) async fn asked(&self, times: usize) {
        until("the upstream is asked", async || self.requests() >= times).await;
    }
}

/// The mode for one request; a limited one is used up.
fn next(mode: &Mutex<Mode>) -> Mode {
    let mut mode = mode.lock().unwrap();
    let now = mode.clone();
    if let Mode::TooMany(_, times) = &mut *mode {
        match times.checked_sub(1) {
            Some(left) => *times = left,
            None => {
                *mode = Mode::Pass;
                return Mode::Pass;
            }
        }
    }
    now
}

async fn serve(mut stream: TcpStream, mode: Mode, upstream: &str) -> std::io::Result<()> {
    let request = read_body(&mut stream).await?;
    let answer = match &mode {
        Mode::Drop => return Ok(()),
        Mode::TooMany(wait, _) => {
            let head = format!(
                "HTTP/1.1 429 Too Many Requests\r\nRetry-After: {wait}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            return stream.write_all(head.as_bytes()).await;
        }
        Mode::Say(text) => (*text).to_owned(),
        _ => {
            let request: Value = serde_json::from_slice(&request)?;
            answer(request, &mode, upstream).await.to_string()
        }
    };
    match &mode {
        Mode::Delay(time) => tokio::time::sleep(*time).await,
        Mode::Hold(gate) => {
            if let Ok(permit) = gate.acquire().await {
                permit.forget();
            }
        }
        _ => {}
    }
    let len = answer.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    let end = match mode {
        Mode::Truncate => len / 2,
        _ => len,
    };
    stream.write_all(&answer.as_bytes()[..end]).await
}

async fn read_body(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let len = head.split("content-length: ").nth(1).unwrap();
            let len: usize = len.split("\r\n").next().unwrap().parse().unwrap();
            while bytes.len() < end + 4 + len {
                if stream.read_buf(&mut bytes).await? == 0 {
                    break;
                }
            }
            return Ok(bytes.split_off(end + 4));
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// The upstream's answer, with what the mode puts in its place.
async fn answer(request: Value, mode: &Mode, upstream: &str) -> Value {
    let mut body = request.to_string();
    if let Mode::Swap(one, other) = mode {
        body = body.replace(one, other);
    }
    let response = reqwest::Client::new()
        .post(upstream)
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .expect("the upstream answers");
    let bytes = response.bytes().await.expect("the upstream answers");
    let answer: Value = serde_json::from_slice(&bytes).expect("an answer");
    match (request, answer) {
        (Value::Array(requests), Value::Array(answers)) => {
            let pairs = requests.iter().zip(answers);
            let mut changed: Vec<_> = pairs.map(|(one, to)| change(one, to, mode)).collect();
            // Answers of a batch may come in any order.
            changed.reverse();
            Value::Array(changed)
        }
        (request, answer) => change(&request, answer, mode),
    }
}

fn change(request: &Value, mut answer: Value, mode: &Mode) -> Value {
    let method = request["method"].as_str().unwrap_or_default();
    let is_state = !method.starts_with("eth_getBlock") && method != "eth_chainId";
    match mode {
        Mode::Refuse(code, message) if is_state => {
            let id = &request["id"];
            json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
        }
        Mode::ChainId(chain) if method == "eth_chainId" => {
            answer["result"] = json!(format!("{chain:#x}"));
            answer
        }
        Mode::L1 { number, .. }
            if method.starts_with("eth_getBlockBy") && answer["result"].is_object() =>
        {
            answer["result"]["l1BlockNumber"] = json!(format!("{number:#x}"));
            answer
        }
        Mode::L1 { hash, range, .. } if method == "eth_call" => {
            answer["error"].take();
            answer["result"] = match &request["params"][0]["to"] {
                Value::Null => json!(hash),
                _ => json!(Bytes::from(range.abi_encode())),
            };
            answer
        }
        _ => answer,
    }
}
