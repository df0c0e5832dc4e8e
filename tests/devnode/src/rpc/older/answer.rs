//! What an upstream's answer is about.

use alloy_primitives::{B256, U64};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::fork::{Pin, Reason, StateError};

/// What an upstream was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// The block with a number.
    Number(u64),
    /// The block with a hash.
    Block(B256),
    /// A transaction.
    Transaction(B256),
}

/// Refuses an answer about something else. Where the upstream has nothing there is none; a count or
/// the bytes of a transaction do not tell what they are of.
pub(super) fn check(
    pin: &Pin,
    method: &str,
    subject: Subject,
    answer: &Value,
) -> Result<(), StateError> {
    let objects = match answer {
        Value::Array(answers) => answers.as_slice(),
        one => std::slice::from_ref(one),
    };
    for object in objects.iter().filter(|object| object.is_object()) {
        let (have, is_right) = match subject {
            Subject::Number(number) => {
                let have = number_of(object);
                (
                    have.map(|have| format!("block {have}")),
                    have == Some(number),
                )
            }
            Subject::Block(hash) => {
                // A transaction has a hash of its own.
                let have: Option<B256> = field(object, &["blockHash", "hash"]);
                (have.map(|have| format!("block {have}")), have == Some(hash))
            }
            Subject::Transaction(hash) => {
                let have: Option<B256> = field(object, &["transactionHash", "hash"]);
                let named = have.map(|have| format!("transaction {have}"));
                (named, have == Some(hash))
            }
        };
        if !is_right {
            let have = have.unwrap_or_else(|| "what has no number or hash".into());
            let what = match subject {
                Subject::Number(number) => format!("{method} of block {number}"),
                Subject::Block(hash) => format!("{method} of block {hash}"),
                Subject::Transaction(hash) => format!("{method} of transaction {hash}"),
            };
            return Err(pin.error(&what, Reason::Mistaken { have }));
        }
    }
    Ok(())
}

/// Whether an answer is about a block after `last`.
pub(super) fn is_later(answer: &Value, last: u64) -> bool {
    let one = match answer {
        Value::Array(answers) => answers.first().unwrap_or(&Value::Null),
        one => one,
    };
    number_of(one).is_some_and(|number| number > last)
}

/// Number of the block that an object is, or is in.
pub(super) fn number_of(object: &Value) -> Option<u64> {
    let number: U64 = field(object, &["blockNumber", "number"])?;
    Some(number.to())
}

/// The first of some fields that is there.
fn field<T: DeserializeOwned>(object: &Value, names: &[&str]) -> Option<T> {
    let value = names.iter().find_map(|name| object.get(name))?;
    serde_json::from_value(value.clone()).ok()
}
