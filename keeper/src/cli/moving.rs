//! `gimbal deposit` and `gimbal redeem`

use alloy::primitives::{Address, U256};

use super::args::{Deposit, Global, Redeem};
use super::{confirm, context, output};
use crate::actions::{self, Moved};
use crate::amount::units;
use crate::config::{ConfigError, Decimal};
use crate::error::Error;
use crate::registry::Registry;

pub(super) async fn deposit(global: &Global, verb: &Deposit) -> eyre::Result<u8> {
    let config = context::config(global)?;
    let chain = context::chain(global, &config)?;
    let sender = context::sender(&verb.key, &config, &chain)?;
    context::same_chain(&chain, config.chain_id).await?;
    let addresses = context::addresses(global, &config, &chain).await?;
    let registry = Registry::read(&chain, addresses).await?;
    let receiver = verb.receiver.unwrap_or_else(|| sender.address());
    let plan =
        actions::plan_deposit(&chain, addresses.vault, shares(&verb.shares)?, verb.slack.0).await?;
    let text = format!(
        "mint {} shares of {} to {receiver}, paid by {}\n{}\neach may cost up to {} more; exactly that is approved",
        units(plan.shares, 18, 18),
        addresses.vault,
        sender.address(),
        amounts(&registry, &plan.amounts),
        verb.slack
    );
    if verb.dry_run {
        output::say(&text);
        return Ok(0);
    }
    confirm::confirm(&text, verb.yes)?;
    let moved = actions::deposit(&sender, addresses.vault, &plan, receiver).await?;
    show(global, "gimbal.deposit/1", "minted", &registry, &moved)?;
    Ok(0)
}

pub(super) async fn redeem(global: &Global, verb: &Redeem) -> eyre::Result<u8> {
    let config = context::config(global)?;
    let chain = context::chain(global, &config)?;
    let sender = context::sender(&verb.key, &config, &chain)?;
    context::same_chain(&chain, config.chain_id).await?;
    let addresses = context::addresses(global, &config, &chain).await?;
    let registry = Registry::read(&chain, addresses).await?;
    let receiver = verb.receiver.unwrap_or_else(|| sender.address());
    let mask = skip_mask(&registry, &verb.skip)?;
    let plan = actions::plan_redeem(
        &chain,
        addresses.vault,
        shares(&verb.shares)?,
        verb.min_out_bps,
        mask,
    )
    .await?;
    let bound = match verb.min_out_bps {
        Some(bps) => format!("at least {bps} / 10000 of each"),
        None => "no lower bound: the share of the basket is paid, whatever it is by then".into(),
    };
    let text = format!(
        "burn {} shares of {} held by {}, pay {receiver}\n{}\n{bound}",
        units(plan.shares, 18, 18),
        addresses.vault,
        sender.address(),
        amounts(&registry, &plan.amounts)
    );
    if verb.dry_run {
        output::say(&text);
        return Ok(0);
    }
    confirm::confirm(&text, verb.yes)?;
    let moved = actions::redeem(&sender, addresses.vault, &plan, receiver).await?;
    show(global, "gimbal.redeem/1", "burnt", &registry, &moved)?;
    Ok(0)
}

fn shares(number: &Decimal) -> Result<U256, Error> {
    let shares = number
        .scaled(18)
        .map_err(|reason| ConfigError::Invalid(format!("--shares: {reason}")))?;
    if shares.is_zero() {
        return Err(ConfigError::Invalid("--shares: nothing to do for zero shares".into()).into());
    }
    Ok(shares)
}

/// Bit i for every token that is named by symbol or address.
fn skip_mask(registry: &Registry, names: &[String]) -> Result<U256, Error> {
    let mut mask = U256::ZERO;
    for name in names {
        let address: Option<Address> = name.parse().ok();
        let found: Vec<_> = registry
            .assets
            .iter()
            .enumerate()
            .filter(|(_, asset)| {
                address == Some(asset.token) || asset.symbol.eq_ignore_ascii_case(name)
            })
            .collect();
        match found.as_slice() {
            [(i, _)] => mask |= U256::ONE << *i,
            [] => {
                return Err(
                    ConfigError::Invalid(format!("--skip: {name:?} is not in the basket")).into(),
                );
            }
            _ => {
                return Err(ConfigError::Invalid(format!(
                    "--skip: {name:?} is two tokens; give the address"
                ))
                .into());
            }
        }
    }
    Ok(mask)
}

fn amounts(registry: &Registry, amounts: &[U256]) -> String {
    let lines = registry.assets.iter().zip(amounts).map(|(asset, amount)| {
        format!(
            "  {} {}",
            units(*amount, asset.decimals, usize::from(asset.decimals)),
            asset.symbol
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn show(
    global: &Global,
    schema: &str,
    verb: &str,
    registry: &Registry,
    moved: &Moved,
) -> eyre::Result<()> {
    if global.json {
        let mut document = serde_json::to_value(moved)?;
        document["schema"] = schema.into();
        return output::json(&document);
    }
    let parsed: Vec<U256> = moved
        .amounts
        .iter()
        .filter_map(|amount| amount.parse().ok())
        .collect();
    let mut text = format!(
        "{verb} {} shares\n{}\ntransaction {}   gas {}",
        units(moved.shares, 18, 18),
        amounts(registry, &parsed),
        moved.tx,
        moved.gas_used
    );
    for (i, asset) in registry.assets.iter().enumerate() {
        if moved.owed_mask.bit(i) {
            text += &format!(
                "\n{} was not paid: it is owed, and `claim` pays it",
                asset.symbol
            );
        }
    }
    output::text(&text)
}
