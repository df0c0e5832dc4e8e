//! What can go wrong between us and a node.

use std::time::Duration;

use alloy::transports::http::reqwest;
use alloy::transports::{RpcError as Transport, TransportError, TransportErrorKind};

use super::Endpoint;
use crate::decode::Revert;

/// A request that got no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    /// The URL cannot be used.
    #[error("the RPC URL is not usable: {0}")]
    Url(String),
    /// No connection, or one that broke.
    #[error("cannot reach the node at {endpoint} ({method}): {reason}")]
    Unreachable {
        /// The node.
        endpoint: Endpoint,
        /// The request.
        method: &'static str,
        /// What the transport said.
        reason: String,
    },
    /// No answer in time.
    #[error("the node at {endpoint} did not answer {method} within {after:?}")]
    TimedOut {
        /// The node.
        endpoint: Endpoint,
        /// The request.
        method: &'static str,
        /// The deadline.
        after: Duration,
    },
    /// An answer of the wrong shape.
    #[error("the node at {endpoint} gave a malformed answer to {method}: {reason}")]
    Malformed {
        /// The node.
        endpoint: Endpoint,
        /// The request.
        method: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// An error answer.
    #[error("the node at {endpoint} refused {method}: {message} (code {code})")]
    Node {
        /// The node.
        endpoint: Endpoint,
        /// The request.
        method: &'static str,
        /// JSON-RPC error code.
        code: i64,
        /// Its words.
        message: String,
    },
}

/// A call that did not return.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The contract refused.
    #[error("{0}")]
    Revert(Revert),
    /// The node failed.
    #[error(transparent)]
    Rpc(#[from] RpcError),
}

impl RpcError {
    /// Sorts a transport's error. Its own text is not passed on: it repeats the URL.
    pub(super) fn of(endpoint: &Endpoint, method: &'static str, error: TransportError) -> Self {
        let endpoint = endpoint.clone();
        match error {
            Transport::ErrorResp(payload) => Self::Node {
                endpoint,
                method,
                code: payload.code,
                message: payload.message.into_owned(),
            },
            Transport::NullResp => Self::malformed(endpoint, method, "null"),
            Transport::DeserError { err, .. } => Self::malformed(endpoint, method, err),
            Transport::SerError(error) => Self::malformed(endpoint, method, error),
            Transport::Transport(TransportErrorKind::MissingBatchResponse(_)) => {
                Self::malformed(endpoint, method, "an answer of the batch is missing")
            }
            Transport::Transport(kind) => Self::Unreachable {
                endpoint,
                method,
                reason: reason(kind),
            },
            other => Self::malformed(endpoint, method, other),
        }
    }

    fn malformed(endpoint: Endpoint, method: &'static str, reason: impl ToString) -> Self {
        Self::Malformed {
            endpoint,
            method,
            reason: reason.to_string(),
        }
    }

    /// The words of a node's error answer, in lower case, for tables of known ones.
    pub fn node_message(&self) -> Option<String> {
        match self {
            Self::Node { message, .. } => Some(message.to_lowercase()),
            _ => None,
        }
    }
}

impl CallError {
    /// Sorts a transport's error of a call: a revert, or a failure of the node.
    pub(super) fn of(endpoint: &Endpoint, method: &'static str, error: TransportError) -> Self {
        if let Transport::ErrorResp(payload) = &error {
            let data = payload.data.as_ref().map(|raw| raw.get().to_owned());
            let bytes = data.as_deref().and_then(revert_bytes);
            let reverted = payload.code == 3 || payload.message.to_lowercase().contains("revert");
            if reverted || bytes.as_ref().is_some_and(|bytes| bytes.len() >= 4) {
                return Self::Revert(Revert::decode(&bytes.unwrap_or_default()));
            }
        }
        Self::Rpc(RpcError::of(endpoint, method, error))
    }
}

/// Bytes in an error's `data`: a hex string, or an object that has one under `data`, as some nodes send.
fn revert_bytes(json: &str) -> Option<Vec<u8>> {
    let value: serde_json::Value = serde_json::from_str(json).ok()?;
    let text = value.as_str().or_else(|| value.get("data")?.as_str())?;
    alloy::hex::decode(text.trim_start_matches("Reverted ")).ok()
}

fn reason(kind: TransportErrorKind) -> String {
    match kind {
        TransportErrorKind::HttpError(error) => format!("HTTP status {}", error.status),
        TransportErrorKind::Custom(error) => match error.downcast::<reqwest::Error>() {
            Ok(error) => causes(&error.without_url()),
            Err(_) => "the connection failed".into(),
        },
        _ => "the connection failed".into(),
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
