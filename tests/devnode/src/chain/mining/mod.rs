//! When blocks are made, and what goes into them.

pub mod building;
pub mod conditions;
pub(super) mod opening;
pub mod pending;
pub mod send;

use std::{cmp::Reverse, collections::BinaryHeap, mem, sync::Arc, time::Duration};

use alloy_consensus::{Transaction, TxEnvelope, transaction::Recovered};
use alloy_primitives::{Address, B256};
use tokio::sync::oneshot;

use self::{building::Building, conditions::Conditions, send::TxError};
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

/// What became of a transaction that was taken.
#[derive(Debug)]
pub enum Submitted {
    /// It is mined, or waits in the pool.
    Taken(B256),
    /// It waits for the one before it.
    Waiting {
        /// Tells how it fared.
        fate: oneshot::Receiver<Result<B256, TxError>>,
        /// What its sender had done.
        seen: Seen,
    },
}

/// What a sender has done: a nonce that moves or a new transaction is a sign that more will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    nonce: u64,
    last_arrival: Option<u64>,
}

/// How transactions of the pool fared, by hash.
type Fates = Vec<(B256, Result<B256, TxError>)>;

/// Arrival, sender and nonce: who is next.
type Turn = Reverse<(u64, Address, u64)>;

impl Chain {
    /// Takes a transaction: mines it, or puts it into the pool. What waited for it is left to
    /// [`Self::catch_up`].
    ///
    /// # Errors
    /// [`TxError`]
    pub fn submit(
        &mut self,
        tx: Recovered<TxEnvelope>,
        conditions: Option<Arc<Conditions>>,
    ) -> Result<Submitted, TxError> {
        let (hash, sender) = (*tx.tx_hash(), tx.signer());
        self.check_conditions(&conditions)?;
        let state = self.check(&self.latest(), &tx, self.base_fee()?)?;
        self.check_sender(tx.signer())?;
        if self.mining != Mining::Auto {
            self.check_start(&tx)?;
            self.pool.add(tx, conditions, None)?;
            return Ok(Submitted::Taken(hash));
        }
        if tx.nonce() > state {
            let (waiter, fate) = oneshot::channel();
            self.pool.add(tx, conditions, Some(waiter))?;
            let seen = self.seen(&sender, state);
            return Ok(Submitted::Waiting { fate, seen });
        }
        self.send(tx)?;
        Ok(Submitted::Taken(hash))
    }

    /// Checks conditions against the state now and the block to come.
    pub(super) fn check_conditions(
        &self,
        conditions: &Option<Arc<Conditions>>,
    ) -> Result<(), TxError> {
        let Some(conditions) = conditions else {
            return Ok(());
        };
        let head = &self.head().header;
        let (number, time) = (
            head.number.saturating_add(1),
            self.clock.peek(head.timestamp),
        );
        let block = self.environment(number, time, self.base_fee()?);
        conditions
            .check(&self.latest(), &block, self.fork.is_some())
            .map_err(Box::new)?;
        Ok(())
    }

    /// With automatic mining, mines what waited for the sender's last transaction, each in a block of
    /// its own.
    ///
    /// # Errors
    /// The nonce cannot be read, or state was not read yet; what is mined then stays.
    pub fn catch_up(&mut self, sender: &Address) -> Result<(), StateError> {
        while self.mining == Mining::Auto && !self.pool.is_empty() {
            let nonce = self.nonce(sender)?;
            self.pool.prune(sender, nonce);
            let Some(next) = self.pool.at(sender, nonce) else {
                break;
            };
            let (tx, conditions) = (Recovered::clone(&next.tx), next.conditions.clone());
            let result = self
                .check_conditions(&conditions)
                .and_then(|()| self.send(tx));
            if let Some(put_off) = errands::outstanding() {
                return Err(put_off);
            }
            if let Some(next) = self.pool.take(sender, nonce) {
                next.settle(result);
            }
            self.keep();
        }
        Ok(())
    }

    /// Gives up a transaction that waited in vain, and returns what to tell its sender. None if it
    /// waits no more, or if the sender has moved on from `seen`, which is renewed.
    ///
    /// # Errors
    /// The nonce cannot be read.
    pub fn give_up(&mut self, hash: &B256, seen: &mut Seen) -> Result<Option<TxError>, StateError> {
        let Some(pooled) = self.pool.get(hash) else {
            return Ok(None);
        };
        let (address, tx) = (pooled.tx.signer(), pooled.tx.nonce());
        let state = self.nonce(&address)?;
        let now = self.seen(&address, state);
        if mem::replace(seen, now) != now {
            return Ok(None);
        }
        self.pool.remove(hash);
        Ok(Some(TxError::NonceTooHigh { address, tx, state }))
    }

    fn seen(&self, sender: &Address, nonce: u64) -> Seen {
        let arrivals = self.pool.of(sender).map(|pooled| pooled.arrival);
        Seen {
            nonce,
            last_arrival: arrivals.max(),
        }
    }

    /// Seals a block with what the pool holds, as far as there is room: in order of arrival, each
    /// sender's in order of nonces. What cannot be executed is dropped.
    ///
    /// # Errors
    /// The state cannot be read; then nothing is mined. A block that is mined stays.
    pub fn mine(&mut self) -> Result<&Block, StateError> {
        let mut building = self.begin()?;
        if !self.pool.is_empty() {
            for sender in self.pool.senders() {
                let nonce = self.nonce(&sender)?;
                self.pool.prune(&sender, nonce);
            }
            let turns = self.turns()?;
            let pool = mem::take(&mut self.pool);
            let fates = fill(&pool, turns, &mut building, |building, pooled| {
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
            self.settle(fates);
        }
        self.seal(building)?;
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

    /// Takes a transaction out of the pool. False if it is not there.
    pub fn drop_transaction(&mut self, hash: &B256) -> bool {
        let dropped = self.pool.remove(hash);
        let found = dropped.is_some();
        if let Some(dropped) = dropped {
            dropped.settle(Err(TxError::Dropped));
        }
        found
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

    /// The account's nonce after the last block.
    pub fn nonce(&self, address: &Address) -> Result<u64, StateError> {
        Ok(self.latest().account(address)?.unwrap_or_default().nonce)
    }

    /// The account's nonce after what waits in the pool.
    pub fn pending_nonce(&self, address: &Address) -> Result<u64, StateError> {
        Ok(self.pool.next_nonce(address, self.nonce(address)?))
    }
}

/// Includes transactions of a pool in a block: `include` returns the hash of one that has room. What has none, or bids too little for this block,
/// or needs state that cannot be read now, has no fate yet. Nothing has where state was not read yet:
/// whoever asks sees [`errands::outstanding`].
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
