//! A block under construction: its transactions run one after another in one context.

use alloy_consensus::{TxEnvelope, transaction::Recovered};
use alloy_primitives::B256;
use revm::context::BlockEnv;

use super::{
    Chain,
    block::{Block, Mined, Seal, seal},
    send::{TxError, environment, outcome, refusal},
};
use crate::{
    arbos::sends,
    evm::{self, env, session::Recent},
    fork::StateError,
};

/// What the transactions of a block share while it is built.
#[derive(Debug)]
pub struct Building {
    number: u64,
    env: BlockEnv,
    arbos_version: u64,
    /// How many messages were sent to L1 before it, and the root of their tree.
    sends: (u64, B256),
    recent: Recent,
    /// {gas} Used so far.
    gas_used: u64,
    logs: u64,
    txs: Vec<Mined>,
}

impl Chain {
    /// A block on top of the last one, as of now. Nothing changes until a transaction is included.
    pub fn begin(&self) -> Result<Building, StateError> {
        let head = &self.head().header;
        Ok(Building {
            number: head.number.saturating_add(1),
            env: env::block(self.clock.peek(head.timestamp), self.base_fee()?),
            arbos_version: self.arbos_version()?,
            sends: sends::tip(&self.latest())?,
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
        self.check(&tx, building.env.basefee)?;
        let price = u128::from(building.env.basefee);
        let mut session = self.session(building.number, false)?;
        session.arbos_version = building.arbos_version;
        session.recent = building.recent.clone();
        let mut rules = self.rules.clone();
        rules.disable_eip3607 = true;
        let executed = evm::execute(
            self.latest(),
            rules,
            building.env.clone(),
            environment(&tx, price),
            session,
        )
        .map_err(|error| refusal(&tx, error))?;
        let hash = *tx.tx_hash();
        let mut mined = outcome(tx, price, executed.result);
        mined.start = self.state.position();
        self.state.commit(executed.state)?;
        building.append(mined);
        building.recent = executed.session.recent;
        Ok(hash)
    }

    /// Ends a block, which becomes the last one.
    pub fn seal(&mut self, building: Building) -> &Block {
        let parent = self.head();
        let (hash, time) = (parent.hash, parent.header.timestamp);
        self.clock.tick(time);
        let next = Seal {
            parent: hash,
            number: building.number,
            timestamp: building.env.timestamp.saturating_to(),
            base_fee: building.env.basefee,
            // Both could be read when the block began.
            arbos_version: self.arbos_version().unwrap_or(building.arbos_version),
            sends: sends::tip(&self.latest()).unwrap_or(building.sends),
        };
        let block = seal(next, building.txs, self.state.position());
        self.history.push(block);
        self.head()
    }
}

impl Building {
    /// Gives a transaction its place.
    fn append(&mut self, mut mined: Mined) {
        self.gas_used = self.gas_used.saturating_add(mined.gas_used);
        mined.cumulative_gas = self.gas_used;
        mined.index = self.txs.len() as u64;
        mined.first_log = self.logs;
        self.logs = self.logs.saturating_add(mined.logs.len() as u64);
        self.txs.push(mined);
    }
}

#[cfg(test)]
mod tests {
    use alloy_consensus::{SignableTransaction, TxEip1559};
    use alloy_primitives::{Address, Bytes, Signature, TxKind, U256};
    use revm::state::Bytecode;

    use super::*;
    use crate::{Config, DEV_ACCOUNT, chain::query};

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
        let block = chain.seal(building).clone();
        assert_eq!((block.header.number, block.txs.len()), (1, 3));

        let mut cumulative = 0;
        for (index, hash) in hashes.iter().enumerate() {
            let (found, mined) = chain.transaction(hash).unwrap();
            cumulative += mined.gas_used;
            assert_eq!((found, mined.index), (&block, index as u64));
            assert_eq!(mined.cumulative_gas, cumulative);
            let before = chain.state.past(mined.start);
            let nonce = before.basic(&DEV_ACCOUNT).unwrap().unwrap().nonce;
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
