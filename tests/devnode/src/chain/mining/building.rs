//! A block under construction: its transactions run one after another in one context.

use alloy_consensus::{Header, Transaction, TxEnvelope, transaction::Recovered};
use alloy_eips::Encodable2718;
use alloy_primitives::B256;
use revm::{context::BlockEnv, state::EvmState};

use super::{
    evm_form::{environment, outcome},
    opening::Opening,
    send::{TxError, refusal},
};
use crate::{
    arbos::{self, TX_LIMIT_SINCE, poster::Poster, sends},
    chain::{
        Chain,
        blocks::block::{Block, Mined, Seal, seal},
        rules_in,
        state::{undo::Position, view::View},
    },
    evm::{self, session::Recent},
    fork::StateError,
};

/// {gas} What a transaction counts for in a block at least.
const COMPUTE_MIN: u64 = 21_000;

/// What the transactions of a block share while it is built.
#[derive(Debug)]
pub struct Building {
    number: u64,
    env: BlockEnv,
    arbos_version: u64,
    /// {gas} Of ArbOS's limit, left for computing.
    compute_left: u64,
    /// What it does first, until it is done.
    opening: Option<Opening>,
    recent: Recent,
    /// {gas} Used so far.
    gas_used: u64,
    logs: u64,
    txs: Vec<Mined>,
}

/// What a transaction would do to a block and to the state.
#[derive(Debug)]
struct Attempt {
    mined: Mined,
    recent: Recent,
    /// Changes to commit.
    changes: EvmState,
}

impl Chain {
    /// A block on top of the last one, as of now. Nothing changes until a transaction is included or
    /// the block is sealed.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn begin(&self) -> Result<Building, StateError> {
        self.begin_on(&mut self.latest())
    }

    /// As [`Self::begin`], with what the block does first laid over the latest state.
    pub(in crate::chain) fn begin_on(&self, view: &mut View<'_>) -> Result<Building, StateError> {
        let head = &self.head().header;
        let time = self.clock.peek(head.timestamp);
        let base_fee = arbos::base_fee(view)?;
        self.begin_after(head, view, time, base_fee)
    }

    /// A block at `time` on top of one with the header `before` that left `view`, over which what it does
    /// first is laid.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(in crate::chain) fn begin_after(
        &self,
        before: &Header,
        view: &mut View<'_>,
        time: u64,
        base_fee: u64,
    ) -> Result<Building, StateError> {
        let number = before.number.saturating_add(1);
        let opening = Opening::of(view, before.timestamp, time)?;
        opening.lay_over(view)?;
        // What sealing reads is known before anything changes.
        sends::tip(view)?;
        Ok(Building {
            number,
            env: self.environment(number, time, base_fee),
            arbos_version: arbos::version(view)?,
            compute_left: arbos::limits(view)?.block_gas,
            opening: Some(opening),
            recent: Recent::default(),
            gas_used: 0,
            logs: 0,
            txs: Vec::new(),
        })
    }

    /// Executes a transaction as the next one of a block and commits what it did.
    ///
    /// # Errors
    /// [`TxError`], and nothing has changed.
    pub fn include(
        &mut self,
        building: &mut Building,
        tx: Recovered<TxEnvelope>,
    ) -> Result<B256, TxError> {
        let hash = *tx.tx_hash();
        let view = self.view_in(building)?;
        let mut attempt = self.attempt(view, building, tx)?;
        let (before, opening) = (self.state.position(), building.opening.clone());
        if let Err(error) = self.apply(building, &mut attempt) {
            self.state.revert_to(before);
            building.opening = opening;
            return Err(error.into());
        }
        building.append(attempt.mined, attempt.recent);
        Ok(hash)
    }

    /// Executes a transaction as the next one of a block that is not to be, and lays what it did over
    /// what the block has left so far.
    ///
    /// # Errors
    /// [`TxError`], and nothing has changed.
    pub(super) fn include_over(
        &self,
        view: &mut View<'_>,
        building: &mut Building,
        tx: Recovered<TxEnvelope>,
    ) -> Result<B256, TxError> {
        let hash = *tx.tx_hash();
        let attempt = self.attempt(view.clone(), building, tx)?;
        view.overlay.commit(attempt.changes);
        building.append(attempt.mined, attempt.recent);
        Ok(hash)
    }

    /// Makes the changes of the block's start, if it is its first transaction, and of a transaction.
    fn apply(&mut self, building: &mut Building, attempt: &mut Attempt) -> Result<(), StateError> {
        self.open_once(building)?;
        attempt.mined.start = self.state.position();
        let changes = std::mem::take(&mut attempt.changes);
        self.state.commit(changes)
    }

    /// What the next transaction of a block sees.
    pub(in crate::chain) fn view_in(&self, building: &Building) -> Result<View<'_>, StateError> {
        match &building.opening {
            Some(opening) => self.opened(opening),
            None => Ok(self.latest()),
        }
    }

    fn open_once(&mut self, building: &mut Building) -> Result<(), StateError> {
        match building.opening.take() {
            Some(opening) => opening.apply(&mut self.state),
            None => Ok(()),
        }
    }

    /// Executes a transaction as the next one of a block, on a view of the state before it.
    fn attempt(
        &self,
        view: View<'_>,
        building: &Building,
        tx: Recovered<TxEnvelope>,
    ) -> Result<Attempt, TxError> {
        let nonce = self.check(&view, &tx, building.env.basefee)?;
        if tx.nonce() > nonce {
            return Err(TxError::NonceTooHigh {
                address: tx.signer(),
                tx: tx.nonce(),
                state: nonce,
            });
        }
        let price = u128::from(building.env.basefee);
        let mut session = self.session(&view, building.number, false)?;
        session.recent = building.recent.clone();
        let poster = Poster::of(&view, &tx.encoded_2718(), &building.env)?;
        session.poster = poster;
        let mut rules = rules_in(&view)?;
        rules.disable_eip3607 = true;
        let block = building.env.clone();
        let executed = evm::execute(view, rules, block, environment(&tx, price), session)
            .map_err(|error| refusal(&tx, error))?;
        Ok(Attempt {
            mined: Mined {
                l1_gas: poster.gas,
                ..outcome(tx, price, executed.result)
            },
            recent: executed.session.recent,
            changes: executed.state,
        })
    }

    /// Ends a block, which becomes the last one.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn seal(&mut self, mut building: Building) -> Result<&Block, StateError> {
        self.open_once(&mut building)?;
        let (root, position) = (self.state.root(), self.state.position());
        let block = building.close(self.head().hash, root, &self.latest(), position)?;
        self.clock.tick(self.head().header.timestamp);
        self.history.push(block);
        Ok(self.head())
    }

    /// As [`Self::seal`]; where it cannot be done the state is again that at `before`.
    ///
    /// # Errors
    /// As for [`Self::seal`].
    pub(super) fn seal_or_revert(
        &mut self,
        building: Building,
        before: Position,
    ) -> Result<(), StateError> {
        let sealed = self.seal(building).map(drop);
        if sealed.is_err() {
            self.state.revert_to(before);
        }
        sealed
    }
}

