//! `eth_call` and `eth_estimateGas`.

use alloy_eips::BlockId;
use alloy_primitives::{Bytes, TxKind, U256};
use alloy_rpc_types_eth::{BlockOverrides, TransactionRequest, state::StateOverride};
use revm::context::{
    BlockEnv, CfgEnv, TxEnv,
    either::Either,
    result::{EVMError, ExecutionResult, HaltReason},
};
use thiserror::Error;

use super::{
    overrides::{override_account, override_block},
    unsigned,
    wording::{halt_message, invalid_message},
};
use crate::{
    chain::{
        Chain,
        blocks::query::{Moment, QueryError},
        rules_in,
        state::view::View,
    },
    evm::{
        self, Executed,
        deadline::{self, Aborted},
        env,
        session::Session,
    },
    fork::StateError,
    stylus::ActivationError,
};

/// {gas} What a call gets when it asks for no limit, and at most.
pub const CALL_GAS_MAX: u64 = 50_000_000;

/// Why a call has no result.
#[derive(Debug, Error)]
pub enum CallError {
    /// No such block or state.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// State could not be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The code reverted.
    #[error("execution reverted")]
    Revert(Bytes),
    /// A program cannot be activated, and the code reverted without data.
    #[error("execution reverted: program activation failed: {0}")]
    Refused(ActivationError),
    /// The code ended in an exceptional way.
    #[error("{}", halt_message(.0))]
    Halt(HaltReason),
    /// No gas limit that the caller can pay suffices.
    #[error("gas required exceeds allowance ({0})")]
    Allowance(u64),
    /// It took too long, or the node ends.
    #[error(transparent)]
    Aborted(#[from] Aborted),
    /// The request contradicts itself.
    #[error("{0}")]
    Request(String),
    /// The call cannot start.
    #[error("{0}")]
    Invalid(String),
}

/// Everything that says what to execute and where.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// The transaction.
    pub request: TransactionRequest,
    /// State and block context; the last block if none (the next one for estimates).
    pub block: Option<BlockId>,
    /// Accounts to change first.
    pub state: Option<StateOverride>,
    /// Block fields to change.
    pub overrides: Option<Box<BlockOverrides>>,
}

/// A call with everything that it sees.
pub(in crate::chain) struct Prepared<'a> {
    pub(in crate::chain) view: View<'a>,
    pub(in crate::chain) rules: CfgEnv,
    pub(in crate::chain) block: BlockEnv,
    pub(in crate::chain) tx: TxEnv,
    pub(in crate::chain) session: Session,
}

impl Prepared<'_> {
    /// As [`Self::execute`], without what it would change.
    pub(in crate::chain) fn run(&self, gas_limit: u64) -> Result<ExecutionResult, CallError> {
        let executed = self.execute(gas_limit)?;
        match (executed.result, executed.session.refusal) {
            (ExecutionResult::Revert { output, .. }, Some(error)) if output.is_empty() => {
                Err(CallError::Refused(error))
            }
            (result, _) => Ok(result),
        }
    }

    /// Executes with a gas limit; nothing is committed.
    pub(in crate::chain) fn execute(&self, gas_limit: u64) -> Result<Executed, CallError> {
        let tx = TxEnv {
            gas_limit,
            ..self.tx.clone()
        };
        let (view, rules, block) = (self.view.clone(), self.rules.clone(), self.block.clone());
        let executed = evm::execute(view, rules, block, tx, self.session.clone());
        executed.map_err(|error| self.failure(error))
    }

    pub(super) fn failure(&self, error: evm::Error) -> CallError {
        if let Some(aborted) = deadline::aborted(&error) {
            return aborted.into();
        }
        match error {
            EVMError::Transaction(error) => CallError::Invalid(invalid_message(&self.tx, &error)),
            EVMError::Database(error) => CallError::State(error),
            error => CallError::Invalid(error.to_string()),
        }
    }
}

impl Chain {
    /// Executes without a block and returns the output.
    pub fn call(&self, call: Call) -> Result<Bytes, CallError> {
        if let Some(answer) = self.answer(&call) {
            return answer;
        }
        let prepared = self.prepare_call(call)?;
        output(prepared.run(prepared.tx.gas_limit)?)
    }

