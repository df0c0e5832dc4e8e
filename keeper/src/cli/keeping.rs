//! `gimbal once` and `gimbal run`

use serde_json::{Value, json};

use super::args::{Global, Key, Once, Run};
use super::signals::Signals;
use super::{HALTED, context, output};
use crate::amount::{bps, percent, units, usd};
use crate::config::{Addresses, Config};
use crate::decide::{Decision, Reason};
use crate::error::Error;
use crate::keeper::{Keeper, Outcome};
use crate::registry::Registry;
use crate::rpc::Chain;
use crate::status;
use alloy::primitives::Address;

pub(super) async fn once(global: &Global, verb: &Once) -> eyre::Result<u8> {
    let config = context::config(global)?;
    let chain = context::chain(global, &config)?;
    context::same_chain(&chain, config.chain_id).await?;
    let addresses = context::addresses(global, &config, &chain).await?;
    let keeper = keeper(
        &config,
        &chain,
        addresses,
        &verb.key,
        verb.dry_run,
        verb.keeper,
    )?;
    let outcome = keeper.once().await?;
    show(global, keeper.registry().await?, &outcome)?;
    Ok(if matches!(outcome, Outcome::Halted { .. }) {
        HALTED
    } else {
        0
    })
}

pub(super) async fn run(global: &Global, verb: &Run, signals: &Signals) -> eyre::Result<u8> {
    let config = context::config(global)?;
    let chain = context::chain(global, &config)?;
    let pace = config.pace().map_err(Error::from)?;
    // A key that cannot be read is told at once, a node that is down is waited for.
    if !verb.dry_run {
        context::sender(&verb.key, &config, &chain)?;
    }
    let Some(addresses) = located(global, &config, &chain, signals).await? else {
        return Ok(signals.code());
    };
    let keeper = keeper(
        &config,
        &chain,
        addresses,
        &verb.key,
        verb.dry_run,
        verb.keeper,
    )?;
    tracing::info!(endpoint = %chain.endpoint(), vault = %addresses.vault, engine = %addresses.engine, poll = ?pace.poll, "keeping");
    let mut last = String::new();
    let tally = keeper
        .run(pace, signals.token(), |outcome| match outcome {
            Ok(outcome) => {
                let line = line(outcome, keeper.basket());
                if line != last {
                    tracing::info!("{line}");
                    last = line;
                }
                if global.json {
                    output::json(&document(outcome)).ok();
                }
            }
            Err(error) => {
                last = String::new();
                tracing::error!("{error}");
            }
        })
        .await;
    tracing::info!(
        looks = tally.looks,
        rebalances = tally.rebalances,
        errors = tally.errors,
        "stopped"
    );
    Ok(signals.code())
}

/// The system's addresses, as soon as the node answers; none if a signal came first.
async fn located(
    global: &Global,
    config: &Config,
    chain: &Chain,
    signals: &Signals,
) -> Result<Option<Addresses>, Error> {
    loop {
        let found = async {
            context::same_chain(chain, config.chain_id).await?;
            context::addresses(global, config, chain).await
        };
        let found = tokio::select! {
            found = found => found,
            () = signals.received() => return Ok(None),
        };
        match found {
            Ok(addresses) => return Ok(Some(addresses)),
            Err(error @ Error::Rpc(_)) if error.exit_code() == 4 => tracing::error!("{error}"),
            Err(error) => return Err(error),
        }
        tokio::select! {
            () = tokio::time::sleep(std::time::Duration::from_secs(2)) => {}
            () = signals.received() => return Ok(None),
        }
    }
}

fn keeper(
    config: &Config,
    chain: &Chain,
    addresses: Addresses,
    key: &Key,
    dry_run: bool,
    account: Option<Address>,
) -> Result<Keeper, Error> {
    if dry_run {
        let account = match (account, context::key_source(key)?) {
            (None, Some(source)) => Some(source.load()?.address()),
            (account, _) => account,
        };
        return Ok(Keeper::observer(
            chain.clone(),
            account,
            addresses,
            config.policy(),
        ));
    }
    let sender = context::sender(key, config, chain)?;
    Ok(Keeper::new(sender, addresses, config.policy()))
}

fn show(global: &Global, registry: &Registry, outcome: &Outcome) -> eyre::Result<()> {
    if global.json {
        return output::json(&document(outcome));
    }
    match outcome {
        Outcome::Planned(proposal) => {
            let mut text = status::words(&Decision::Rebalance(proposal.clone()), registry);
            for trade in &proposal.trades {
                let bought = &registry.assets[trade.bought];
                text += &format!(
                    "\n  at least {} {} for a value of {} USD",
                    units(trade.out_min, bought.decimals, 6),
                    bought.symbol,
                    usd(trade.value)
                );
            }
            output::text(&(text + "\nnothing was sent (--dry-run)"))
        }
        other => output::text(&line(other, Some(registry))),
    }
}

fn line(outcome: &Outcome, registry: Option<&Registry>) -> String {
    let words =
        |reason: &Reason| registry.map_or_else(|| reason.to_string(), |known| reason.words(known));
    match outcome {
        Outcome::Waited {
            reason,
            retry_at: None,
        } => format!("waiting: {}", words(reason)),
        Outcome::Waited {
            reason,
            retry_at: Some(at),
        } => format!("waiting until {at}: {}", words(reason)),
        Outcome::Planned(proposal) => {
            format!("would rebalance with {} trades", proposal.trades.len())
        }
        Outcome::Halted { mode, since } => format!("the vault is {mode:?} since {since}"),
        Outcome::Rebalanced(done) => format!(
            "rebalanced: drift {} -> {}, nav {} -> {} USD, {} trades, gas {}, transaction {}",
            percent(done.drift_before),
            percent(done.drift_after),
            usd(done.nav_before),
            usd(done.nav_after),
            done.trades,
            done.gas_used,
            done.tx
        ),
    }
}

fn document(outcome: &Outcome) -> Value {
    let mut document = match outcome {
        Outcome::Waited { reason, retry_at } => {
            json!({ "outcome": "waited", "reason": reason.to_string(), "retry_at": retry_at })
        }
        Outcome::Planned(proposal) => json!({
            "outcome": "planned",
            "nonce": proposal.nonce,
            "deadline": proposal.deadline,
            "drift": proposal.drift.to_string(),
            "trades": proposal.trades.iter().map(|trade| json!({
                "sold": trade.sold,
                "bought": trade.bought,
                "amount_in": trade.amount_in.to_string(),
                "out_min": trade.out_min.to_string(),
                "value_usd": trade.value.to_string(),
                "route": trade.route,
            })).collect::<Vec<_>>(),
        }),
        Outcome::Halted { mode, since } => {
            json!({ "outcome": "halted", "mode": mode, "since": since })
        }
        Outcome::Rebalanced(done) => {
            let mut document = serde_json::to_value(done).unwrap_or_default();
            document["outcome"] = "rebalanced".into();
            document["drift_bps_before"] = bps(done.drift_before).saturating_to::<u64>().into();
            document["drift_bps_after"] = bps(done.drift_after).saturating_to::<u64>().into();
            document
        }
    };
    document["schema"] = "gimbal.outcome/1".into();
    document
}
