//! A WebSocket without a client library: what goes over the wire.

use std::{collections::VecDeque, time::Duration};

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

use crate::rig::Rig;

pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Read while an answer was awaited.
    notifications: VecDeque<Value>,
}

impl Socket {
    pub(crate) async fn new(rig: &Rig) -> Self {
        let (stream, _) = connect_async(rig.node.ws_url()).await.unwrap();
        Self {
            stream,
            notifications: VecDeque::new(),
        }
    }

    /// The result of a request, or its error.
    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        self.write(&request).await;
        let mut answer = loop {
            let message = self.read().await;
            match message.get("id") {
                Some(_) => break message,
                None => self.notifications.push_back(message),
            }
        };
        match answer.get_mut("error") {
            Some(error) => Err(error.take()),
            None => Ok(answer["result"].take()),
        }
    }

    pub(crate) async fn subscribe(&mut self, params: Value) -> String {
        let id = self.call("eth_subscribe", params).await.unwrap();
        id.as_str().unwrap().to_owned()
    }

    /// The next notification of a subscription, which must be the next of all.
    pub(crate) async fn next(&mut self, id: &str) -> Value {
        let mut message = match self.notifications.pop_front() {
            Some(message) => message,
            None => self.read().await,
        };
        assert_eq!(message["method"], "eth_subscription");
        assert_eq!(message["params"]["subscription"], id);
        message["params"]["result"].take()
    }

    pub(crate) async fn write(&mut self, message: &Value) {
        let text = Message::text(message.to_string());
        self.stream.send(text).await.unwrap();
    }

    pub(crate) async fn read(&mut self) -> Value {
        let message = timeout(Duration::from_secs(60), self.stream.next()).await;
        let message = message.expect("a message in time").expect("one").unwrap();
        serde_json::from_str(message.to_text().unwrap()).unwrap()
    }

    /// Nothing comes.
    pub(crate) async fn quiet(&mut self) {
        assert!(self.notifications.is_empty());
        let message = timeout(Duration::from_millis(200), self.stream.next()).await;
        assert!(message.is_err(), "{message:?}");
    }
}
