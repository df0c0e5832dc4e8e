//! A proxy that lets through what a public chain has: no `evm_*`, `anvil_*` or `hardhat_*`.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use eyre::{OptionExt, Result};
use serde_json::{Value, json};

/// The proxy. It serves until the process ends.
pub(crate) struct Strict {
    port: u16,
    refused: Arc<Mutex<Vec<String>>>,
}

impl Strict {
    /// Listens on a free loopback port and forwards to the node at `url`.
    pub(crate) fn before(url: &str) -> Result<Self> {
        let node: SocketAddr = url
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .parse()?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let refused = Arc::new(Mutex::new(Vec::new()));
        let log = refused.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let log = log.clone();
                // A connection ends when either side closes it.
                thread::spawn(move || serve(client, node, &log).ok());
            }
        });
        Ok(Self { port, refused })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The methods that were refused, in order.
    pub(crate) fn refused(&self) -> Vec<String> {
        self.refused
            .lock()
            .map(|log| log.clone())
            .unwrap_or_default()
    }
}

fn serve(client: TcpStream, node: SocketAddr, log: &Mutex<Vec<String>>) -> Result<()> {
    client.set_nodelay(true)?;
    let upstream = TcpStream::connect(node)?;
    upstream.set_nodelay(true)?;
    let mut requests = BufReader::new(client.try_clone()?);
    let mut answers = BufReader::new(upstream.try_clone()?);
    let (mut client, mut upstream) = (client, upstream);
    loop {
        let (head, body) = message(&mut requests)?;
        let asked: Value = serde_json::from_slice(&body)?;
        match methods(&asked).into_iter().find(|method| barred(method)) {
            Some(method) => {
                log.lock()
                    .map_err(|_| eyre::eyre!("poisoned"))?
                    .push(method.to_owned());
                let error = json!({"code": -32601, "message": "the method does not exist"});
                let body = json!({"jsonrpc": "2.0", "id": asked["id"], "error": error}).to_string();
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
                write!(client, "{head}content-length: {}\r\n\r\n{body}", body.len())?;
            }
            None => {
                upstream.write_all(&[head, body].concat())?;
                let (head, body) = message(&mut answers)?;
                client.write_all(&[head, body].concat())?;
            }
        }
    }
}

/// Of one request or of a batch.
fn methods(asked: &Value) -> Vec<&str> {
    match asked {
        Value::Array(batch) => batch
            .iter()
            .filter_map(|request| request["method"].as_str())
            .collect(),
        single => single["method"].as_str().into_iter().collect(),
    }
}

fn barred(method: &str) -> bool {
    ["evm_", "anvil_", "hardhat_"]
        .iter()
        .any(|family| method.starts_with(family))
}

/// Head and body of one HTTP message with a stated length.
fn message(from: &mut impl BufRead) -> Result<(Vec<u8>, Vec<u8>)> {
    let (mut head, mut length) = (Vec::new(), None);
    loop {
        let start = head.len();
        let read = from.read_until(b'\n', &mut head)?;
        eyre::ensure!(read > 0, "closed");
        let line = String::from_utf8_lossy(&head[start..]).to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = Some(value.trim().parse()?);
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length.ok_or_eyre("no content-length")?];
    from.read_exact(&mut body)?;
    Ok((head, body))
}
