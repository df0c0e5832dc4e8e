//! `eth_simulateV1`.

use alloy_eips::BlockId;
use alloy_primitives::Bytes;
use alloy_rpc_types_eth::{
    TransactionRequest,
    simulate::{SimCallResult, SimulateError},
    state::StateOverride,
};
use jsonrpsee::server::RegisterMethodError;
use revm::context::result::InvalidTransaction;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    args::Args,
    error::{RpcError, reason},
    execute::block_overrides,
    format::{self, ArbitrumBlock},
    methods::Methods,
};
use crate::chain::{
    Chain,
    blocks::{
        block::{Block, Mined},
        query::logs_of,
    },
    calls::{
        call::CallError,
        simulate::{Plan, SimulationError, Stage, Staged},
    },
};

/// Registers the method.
pub(super) fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    methods.read(&["eth_simulateV1"], simulate)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    #[serde(default)]
    block_state_calls: Vec<BlockCalls>,
    #[serde(default)]
    trace_transfers: bool,
    #[serde(default)]
    validation: bool,
    #[serde(default)]
    return_full_transactions: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockCalls {
    block_overrides: Option<Map<String, Value>>,
    state_overrides: Option<StateOverride>,
    #[serde(default)]
    calls: Vec<TransactionRequest>,
}

#[derive(Serialize)]
struct SimulatedBlock {
    #[serde(flatten)]
    block: ArbitrumBlock,
    calls: Vec<SimCallResult>,
}

fn simulate(chain: &Chain, args: &mut Args<'_>) -> Result<Vec<SimulatedBlock>, RpcError> {
    let payload: Payload = args.required()?;
    let base = args.optional()?.unwrap_or(BlockId::latest());
    let stage = |calls: BlockCalls| {
        Ok(Stage {
            overrides: block_overrides(calls.block_overrides)?,
            state: calls.state_overrides,
            calls: calls.calls,
        })
    };
    let stages = payload.block_state_calls.into_iter().map(stage);
    let plan = Plan {
        base,
        stages: stages.collect::<Result<_, RpcError>>()?,
        validation: payload.validation,
        transfers: payload.trace_transfers,
    };
    let staged = chain.simulate(plan)?.into_iter();
    let show = |Staged { block, failures }| SimulatedBlock {
        calls: (block.txs.iter().zip(failures))
            .map(|(mined, failure)| result(&block, mined, failure))
            .collect(),
        block: format::block(&block, payload.return_full_transactions),
    };
    Ok(staged.map(show).collect())
}

fn result(block: &Block, mined: &Mined, failure: Option<CallError>) -> SimCallResult {
    SimCallResult {
        return_data: mined.output.clone(),
        logs: logs_of(block, mined).collect(),
        gas_used: mined.gas_used,
        max_used_gas: None,
        status: mined.success,
        error: failure.map(|failure| match failure {
            CallError::Revert(data) => SimulateError {
                code: SimulateError::EXECUTION_REVERTED_CODE,
                message: reverted(&data),
                data: Some(data),
            },
            other => SimulateError {
                code: SimulateError::VM_EXECUTION_ERROR_CODE,
                message: other.to_string(),
                data: None,
            },
        }),
    }
}

fn reverted(data: &Bytes) -> String {
    match reason(data) {
        Some(reason) => format!("execution reverted: {reason}"),
        None => "execution reverted".into(),
    }
}

/// The codes that the method's specification gives to what is wrong with its input.
pub(super) fn code(error: &SimulationError) -> Option<i32> {
    Some(match error {
        SimulationError::Empty => -32602,
        SimulationError::TooMany => -38026,
        SimulationError::Number { .. } => -38020,
        SimulationError::Time { .. } => -38021,
        SimulationError::BlockGas { .. } => -38015,
        SimulationError::Invalid { reason, .. } => match reason {
            InvalidTransaction::NonceTooLow { .. } => -38010,
            InvalidTransaction::NonceTooHigh { .. } => -38011,
            InvalidTransaction::GasPriceLessThanBasefee => -38012,
            InvalidTransaction::CallGasCostMoreThanGasLimit { .. } => -38013,
            InvalidTransaction::LackOfFundForMaxFee { .. } => -38014,
            InvalidTransaction::RejectCallerWithCode => -38024,
            InvalidTransaction::CreateInitCodeSizeLimit => -38025,
            _ => return None,
        },
        SimulationError::Call(_) => return None,
    })
}
