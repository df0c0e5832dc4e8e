//! `eth_simulateV1`: blocks of calls that are made up, one on top of the other.

use alloy_consensus::{Header, SignableTransaction, TxEnvelope, transaction::Recovered};
use alloy_eips::BlockId;
use alloy_primitives::{B256, TxKind, U256};
use alloy_rpc_types_eth::{BlockOverrides, TransactionRequest, state::StateOverride};
use revm::context::{
    TxEnv,
    result::{EVMError, InvalidTransaction},
};
use revm_inspectors::transfer::TransferInspector;
use thiserror::Error;

use super::{
    call::{CALL_GAS_MAX, CallError, Prepared, output},
    overrides::{override_account, override_block},
    wording::invalid_message,
};
use crate::{
    arbos,
    chain::{
        Chain,
        blocks::{
            block::Block,
            query::{Moment, QueryError},
        },
        mining::{building::Building, evm_form::outcome, send::placeholder},
        rules_in,
        state::view::View,
    },
    evm::{self, Executed, deadline::Deadline, session::Session},
    fork::StateError,
};

/// Most blocks of one simulation, those in between included.
const BLOCKS_MAX: u64 = 256;

/// What to make up.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the first block comes after.
    pub base: BlockId,
    /// The blocks.
    pub stages: Vec<Stage>,
    /// Whether calls must be as transactions are: with the next nonce, at the base fee, of no contract.
    pub validation: bool,
    /// Whether transfers of ether are among the logs.
    pub transfers: bool,
}

/// A block to make up.
#[derive(Clone, Debug, Default)]
pub struct Stage {
    /// Its fields.
    pub overrides: Option<Box<BlockOverrides>>,
    /// Accounts to change before it.
    pub state: Option<StateOverride>,
    /// Its calls.
    pub calls: Vec<TransactionRequest>,
}

/// A block that was made up, and why each of its calls failed that did.
#[derive(Debug)]
pub struct Staged {
    /// The block, whose senders have not signed.
    pub block: Block,
    /// One for each call.
    pub failures: Vec<Option<CallError>>,
}

/// Why there is no simulation.
#[derive(Debug, Error)]
pub enum SimulationError {
    /// There are no blocks.
    #[error("empty input")]
    Empty,
    /// There are more than [`BLOCKS_MAX`].
    #[error("too many blocks: at most {BLOCKS_MAX}")]
    TooMany,
    /// A block's number is not above that of the one before it.
    #[error("block numbers must be in order: {number} <= {before}")]
    Number {
        /// The block's.
        number: U256,
        /// That of the one before it.
        before: u64,
    },
    /// A block is not after the one before it.
    #[error("block timestamps must be in order: {time} <= {before}")]
    Time {
        /// {s}
        time: u64,
        /// {s}
        before: u64,
    },
    /// The calls of a block ask for more gas than it has.
    #[error("block gas limit reached: {gas} >= {limit}")]
    BlockGas {
        /// {gas}
        gas: u64,
        /// {gas}
        limit: u64,
    },
    /// A call cannot start.
    #[error("{message}")]
    Invalid {
        /// Why.
        reason: InvalidTransaction,
        /// In geth's words.
        message: String,
    },
    /// A call cannot be made.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl From<StateError> for SimulationError {
    fn from(error: StateError) -> Self {
        Self::Call(error.into())
    }
}

impl From<QueryError> for SimulationError {
    fn from(error: QueryError) -> Self {
        Self::Call(error.into())
    }
}

/// Where a simulation stands.
struct Walk<'a> {
    plan: Plan,
    view: View<'a>,
    before: Header,
    parent: B256,
    /// {gas} What calls have for which no limit is given, and at most.
    gas_left: u64,
}

impl Chain {
    /// Executes calls in blocks that are made up. Nothing is committed.
    ///
    /// # Errors
    /// Every [`SimulationError`]; a call that fails is none.
    pub fn simulate(&self, mut plan: Plan) -> Result<Vec<Staged>, SimulationError> {
        let stages = std::mem::take(&mut plan.stages);
        if stages.is_empty() {
            return Err(SimulationError::Empty);
        }
        let base = self.moment(plan.base)?;
        let (before, parent) = match base {
            Moment::Pending => {
                let pending = self.pending()?;
                (pending.block.header.clone(), pending.block.hash)
            }
            Moment::Block(number) => {
                let (header, hash) = self.header_at(number)?;
                (header.into_owned(), hash)
            }
        };
        let first = before.number;
        let mut walk = Walk {
            plan,
            view: self.state_at(base)?,
            before,
            parent,
            gas_left: CALL_GAS_MAX,
        };
        let deadline = self.deadline();
        let mut staged = Vec::new();
        for stage in stages {
            let next = U256::from(walk.before.number.saturating_add(1));
            let given = stage.overrides.as_ref().and_then(|fields| fields.number);
            let number = given.unwrap_or(next);
            if number < next {
                let before = walk.before.number;
                return Err(SimulationError::Number { number, before });
            }
            if number > U256::from(first.saturating_add(BLOCKS_MAX)) {
                return Err(SimulationError::TooMany);
            }
            while U256::from(walk.before.number.saturating_add(1)) < number {
                staged.push(walk.stage(self, Stage::default(), &deadline)?);
            }
            staged.push(walk.stage(self, stage, &deadline)?);
        }
        Ok(staged)
    }
}

