//! Blocks, transactions, receipts and logs.

use alloy_eips::eip2718::Encodable2718;
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{B256, Bytes, U64};
use alloy_rpc_types_eth::Transaction;
use jsonrpsee::server::RegisterMethodError;

use super::{
    args::Args,
    error::RpcError,
    format::{self, ArbitrumBlock, ArbitrumReceipt},
    methods::Methods,
    older::Names,
};
use crate::chain::{Chain, block::Block};

/// Registers the methods.
pub fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    methods.read(&["eth_blockNumber"], |chain, _| {
        Ok(U64::from(chain.head().header.number))
    })?;
    methods.read_older("eth_getBlockByNumber", Names::Block, by_number)?;
    methods.read_older("eth_getBlockByHash", Names::Block, by_hash)?;
    methods.read_older(
        "eth_getBlockTransactionCountByNumber",
        Names::Block,
        |chain, args| {
            let tag: BlockNumberOrTag = args.required()?;
            find(chain, tag.into(), count)
        },
    )?;
    methods.read_older(
        "eth_getBlockTransactionCountByHash",
        Names::Block,
        |chain, args| {
            let hash: B256 = args.required()?;
            find(chain, hash.into(), count)
        },
    )?;
    methods.read_older("eth_getHeaderByNumber", Names::Block, |chain, args| {
        let tag: BlockNumberOrTag = args.required()?;
        find(chain, tag.into(), format::header)
    })?;
    methods.read_older("eth_getHeaderByHash", Names::Block, |chain, args| {
        let hash: B256 = args.required()?;
        find(chain, hash.into(), format::header)
    })?;
    methods.read_older(
        "eth_getUncleCountByBlockNumber",
        Names::Block,
        |chain, args| {
            let tag: BlockNumberOrTag = args.required()?;
            find(chain, tag.into(), |_| U64::ZERO)
        },
    )?;
    methods.read_older(
        "eth_getUncleCountByBlockHash",
        Names::Block,
        |chain, args| {
            let hash: B256 = args.required()?;
            find(chain, hash.into(), |_| U64::ZERO)
        },
    )?;
    methods.read_older(
        "eth_getTransactionByHash",
        Names::Transaction,
        |chain, args| {
            let hash = args.required()?;
            Ok(match chain.transaction(&hash) {
                Some((block, mined)) => Some(format::transaction(block, mined)),
                None => chain.pool.get(&hash).map(format::waiting),
            })
        },
    )?;
    methods.read_older(
        "eth_getRawTransactionByHash",
        Names::Transaction,
        |chain, args| {
            let hash = args.required()?;
            let mined = chain.transaction(&hash).map(|(_, mined)| &mined.tx);
            let tx = mined.or_else(|| chain.pool.get(&hash).map(|pooled| &*pooled.tx));
            Ok(tx.map(|tx| Bytes::from(tx.encoded_2718())))
        },
    )?;
    methods.read_older(
        "eth_getTransactionByBlockNumberAndIndex",
        Names::Block,
        |chain, args| {
            let tag: BlockNumberOrTag = args.required()?;
            by_index(chain, tag.into(), args)
        },
    )?;
    methods.read_older(
        "eth_getTransactionByBlockHashAndIndex",
        Names::Block,
        |chain, args| {
            let hash: B256 = args.required()?;
            by_index(chain, hash.into(), args)
        },
    )?;
    methods.read_older(
        "eth_getTransactionReceipt",
        Names::Transaction,
        |chain, args| {
            let found = chain.transaction(&args.required()?);
            Ok(found.map(|(block, mined)| format::receipt(block, mined)))
        },
    )?;
    methods.read_older("eth_getBlockReceipts", Names::Block, block_receipts)?;
    methods.logs()
}

fn by_number(chain: &Chain, args: &mut Args<'_>) -> Result<Option<ArbitrumBlock>, RpcError> {
    let tag: BlockNumberOrTag = args.required()?;
    let full = args.optional()?.unwrap_or(false);
    find(chain, tag.into(), |block| format::block(block, full))
}

fn by_hash(chain: &Chain, args: &mut Args<'_>) -> Result<Option<ArbitrumBlock>, RpcError> {
    let hash: B256 = args.required()?;
    let full = args.optional()?.unwrap_or(false);
    find(chain, hash.into(), |block| format::block(block, full))
}

fn count(block: &Block) -> U64 {
    U64::from(block.txs.len())
}

fn by_index(
    chain: &Chain,
    id: BlockId,
    args: &mut Args<'_>,
) -> Result<Option<Transaction>, RpcError> {
    let index = usize::try_from(args.number()?).unwrap_or(usize::MAX);
    let found = find(chain, id, |block| {
        let mined = block.txs.get(index)?;
        Some(format::transaction(block, mined))
    });
    Ok(found?.flatten())
}

fn block_receipts(
    chain: &Chain,
    args: &mut Args<'_>,
) -> Result<Option<Vec<ArbitrumReceipt>>, RpcError> {
    find(chain, args.required()?, |block| {
        let receipts = block.txs.iter();
        receipts
            .map(|mined| format::receipt(block, mined))
            .collect()
    })
}

/// Looks at a block, which may be the pending one.
fn find<R>(
    chain: &Chain,
    id: BlockId,
    look: impl FnOnce(&Block) -> R,
) -> Result<Option<R>, RpcError> {
    match id.is_pending() {
        true => Ok(Some(look(&chain.pending()?.block))),
        false => Ok(chain.block(id).map(look)),
    }
}
