//! `net_*`, `web3_*` and what describes the chain.

use alloy_eips::BlockNumberOrTag;
use alloy_primitives::{B256, Bytes, U64, U256, keccak256};
use alloy_rpc_types_eth::FeeHistory;
use jsonrpsee::server::RegisterMethodError;

use super::{args::Args, error::RpcError, methods::Methods};
use crate::chain::{Chain, query::QueryError};

/// Registers the methods.
pub fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    methods.read(&["eth_chainId"], |chain, _| Ok(U64::from(chain.chain_id())))?;
    methods.read(&["net_version"], |chain, _| {
        Ok(chain.chain_id().to_string())
    })?;
    methods.read(&["net_listening"], |_, _| Ok(true))?;
    methods.read(&["net_peerCount"], |_, _| Ok(U64::ZERO))?;
    methods.read(&["eth_syncing"], |_, _| Ok(false))?;
    methods.read(&["eth_mining"], |_, _| Ok(false))?;
    methods.read(&["eth_protocolVersion"], |_, _| Ok(U64::from(65)))?;
    methods.read(&["eth_coinbase"], |_, _| Ok(crate::evm::env::SEQUENCER))?;
    methods.read(&["web3_clientVersion"], |_, _| Ok(client_version()))?;
    methods.read(&["web3_sha3"], sha3)?;
    methods.read(&["eth_gasPrice"], |chain, _| {
        Ok(U64::from(chain.base_fee()?))
    })?;
    methods.read(&["eth_maxPriorityFeePerGas"], |_, _| Ok(U64::ZERO))?;
    methods.read(&["eth_blobBaseFee"], |_, _| Ok(U64::ZERO))?;
    methods.read(&["eth_feeHistory"], fee_history)
}

/// Name and version of the node.
pub fn client_version() -> String {
    format!("stylus-devnode/v{}", env!("CARGO_PKG_VERSION"))
}

fn sha3(_: &Chain, args: &mut Args<'_>) -> Result<B256, RpcError> {
    Ok(keccak256(args.required::<Bytes>()?))
}

/// Most reward percentiles of one request, as in geth: every one of them is a value per block.
const PERCENTILES_MAX: usize = 100;

/// Most blocks of one fee history, as in geth.
const HISTORY_MAX: u64 = 1_024;

/// As geth's, with the next block's base fee at the end. Rewards are zero, as tips are dropped.
fn fee_history(chain: &Chain, args: &mut Args<'_>) -> Result<FeeHistory, RpcError> {
    let count = args.number()?.min(HISTORY_MAX);
    let newest: BlockNumberOrTag = args.required()?;
    let percentiles: Vec<f64> = args.optional()?.unwrap_or_default();
    check_percentiles(&percentiles)?;
    if count == 0 {
        return Ok(FeeHistory::default());
    }
    let head = chain.head().header.number;
    let newest = match newest {
        // There is no pending block to tell of.
        BlockNumberOrTag::Pending => head,
        BlockNumberOrTag::Number(number) if number > head => {
            return Err(RpcError::BadArguments(format!(
                "request beyond head block: requested {number}, head {head}"
            )));
        }
        tag => chain
            .block(tag.into())
            .map(|block| block.header.number)
            .ok_or(QueryError::NoBlock)?,
    };
    let oldest = newest.saturating_add(1).saturating_sub(count);
    let blocks: Vec<_> = chain.history.range(oldest, newest).collect();
    let fee = |fee: Option<u64>| u128::from(fee.unwrap_or_default());
    let mut base_fees: Vec<_> = blocks
        .iter()
        .map(|block| fee(block.header.base_fee_per_gas))
        .collect();
    base_fees.push(match chain.block_at(newest.saturating_add(1)) {
        Some(next) => fee(next.header.base_fee_per_gas),
        None => u128::from(chain.base_fee()?),
    });
    let rewards = || vec![vec![0; percentiles.len()]; blocks.len()];
    Ok(FeeHistory {
        base_fee_per_gas: base_fees,
        gas_used_ratio: blocks
            .iter()
            .map(|block| ratio(block.header.gas_used, block.header.gas_limit))
            .collect(),
        oldest_block: blocks.first().map_or(oldest, |block| block.header.number),
        reward: (!percentiles.is_empty()).then(rewards),
        ..FeeHistory::default()
    })
}

fn check_percentiles(percentiles: &[f64]) -> Result<(), RpcError> {
    if percentiles.len() > PERCENTILES_MAX {
        return Err(RpcError::BadArguments(format!(
            "more than {PERCENTILES_MAX} reward percentiles"
        )));
    }
    if let Some(value) = percentiles
        .iter()
        .find(|value| !(0.0..=100.0).contains(*value))
    {
        return Err(RpcError::BadArguments(format!(
            "reward percentile {value} is not in 0..=100"
        )));
    }
    // Strictly: geth refuses equal ones too.
    if !percentiles.is_sorted_by(|low, high| low < high) {
        return Err(RpcError::BadArguments(
            "reward percentiles are not ascending".into(),
        ));
    }
    Ok(())
}

fn ratio(used: u64, limit: u64) -> f64 {
    f64::from(U256::from(used)) / f64::from(U256::from(limit))
}
