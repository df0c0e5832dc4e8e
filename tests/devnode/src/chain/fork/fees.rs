//! Fees of blocks before the forked one.
//!
//! Clients ask for the last ones before every transaction: what was told once is not asked again, and
//! an upstream that is down is left alone for a while.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use alloy_primitives::U64;
use alloy_rpc_types_eth::FeeHistory;
use serde_json::json;

use super::older::Kept;
use crate::fork::{Pin, Reason, StateError};

/// How long an upstream is not asked that did not answer.
const PAUSE: Duration = Duration::from_secs(60);

/// What an upstream told of fees.
#[derive(Debug, Default)]
pub(in crate::chain) struct Fees {
    /// By the last block and the percentiles.
    told: Kept<(u64, Vec<f64>), Told>,
    down: Mutex<Option<(Instant, StateError)>>,
}

#[derive(Clone, Debug)]
struct Told {
    /// The first block that was asked for; the answer may begin later.
    oldest: u64,
    history: Arc<FeeHistory>,
}

impl Fees {
    /// The fees of blocks `oldest..=last`, or of the last ones of these, and the base fee of the block
    /// after them.
    pub(in crate::chain) fn of(
        self: &Arc<Self>,
        pin: &Arc<Pin>,
        oldest: u64,
        last: u64,
        percentiles: &[f64],
    ) -> Result<FeeHistory, StateError> {
        let key = (last, percentiles.to_vec());
        let known = || self.told.find(&key).flatten();
        if let Some(told) = known().filter(|told| told.oldest <= oldest) {
            return Ok(part(&told.history, oldest));
        }
        if let Some((since, error)) = &*self.down()
            && since.elapsed() < PAUSE
        {
            return Err(error.clone());
        }
        let (fees, asked) = (Arc::clone(self), key.clone());
        let what = format!("fees of blocks {oldest} to {last}");
        pin.obtain(&what.clone(), move |pin| {
            let history = ask(pin, &what, oldest, &asked).inspect_err(|error| {
                let down = error.is_passing().then(|| (Instant::now(), error.clone()));
                *fees.down() = down;
            })?;
            let history = Arc::new(history);
            fees.told.keep(asked, Some(Told { oldest, history }));
            Ok(())
        })?;
        let told = known().map(|told| part(&told.history, oldest));
        Ok(told.unwrap_or_default())
    }

    fn down(&self) -> std::sync::MutexGuard<'_, Option<(Instant, StateError)>> {
        self.down.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ask(
    pin: &Pin,
    what: &str,
    oldest: u64,
    (last, percentiles): &(u64, Vec<f64>),
) -> Result<FeeHistory, StateError> {
    let count = last.saturating_add(1).saturating_sub(oldest);
    let params = json!([U64::from(count), U64::from(*last), percentiles]);
    let told = pin.ask("eth_feeHistory", params)?;
    let told: FeeHistory = serde_json::from_value(told)
        .map_err(|error| pin.error(what, Reason::Answer(error.to_string())))?;
    let len = told.gas_used_ratio.len();
    let end = told.oldest_block.saturating_add(len as u64);
    if told.oldest_block < oldest || end != last.saturating_add(1) {
        let have = format!("{len} blocks from {} on", told.oldest_block);
        return Err(pin.error(what, Reason::Mistaken { have }));
    }
    let rewards = told.reward.as_deref().unwrap_or_default();
    let is_whole = |row: &Vec<u128>| row.len() == percentiles.len();
    let has_rewards =
        percentiles.is_empty() || rewards.len() == len && rewards.iter().all(is_whole);
    if told.base_fee_per_gas.len() != len + 1 || !has_rewards {
        let uneven = Reason::Answer("its lists are not of one length".into());
        return Err(pin.error(what, uneven));
    }
    Ok(told)
}

/// A history from a block on.
fn part(history: &FeeHistory, oldest: u64) -> FeeHistory {
    let skip = oldest.saturating_sub(history.oldest_block);
    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
    let from = |len: usize| skip.min(len);
    let (fees, ratios) = (&history.base_fee_per_gas, &history.gas_used_ratio);
    FeeHistory {
        base_fee_per_gas: fees[from(fees.len())..].to_vec(),
        gas_used_ratio: ratios[from(ratios.len())..].to_vec(),
        oldest_block: history.oldest_block.max(oldest),
        reward: history
            .reward
            .as_ref()
            .map(|rewards| rewards[from(rewards.len())..].to_vec()),
        ..FeeHistory::default()
    }
}
