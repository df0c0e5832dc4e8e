//! The keeper: look, decide, simulate, act, look again; once or for ever.

mod outcome;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alloy::primitives::{Address, U256};
use alloy::sol_types::{SolCall, SolEvent};
use gimbal_abi::IEngine;
use tokio::sync::OnceCell;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::config::Addresses;
use crate::decide::{Decision, Policy, Proposal, decide};
use crate::decode::Revert;
use crate::error::Error;
use crate::registry::Registry;
use crate::rpc::{Chain, Receipt};
use crate::send::{Action, Sender};
use crate::snapshot::{Mode, Snapshot};

pub use outcome::{Outcome, Rebalanced, Tally};

/// How often to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Between two looks.
    pub poll: Duration,
    /// Longest pause after errors; the first is half a second and each one doubles.
    pub backoff_max: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(15),
            backoff_max: Duration::from_secs(60),
        }
    }
}

/// Who acts.
#[derive(Clone, Debug)]
enum Hand {
    /// Signs and sends.
    Sender(Box<Sender>),
    /// Does everything up to signing, as this account if there is one.
    Observer(Chain, Option<Address>),
}

/// A keeper of one system. Connecting is lazy: one may be made while the node is down.
#[derive(Debug)]
pub struct Keeper {
    hand: Hand,
    addresses: Addresses,
    policy: Policy,
    registry: OnceCell<Registry>,
}

/// One look, up to the point of signing.
#[derive(Debug)]
pub struct Evaluation {
    /// What was seen.
    pub snapshot: Snapshot,
    /// What follows from it.
    pub decision: Decision,
}

impl Keeper {
    /// A keeper that acts.
    pub fn new(sender: Sender, addresses: Addresses, policy: Policy) -> Self {
        Self::of(Hand::Sender(Box::new(sender)), addresses, policy)
    }

    /// A keeper that only watches: the same code, without a key. With `account` it simulates as that account.
    pub fn observer(
        chain: Chain,
        account: Option<Address>,
        addresses: Addresses,
        policy: Policy,
    ) -> Self {
        Self::of(Hand::Observer(chain, account), addresses, policy)
    }

    fn of(hand: Hand, addresses: Addresses, policy: Policy) -> Self {
        Self {
            hand,
            addresses,
            policy,
            registry: OnceCell::new(),
        }
    }

    fn chain(&self) -> &Chain {
        match &self.hand {
            Hand::Sender(sender) => sender.chain(),
            Hand::Observer(chain, _) => chain,
        }
    }

    fn account(&self) -> Option<Address> {
        match &self.hand {
            Hand::Sender(sender) => Some(sender.address()),
            Hand::Observer(_, account) => *account,
        }
    }

    /// The basket, read once.
    ///
    /// # Errors
    ///
    /// As [`Registry::read`].
    pub async fn registry(&self) -> Result<&Registry, Error> {
        self.registry
            .get_or_try_init(|| Registry::read(self.chain(), self.addresses))
            .await
    }

    /// The basket, if it was read before.
    pub fn basket(&self) -> Option<&Registry> {
        self.registry.get()
    }

    /// Looks and decides. Sends nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Rpc`], [`Error::Mismatch`], [`Error::Refused`].
    pub async fn evaluate(&self) -> Result<Evaluation, Error> {
        let registry = self.registry().await?;
        let snapshot = Snapshot::read(self.chain(), registry, self.account()).await?;
        let decision = decide(&snapshot, registry, &self.policy, snapshot.now);
        Ok(Evaluation { snapshot, decision })
    }

    /// One look and what follows from it.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the simulation is refused (nothing was sent), and those of [`Sender::send`].
    pub async fn once(&self) -> Result<Outcome, Error> {
        let evaluation = self.evaluate().await?;
        self.act(evaluation).await
    }

    /// Carries out a decision.
    async fn act(&self, evaluation: Evaluation) -> Result<Outcome, Error> {
        let proposal = match evaluation.decision {
            Decision::Wait { reason, retry_at } => return Ok(Outcome::Waited { reason, retry_at }),
            Decision::Halted { mode, since } => return Ok(Outcome::Halted { mode, since }),
            Decision::Rebalance(proposal) => proposal,
        };
        let usd_min = U256::from(evaluation.snapshot.limits.tradeUsdMin);
        let mut proposal = proposal;
        loop {
            match self.attempt(&evaluation.snapshot, &proposal).await {
                Err(Error::Refused { revert, action }) if is_depth(&revert) => {
                    let Some(half) = proposal.halved(usd_min) else {
                        return Err(Error::Refused { revert, action });
                    };
                    tracing::info!(%revert, "the pools cannot take it at once: trying half");
                    proposal = half;
                }
                done => return done,
            }
        }
    }

    async fn attempt(&self, snapshot: &Snapshot, proposal: &Proposal) -> Result<Outcome, Error> {
        let action = self.action(proposal)?;
        match &self.hand {
            Hand::Sender(sender) => {
                let receipt = sender
                    .send_if(&action, |output| would_not_trip(&action, output))
                    .await?;
                self.outcome(snapshot, proposal, &receipt)
            }
            Hand::Observer(chain, account) => {
                if let Some(account) = account {
                    simulate_as(chain, *account, &action).await?;
                }
                Ok(Outcome::Planned(proposal.clone()))
            }
        }
    }

