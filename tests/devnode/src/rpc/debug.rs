//! Traces and raw forms: `debug_*`.

use alloy_consensus::{BlockBody, TxEnvelope};
use alloy_eips::{BlockId, eip2718::Encodable2718};
use alloy_primitives::{B256, Bytes};
use alloy_rpc_types_trace::geth::{GethDebugTracingCallOptions, GethDebugTracingOptions};
use jsonrpsee::server::RegisterMethodError;
use revm_inspectors::tracing::TransactionContext;
use serde::Serialize;

use super::{args::Args, error::RpcError, methods::Methods};
use crate::{
    chain::{
        Chain,
        blocks::{
            block::{Block, Mined},
            query::QueryError,
        },
        calls::call::Call,
    },
    trace::{Trace, TraceError, Tracer, options::Options},
};

/// Registers the methods.
pub fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    methods.read(&["debug_traceTransaction"], transaction)?;
    methods.read(&["debug_traceCall"], call)?;
    methods.read(
        &["debug_traceBlockByNumber", "debug_traceBlockByHash"],
        block,
    )?;
    methods.read(&["debug_codeByHash"], code_by_hash)?;
    methods.read(&["debug_getRawTransaction"], raw_transaction)?;
    methods.read(&["debug_getRawHeader"], raw_header)?;
    methods.read(&["debug_getRawBlock"], raw_block)?;
    methods.read(&["debug_getRawReceipts"], raw_receipts)
}

/// The trace of one of a block's transactions, or why there is none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct InBlock {
    tx_hash: B256,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Trace>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

fn transaction(chain: &Chain, args: &mut Args<'_>) -> Result<Trace, RpcError> {
    let hash = args.required()?;
    let mut tracer = tracer(chain, args.optional()?.unwrap_or_default())?;
    let (block, mined) = chain.transaction(&hash).ok_or(TraceError::NoTransaction)?;
    let watched = chain.replay(block, mined, &mut tracer)?;
    Ok(tracer.finish(watched, Some(place(block, mined)))?)
}

fn call(chain: &Chain, args: &mut Args<'_>) -> Result<Trace, RpcError> {
    let (request, block) = (args.required()?, args.optional()?);
    let options: GethDebugTracingCallOptions = args.optional()?.unwrap_or_default();
    if options.tx_index.is_some() {
        let message = "txIndex is not supported: the call sees the state after the block";
        return Err(RpcError::BadArguments(message.into()));
    }
    let mut tracer = tracer(chain, options.tracing_options)?;
    let call = Call {
        request,
        block,
        state: options.state_overrides,
        overrides: options.block_overrides.map(Box::new),
    };
    let watched = chain.watch(call, &mut tracer)?;
    Ok(tracer.finish(watched, None)?)
}

fn block(chain: &Chain, args: &mut Args<'_>) -> Result<Vec<InBlock>, RpcError> {
    let block = found(chain, args)?;
    let options = options(chain, args.optional()?.unwrap_or_default())?;
    let traces = chain.replay_block(block, &options, |mined, tracer, watched| {
        tracer.finish(watched, Some(place(block, mined)))
    })?;
    let traces = traces.into_iter().map(|(tx_hash, trace)| {
        let (result, error) = match trace {
            Ok(trace) => (Some(trace), None),
            Err(error) => (None, Some(error.to_string())),
        };
        InBlock {
            tx_hash,
            result,
            error,
        }
    });
    Ok(traces.collect())
}

fn tracer(chain: &Chain, geth: GethDebugTracingOptions) -> Result<Tracer, TraceError> {
    Tracer::new(&options(chain, geth)?)
}

fn options(chain: &Chain, geth: GethDebugTracingOptions) -> Result<Options, TraceError> {
    Options::new(geth, chain.deadline())
}

fn place(block: &Block, mined: &Mined) -> TransactionContext {
    TransactionContext {
        block_hash: Some(block.hash),
        tx_index: usize::try_from(mined.index).ok(),
        tx_hash: Some(mined.hash()),
    }
}

pub(super) fn found<'c>(chain: &'c Chain, args: &mut Args<'_>) -> Result<&'c Block, RpcError> {
    let id: BlockId = args.required()?;
    Ok(chain.block(id).ok_or(QueryError::NoBlock)?)
}

/// Nothing for a hash that no code has. A hash is of one code, whatever the block.
fn code_by_hash(chain: &Chain, args: &mut Args<'_>) -> Result<Bytes, RpcError> {
    let hash = args.required()?;
    chain.moment(args.block()?)?;
    Ok(chain.state.code(&hash)?.original_bytes())
}

/// Nothing for a transaction that does not exist, as geth has it.
fn raw_transaction(chain: &Chain, args: &mut Args<'_>) -> Result<Bytes, RpcError> {
    let hash = args.required()?;
    let found = chain.transaction(&hash);
    Ok(found
        .map(|(_, mined)| mined.tx.encoded_2718().into())
        .unwrap_or_default())
}

fn raw_header(chain: &Chain, args: &mut Args<'_>) -> Result<Bytes, RpcError> {
    Ok(alloy_rlp::encode(&found(chain, args)?.header).into())
}

fn raw_block(chain: &Chain, args: &mut Args<'_>) -> Result<Bytes, RpcError> {
    let block = found(chain, args)?;
    let transactions = block.txs.iter().map(|mined| mined.tx.inner().clone());
    let body: BlockBody<TxEnvelope> = BlockBody {
        transactions: transactions.collect(),
        ommers: Vec::new(),
        withdrawals: None,
    };
    Ok(alloy_rlp::encode(body.into_block(block.header.clone())).into())
}

fn raw_receipts(chain: &Chain, args: &mut Args<'_>) -> Result<Vec<Bytes>, RpcError> {
    let receipts = found(chain, args)?.txs.iter().map(Mined::receipt);
    Ok(receipts
        .map(|receipt| receipt.encoded_2718().into())
        .collect())
}
