//! The whole loop, once, for real: deposit, drift, a hostile trade refused, the keeper rebalances, redeem, kill, redeem.
//!
//! Every step checks on chain that it happened; the first that did not ends the story with an error.
//!
//! - [`run`]: all of it.
//! - [`Staging`]: with whom, with what and how fast.
//! - [`open`], [`drift`], [`hostile`], [`rebalance`], [`exit`]: the chapters, for tests that tell part of it.

pub mod drift;
pub mod exit;
pub mod hostile;
pub mod open;
pub mod rebalance;
mod staging;

use eyre::Result;
use gimbal_keeper::keeper::Rebalanced;

use crate::artifact::Artifacts;
use crate::chain::Chain;
use crate::summary::GasUse;
use crate::system::{Reading, System};
use hostile::Attempt;

pub use staging::Staging;

/// Where the story's sentences go.
pub type Tell<'a> = &'a (dyn Fn(&str) + Sync);

/// What happened.
#[derive(Debug, Clone)]
pub struct Tale {
    /// The system that it happened to.
    pub system: System,
    /// Band of every asset, bps.
    pub band_bps: u16,
    /// The system before the rebalance.
    pub before: Reading,
    /// The system after the rebalance.
    pub after: Reading,
    /// The hostile trade.
    pub attempt: Attempt,
    /// The honest rebalances, usually one.
    pub rebalances: Vec<Rebalanced>,
    /// Whether shares were redeemed after the kill.
    pub redeem_after_kill: bool,
    /// Gas of each step, in order.
    pub gas: Vec<GasUse>,
}

/// Tells the story on a chain whose accounts of [`Staging`] have ether, or that can make it.
///
/// - Errors: the first step that did not happen on chain.
pub async fn run(
    chain: &Chain,
    artifacts: &Artifacts,
    staging: &Staging,
    tell: Tell<'_>,
) -> Result<Tale> {
    let band_bps = staging.system.band_bps;
    let mut gas = Vec::new();
    let system = open::open(chain, artifacts, staging, tell, &mut gas).await?;
    drift::drift(&system, band_bps, staging.tempo, tell).await?;
    let attempt = hostile::attempt(&system, tell, &mut gas).await?;
    let before = system.reading().await?;
    let rebalances = rebalance::rebalance(&system, band_bps, tell, &mut gas).await?;
    let after = system.reading().await?;
    exit::redeem(&system, tell, &mut gas).await?;
    exit::kill(&system, tell, &mut gas).await?;
    let redeem_after_kill = exit::redeem_after_kill(&system, tell, &mut gas).await?;
    Ok(Tale {
        system,
        band_bps,
        before,
        after,
        attempt,
        rebalances,
        redeem_after_kill,
        gas,
    })
}