impl Building {
    /// Whether the block has room for a transaction that sees `view`: the first one has. Others begin
    /// while what the cheapest computes is left of ArbOS's limit. Before ArbOS 50 that limit was also the
    /// transaction's, and all that it may compute must be left.
    pub(in crate::chain) fn has_room(
        &self,
        view: &View<'_>,
        tx: &TxEnvelope,
    ) -> Result<bool, StateError> {
        if self.txs.is_empty() {
            return Ok(true);
        }
        let left = self.env.gas_limit.saturating_sub(self.gas_used);
        if tx.gas_limit() > left || self.compute_left < COMPUTE_MIN {
            return Ok(false);
        }
        if self.arbos_version >= TX_LIMIT_SINCE {
            return Ok(true);
        }
        let poster = Poster::of(view, &tx.encoded_2718(), &self.env)?;
        let most = tx.gas_limit().saturating_sub(poster.gas).max(COMPUTE_MIN);
        Ok(most <= self.compute_left)
    }

    /// {gas} What its transactions used so far.
    pub(in crate::chain) fn gas_used(&self) -> u64 {
        self.gas_used
    }

    /// What its transactions see of it.
    pub(in crate::chain) fn env(&self) -> &BlockEnv {
        &self.env
    }

    /// As [`Self::env`], for a block that is made up.
    pub(in crate::chain) fn env_mut(&mut self) -> &mut BlockEnv {
        &mut self.env
    }

    /// What its transactions left for the next one.
    pub(in crate::chain) fn recent(&self) -> &Recent {
        &self.recent
    }