    /// What a call executes on the state that the next block begins with.
    pub(in crate::chain) fn prepare_next(&self, call: Call) -> Result<Prepared<'_>, CallError> {
        self.prepare(call, Moment::Pending, true)
    }

    /// What `eth_call` executes.
    pub(in crate::chain) fn prepare_call(&self, call: Call) -> Result<Prepared<'_>, CallError> {
        let moment = self.moment(call.block.unwrap_or_default())?;
        self.prepare(call, moment, true)
    }

    /// A call in the context of a moment. Unless it is one, but an estimate, it pays for L1.
    pub(in crate::chain) fn prepare(
        &self,
        call: Call,
        moment: Moment,
        is_call: bool,
    ) -> Result<Prepared<'_>, CallError> {
        let head = &self.head().header;
        let (number, mut block) = match moment {
            Moment::Pending => {
                let number = head.number.saturating_add(1);
                let time = self.clock.peek(head.timestamp);
                (number, self.environment(number, time, self.base_fee()?))
            }
            Moment::Block(number) => (number, self.environment_of(number)?),
        };
        let mut view = self.state_at(moment)?;
        let mut session = self.session(&view, number, is_call)?;
        let mut rules = rules_in(&view)?;
        session.deadline = Some(self.deadline());
        for (address, account) in call.state.into_iter().flatten() {
            override_account(&mut view, address, account)?;
        }
        if let Some(overrides) = call.overrides {
            override_block(&mut view, &mut block, &mut session, *overrides)?;
        }
        let tx = TxEnv {
            chain_id: Some(rules.chain_id),
            ..self.call_environment(call.request, &view, block.basefee)?
        };
        if !is_call {
            session.poster = unsigned::estimate(&view, &tx, &block)?;
        }
        rules.disable_nonce_check = true;
        rules.disable_eip3607 = true;
        rules.disable_block_gas_limit = true;
        rules.disable_base_fee = tx.gas_price == 0;
        Ok(Prepared {
            view,
            rules,
            block,
            tx,
            session,
        })
    }

    /// The context of an existing block.
    fn environment_of(&self, number: u64) -> Result<BlockEnv, QueryError> {
        let (header, _) = self.header_at(number)?;
        let base_fee = header.base_fee_per_gas.unwrap_or_default();
        Ok(BlockEnv {
            number: U256::from(self.number_seen(number)?),
            beneficiary: header.beneficiary,
            gas_limit: header.gas_limit,
            ..env::block(header.timestamp, base_fee)
        })
    }

    pub(in crate::chain) fn call_environment(
        &self,
        request: TransactionRequest,
        view: &View<'_>,
        base_fee: u64,
    ) -> Result<TxEnv, CallError> {
        if request.gas_price.is_some() && request.max_fee_per_gas.is_some() {
            let both = "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified";
            return Err(CallError::Request(both.into()));
        }
        let authorizations = request.authorization_list.unwrap_or_default();
        let access_list = request.access_list.unwrap_or_default();
        let tx_type = match (authorizations.is_empty(), access_list.is_empty()) {
            (false, _) => 4,
            (true, false) => 2,
            (true, true) => 0,
        };
        let caller = request.from.unwrap_or_default();
        // Tips are dropped, so the price of a call that offers one is the base fee.
        let offered = request
            .gas_price
            .or(request.max_fee_per_gas)
            .unwrap_or_default();
        Ok(TxEnv {
            tx_type,
            caller,
            gas_limit: request.gas.unwrap_or(CALL_GAS_MAX).min(CALL_GAS_MAX),
            gas_price: offered.min(u128::from(base_fee)),
            kind: request.to.unwrap_or(TxKind::Create),
            value: request.value.unwrap_or_default(),
            data: request
                .input
                .try_into_unique_input()
                .map_err(|error| CallError::Request(error.to_string()))?
                .unwrap_or_default(),
            nonce: view.account(&caller)?.unwrap_or_default().nonce,
            chain_id: None,
            access_list,
            gas_priority_fee: (tx_type != 0).then_some(0),
            blob_hashes: Vec::new(),
            max_fee_per_blob_gas: 0,
            authorization_list: authorizations.into_iter().map(Either::Left).collect(),
        })
    }
}

/// The output of an execution that ended well.
pub(in crate::chain) fn output(result: ExecutionResult) -> Result<Bytes, CallError> {
    match result {
        ExecutionResult::Success { output, .. } => Ok(output.into_data()),
        ExecutionResult::Revert { output, .. } => Err(CallError::Revert(output)),
        ExecutionResult::Halt { reason, .. } => Err(CallError::Halt(reason)),
    }
}
