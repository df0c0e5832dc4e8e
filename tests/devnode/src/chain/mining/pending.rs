//! The block to come, as the pool would fill it now.

use std::sync::{Arc, PoisonError};

use alloy_consensus::transaction::Recovered;
use alloy_primitives::B256;

use super::{fill, send::TxError};
use crate::{
    chain::{Chain, blocks::block::Block, control::settings::Settings, state::overlay::Overlay},
    errands,
    fork::StateError,
};

/// The next block and the state after it, if it were made now.
#[derive(Debug)]
pub struct Pending {
    basis: Basis,
    /// The block.
    pub block: Block,
    /// What its transactions change.
    pub overlay: Overlay,
}

/// All that a pending block depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Basis {
    parent: B256,
    generation: u64,
    pool: u64,
    timestamp: u64,
    settings: Settings,
}

impl Chain {
    /// The pending block. It is kept until something changes, unless a transaction is missing because state
    /// could not be read.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn pending(&self) -> Result<Arc<Pending>, StateError> {
        let head = self.head();
        let basis = Basis {
            parent: head.hash,
            generation: self.state.generation(),
            pool: self.pool.version(),
            timestamp: self.clock.peek(head.header.timestamp),
            settings: self.settings(),
        };
        let mut kept = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pending) = kept.as_ref().filter(|pending| pending.basis == basis) {
            return Ok(Arc::clone(pending));
        }
        let (pending, is_whole) = self.look_ahead(basis)?;
        let pending = Arc::new(pending);
        *kept = is_whole.then(|| Arc::clone(&pending));
        Ok(pending)
    }

    /// The block, and whether state could be read for all transactions.
    fn look_ahead(&self, basis: Basis) -> Result<(Pending, bool), StateError> {
        let mut is_whole = true;
        let mut view = self.latest();
        let mut building = self.begin_on(&mut view)?;
        fill(
            &self.pool,
            self.turns()?,
            &mut building,
            |building, pooled| {
                let included = building.has_room(&view, &pooled.tx).map_err(TxError::from);
                let included = included.and_then(|has_room| {
                    let tx = has_room.then(|| Recovered::clone(&pooled.tx));
                    tx.map(|tx| self.include_over(&mut view, building, tx))
                        .transpose()
                });
                is_whole &= !matches!(included, Err(TxError::State(_)));
                included
            },
        );
        if let Some(put_off) = errands::outstanding() {
            return Err(put_off);
        }
        let root = view.root(|| Ok::<_, StateError>(()))?;
        let (parent, position) = (basis.parent, self.state.position());
        let pending = Pending {
            basis,
            block: building.close(parent, root, &view, position)?,
            overlay: view.overlay,
        };
        Ok((pending, is_whole))
    }
}

#[cfg(test)]
mod tests {
    use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
    use alloy_primitives::{Address, Signature, TxKind, U256};

    use super::*;
    use crate::{CHAIN_ID, Config, DEV_ACCOUNT, chain::state::overlay::copies};

    const COUNT: u64 = 2_000;

    /// To an account of its own each.
    fn payment(nonce: u64) -> Recovered<TxEnvelope> {
        let tx = TxEip1559 {
            chain_id: CHAIN_ID,
            nonce,
            gas_limit: 21_000,
            max_fee_per_gas: 1_000_000_000,
            to: TxKind::Call(Address::left_padding_from(&(nonce + 1_000).to_be_bytes())),
            value: U256::ONE,
            ..TxEip1559::default()
        };
        let signature = Signature::new(U256::ONE, U256::ONE, false);
        Recovered::new_unchecked(tx.into_signed(signature).into(), DEV_ACCOUNT)
    }

    /// However many there are, nothing that they left is copied, neither from one to the next nor for
    /// those who ask; and they are executed once.
    #[test]
    fn waiting_transactions_extend_one_overlay() {
        let mut chain = Chain::new(&Config::default()).unwrap();
        chain.clock.set_next(chain.clock.now() + 100);
        for nonce in 0..COUNT {
            chain.pool.add(payment(nonce), None, None).unwrap();
        }
        let before = copies::made();
        let pending = chain.pending().unwrap();
        // As many as compute no more than ArbOS lets a block.
        assert_eq!(pending.block.txs.len(), 32_000_000 / 21_000);
        assert!(Arc::ptr_eq(&pending, &chain.pending().unwrap()));
        let _seen = pending.overlay.clone();
        assert_eq!(copies::made(), before);

        chain.pool.add(payment(COUNT), None, None).unwrap();
        assert!(!Arc::ptr_eq(&pending, &chain.pending().unwrap()));
    }
}