    fn action(&self, proposal: &Proposal) -> Result<Action, Error> {
        let call = proposal.call(0).map_err(|error| {
            Error::Mismatch(format!("rebalance: an amount does not fit: {error:?}"))
        })?;
        Ok(Action::new("rebalance", self.addresses.engine, &call))
    }

    fn outcome(
        &self,
        before: &Snapshot,
        proposal: &Proposal,
        receipt: &Receipt,
    ) -> Result<Outcome, Error> {
        let ours = || {
            receipt
                .logs
                .iter()
                .filter(|log| log.address() == self.addresses.engine)
        };
        if let Some(done) =
            ours().find_map(|log| IEngine::Rebalanced::decode_log_data(log.data()).ok())
        {
            return Ok(Outcome::Rebalanced(Box::new(Rebalanced {
                tx: receipt.tx,
                gas_used: receipt.gas_used,
                block: receipt.block,
                trades: proposal.trades.len(),
                nav_before: done.navBefore,
                nav_after: done.navAfter,
                drift_before: done.driftBefore,
                drift_after: done.driftAfter,
            })));
        }
        let tripped = ours().any(|log| IEngine::Tripped::decode_log_data(log.data()).is_ok());
        if tripped {
            return Ok(Outcome::Halted {
                mode: Mode::Halted,
                since: before.timestamp,
            });
        }
        Err(Error::Mismatch(format!(
            "transaction {} shows neither a rebalance nor a trip",
            receipt.tx
        )))
    }

    /// Looks again and again until `shutdown`, and through every error: a node that is gone may come back. `seen` gets
    /// every outcome. A transaction that was sent is waited for even during a shutdown.
    pub async fn run(
        &self,
        pace: Pace,
        shutdown: &CancellationToken,
        mut seen: impl FnMut(&Result<Outcome, Error>),
    ) -> Tally {
        let mut tally = Tally::default();
        let mut failures = 0;
        loop {
            let evaluation = tokio::select! {
                biased;
                () = shutdown.cancelled() => return tally,
                evaluation = self.evaluate() => evaluation,
            };
            let outcome = match evaluation {
                Ok(_) if shutdown.is_cancelled() => return tally,
                Ok(evaluation) => self.act(evaluation).await,
                Err(error) => Err(error),
            };
            tally.looks += 1;
            failures = if outcome.is_err() { failures + 1 } else { 0 };
            tally.errors += u64::from(outcome.is_err());
            tally.rebalances += u64::from(matches!(outcome, Ok(Outcome::Rebalanced(_))));
            seen(&outcome);
            tokio::select! {
                () = shutdown.cancelled() => return tally,
                () = sleep(pause(pace, failures)) => {}
            }
        }
    }
}

/// The next pause: `poll` after a success, half a second doubled per failure in a row otherwise, less up to a quarter
/// so that several keepers do not move in step.
fn pause(pace: Pace, failures: u32) -> Duration {
    let full = match failures {
        0 => return pace.poll,
        n => Duration::from_millis(500)
            .saturating_mul(1 << (n - 1).min(16))
            .min(pace.backoff_max),
    };
    let noise = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.subsec_nanos() % 1_000);
    full - full.mul_f64(f64::from(noise) / 4_000.0)
}

async fn simulate_as(chain: &Chain, account: Address, action: &Action) -> Result<(), Error> {
    let output = chain
        .call(
            &action.request(account),
            alloy::rpc::types::BlockId::pending(),
        )
        .await
        .map_err(|error| Error::of_call(&action.name, error))?;
    would_not_trip(action, &output)
}

/// Whether a refusal says that a trade moves its pools too far, which a smaller one does not.
fn is_depth(revert: &Revert) -> bool {
    ["LossTooLarge", "Slippage", "SpotDeviation"].contains(&revert.name.as_str())
}

/// The engine latches the breaker by returning: a simulation that returns is not yet one to send.
fn would_not_trip(action: &Action, output: &[u8]) -> Result<(), Error> {
    let returned = IEngine::rebalanceCall::abi_decode_returns(output);
    match returned {
        Ok(returned) if returned.outcome == 0 => Ok(()),
        Ok(returned) => Err(Error::WouldTrip {
            action: action.name.clone(),
            outcome: returned.outcome,
        }),
        Err(error) => Err(Error::Mismatch(format!(
            "{}: a malformed return: {error}",
            action.name
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_limit() {
        let pace = Pace {
            poll: Duration::from_secs(15),
            backoff_max: Duration::from_secs(10),
        };
        assert_eq!(pause(pace, 0), pace.poll);
        for (failures, full_ms) in [
            (1, 500),
            (2, 1_000),
            (3, 2_000),
            (5, 8_000),
            (6, 10_000),
            (400, 10_000),
        ] {
            let got = pause(pace, failures).as_millis();
            assert!(
                (full_ms * 3 / 4..=full_ms).contains(&got),
                "{failures}: {got}"
            );
        }
    }
}
