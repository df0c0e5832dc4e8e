//! The honest keeper, in process: the code behind `gimbal run`.

use std::time::Duration;

use eyre::{Result, ensure};
use gimbal_keeper::decide::{Policy, Reason};
use gimbal_keeper::keeper::{Outcome, Pace, Rebalanced};
use tokio_util::sync::CancellationToken;

use super::Tell;
use crate::summary::{GasUse, dollars};
use crate::system::System;

/// Looks without a result after which the keeper is stopped.
const LOOKS_MAX: u32 = 40;

/// Runs the keeper until it finds the basket in its band.
///
/// - Errors: it did not rebalance, or the drift is still at or above the band.
pub async fn rebalance(
    system: &System,
    band_bps: u16,
    tell: Tell<'_>,
    gas: &mut Vec<GasUse>,
) -> Result<Vec<Rebalanced>> {
    let keeper = system.keeper(Policy::default())?;
    let pace = Pace {
        poll: Duration::from_millis(20),
        ..Pace::default()
    };
    let (stop, mut looks, mut done) = (CancellationToken::new(), 0, Vec::new());
    let mut last = String::new();
    let watch = |outcome: &Result<Outcome, gimbal_keeper::Error>| {
        looks += 1;
        match outcome {
            Ok(Outcome::Rebalanced(rebalanced)) => done.push(Rebalanced::clone(rebalanced)),
            Ok(
                Outcome::Waited {
                    reason: Reason::InBand,
                    ..
                }
                | Outcome::Halted { .. },
            ) => stop.cancel(),
            Ok(_) | Err(_) => {}
        }
        last = match outcome {
            Ok(outcome) => format!("{outcome:?}"),
            Err(error) => error.to_string(),
        };
        if looks >= LOOKS_MAX {
            stop.cancel();
        }
    };
    keeper.run(pace, &stop, watch).await;

    ensure!(
        !done.is_empty(),
        "the keeper did not rebalance; its last word: {last}"
    );
    for rebalanced in &done {
        gas.push(GasUse::new("rebalance", rebalanced.gas_used));
        tell(&format!(
            "The keeper rebalanced with {} trades, {} gas, nav {} -> {} USD, transaction {}.",
            rebalanced.trades,
            rebalanced.gas_used,
            dollars(rebalanced.nav_before),
            dollars(rebalanced.nav_after),
            rebalanced.tx
        ));
    }
    let reading = system.reading().await?;
    tell(&format!(
        "Drift is {} bps, inside the band of {band_bps} bps.",
        reading.drift_bps()
    ));
    ensure!(
        reading.drift_bps() < f64::from(band_bps),
        "drift is still {} bps; the keeper's last word: {last}",
        reading.drift_bps()
    );
    ensure!(
        reading.mode == 0,
        "the vault is no longer active: mode {}",
        reading.mode
    );
    Ok(done)
}
