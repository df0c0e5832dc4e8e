//! Transactions and their receipts.

use alloy_consensus::{TxEnvelope, transaction::Recovered};
use alloy_eips::{BlockId, BlockNumberOrTag, eip2718::Encodable2718};
use alloy_primitives::{Address, B256, Bytes};
use alloy_rpc_types_eth::Transaction;
use jsonrpsee::server::RegisterMethodError;

use super::{
    args::Args,
    block::find,
    error::RpcError,
    format::{self, ArbitrumReceipt},
    methods::Methods,
    older::Names,
};
use crate::chain::{
    Chain,
    blocks::block::{Block, Mined},
};

/// Registers the methods.
pub fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    use Names::{Block, Transaction};

    methods.read_older("eth_getTransactionByHash", Transaction, by_hash)?;
    methods.read_older("eth_getRawTransactionByHash", Transaction, raw_by_hash)?;
    methods.read_older("eth_getTransactionReceipt", Transaction, receipt)?;
    methods.read_older(
        "eth_getTransactionByBlockNumberAndIndex",
        Block,
        |chain, args| {
            let tag: BlockNumberOrTag = args.required()?;
            by_index(chain, tag.into(), args, format::transaction)
        },
    )?;
    methods.read_older(
        "eth_getTransactionByBlockHashAndIndex",
        Block,
        |chain, args| {
            let hash: B256 = args.required()?;
            by_index(chain, hash.into(), args, format::transaction)
        },
    )?;
    methods.read_older(
        "eth_getRawTransactionByBlockNumberAndIndex",
        Block,
        |chain, args| {
            let tag: BlockNumberOrTag = args.required()?;
            by_index(chain, tag.into(), args, |_, mined| raw(&mined.tx))
        },
    )?;
    methods.read_older(
        "eth_getRawTransactionByBlockHashAndIndex",
        Block,
        |chain, args| {
            let hash: B256 = args.required()?;
            by_index(chain, hash.into(), args, |_, mined| raw(&mined.tx))
        },
    )?;
    methods.read(&["eth_getTransactionBySenderAndNonce"], by_nonce)
}

fn by_hash(chain: &Chain, args: &mut Args<'_>) -> Result<Option<Transaction>, RpcError> {
    let hash = args.required()?;
    Ok(match chain.transaction(&hash) {
        Some((block, mined)) => Some(format::transaction(block, mined)),
        None => chain.pool.get(&hash).map(format::waiting),
    })
}

fn raw_by_hash(chain: &Chain, args: &mut Args<'_>) -> Result<Option<Bytes>, RpcError> {
    let hash = args.required()?;
    let mined = chain.transaction(&hash).map(|(_, mined)| &mined.tx);
    let tx = mined.or_else(|| chain.pool.get(&hash).map(|pooled| &*pooled.tx));
    Ok(tx.map(raw))
}

fn receipt(chain: &Chain, args: &mut Args<'_>) -> Result<Option<ArbitrumReceipt>, RpcError> {
    let found = chain.transaction(&args.required()?);
    Ok(found.map(|(block, mined)| format::receipt(block, mined)))
}

fn by_index<R>(
    chain: &Chain,
    id: BlockId,
    args: &mut Args<'_>,
    form: impl FnOnce(&Block, &Mined) -> R,
) -> Result<Option<R>, RpcError> {
    let index = usize::try_from(args.number()?).unwrap_or(usize::MAX);
    let found = find(chain, id, |block| {
        let mined = block.txs.get(index)?;
        Some(form(block, mined))
    });
    Ok(found?.flatten())
}

/// One that waits comes before one that was mined: its nonce was set back.
fn by_nonce(chain: &Chain, args: &mut Args<'_>) -> Result<Option<Transaction>, RpcError> {
    let (sender, nonce): (Address, u64) = (args.required()?, args.number()?);
    if let Some(pooled) = chain.pool.at(&sender, nonce) {
        return Ok(Some(format::waiting(pooled)));
    }
    if let Some((block, mined)) = chain.transaction_of(&sender, nonce) {
        return Ok(Some(format::transaction(block, mined)));
    }
    match chain.sent_before_fork(&sender)? {
        sent if nonce < sent => Err(RpcError::SentBefore { sender, nonce }),
        _ => Ok(None),
    }
}

fn raw(tx: &Recovered<TxEnvelope>) -> Bytes {
    tx.encoded_2718().into()
}
