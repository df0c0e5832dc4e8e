//! Mined transactions and calls, executed again or at all with an inspector that watches.

use alloy_eips::Encodable2718;
use alloy_primitives::{B256, U256};
use revm::context::{BlockEnv, CfgEnv, TxEnv, result::EVMError};

use super::{
    call::{Call, CallError},
    wording::invalid_message,
};
use crate::{
    arbos::poster::Poster,
    chain::{
        Chain,
        blocks::block::{Block, Mined},
        mining::evm_form::environment,
        rules_in,
        state::{overlay::Overlay, view::View},
    },
    evm::{
        self, Executed,
        deadline::Deadline,
        env,
        session::{Recent, Session},
    },
    trace::{TraceError, Tracer, failure, options::Options, unwatched_failure},
};

/// An execution that was watched. Nothing of it is committed.
#[derive(Debug)]
pub struct Watched<'a> {
    /// The state that it saw.
    pub before: View<'a>,
    /// The transaction.
    pub tx: TxEnv,
    /// Its block.
    pub block: BlockEnv,
    /// What it did.
    pub executed: Executed,
}

/// What became of each transaction of a block.
pub type Traces<R> = Vec<(B256, Result<R, TraceError>)>;

impl Chain {
    /// Executes a mined transaction again on the state that it saw, in its block's context.
    ///
    /// The transactions before it in the block leave behind what ran lately; they are executed
    /// first.
    ///
    /// # Errors
    /// [`TraceError::Diverged`] if status or gas are not the recorded ones, and the tracer's.
    pub fn replay(
        &self,
        block: &Block,
        mined: &Mined,
        tracer: &mut Tracer,
    ) -> Result<Watched<'_>, TraceError> {
        let mut recent = Recent::default();
        for earlier in block.txs.iter().take_while(|tx| tx.index < mined.index) {
            recent = self.replay_unwatched(block, earlier, recent, tracer.deadline())?;
        }
        self.replay_after(block, mined, recent, tracer)
    }

    /// As [`Self::replay`] for all transactions of a block, each with a tracer of its own. They share
    /// one time; when it is over there are no traces.
    pub fn replay_block<R>(
        &self,
        block: &Block,
        options: &Options,
        mut finish: impl FnMut(&Mined, Tracer, Watched<'_>) -> Result<R, TraceError>,
    ) -> Result<Traces<R>, TraceError> {
        let mut recent = Recent::default();
        let mut results = Vec::with_capacity(block.txs.len());
        for mined in &block.txs {
            let mut tracer = Tracer::new(options)?;
            let result = match self.replay_after(block, mined, recent.clone(), &mut tracer) {
                Ok(watched) => {
                    recent = watched.executed.session.recent.clone();
                    finish(mined, tracer, watched)
                }
                Err(error @ TraceError::Aborted(_)) => return Err(error),
                Err(error) => {
                    recent = self.replay_unwatched(block, mined, recent, &options.deadline)?;
                    Err(error)
                }
            };
            results.push((mined.hash(), result));
        }
        Ok(results)
    }

    /// Executes a call in a tracer's sight, with the state and the context that `eth_call` has.
    ///
    /// # Errors
    /// Those of the call's preparation, and the tracer's. A call that fails is none.
    pub fn watch(&self, call: Call, tracer: &mut Tracer) -> Result<Watched<'_>, TraceError> {
        self.watch_after(None, call, tracer)
    }

    /// As [`Self::watch`], of calls each of which sees what those before it did, with a tracer of its own
    /// and with what belongs to it. They share one time.
    pub fn watch_all<T, R>(
        &self,
        calls: impl Iterator<Item = (Call, T)>,
        options: &Options,
        mut finish: impl FnMut(Tracer, Watched<'_>, T) -> Result<R, TraceError>,
    ) -> Result<Vec<R>, TraceError> {
        let (mut left, mut results) = (None, Vec::new());
        for (call, its) in calls {
            options.check_time()?;
            let mut tracer = Tracer::new(options)?;
            let watched = self.watch_after(left, call, &mut tracer)?;
            let (mut overlay, executed) = (watched.before.overlay.clone(), &watched.executed);
            overlay.commit(executed.state.clone());
            left = Some((overlay, executed.session.recent.clone()));
            results.push(finish(tracer, watched, its)?);
        }
        Ok(results)
    }

    fn watch_after(
        &self,
        earlier: Option<(Overlay, Recent)>,
        call: Call,
        tracer: &mut Tracer,
    ) -> Result<Watched<'_>, TraceError> {
        let mut prepared = self.prepare_call(call)?;
        if let Some((overlay, recent)) = earlier {
            prepared.view.overlay = overlay;
            prepared.session.recent = recent;
            let caller = prepared.view.account(&prepared.tx.caller)?;
            prepared.tx.nonce = caller.unwrap_or_default().nonce;
        }
        let mut session = prepared.session;
        session.witness = Some(tracer.witness());
        session.deadline = Some(tracer.deadline().clone());
        let (before, tx, block) = (
            prepared.view.clone(),
            prepared.tx.clone(),
            prepared.block.clone(),
        );
        let executed = evm::inspect::inspect(
            prepared.view,
            prepared.rules,
            prepared.block,
            prepared.tx,
            session,
            &mut tracer.inspector(),
        );
        let executed = executed.map_err(|error| match error {
            EVMError::Transaction(error) => CallError::Invalid(invalid_message(&tx, &error)).into(),
            error => failure(tracer, error),
        })?;
        Ok(Watched {
            before,
            executed,
            tx,
            block,
        })
    }

    fn replay_after(
        &self,
        block: &Block,
        mined: &Mined,
        recent: Recent,
        tracer: &mut Tracer,
    ) -> Result<Watched<'_>, TraceError> {
        let scene = self.scene(block, mined, recent)?;
        let mut session = scene.session;
        session.witness = Some(tracer.witness());
        session.deadline = Some(tracer.deadline().clone());
        let executed = evm::inspect::inspect(
            scene.before.clone(),
            scene.rules,
            scene.block.clone(),
            scene.tx.clone(),
            session,
            &mut tracer.inspector(),
        );
        let executed = executed.map_err(|error| failure(tracer, error))?;
        check(mined, &executed)?;
        Ok(Watched {
            before: scene.before,
            tx: scene.tx,
            block: scene.block,
            executed,
        })
    }

    fn replay_unwatched(
        &self,
        block: &Block,
        mined: &Mined,
        recent: Recent,
        deadline: &Deadline,
    ) -> Result<Recent, TraceError> {
        let mut scene = self.scene(block, mined, recent)?;
        scene.session.deadline = Some(deadline.clone());
        let executed = evm::execute(
            scene.before,
            scene.rules,
            scene.block,
            scene.tx,
            scene.session,
        )
        .map_err(unwatched_failure)?;
        check(mined, &executed)?;
        Ok(executed.session.recent)
    }

    fn scene(&self, block: &Block, mined: &Mined, recent: Recent) -> Result<Scene<'_>, TraceError> {
        let header = &block.header;
        let before = View::past(&self.state, &self.history, mined.start);
        let mut session = self.session(&before, header.number, false)?;
        session.recent = recent;
        let mut rules = rules_in(&before)?;
        rules.disable_eip3607 = true;
        let base_fee = header.base_fee_per_gas.unwrap_or_default();
        let block = BlockEnv {
            number: U256::from(block.l1_number()),
            beneficiary: header.beneficiary,
            gas_limit: header.gas_limit,
            ..env::block(header.timestamp, base_fee)
        };
        session.poster = Poster::of(&before, &mined.tx.encoded_2718(), &block)?;
        Ok(Scene {
            before,
            rules,
            block,
            tx: environment(&mined.tx, mined.effective_gas_price),
            session,
        })
    }
}

struct Scene<'a> {
    before: View<'a>,
    rules: CfgEnv,
    block: BlockEnv,
    tx: TxEnv,
    session: Session,
}

fn check(mined: &Mined, executed: &Executed) -> Result<(), TraceError> {
    let (used, success) = (executed.result.tx_gas_used(), executed.result.is_success());
    if (used, success) == (mined.gas_used, mined.success) {
        return Ok(());
    }
    Err(TraceError::Diverged {
        hash: mined.hash(),
        used,
        recorded: mined.gas_used,
        success,
    })
}
