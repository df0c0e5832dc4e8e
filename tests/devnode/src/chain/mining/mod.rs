//! When blocks are made, and what goes into them.

pub mod building;
pub mod conditions;
pub(super) mod evm_form;
pub(super) mod opening;
pub mod pending;
pub mod send;
pub mod submit;

use std::{cmp::Reverse, collections::BinaryHeap, mem, time::Duration};

use alloy_consensus::{Transaction, transaction::Recovered};
use alloy_primitives::{Address, B256};

use self::{building::Building, send::TxError};
use super::{
    Chain,
    blocks::block::Block,
    pool::{Pool, Pooled},
};
use crate::{errands, fork::StateError};

/// When blocks are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mining {
    /// Each transaction at once, in a block of its own.
    #[default]
    Auto,
    /// At fixed intervals of real time.
    Interval(Duration),
    /// On request only.
    Manual,
}

impl Mining {
    /// A block every `period_s` seconds, which may be a fraction; with zero, none by itself. None for
    /// what is no period, or too short a one.
    pub fn every(period_s: f64) -> Option<Self> {
        if period_s == 0.0 {
            return Some(Self::Manual);
        }
        let period = Duration::try_from_secs_f64(period_s).ok()?;
        (PERIOD_MIN..=PERIOD_MAX)
            .contains(&period)
            .then_some(Self::Interval(period))
    }
}

/// Shortest and longest time between two blocks.
const PERIOD_MIN: Duration = Duration::from_millis(1);
const PERIOD_MAX: Duration = Duration::from_secs(365 * 86_400);

/// How transactions of the pool fared, by hash.
type Fates = Vec<(B256, Result<B256, TxError>)>;

/// Arrival, sender and nonce: who is next.
type Turn = Reverse<(u64, Address, u64)>;

impl Chain {
    /// Seals a block with what the pool holds, as far as there is room: in order of arrival, each
    /// sender's in order of nonces. What cannot be executed is dropped.
    ///
    /// # Errors
    /// The state cannot be read; then nothing is mined. A block that is mined stays.
    pub fn mine(&mut self) -> Result<&Block, StateError> {
        let before = self.state.position();
        let mut building = self.begin()?;
        let mut fates = Fates::default();
        if !self.pool.is_empty() {
            for sender in self.pool.senders() {
                let nonce = self.nonce(&sender)?;
                self.pool.prune(&sender, nonce);
            }
            let turns = self.turns()?;
            let pool = mem::take(&mut self.pool);
            fates = fill(&pool, turns, &mut building, |building, pooled| {
                if !building.has_room(&self.view_in(building)?, &pooled.tx)? {
                    return Ok(None);
                }
                self.check_conditions(&pooled.conditions)?;
                let tx = Recovered::clone(&pooled.tx);
                self.include(building, tx).map(Some)
            });
            self.pool = pool;
            if let Some(put_off) = errands::outstanding() {
                return Err(put_off);
            }
        }
        self.seal_or_revert(building, before)?;
        self.settle(fates);
        self.keep();
        Ok(self.head())
    }

    /// As [`Self::mine`], with exactly that time, {s}, from which the clock runs on.
    ///
    /// # Errors
    /// As for [`Self::mine`]; then the clock is as before.
    pub fn mine_at(&mut self, time: u64) -> Result<&Block, StateError> {
        let clock = self.clock;
        self.clock.set_next(time);
        if let Err(error) = self.mine() {
            self.clock = clock;
            return Err(error);
        }
        Ok(self.head())
    }

    fn settle(&mut self, fates: Fates) {
        for (hash, fate) in fates {
            if let Err(error) = &fate {
                tracing::warn!(%hash, %error, "dropped from the pool");
            }
            if let Some(pooled) = self.pool.remove(&hash) {
                let (sender, nonce) = (pooled.tx.signer(), pooled.tx.nonce());
                pooled.settle(fate);
                self.pool.prune(&sender, nonce);
            }
        }
    }

    /// The first transaction of every sender that has one for its nonce.
    pub(super) fn turns(&self) -> Result<BinaryHeap<Turn>, StateError> {
        let mut turns = BinaryHeap::new();
        for sender in self.pool.senders() {
            turns.extend(turn(&self.pool, sender, self.nonce(&sender)?));
        }
        Ok(turns)
    }

    /// When blocks are made.
    pub fn mining(&self) -> Mining {
        self.mining
    }

    /// Changes when blocks are made. What waits when mining becomes automatic is left to
    /// [`Self::mine_waiting`].
    pub fn set_mining(&mut self, mining: Mining) {
        self.mining = mining;
        self.pool.release();
    }

    /// With automatic mining, mines a block of what waits. False once nothing of it can be mined.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn mine_waiting(&mut self) -> Result<bool, StateError> {
        if self.mining != Mining::Auto || self.turns()?.is_empty() {
            return Ok(false);
        }
        Ok(!self.mine()?.txs.is_empty())
    }
}

/// Includes transactions of a pool in a block: `include` returns the hash of one that has room. What has
/// none, or bids too little for this block, or needs state that cannot be read now, has no fate yet.
/// Nothing has where state was not read yet: whoever asks sees [`errands::outstanding`].
pub(super) fn fill(
    pool: &Pool,
    mut turns: BinaryHeap<Turn>,
    building: &mut Building,
    mut include: impl FnMut(&mut Building, &Pooled) -> Result<Option<B256>, TxError>,
) -> Fates {
    let mut fates = Vec::new();
    while let Some(Reverse((_, sender, nonce))) = turns.pop() {
        let Some(pooled) = pool.at(&sender, nonce) else {
            continue;
        };
        match include(building, pooled) {
            Ok(Some(hash)) => {
                fates.push((hash, Ok(hash)));
                turns.extend(turn(pool, sender, nonce.saturating_add(1)));
            }
            Ok(None) | Err(TxError::FeeCapTooLow { .. } | TxError::State(_)) => {}
            Err(error) => fates.push((*pooled.tx.tx_hash(), Err(error))),
        }
    }
    fates
}

fn turn(pool: &Pool, sender: Address, nonce: u64) -> Option<Turn> {
    let arrival = pool.at(&sender, nonce)?.arrival;
    Some(Reverse((arrival, sender, nonce)))
}
