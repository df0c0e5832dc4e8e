//! Blocks, transactions, receipts and logs.

use alloy_eips::BlockNumberOrTag;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{B256, Bytes, U64};
use alloy_rpc_types_eth::{Filter, Log, Transaction};
use jsonrpsee::server::RegisterMethodError;

use super::{
    args::Args,
    error::RpcError,
    format::{self, ArbitrumBlock, ArbitrumReceipt},
    methods::Methods,
};
use crate::chain::{Chain, block::Block};

/// Registers the methods.
pub fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    methods.read(&["eth_blockNumber"], |chain, _| {
        Ok(U64::from(chain.head().header.number))
    })?;
    methods.read(&["eth_getBlockByNumber"], by_number)?;
    methods.read(&["eth_getBlockByHash"], by_hash)?;
    methods.read(&["eth_getBlockTransactionCountByNumber"], |chain, args| {
        let tag: BlockNumberOrTag = args.required()?;
        Ok(chain.block(tag.into()).map(count))
    })?;
    methods.read(&["eth_getBlockTransactionCountByHash"], |chain, args| {
        let hash: B256 = args.required()?;
        Ok(chain.block(hash.into()).map(count))
    })?;
    methods.read(
        &[
            "eth_getUncleCountByBlockNumber",
            "eth_getUncleCountByBlockHash",
        ],
        |_, _| Ok(U64::ZERO),
    )?;
    methods.read(&["eth_getTransactionByHash"], |chain, args| {
        let found = chain.transaction(&args.required()?);
        Ok(found.map(|(block, mined)| format::transaction(block, mined)))
    })?;
    methods.read(&["eth_getRawTransactionByHash"], |chain, args| {
        let found = chain.transaction(&args.required()?);
        Ok(found.map(|(_, mined)| Bytes::from(mined.tx.encoded_2718())))
    })?;
    methods.read(
        &["eth_getTransactionByBlockNumberAndIndex"],
        |chain, args| {
            let tag: BlockNumberOrTag = args.required()?;
            Ok(by_index(chain.block(tag.into()), args.number()?))
        },
    )?;
    methods.read(&["eth_getTransactionByBlockHashAndIndex"], |chain, args| {
        let hash: B256 = args.required()?;
        Ok(by_index(chain.block(hash.into()), args.number()?))
    })?;
    methods.read(&["eth_getTransactionReceipt"], |chain, args| {
        let found = chain.transaction(&args.required()?);
        Ok(found.map(|(block, mined)| format::receipt(block, mined)))
    })?;
    methods.read(&["eth_getBlockReceipts"], block_receipts)?;
    methods.read(&["eth_getLogs"], logs)
}

fn by_number(chain: &Chain, args: &mut Args<'_>) -> Result<Option<ArbitrumBlock>, RpcError> {
    let tag: BlockNumberOrTag = args.required()?;
    let full = args.optional()?.unwrap_or(false);
    Ok(chain
        .block(tag.into())
        .map(|block| format::block(block, full)))
}

fn by_hash(chain: &Chain, args: &mut Args<'_>) -> Result<Option<ArbitrumBlock>, RpcError> {
    let hash: B256 = args.required()?;
    let full = args.optional()?.unwrap_or(false);
    Ok(chain
        .block(hash.into())
        .map(|block| format::block(block, full)))
}

fn count(block: &Block) -> U64 {
    U64::from(block.txs.len())
}

fn by_index(block: Option<&Block>, index: u64) -> Option<Transaction> {
    let block = block?;
    let mined = block.txs.get(usize::try_from(index).ok()?)?;
    Some(format::transaction(block, mined))
}

fn block_receipts(
    chain: &Chain,
    args: &mut Args<'_>,
) -> Result<Option<Vec<ArbitrumReceipt>>, RpcError> {
    let block = chain.block(args.required()?);
    Ok(block.map(|block| {
        block
            .txs
            .iter()
            .map(|mined| format::receipt(block, mined))
            .collect()
    }))
}

fn logs(chain: &Chain, args: &mut Args<'_>) -> Result<Vec<Log>, RpcError> {
    Ok(chain.logs(&args.required::<Filter>()?)?)
}
