//! Blocks, their receipts and logs.

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{B256, U64};
use jsonrpsee::server::RegisterMethodError;

use super::{
    args::Args,
    error::RpcError,
    format::{self, ArbitrumBlock, ArbitrumReceipt},
    methods::Methods,
    older::Names,
};
use crate::chain::{Chain, blocks::block::Block};

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
    // There are no uncles, in any block.
    methods.read(&["eth_getUncleByBlockNumberAndIndex"], |_, args| {
        let (_, _) = (args.required::<BlockNumberOrTag>()?, args.number()?);
        Ok(())
    })?;
    methods.read(&["eth_getUncleByBlockHashAndIndex"], |_, args| {
        let (_, _) = (args.required::<B256>()?, args.number()?);
        Ok(())
    })?;
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
pub(super) fn find<R>(
    chain: &Chain,
    id: BlockId,
    look: impl FnOnce(&Block) -> R,
) -> Result<Option<R>, RpcError> {
    match id.is_pending() {
        true => Ok(Some(look(&chain.pending()?.block))),
        false => Ok(chain.block(id).map(look)),
    }
}
