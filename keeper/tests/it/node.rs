//! A JSON-RPC server on loopback whose answers are a closure.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// What the node does with one request.
pub(crate) enum Reply {
    /// A result.
    Ok(Value),
    /// An error object.
    Error {
        code: i64,
        message: String,
        data: Option<String>,
    },
    /// No JSON-RPC at all.
    Raw(&'static str),
    /// No answer for this long.
    Hang(Duration),
    /// The connection is closed.
    Close,
}

impl Reply {
    pub(crate) fn error(code: i64, message: &str) -> Self {
        Self::Error {
            code,
            message: message.into(),
            data: None,
        }
    }

    pub(crate) fn revert(data: &[u8]) -> Self {
        let data = Some(alloy::hex::encode_prefixed(data));
        Self::Error {
            code: 3,
            message: "execution reverted".into(),
            data,
        }
    }
}

type Script = dyn Fn(&str, &Value) -> Reply + Send + Sync;

/// A running node. Its threads end with the test process.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) url: String,
    calls: Arc<Mutex<Vec<String>>>,
    posts: Arc<AtomicUsize>,
}

impl Node {
    pub(crate) fn spawn(script: impl Fn(&str, &Value) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let node = Self {
            url,
            calls: Arc::default(),
            posts: Arc::default(),
        };
        let (script, shared): (Arc<Script>, _) = (Arc::new(script), node.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (script, node) = (Arc::clone(&script), shared.clone());
                std::thread::spawn(move || drop(node.serve(&stream.unwrap(), &*script)));
            }
        });
        node
    }

    /// How often a method was asked for.
    pub(crate) fn count(&self, method: &str) -> usize {
        self.calls
            .lock()
            .unwrap()
            .iter()
            .filter(|call| *call == method)
            .count()
    }

    /// How many HTTP requests came, whatever was in them.
    pub(crate) fn posts(&self) -> usize {
        self.posts.load(Ordering::SeqCst)
    }

    fn serve(&self, stream: &TcpStream, script: &Script) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        loop {
            let Some(body) = body(&mut reader)? else {
                return Ok(());
            };
            self.posts.fetch_add(1, Ordering::SeqCst);
            let request: Value = serde_json::from_slice(&body)?;
            let answer = match &request {
                Value::Array(batch) => {
                    let answers: Option<Vec<_>> =
                        batch.iter().map(|one| self.answer(one, script)).collect();
                    answers.map(|answers| format!("[{}]", answers.join(",")))
                }
                one => self.answer(one, script),
            };
            let Some(answer) = answer else {
                return Ok(());
            };
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                answer.len()
            );
            let mut stream = stream;
            stream.write_all((head + &answer).as_bytes())?;
        }
    }

    fn answer(&self, request: &Value, script: &Script) -> Option<String> {
        let method = request["method"].as_str().unwrap_or_default();
        self.calls.lock().unwrap().push(method.to_owned());
        let id = &request["id"];
        match script(method, &request["params"]) {
            Reply::Ok(result) => {
                Some(json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string())
            }
            Reply::Error {
                code,
                message,
                data,
            } => {
                let mut error = json!({ "code": code, "message": message });
                if let Some(data) = data {
                    error["data"] = data.into();
                }
                Some(json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string())
            }
            Reply::Raw(text) => Some(text.to_owned()),
            Reply::Hang(time) => {
                std::thread::sleep(time);
                None
            }
            Reply::Close => None,
        }
    }
}

/// The body of the next request; none when the client has left.
fn body(reader: &mut BufReader<&TcpStream>) -> std::io::Result<Option<Vec<u8>>> {
    let (mut length, mut line) = (0, String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let header = line.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(body))
}
