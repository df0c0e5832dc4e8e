//! The block to come, as the pool would fill it now.

use std::sync::{Arc, PoisonError};

use alloy_consensus::transaction::Recovered;
use alloy_primitives::B256;

use super::fill;
use crate::{
    arbos::slots::ARBOS,
    chain::{
        Chain,
        blocks::block::Block,
        control::settings::Settings,
        state::{overlay::Overlay, view::View},
    },
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
    /// The pending block. It is kept until something changes.
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
        let pending = Arc::new(self.look_ahead(basis)?);
        *kept = Some(Arc::clone(&pending));
        Ok(pending)
    }

    fn look_ahead(&self, basis: Basis) -> Result<Pending, StateError> {
        let mut building = self.begin()?;
        let opening = building.take_opening();
        let mut overlay = self.opened(&opening)?.overlay;
        let turns = self.turns()?;
        fill(&self.pool, turns, &mut building, |building, pooled| {
            let hash = *pooled.tx.tx_hash();
            let mut view = View::new(&self.state, &self.history, overlay.clone());
            if !building.has_room(&view, &pooled.tx)? {
                return Ok(None);
            }
            let tx = Recovered::clone(&pooled.tx);
            let mut attempt = self.attempt(view.clone(), building, tx)?;
            view.overlay.commit(std::mem::take(&mut attempt.changes));
            for (slot, value) in attempt.counted(&view)? {
                view.overlay.set_slot(ARBOS, slot, value);
            }
            overlay = view.overlay;
            building.append(attempt);
            Ok(Some(hash))
        });
        if let Some(put_off) = errands::outstanding() {
            return Err(put_off);
        }
        let view = View::new(&self.state, &self.history, overlay);
        let root = view.root(|| Ok::<_, StateError>(()))?;
        Ok(Pending {
            basis,
            block: self.close(building, &view, root)?,
            overlay: view.overlay,
        })
    }
}
