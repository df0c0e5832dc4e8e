//! The client of every comparison: one keep-alive HTTP connection that does as little as possible beside the node's work.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use eyre::{OptionExt, Result, WrapErr, ensure, eyre};
use serde_json::{Value, json};

/// How long one answer may take: a node that stalls is an error, not a wait.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// A connection.
#[derive(Debug)]
pub struct Line {
    stream: BufReader<TcpStream>,
}

impl Line {
    /// Connects to a node on this machine.
    ///
    /// - Errors: `url` is not `http://HOST:PORT`, or nobody listens there.
    pub fn open(url: &str) -> Result<Self> {
        let address = url
            .strip_prefix("http://")
            .ok_or_eyre("not an http URL")?
            .trim_end_matches('/');
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// One request, as [`request`] wrote it; returns the answer's body.
    ///
    /// - Errors: no answer within 20 s, or one that is no HTTP 200 with a stated length.
    pub fn exchange(&mut self, request: &[u8]) -> Result<Vec<u8>> {
        self.stream.get_mut().write_all(request)?;
        let mut line = String::new();
        self.line(&mut line)?;
        ensure!(line.starts_with("HTTP/1.1 200"), "{}", line.trim());
        let mut length = None;
        loop {
            self.line(&mut line)?;
            if line == "\r\n" {
                break;
            }
            let Some((name, value)) = line.split_once(':') else {
                continue;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(value.trim().parse::<usize>()?);
            }
        }
        let mut body = vec![0; length.ok_or_eyre("an answer of unknown length")?];
        self.stream.read_exact(&mut body)?;
        Ok(body)
    }

    /// A method's result.
    ///
    /// - Errors: as [`Line::exchange`]; the node refuses.
    pub fn call(&mut self, method: &str, params: Value) -> Result<Value> {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let answer = self
            .exchange(&request(&body.to_string()))
            .wrap_err(method.to_owned())?;
        let mut answer: Value = serde_json::from_slice(&answer)?;
        match answer.get("error") {
            Some(error) => Err(eyre!("{method}: {error}")),
            None => Ok(answer["result"].take()),
        }
    }

    fn line(&mut self, line: &mut String) -> Result<()> {
        line.clear();
        let read = self
            .stream
            .read_line(line)
            .wrap_err("no answer within 20 s")?;
        ensure!(read > 0, "the node closed the connection");
        Ok(())
    }
}

/// An HTTP request with a JSON body, ready to be written.
pub fn request(body: &str) -> Vec<u8> {
    format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
