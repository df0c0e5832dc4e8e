//! What can go wrong between a fork and its upstream.

use std::time::Duration;

use alloy_primitives::B256;
use revm::database_interface::DBErrorMarker;
use thiserror::Error;

/// A read of the upstream that failed. Nothing is computed from it, and nothing of it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}cannot read {what}: {reason}", whose(.upstream))]
pub struct StateError {
    /// The upstream, as `scheme://host:port`: paths, queries and users of a URL are often secret. Empty
    /// where it is this node that has to make what is read.
    pub upstream: String,
    /// What was to be read.
    pub what: String,
    /// Why it could not be.
    pub reason: Reason,
}

impl DBErrorMarker for StateError {}

/// Why an execution ended before its gas did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Aborted {
    /// It took longer than it may.
    #[error("execution aborted (timeout = {0:?})")]
    TimedOut(Duration),
    /// The node ends, and nobody waits for it any more.
    #[error("execution aborted: the node is shutting down")]
    Stopping,
}

impl From<Aborted> for StateError {
    fn from(aborted: Aborted) -> Self {
        Self::here("on".into(), Reason::Aborted(aborted))
    }
}

fn whose(upstream: &str) -> String {
    match upstream {
        "" => String::new(),
        upstream => format!("fork of {upstream}: "),
    }
}

impl StateError {
    /// Of what this node itself makes.
    pub fn here(what: String, reason: Reason) -> Self {
        Self {
            upstream: String::new(),
            what,
            reason,
        }
    }

    /// Whether the upstream is down, or does not serve us now.
    pub fn is_passing(&self) -> bool {
        matches!(
            self.reason,
            Reason::Connection(_) | Reason::Timeout(_) | Reason::Status(_) | Reason::RateLimited
        )
    }
}

/// Why a read of the upstream failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Reason {
    /// No connection, or it broke.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// No answer in time.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// Too many requests, whatever the pauses between them.
    #[error("the upstream limits our rate (HTTP 429); lower --fork-rps")]
    RateLimited,
    /// An HTTP status that is no success.
    #[error("the upstream answers with HTTP status {0}")]
    Status(u16),
    /// An answer that is no JSON-RPC, or of the wrong form.
    #[error("the answer makes no sense: {0}")]
    Answer(String),
    /// A JSON-RPC error.
    #[error("the upstream refuses: {message} (code {code})")]
    Refused {
        /// Its code.
        code: i64,
        /// Its words.
        message: String,
    },
    /// The upstream keeps no state that old.
    #[error(
        "the upstream has pruned the state of block {block}; use an archive endpoint or a newer --fork-block-number"
    )]
    Pruned {
        /// The block.
        block: u64,
    },
    /// The block that is forked is not there any more.
    #[error(
        "the upstream no longer has block {block} with hash {hash}: it was reorganised or is another chain now"
    )]
    Reorganised {
        /// The block's number.
        block: u64,
        /// The hash that it had.
        hash: B256,
    },
    /// The upstream is another chain than before, or than asked for.
    #[error("the upstream is chain {have} and not {want}")]
    ChainId {
        /// Its chain id.
        have: u64,
        /// The one expected.
        want: u64,
    },
    /// The upstream follows rules that are not known here.
    #[error(
        "the upstream runs ArbOS {0}, and this node knows 30 to 61; --arbos-version makes it follow one of these"
    )]
    ArbosVersion(u64),
    /// Nothing is wrong with it: whoever reads has to end.
    #[error(transparent)]
    Aborted(#[from] Aborted),
    /// It is not in memory, and whoever asks must not wait: see [`errands`](super::errands).
    #[error("it was not read yet")]
    PutOff,
    /// Read after read, and no end.
    #[error("the request needs too many reads, or takes too long with them")]
    Endless,
    /// The upstream has answered another question.
    #[error("the upstream answers with {have}")]
    Mistaken {
        /// What it answered with.
        have: String,
    },
    /// The block to fork does not exist.
    #[error("the upstream has no such block")]
    NoBlock,
}
