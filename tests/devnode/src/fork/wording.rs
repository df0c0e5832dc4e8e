//! What an upstream means by an error.
//!
//! JSON-RPC has no codes for these, so clients' words are what there is.

/// What an error of a read means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Ask again later.
    TooMany,
    /// The state is too old to be kept.
    Pruned,
    /// There is no such block.
    NoBlock,
    /// Anything else.
    Other,
}

/// Parts of messages of geth, Nitro, Erigon, reth, Nethermind, Besu, anvil and hosted endpoints.
const PRUNED: [&str; 14] = [
    "missing trie node",
    "historical state",
    "state not available",
    "state is not available",
    "state histories haven't been fully indexed",
    "is pruned",
    "been pruned",
    "due to pruning",
    "data is pruned",
    "no state available",
    "world state unavailable",
    "archive",
    "block is too old",
    "blockoutofrangeerror",
];

const NO_BLOCK: [&str; 6] = [
    "header not found",
    "header for hash not found",
    "block not found",
    "unknown block",
    "block does not exist",
    "resource not found",
];

const TOO_MANY: [&str; 6] = [
    "rate limit",
    "too many requests",
    "limit exceeded",
    "compute units",
    "exceeded its requests per second",
    "request count exceeded",
];

/// Reads an error of a node.
pub(super) fn meaning(code: i64, message: &str) -> Meaning {
    let message = message.to_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| message.contains(part));
    if says(&PRUNED) {
        return Meaning::Pruned;
    }
    if says(&NO_BLOCK) {
        return Meaning::NoBlock;
    }
    if matches!(code, 429 | -32_005) || says(&TOO_MANY) {
        return Meaning::TooMany;
    }
    Meaning::Other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_understood() {
        for (code, message, meant) in [
            (
                -32000,
                "missing trie node 0d8a (path ) state 0x0d8a is not available, not found",
                Meaning::Pruned,
            ),
            (
                -32000,
                "historical state 0x12 is not available",
                Meaning::Pruned,
            ),
            (
                -32000,
                "required historical state unavailable (reexec=128)",
                Meaning::Pruned,
            ),
            (
                -32603,
                "BlockOutOfRangeError: block height is 9 but requested was 2",
                Meaning::Pruned,
            ),
            (-32000, "header not found", Meaning::NoBlock),
            (-32000, "header for hash not found", Meaning::NoBlock),
            (-32001, "Block not found", Meaning::NoBlock),
            (429, "slow down", Meaning::TooMany),
            (-32005, "daily request count exceeded", Meaning::TooMany),
            (-32602, "invalid argument 0", Meaning::Other),
        ] {
            assert_eq!(meaning(code, message), meant, "{message}");
        }
    }
}
