//! States of blocks before the forked one, each on a pin of its own.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use alloy_primitives::{B256, Bytes, U64};
use alloy_rpc_types_eth::FeeHistory;
use alloy_sol_types::SolCall;
use serde_json::json;

use super::{fees::Fees, state_on};
use crate::{
    chain::{
        calls::node_interface::{NODE_INTERFACE, NodeInterface},
        state::State,
    },
    config::Config,
    errands,
    fork::{Pin, Reason, StateError, head::Head},
};

/// Answers of each kind that are kept for the next request, beside those in use.
const KEPT_MAX: usize = 16;

/// The upstream before the forked block, and what was asked last. What it does not have is kept too,
/// so that an attempt after it was asked goes on.
#[derive(Debug)]
pub(in crate::chain) struct Older {
    pin: Arc<Pin>,
    config: Config,
    states: Kept<u64, Arc<State>>,
    numbers: Kept<B256, u64>,
    /// By block numbers of L1.
    ranges: Kept<u64, (u64, u64)>,
    fees: Arc<Fees>,
}

impl Older {
    /// What lies before `pin`; `config` is for upstreams without ArbOS.
    pub(in crate::chain) fn new(pin: Arc<Pin>, config: Config) -> Self {
        Self {
            pin,
            config,
            states: Kept::default(),
            numbers: Kept::default(),
            ranges: Kept::default(),
            fees: Arc::default(),
        }
    }

    /// The state after a block, which is its origin's block; none if there is no such block.
    pub(in crate::chain) fn state(
        self: &Arc<Self>,
        number: u64,
    ) -> Result<Option<Arc<State>>, StateError> {
        if let Some(known) = self.states.find(&number) {
            known.iter().for_each(hold);
            return Ok(known);
        }
        let older = Arc::clone(self);
        let what = format!("block {number}");
        self.pin.obtain(&what, move |pin| {
            let state = match pin.older(number)? {
                Some(pin) => Some(Arc::new(state_on(pin, &older.config)?.0)),
                None => None,
            };
            // Its next attempt finds it, whatever else is asked meanwhile.
            state.iter().for_each(hold);
            let in_use = |state: &Arc<State>| Arc::strong_count(state) > 1;
            older.states.keep_beside(number, state, in_use);
            Ok(())
        })?;
        Ok(self.states.find(&number).flatten())
    }

    /// The first and the last block that was made at a block number of L1; none if the upstream knows
    /// of none.
    pub(in crate::chain) fn range_of(
        self: &Arc<Self>,
        l1_number: u64,
    ) -> Result<Option<(u64, u64)>, StateError> {
        if let Some(known) = self.ranges.find(&l1_number) {
            return Ok(known);
        }
        let older = Arc::clone(self);
        let what = format!("the blocks that were made at L1 block {l1_number}");
        self.pin.obtain(&what.clone(), move |pin| {
            older
                .ranges
                .keep(l1_number, range_of(pin, l1_number, &what)?);
            Ok(())
        })?;
        Ok(self.ranges.find(&l1_number).flatten())
    }

    /// The fees of blocks `oldest..=last`, or of the last ones of these.
    pub(in crate::chain) fn fees(
        &self,
        oldest: u64,
        last: u64,
        percentiles: &[f64],
    ) -> Result<FeeHistory, StateError> {
        self.fees.of(&self.pin, oldest, last, percentiles)
    }

    /// Number of the block with a hash, if it is in the chain and not after the forked one.
    pub(in crate::chain) fn number(
        self: &Arc<Self>,
        hash: B256,
    ) -> Result<Option<u64>, StateError> {
        if let Some(known) = self.numbers.find(&hash) {
            return Ok(known);
        }
        let older = Arc::clone(self);
        let what = format!("block {hash}");
        self.pin.obtain(&what.clone(), move |pin| {
            older.numbers.keep(hash, number_of(pin, hash, &what)?);
            Ok(())
        })?;
        Ok(self.numbers.find(&hash).flatten())
    }
}

/// What a state has read is read again if it is forgotten between two attempts of a request.
fn hold(state: &Arc<State>) {
    errands::hold(Arc::<State>::clone(state));
}

fn number_of(pin: &Arc<Pin>, hash: B256, what: &str) -> Result<Option<u64>, StateError> {
    let block = pin.ask("eth_getBlockByHash", json!([hash, false]))?;
    if block.is_null() {
        return Ok(None);
    }
    let head = Head::parse(&block).map_err(|error| pin.error(what, Reason::Answer(error)))?;
    if head.hash != hash {
        let have = format!("block {}", head.hash);
        return Err(pin.error(what, Reason::Mistaken { have }));
    }
    // A block beside the chain has a hash but no state of ours.
    let number = head.header.number;
    Ok((pin.block_hash(number)? == Some(hash)).then_some(number))
}

fn range_of(pin: &Pin, l1_number: u64, what: &str) -> Result<Option<(u64, u64)>, StateError> {
    let call = NodeInterface::l2BlockRangeForL1Call {
        blockNum: l1_number,
    };
    let call = json!({ "to": NODE_INTERFACE, "data": Bytes::from(call.abi_encode()) });
    let last = pin.head().header.number;
    let answer = match pin.ask("eth_call", json!([call, U64::from(last)])) {
        // It reverts where there is none.
        Err(StateError {
            reason: Reason::Refused { .. },
            ..
        }) => return Ok(None),
        answer => answer?,
    };
    let wrong = |error: String| pin.error(what, Reason::Answer(error));
    let answer: Bytes = serde_json::from_value(answer).map_err(|error| wrong(error.to_string()))?;
    let range = NodeInterface::l2BlockRangeForL1Call::abi_decode_returns(&answer)
        .map_err(|error| wrong(error.to_string()))?;
    // What came after the forked block never happened here.
    let end = range.lastBlock.min(last);
    Ok((range.firstBlock <= end).then_some((range.firstBlock, end)))
}

/// The answers that were used last.
pub(in crate::chain) struct Kept<K, V>(Mutex<Vec<(K, Option<V>)>>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: fmt::Debug, V> fmt::Debug for Kept<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.lock().iter().map(|(key, _)| key))
            .finish()
    }
}

impl<K, V> Kept<K, V> {
    fn lock(&self) -> MutexGuard<'_, Vec<(K, Option<V>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: PartialEq, V: Clone> Kept<K, V> {
    /// The answer to a question, if it was asked lately.
    pub(in crate::chain) fn find(&self, key: &K) -> Option<Option<V>> {
        let mut kept = self.lock();
        let place = kept.iter().position(|(other, _)| other == key)?;
        let entry = kept.remove(place);
        let answer = entry.1.clone();
        kept.push(entry);
        Some(answer)
    }

    pub(in crate::chain) fn keep(&self, key: K, answer: Option<V>) {
        self.keep_beside(key, answer, |_| false);
    }

    /// As [`Self::keep`]; answers in use are not forgotten.
    fn keep_beside(&self, key: K, answer: Option<V>, in_use: impl Fn(&V) -> bool) {
        let mut kept = self.lock();
        kept.retain(|(other, _)| *other != key);
        let mut is_idle = |(_, answer): &(K, Option<V>)| !answer.as_ref().is_some_and(&in_use);
        while kept.len() >= KEPT_MAX
            && let Some(oldest) = kept.iter().position(&mut is_idle)
        {
            kept.remove(oldest);
        }
        kept.push((key, answer));
    }
}
