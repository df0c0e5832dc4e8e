//! The table of methods, made from what is registered.

use std::{collections::BTreeMap, fmt::Write, sync::Arc};

use super::{Api, module};
use crate::{chain::Chain, config::Config, node::Error};

/// Where a method differs from geth's or anvil's.
pub const REMARKS: &[(&str, &str)] = &[
    (
        "anvil_dealERC20",
        "tries the storage slots that `balanceOf` reads, at most 64 of them",
    ),
    (
        "anvil_dumpState",
        "JSON in hex, not packed, for `anvil_loadState` of this node and for `--state`; also writes the file of `--state`",
    ),
    (
        "anvil_loadState",
        "also dumps of anvil, whose accounts are laid over this chain's (blocks are not taken over), and packed by gzip; of up to 512 MiB over HTTP, and 256 MiB unpacked; every other request takes 5 MiB, unless there is `--no-request-size-limit`",
    ),
    (
        "anvil_mine",
        "at most 100,000 blocks in one request; of many, other requests may come between them",
    ),
    ("anvil_mine_detailed", "at most 1,000 blocks in one request"),
    (
        "anvil_reorg",
        "at most 1,000 blocks, and 1,000,000,000 gas of transactions",
    ),
    (
        "anvil_setERC20Allowance",
        "tries the storage slots that `allowance` reads, at most 64 of them",
    ),
    (
        "anvil_setNextBlockBaseFeePerGas",
        "holds for one block, as each makes the next one's from the backlog; may be below the minimum",
    ),
    (
        "debug_traceBlockByNumber",
        "all traces of a block share the time of one request and 256 MiB",
    ),
    (
        "debug_traceTransaction",
        "`names` in `tracerConfig` gives programs the names of their functions: the `name` section of a build by address, for any tracer; `stylusTracer` tells host calls",
    ),
    (
        "eth_call",
        "ends after the time of `--call-timeout`, as estimates, access lists and traces do; `movePrecompileToAddress`, `beaconRoot`, `blobBaseFee` and unknown overrides are refused, never ignored",
    ),
    ("eth_estimateGas", "overrides as in `eth_call`"),
    ("eth_feeHistory", "rewards are zero, as Arbitrum drops tips"),
    (
        "eth_getFilterChanges",
        "logs of blocks that `evm_revert` took away come again with `removed: true`",
    ),
    (
        "eth_getLogs",
        "at most 1,000 addresses and topics per place, and 128 MiB of logs",
    ),
    (
        "eth_getProof",
        "of `latest` with what was edited since, which its root lacks; on a fork the upstream's, of accounts that were not changed here, up to the forked block; ends after the time of `--call-timeout`",
    ),
    (
        "eth_getStorageValues",
        "at most 1,024 slots of all accounts together",
    ),
    (
        "eth_getTransactionBySenderAndNonce",
        "on a fork only of transactions that were sent on it",
    ),
    (
        "eth_newFilter",
        "at most 1,024 filters; one that nobody polls for five minutes is gone",
    ),
    (
        "eth_sendTransactionSync",
        "waits for the receipt for at most 30 s",
    ),
    (
        "eth_signTypedData_v4",
        "`eth_signTypedData` and `_v3` are the same; of accounts whose keys the node has",
    ),
    (
        "eth_simulateV1",
        "blocks are a second apart; calls have 50,000,000 gas together, and overrides as in `eth_call`",
    ),
    (
        "eth_subscribe",
        "`newHeads`, `logs`, `newPendingTransactions` (`true` for whole ones) and `syncing` (one `false`), over WebSocket; after a revert, logs come again as removed and the new blocks as heads; a client that takes nothing for a minute loses its subscription",
    ),
    (
        "evm_snapshot",
        "copies nothing; the oldest of more than 100,000 snapshots is forgotten, and when snapshots alone keep over 256 MiB of transactions that have left the pool",
    ),
    (
        "trace_call",
        "`vmTrace` is refused; calls of precompiles show; `vm` and `revertReason` tell of programs; `arbtrace_*` are the same methods",
    ),
    (
        "trace_filter",
        "traces share the time of one request and 256 MiB; on a fork from the block after the forked one",
    ),
    ("txpool_content", "at most 64 MiB of transactions"),
];

/// The names of all methods, by namespace.
///
/// # Errors
/// [`Error`] where no chain can be started.
pub fn names() -> Result<BTreeMap<String, Vec<String>>, Error> {
    let chain = Chain::new(&Config::default())?;
    let module = module(Arc::new(Api::new(chain, None)))?;
    let mut spaces: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in module.method_names() {
        let space = name.split('_').next().unwrap_or(name);
        spaces.entry(space.into()).or_default().push(name.into());
    }
    spaces.values_mut().for_each(|names| names.sort_unstable());
    Ok(spaces)
}

/// The table as Markdown.
///
/// # Errors
/// [`Error`] where no chain can be started.
pub fn markdown() -> Result<String, Error> {
    let mut text = String::from("| namespace | methods |\n|---|---|\n");
    for (space, names) in names()? {
        let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        // Writing to a string does not fail.
        let _ = writeln!(text, "| {space} | {} |", names.join(", "));
    }
    text.push_str("\n| method | here |\n|---|---|\n");
    for (name, remark) in REMARKS {
        let _ = writeln!(text, "| `{name}` | {remark} |");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_are_about_methods_that_exist() {
        let spaces = names().unwrap();
        for (name, _) in REMARKS {
            assert!(
                spaces.values().flatten().any(|known| known == name),
                "{name}"
            );
        }
        assert!(REMARKS.is_sorted_by_key(|(name, _)| *name));
    }
}