impl<'a> Walk<'a> {
    fn stage(
        &mut self,
        chain: &Chain,
        stage: Stage,
        deadline: &Deadline,
    ) -> Result<Staged, SimulationError> {
        let number = self.before.number.saturating_add(1);
        let before = self.before.timestamp;
        let given = stage.overrides.as_ref().and_then(|fields| fields.time);
        let time = given.unwrap_or(before.saturating_add(1));
        if time <= before {
            return Err(SimulationError::Time { time, before });
        }
        let base_fee = match self.plan.validation {
            true => arbos::base_fee(&self.view)?,
            false => 0,
        };
        let mut building = chain.begin_after(&self.before, &mut self.view, time, base_fee)?;
        let mut session = chain.session(&self.view, number, true)?;
        session.deadline = Some(deadline.clone());
        for (address, account) in stage.state.into_iter().flatten() {
            override_account(&mut self.view, address, account)?;
        }
        if let Some(overrides) = stage.overrides {
            override_block(&mut self.view, building.env_mut(), &mut session, *overrides)?;
        }
        let calls = stage.calls.into_iter();
        let failures = calls
            .map(|request| self.call(chain, request, &mut building, &session))
            .collect::<Result<_, _>>()?;
        let check = || deadline.check().map_err(CallError::from);
        let (root, position) = (self.view.root(check)?, chain.state.position());
        let block = building.close(self.parent, root, &self.view, position)?;
        (self.before, self.parent) = (block.header.clone(), block.hash);
        Ok(Staged { block, failures })
    }

    /// Makes a call the next transaction of a block, and tells why it failed if it did.
    fn call(
        &mut self,
        chain: &Chain,
        request: TransactionRequest,
        building: &mut Building,
        session: &Session,
    ) -> Result<Option<CallError>, SimulationError> {
        let prepared = self.prepare(chain, request.clone(), building, session)?;
        let executed = self.execute(&prepared)?;
        // Those of the walk can change in place when nobody else has them.
        let Prepared { view, tx, .. } = prepared;
        drop(view);
        self.view.overlay.commit(executed.state);
        self.gas_left = self.gas_left.saturating_sub(executed.result.tx_gas_used());
        let failure = output(executed.result.clone()).err();
        let mined = outcome(unsigned(request, &tx)?, tx.gas_price, executed.result);
        building.append(mined, executed.session.recent);
        Ok(failure)
    }

    fn prepare(
        &self,
        chain: &Chain,
        request: TransactionRequest,
        building: &Building,
        session: &Session,
    ) -> Result<Prepared<'a>, SimulationError> {
        let (block, used) = (building.env(), building.gas_used());
        let left = block.gas_limit.saturating_sub(used);
        let nonce = request.nonce;
        if let Some(gas) = request.gas.filter(|gas| *gas > left) {
            return Err(SimulationError::BlockGas {
                gas: used.saturating_add(gas),
                limit: block.gas_limit,
            });
        }
        let mut rules = rules_in(&self.view)?;
        let mut tx = chain.call_environment(request, &self.view, block.basefee)?;
        tx.gas_limit = tx.gas_limit.min(left).min(self.gas_left);
        tx.chain_id = Some(rules.chain_id);
        if let Some(nonce) = nonce.filter(|_| self.plan.validation) {
            tx.nonce = nonce;
        }
        rules.disable_block_gas_limit = true;
        rules.disable_nonce_check = !self.plan.validation;
        rules.disable_eip3607 = !self.plan.validation;
        rules.disable_base_fee = !self.plan.validation;
        Ok(Prepared {
            view: self.view.clone(),
            rules,
            block: block.clone(),
            tx,
            session: Session {
                recent: building.recent().clone(),
                ..session.clone()
            },
        })
    }

    fn execute(&self, prepared: &Prepared<'_>) -> Result<Executed, SimulationError> {
        let (view, rules) = (prepared.view.clone(), prepared.rules.clone());
        let (block, tx) = (prepared.block.clone(), prepared.tx.clone());
        let session = prepared.session.clone();
        let executed = match self.plan.transfers {
            true => {
                let mut transfers = TransferInspector::new(false).with_logs(true);
                evm::inspect::inspect(view, rules, block, tx, session, &mut transfers)
            }
            false => evm::execute(view, rules, block, tx, session),
        };
        executed.map_err(|error| match error {
            EVMError::Transaction(reason) => {
                let message = invalid_message(&prepared.tx, &reason);
                SimulationError::Invalid { reason, message }
            }
            error => prepared.failure(error).into(),
        })
    }
}

/// A call as a transaction, which nobody signed.
fn unsigned(
    request: TransactionRequest,
    tx: &TxEnv,
) -> Result<Recovered<TxEnvelope>, SimulationError> {
    let price = request.gas_price.is_none().then_some(tx.gas_price);
    let request = TransactionRequest {
        from: Some(tx.caller),
        to: Some(request.to.unwrap_or(TxKind::Create)),
        nonce: Some(tx.nonce),
        gas: Some(tx.gas_limit),
        chain_id: tx.chain_id,
        max_fee_per_gas: request.max_fee_per_gas.or(price),
        max_priority_fee_per_gas: request.max_priority_fee_per_gas.or(price.map(|_| 0)),
        ..request
    };
    let built = request
        .build_consensus_tx()
        .map_err(|error| CallError::Request(format!("incomplete transaction: {}", error.error)))?;
    let unsigned = built.into_signed(placeholder(tx.caller)).into();
    Ok(Recovered::new_unchecked(unsigned, tx.caller))
}
