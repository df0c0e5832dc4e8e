//! A keeper's key in the wrong hands: an accomplice moves the pool, the key tries to trade into it.

use alloy::primitives::{Address, Bytes, U256};
use alloy::sol_types::SolError;
use eyre::{Result, WrapErr, ensure};
use gimbal_abi::{IEngine, IVault};
use gimbal_keeper::decode::Revert;

use super::Tell;
use super::drift::MOVER;
use crate::market::{Market, MarketConfig};
use crate::summary::GasUse;
use crate::system::System;

/// How far the accomplice pushes spot, bps: below the spot check's 75, above the floor's 50.
pub const PUSH_BPS: i32 = -60;
/// s for which the hostile call is valid.
const DEADLINE_S: u64 = 600;

/// A hostile trade and its end.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The refusal by name and arguments.
    pub error: Revert,
    /// Revert data, byte for byte.
    pub data: Bytes,
    /// What the trade would have brought, {tokOut}.
    pub got: U256,
    /// The floor, {tokOut}.
    pub want: U256,
}

/// Pushes the moved asset's pool, sends the hostile rebalance, checks that it was refused with `Slippage` and restores
/// the pool.
///
/// - Errors: the trade went through, or failed for another reason.
pub async fn attempt(system: &System, tell: Tell<'_>, gas: &mut Vec<GasUse>) -> Result<Attempt> {
    let market = &system.market;
    let before = system.reading().await?;
    let push = market.push_spot(MOVER, PUSH_BPS).await?;
    tell(&format!(
        "An accomplice of the keeper pushed {}'s pool by {PUSH_BPS} bps.",
        market.assets[MOVER].config.symbol
    ));

    let call = IEngine::rebalanceCall {
        trades: vec![trade(market, MOVER, MarketConfig::USDC)?],
        nonce: before.nonce,
        deadline: market.chain.now().await? + DEADLINE_S,
    };
    let refusal = market
        .chain
        .refused(&system.roles.keeper, system.engine, &call)
        .await?;
    let error = Revert::decode(&refusal.data);
    tell(&format!(
        "The keeper's key tried to trade into it and was refused: {error}."
    ));
    tell(&format!("  revert data {}", refusal.data));
    ensure!(
        error.name == "Slippage",
        "the hostile trade failed with {error}, not with Slippage"
    );
    let slippage =
        IVault::Slippage::abi_decode(&refusal.data).wrap_err("revert data of the hostile trade")?;
    ensure!(
        slippage.abi_encode() == refusal.data,
        "the revert data was changed on its way"
    );
    ensure!(
        slippage.token == market.assets[MarketConfig::USDC].token,
        "Slippage of another token"
    );
    ensure!(
        slippage.got < slippage.want,
        "the trade met the floor and was refused"
    );
    gas.push(GasUse::new("rebalance_refused", refusal.receipt.gas_used));

    market.restore(push).await?;
    ensure!(
        market.spot(MOVER).await? == push.before,
        "the pool is not restored"
    );
    let after = system.reading().await?;
    ensure!(
        after.managed == before.managed && after.nonce == before.nonce,
        "the refused trade moved the basket"
    );
    tell("The pool is back at its price; the basket is untouched.");
    Ok(Attempt {
        error,
        data: refusal.data,
        got: slippage.got,
        want: slippage.want,
    })
}

/// Sells as much as the engine allows for any price: the clamp and the floor are all that stand in the way.
fn trade(market: &Market, sold: usize, bought: usize) -> Result<IEngine::Trade> {
    Ok(IEngine::Trade {
        venue: 0,
        assetIn: u8::try_from(sold)?,
        assetOut: u8::try_from(bought)?,
        maxIn: market.worth(sold, 1_000_000).to(),
        minOut: 1,
        route: route(market, sold, bought),
    })
}

/// The packed pool addresses of a trade: the pools of the two assets, of which the reference has none.
pub fn route(market: &Market, sold: usize, bought: usize) -> Bytes {
    let pools = [sold, bought]
        .into_iter()
        .filter_map(|i| market.assets[i].listing.as_ref().map(|l| l.pool));
    pools
        .flat_map(Address::into_array)
        .collect::<Vec<u8>>()
        .into()
}