    /// Gives a transaction its place; `recent` is what it left for the next one.
    pub(in crate::chain) fn append(&mut self, mut mined: Mined, recent: Recent) {
        let computed = mined.gas_used.saturating_sub(mined.l1_gas).max(COMPUTE_MIN);
        self.compute_left = self.compute_left.saturating_sub(computed);
        self.gas_used = self.gas_used.saturating_add(mined.gas_used);
        mined.cumulative_gas = self.gas_used;
        mined.index = self.txs.len() as u64;
        mined.first_log = self.logs;
        self.logs = self.logs.saturating_add(mined.logs.len() as u64);
        self.recent = recent;
        self.txs.push(mined);
    }

    /// The block that it becomes after `parent`, with the state that its transactions left and its root.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(in crate::chain) fn close(
        self,
        parent: B256,
        state_root: B256,
        view: &View<'_>,
        position: Position,
    ) -> Result<Block, StateError> {
        let next = Seal {
            parent,
            state_root,
            number: self.number,
            timestamp: self.env.timestamp.saturating_to(),
            base_fee: self.env.basefee,
            l1_number: self.env.number.saturating_to(),
            sends: sends::tip(view)?,
            arbos_version: self.arbos_version,
            beneficiary: self.env.beneficiary,
            gas_limit: self.env.gas_limit,
        };
        Ok(seal(next, self.txs, position))
    }
}

#[cfg(test)]
mod tests {
    use alloy_consensus::{SignableTransaction, TxEip1559};
    use alloy_primitives::{Address, Bytes, Signature, TxKind, U256};
    use revm::state::Bytecode;

    use super::*;
    use crate::{Config, DEV_ACCOUNT, chain::blocks::query};

    /// Logs the first input word with topic 0x2a, and keeps it in slot 0.
    const LOGGER: [u8; 16] = [
        0x5f, 0x35, 0x80, 0x5f, 0x55, 0x5f, 0x52, 0x60, 0x2a, 0x60, 0x20, 0x5f, 0xa1, 0x00, 0x00,
        0x00,
    ];
    const LOGGER_AT: Address = Address::repeat_byte(0x10);

    fn call(nonce: u64, word: u64) -> Recovered<TxEnvelope> {
        let tx = TxEip1559 {
            chain_id: crate::CHAIN_ID,
            nonce,
            gas_limit: 100_000,
            max_fee_per_gas: 1_000_000_000,
            to: TxKind::Call(LOGGER_AT),
            input: Bytes::from(U256::from(word).to_be_bytes::<32>()),
            ..TxEip1559::default()
        };
        let signature = Signature::new(U256::ONE, U256::ONE, false);
        Recovered::new_unchecked(tx.into_signed(signature).into(), DEV_ACCOUNT)
    }

    #[test]
    fn the_transactions_of_a_block_have_their_places() {
        let mut chain = Chain::new(&Config::default()).unwrap();
        let code = Bytecode::new_legacy(Bytes::from_static(&LOGGER));
        chain.state.set_code(LOGGER_AT, code).unwrap();
        let mut building = chain.begin().unwrap();
        let hashes: Vec<_> = (0..3)
            .map(|nonce| {
                chain
                    .include(&mut building, call(nonce, nonce + 7))
                    .unwrap()
            })
            .collect();
        let refused = chain.include(&mut building, call(9, 0));
        assert!(matches!(refused, Err(TxError::NonceTooHigh { .. })));
        let block = chain.seal(building).unwrap().clone();
        assert_eq!((block.header.number, block.txs.len()), (1, 3));

        let mut cumulative = 0;
        for (index, hash) in hashes.iter().enumerate() {
            let (found, mined) = chain.transaction(hash).unwrap();
            cumulative += mined.gas_used;
            assert_eq!((found, mined.index), (&block, index as u64));
            assert_eq!(mined.cumulative_gas, cumulative);
            let before = chain.state.basic_at(&DEV_ACCOUNT, mined.start);
            let nonce = before.unwrap().unwrap().nonce;
            assert_eq!(nonce, index as u64);
        }
        assert_eq!(block.header.gas_used, cumulative);
        let places: Vec<_> = query::logs(&block)
            .map(|log| {
                (
                    log.transaction_index,
                    log.log_index,
                    log.inner.data.data[31],
                )
            })
            .collect();
        let place = |index: u64| (Some(index), Some(index), index as u8 + 7);
        assert_eq!(places, [place(0), place(1), place(2)]);
    }
}
