//! Parity's traces: `trace_*`, which Arbitrum's nodes have as `arbtrace_*`.

mod filter;

use alloy_consensus::transaction::TransactionInfo;
use alloy_primitives::{B256, Bytes, map::HashSet};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_rpc_types_trace::parity::TraceType;
use jsonrpsee::server::RegisterMethodError;

use super::{
    args::{Args, Number},
    debug::found,
    error::RpcError,
    execute::block_overrides,
    methods::{Methods, json},
    transact::decode,
};
use crate::{
    chain::{
        Chain,
        blocks::block::{Block, Mined},
        calls::call::Call,
    },
    trace::{
        TraceError, Tracer,
        options::Options,
        parity::{Placed, Results, Wanted},
    },
};

/// Registers the methods.
pub fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    methods.read(&["trace_transaction", "arbtrace_transaction"], transaction)?;
    methods.read(&["trace_get", "arbtrace_get"], get)?;
    methods.read(&["trace_block", "arbtrace_block"], |chain, args| {
        let block = found(chain, args)?;
        Ok(of_block(chain, block, &options(chain))?)
    })?;
    methods.blocking(&["trace_filter", "arbtrace_filter"], |api, params| {
        json(filter::filter(api, Args::new(&params).required()?)?)
    })?;
    methods.read(
        &["trace_replayTransaction", "arbtrace_replayTransaction"],
        replay,
    )?;
    methods.read(
        &[
            "trace_replayBlockTransactions",
            "arbtrace_replayBlockTransactions",
        ],
        replay_block,
    )?;
    methods.read(&["trace_call", "arbtrace_call"], call)?;
    methods.read(&["trace_callMany", "arbtrace_callMany"], call_many)?;
    methods.read(&["trace_rawTransaction"], raw_transaction)
}

fn options(chain: &Chain) -> Options {
    Options::parity(chain.deadline())
}

fn place(block: &Block, mined: &Mined) -> TransactionInfo {
    TransactionInfo {
        hash: Some(mined.hash()),
        index: Some(mined.index),
        block_hash: Some(block.hash),
        block_number: Some(block.header.number),
        ..TransactionInfo::default()
    }
}

fn transaction(chain: &Chain, args: &mut Args<'_>) -> Result<Vec<Placed>, RpcError> {
    let hash: B256 = args.required()?;
    let mut tracer = Tracer::new(&options(chain))?;
    let (block, mined) = chain.transaction(&hash).ok_or(TraceError::NoTransaction)?;
    chain.replay(block, mined, &mut tracer)?;
    Ok(tracer.into_placed(place(block, mined))?)
}

/// The entry at a place in the tree: which of the first frame's calls, which of that one's, and so on.
fn get(chain: &Chain, args: &mut Args<'_>) -> Result<Option<Placed>, RpcError> {
    let traces = transaction(chain, args)?;
    let path = args.required::<Vec<Number>>()?.into_iter();
    let path: Vec<u64> = path.map(Number::into_u64).collect::<Result<_, _>>()?;
    let is_there = |placed: &Placed| {
        let address = placed.trace.trace.trace_address.iter();
        address.map(|index| *index as u64).eq(path.iter().copied())
    };
    Ok(traces.into_iter().find(is_there))
}

fn of_block(chain: &Chain, block: &Block, options: &Options) -> Result<Vec<Placed>, TraceError> {
    let traces = chain.replay_block(block, options, |mined, tracer, _| {
        tracer.into_placed(place(block, mined))
    })?;
    let traces = traces.into_iter().map(|(_, traces)| traces);
    Ok(traces.collect::<Result<Vec<_>, _>>()?.concat())
}

fn wanted(args: &mut Args<'_>) -> Result<Wanted, RpcError> {
    Ok(Wanted::new(&args.required()?)?)
}

fn replay(chain: &Chain, args: &mut Args<'_>) -> Result<Results, RpcError> {
    let (hash, wanted): (B256, _) = (args.required()?, wanted(args)?);
    let mut tracer = Tracer::new(&options(chain))?;
    let (block, mined) = chain.transaction(&hash).ok_or(TraceError::NoTransaction)?;
    let watched = chain.replay(block, mined, &mut tracer)?;
    Ok(tracer.into_results(&watched, wanted)?)
}

fn replay_block(chain: &Chain, args: &mut Args<'_>) -> Result<Vec<Results>, RpcError> {
    let (block, wanted) = (found(chain, args)?, wanted(args)?);
    let results = chain.replay_block(block, &options(chain), |mined, tracer, watched| {
        let mut results = tracer.into_results(&watched, wanted)?;
        results.transaction_hash = Some(mined.hash());
        Ok(results)
    })?;
    let results = results.into_iter().map(|(_, results)| results);
    Ok(results.collect::<Result<_, _>>()?)
}

fn call(chain: &Chain, args: &mut Args<'_>) -> Result<Results, RpcError> {
    let (request, wanted) = (args.required()?, wanted(args)?);
    let call = Call {
        request,
        block: args.optional()?,
        state: args.optional()?,
        overrides: block_overrides(args.optional()?)?,
    };
    one(chain, call, wanted)
}

/// What sending a signed transaction would do, which is a call here: its nonce may be any.
fn raw_transaction(chain: &Chain, args: &mut Args<'_>) -> Result<Results, RpcError> {
    let (tx, wanted) = (decode(&args.required::<Bytes>()?)?, wanted(args)?);
    let call = Call {
        request: TransactionRequest::from_recovered_transaction(tx),
        block: args.optional()?,
        ..Call::default()
    };
    one(chain, call, wanted)
}

fn one(chain: &Chain, call: Call, wanted: Wanted) -> Result<Results, RpcError> {
    let mut tracer = Tracer::new(&options(chain))?;
    let watched = chain.watch(call, &mut tracer)?;
    Ok(tracer.into_results(&watched, wanted)?)
}

/// Each call sees what those before it did.
fn call_many(chain: &Chain, args: &mut Args<'_>) -> Result<Vec<Results>, RpcError> {
    let calls: Vec<(TransactionRequest, HashSet<TraceType>)> = args.required()?;
    let block = args.optional()?;
    let (requests, types): (Vec<_>, Vec<_>) = calls.into_iter().unzip();
    let wanted: Vec<_> = types.iter().map(Wanted::new).collect::<Result<_, _>>()?;
    let calls = requests.into_iter().map(|request| Call {
        request,
        block,
        ..Call::default()
    });
    let calls = calls.zip(wanted);
    Ok(
        chain.watch_all(calls, &options(chain), |tracer, watched, wanted| {
            tracer.into_results(&watched, wanted)
        })?,
    )
}
