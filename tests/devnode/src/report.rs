//! What the node tells in its log of the blocks that it makes.

use std::sync::Arc;

use alloy_consensus::Transaction;
use alloy_primitives::{Address, B256, hex};
use alloy_sol_types::SolEvent;

use crate::{
    chain::blocks::{block::Block, follow::Cursor},
    precompiles::{ARB_WASM, ProgramActivated},
    rpc::{Api, error},
};

/// Most blocks that are looked at while the chain is held.
const BLOCKS_MAX: usize = 64;

/// {byte} How much of revert data is shown.
const DATA_SHOWN: usize = 68;

/// How many characters of a reason are shown.
const REASON_SHOWN: usize = 300;

/// A transaction, as it is told.
struct Line {
    hash: B256,
    block: u64,
    from: Address,
    to: Option<Address>,
    created: Option<Address>,
    gas: u64,
    failure: Option<String>,
    activated: Vec<ProgramActivated>,
}

/// Whether anybody listens.
pub(crate) fn is_heard() -> bool {
    tracing::enabled!(tracing::Level::WARN)
}

/// Tells every transaction that is mined from now on. Ends with the API.
pub(crate) fn run(api: Arc<Api>) -> impl Future<Output = ()> + Send {
    let mut heads = api.heads();
    let mut cursor = api.read().cursor();
    async move {
        while heads.changed().await.is_ok() {
            let shared = Arc::clone(&api);
            // The lock may have to be waited for.
            let told = tokio::task::spawn_blocking(move || catch_up(&shared, cursor)).await;
            cursor = told.unwrap_or(cursor);
        }
    }
}

/// Tells the blocks after the cursor, portion by portion: nobody waits for a slow terminal.
fn catch_up(api: &Api, mut cursor: Cursor) -> Cursor {
    loop {
        let lines: Vec<Line> = {
            let chain = api.read();
            let step = chain.follow(&mut cursor, BLOCKS_MAX);
            if step.is_empty() {
                return cursor;
            }
            // What was loaded is not mined.
            let mined = step.added.into_iter().filter(|_| !step.is_jump);
            mined.flat_map(lines).collect()
        };
        if api.is_logged() {
            lines.iter().for_each(Line::tell);
        }
    }
}

fn lines(block: &Block) -> impl Iterator<Item = Line> {
    let number = block.header.number;
    block.txs.iter().map(move |mined| Line {
        hash: mined.hash(),
        block: number,
        from: mined.tx.signer(),
        to: mined.tx.to(),
        created: mined.contract.filter(|_| mined.success),
        gas: mined.gas_used,
        failure: (!mined.success).then(|| failure(&mined.output)),
        activated: mined
            .logs
            .iter()
            .filter(|log| log.address == ARB_WASM)
            .filter_map(|log| Some(ProgramActivated::decode_log(log).ok()?.data))
            .collect(),
    })
}

/// The reason as text, if there is one, else the data in which a custom error stands.
fn failure(output: &[u8]) -> String {
    match (error::reason(output), output.get(..DATA_SHOWN)) {
        (Some(reason), _) => shown(&reason),
        (None, Some(start)) if output.len() > DATA_SHOWN => {
            format!("{}..", hex::encode_prefixed(start))
        }
        _ if output.is_empty() => "no revert data".into(),
        _ => hex::encode_prefixed(output),
    }
}

/// The beginning of a text that others wrote, in one line.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == REASON_SHOWN {
            shown.push_str("..");
            break;
        }
        match character.is_control() {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    shown
}

impl Line {
    fn tell(&self) {
        let Self {
            hash,
            block,
            from,
            gas,
            ..
        } = self;
        let to = self.to.map(tracing::field::display);
        let created = self.created.map(tracing::field::display);
        match &self.failure {
            None => tracing::info!(block, gas, %from, to, created, "transaction {hash}"),
            Some(reason) => {
                tracing::warn!(block, gas, %from, to, reason, "transaction {hash} failed");
            }
        }
        for event in &self.activated {
            let (program, version) = (event.program, event.version);
            tracing::info!(block, version, fee_wei = %event.dataFee, "program {program} activated");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        assert_eq!(shown("no"), "no");
        let long = "\u{20ac}".repeat(REASON_SHOWN);
        assert_eq!(shown(&long), long);
        assert_eq!(shown(&format!("{long}!")), format!("{long}.."));
    }

    /// A contract writes no lines of the log, and no colours.
    #[test]
    fn a_reason_stays_in_its_line() {
        assert_eq!(shown("a\nWARN \u{1b}[31mb"), "a\\nWARN \\u{1b}[31mb");
    }
}
