//! What a node's refusal to take a transaction means. Arbitrum's sequencer, geth and anvil word it differently.

use crate::rpc::{Receipt, RpcError};

/// The fate of one signed transaction.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It is in a block.
    Landed(Receipt),
    /// It can never be; sign a fresh one.
    SignAgain(RpcError),
}

/// What to do after a failed send.
#[derive(Debug)]
pub(super) enum SendFailure {
    /// Not executed, or nobody knows: the same bytes again.
    Resend,
    /// It may already be in a block: look for its receipt.
    Look,
    /// The nonce or the fee is out of date.
    SignAgain(RpcError),
    /// The signer cannot pay.
    Funds(String),
    /// Anything else.
    Fatal(RpcError),
}

/// Substrings of refusals, lower case, first match wins.
const TABLE: [(&str, Meaning); 12] = [
    ("already known", Meaning::Look),
    ("already imported", Meaning::Look),
    ("nonce too low", Meaning::Look),
    ("nonce too high", Meaning::SignAgain),
    ("nonce out of range", Meaning::SignAgain),
    (
        "max fee per gas less than block base fee",
        Meaning::SignAgain,
    ),
    ("feecap", Meaning::SignAgain),
    ("underpriced", Meaning::SignAgain),
    ("insufficient funds", Meaning::Funds),
    ("context deadline exceeded", Meaning::Resend),
    ("rate limit", Meaning::Resend),
    ("too many requests", Meaning::Resend),
];

#[derive(Clone, Copy)]
enum Meaning {
    Look,
    SignAgain,
    Funds,
    Resend,
}

/// Sorts a failed send.
pub(super) fn of_send_error(error: RpcError) -> SendFailure {
    let Some(words) = error.node_message() else {
        return match error {
            RpcError::Url(_) => SendFailure::Fatal(error),
            _ => SendFailure::Resend,
        };
    };
    let meaning = TABLE
        .iter()
        .find(|(part, _)| words.contains(part))
        .map(|(_, meaning)| *meaning);
    match meaning {
        Some(Meaning::Look) => SendFailure::Look,
        Some(Meaning::SignAgain) => SendFailure::SignAgain(error),
        Some(Meaning::Funds) => SendFailure::Funds(words),
        Some(Meaning::Resend) => SendFailure::Resend,
        None => SendFailure::Fatal(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::Endpoint;

    fn node(message: &str) -> SendFailure {
        of_send_error(RpcError::Node {
            endpoint: Endpoint::parse("http://127.0.0.1:1").unwrap(),
            method: "eth_sendRawTransaction",
            code: -32000,
            message: message.into(),
        })
    }

    #[test]
    fn every_known_refusal_has_its_meaning() {
        assert!(matches!(
            node("nonce too low: next nonce 5, tx nonce 4"),
            SendFailure::Look
        ));
        assert!(matches!(
            node("transaction already imported"),
            SendFailure::Look
        ));
        assert!(matches!(node("already known"), SendFailure::Look));
        assert!(matches!(node("Nonce too high"), SendFailure::SignAgain(_)));
        assert!(matches!(
            node("max fee per gas less than block base fee: address 0x…"),
            SendFailure::SignAgain(_)
        ));
        assert!(matches!(
            node("Insufficient funds for gas * price + value"),
            SendFailure::Funds(_)
        ));
        assert!(matches!(
            node("context deadline exceeded"),
            SendFailure::Resend
        ));
        assert!(matches!(
            node("the moon is in the wrong house"),
            SendFailure::Fatal(_)
        ));
    }
}
