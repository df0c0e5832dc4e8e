//! `eth_feeHistory`, which is about our own blocks and those before a fork.

use alloy_eips::BlockNumberOrTag;
use alloy_primitives::U256;
use alloy_rpc_types_eth::FeeHistory;

use crate::{
    chain::{Chain, blocks::query::Moment},
    rpc::{Api, args::Args, error::RpcError},
};

/// Most reward percentiles of one request, as in geth: every one of them is a value per block.
const PERCENTILES_MAX: usize = 100;

/// Most blocks of one fee history, as in geth.
const HISTORY_MAX: u64 = 1_024;

/// What is asked for: blocks `oldest..=newest`.
struct Asked {
    oldest: u64,
    newest: u64,
    percentiles: Vec<f64>,
}

/// As geth's, with the next block's base fee at the end. Rewards are zero, as tips are dropped. Blocks
/// of an upstream that is down are left out, as geth does with blocks that it does not keep.
///
/// # Errors
/// Arguments that geth refuses, and what goes wrong with a fork's upstream.
pub(super) fn history(api: &Api, args: &mut Args<'_>) -> Result<FeeHistory, RpcError> {
    let count = args.number()?.min(HISTORY_MAX);
    let newest: BlockNumberOrTag = args.required()?;
    let percentiles: Vec<f64> = args.optional()?.unwrap_or_default();
    check_percentiles(&percentiles)?;
    if count == 0 {
        return Ok(FeeHistory::default());
    }
    api.look(|chain| {
        let newest = number(chain, newest)?;
        let asked = Asked {
            oldest: newest.saturating_add(1).saturating_sub(count),
            newest,
            percentiles: percentiles.clone(),
        };
        let own = own(chain, &asked)?;
        let first = chain.history.first();
        let Some(fork) = chain.fork().filter(|_| asked.oldest < first) else {
            return Ok(own);
        };
        let last = newest.min(first.saturating_sub(1));
        match fork.fees(asked.oldest, last, &asked.percentiles) {
            Ok(theirs) => Ok(join(theirs, own)),
            // Clients ask before every transaction, and have a use for less than they asked for.
            Err(error) if error.is_passing() && newest >= first => Ok(own),
            Err(error) => Err(error.into()),
        }
    })
}

fn number(chain: &Chain, newest: BlockNumberOrTag) -> Result<u64, RpcError> {
    let head = chain.head().header.number;
    match newest {
        BlockNumberOrTag::Number(number) if number > head => Err(RpcError::BadArguments(format!(
            "request beyond head block: requested {number}, head {head}"
        ))),
        tag => Ok(match chain.moment(tag.into())? {
            Moment::Block(number) => number,
            // There is no pending block to tell of.
            Moment::Pending => head,
        }),
    }
}

/// The part of the blocks that are here.
fn own(chain: &Chain, asked: &Asked) -> Result<FeeHistory, RpcError> {
    let blocks: Vec<_> = chain.history.range(asked.oldest, asked.newest).collect();
    let fee = |fee: Option<u64>| u128::from(fee.unwrap_or_default());
    let mut base_fees: Vec<_> = blocks
        .iter()
        .map(|block| fee(block.header.base_fee_per_gas))
        .collect();
    base_fees.push(match chain.block_at(asked.newest.saturating_add(1)) {
        Some(next) => fee(next.header.base_fee_per_gas),
        None => u128::from(chain.base_fee()?),
    });
    let rewards = || vec![vec![0; asked.percentiles.len()]; blocks.len()];
    Ok(FeeHistory {
        base_fee_per_gas: base_fees,
        gas_used_ratio: blocks
            .iter()
            .map(|block| ratio(block.header.gas_used, block.header.gas_limit))
            .collect(),
        oldest_block: blocks
            .first()
            .map_or(asked.oldest, |block| block.header.number),
        reward: (!asked.percentiles.is_empty()).then(rewards),
        ..FeeHistory::default()
    })
}

/// Both parts in order. The upstream's last base fee is that of the block after its part, which may be
/// one that is here.
fn join(theirs: FeeHistory, own: FeeHistory) -> FeeHistory {
    let len = theirs.gas_used_ratio.len();
    if own.gas_used_ratio.is_empty() {
        return theirs;
    }
    let base_fees = theirs.base_fee_per_gas.into_iter().take(len);
    let rewards = theirs.reward.unwrap_or_default();
    FeeHistory {
        base_fee_per_gas: base_fees.chain(own.base_fee_per_gas).collect(),
        gas_used_ratio: [theirs.gas_used_ratio, own.gas_used_ratio].concat(),
        reward: own.reward.map(|own| [rewards, own].concat()),
        oldest_block: theirs.oldest_block,
        ..FeeHistory::default()
    }
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
