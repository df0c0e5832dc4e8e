//! The batch behind a snapshot.

use std::time::{SystemTime, UNIX_EPOCH};

use alloy::primitives::{Address, U256};
use alloy::rpc::types::BlockId;
use gimbal_abi::{IEngine, IVault};

use super::{AssetView, Mode, SignerView, Snapshot, Status};
use crate::error::Error;
use crate::registry::Registry;
use crate::rpc::{Answers, Batch, CallError, Chain, Head, Slot, clockCall};

/// One request for the latest block, one batch for everything at it.
pub(super) async fn read(
    chain: &Chain,
    registry: &Registry,
    signer: Option<Address>,
) -> Result<Snapshot, Error> {
    let head = chain.head().await?;
    let asked = Asked::new(registry, signer);
    let at = BlockId::number(head.number);
    let answers = asked.batch.send(chain, at).await?;
    asked.slots.read(answers, head, signer)
}

struct Asked {
    batch: Batch,
    slots: Slots,
}

struct Slots {
    clock: Slot<clockCall>,
    state: Slot<IVault::stateCall>,
    mode: Slot<IVault::modeSinceCall>,
    check: Slot<IEngine::checkRebalanceCall>,
    prices: Slot<IEngine::pricesCall>,
    weights: Slot<IEngine::weightsCall>,
    nav: Slot<IEngine::navCall>,
    limits: Slot<IEngine::limitsCall>,
    last: Slot<IEngine::lastRebalanceCall>,
    venues: Slot<IEngine::venuesCall>,
    keeper: Option<Slot<IEngine::isKeeperCall>>,
    assets: Vec<(Slot<IEngine::assetCall>, Slot<IVault::quotaCall>)>,
}

impl Asked {
    fn new(registry: &Registry, signer: Option<Address>) -> Self {
        let (vault, engine) = (registry.addresses.vault, registry.addresses.engine);
        let mut batch = Batch::default();
        let slots = Slots {
            clock: batch.add_clock(),
            state: batch.add(vault, &IVault::stateCall {}),
            mode: batch.add(vault, &IVault::modeSinceCall {}),
            check: batch.add(engine, &IEngine::checkRebalanceCall {}),
            prices: batch.add(engine, &IEngine::pricesCall {}),
            weights: batch.add(engine, &IEngine::weightsCall {}),
            nav: batch.add(engine, &IEngine::navCall {}),
            limits: batch.add(engine, &IEngine::limitsCall {}),
            last: batch.add(engine, &IEngine::lastRebalanceCall {}),
            venues: batch.add(engine, &IEngine::venuesCall {}),
            keeper: signer.map(|account| batch.add(engine, &IEngine::isKeeperCall { account })),
            assets: registry
                .assets
                .iter()
                .enumerate()
                .map(|(i, asset)| {
                    let index = U256::from(i);
                    (
                        batch.add(engine, &IEngine::assetCall { index }),
                        batch.add(vault, &IVault::quotaCall { asset: asset.token }),
                    )
                })
                .collect(),
        };
        Self { batch, slots }
    }
}

impl Slots {
    fn read(
        self,
        mut answers: Answers<'_>,
        head: Head,
        signer: Option<Address>,
    ) -> Result<Snapshot, Error> {
        let failed = |error| Error::of_call("reading the snapshot", error);
        // A node that cannot run the clock is like one without a pending block.
        let ahead = answers
            .take(self.clock)
            .ok()
            .map(|time| time.saturating_to());
        let now = now(head.timestamp, ahead, wall());
        let state = answers.take(self.state).map_err(failed)?;
        let prices = answers.take(self.prices).map_err(failed)?;
        let check = answers.take(self.check).map_err(failed)?;
        // Nav and weights revert without a good price for every asset: that is a state, not a failure.
        let weights = optional(answers.take(self.weights))?.map(|weights| weights.current);
        let n = self.assets.len();
        let lengths = [
            state.managed.len(),
            prices.chainlink.len(),
            prices.twap.len(),
            prices.spot.len(),
            prices.flags.len(),
            weights.as_ref().map_or(n, Vec::len),
        ];
        if lengths.iter().any(|length| *length != n) {
            return Err(Error::Mismatch(format!(
                "the contracts answered for {lengths:?} assets, not for {n}"
            )));
        }
        let mut assets = Vec::with_capacity(n);
        for (i, (asset, quota)) in self.assets.into_iter().enumerate() {
            let (asset, quota) = (
                answers.take(asset).map_err(failed)?,
                answers.take(quota).map_err(failed)?,
            );
            assets.push(AssetView {
                managed: state.managed[i],
                quota_used: quota.used,
                quota_cap: quota.cap,
                chainlink: prices.chainlink[i],
                twap: prices.twap[i],
                spot: prices.spot[i],
                flags: prices.flags[i].saturating_to(),
                weight: weights.as_ref().map(|weights| weights[i]),
                target: U256::from(asset.target),
                band_bps: asset.band,
            });
        }
        let signer = match (signer, self.keeper) {
            (Some(address), Some(slot)) => Some(SignerView {
                address,
                keeper: answers.take(slot).map_err(failed)?,
            }),
            _ => None,
        };
        Ok(Snapshot {
            block: head.number,
            timestamp: head.timestamp,
            now,
            mode: mode_of(state.mode)?,
            halted_at: answers.take(self.mode).map_err(failed)?.haltedAt,
            nonce: state.nonce,
            supply: state.supply,
            assets,
            nav: optional(answers.take(self.nav))?,
            limits: answers.take(self.limits).map_err(failed)?,
            last_rebalance: answers.take(self.last).map_err(failed)?,
            venues: answers.take(self.venues).map_err(failed)?,
            status: Status::from(check.status),
            retry_at: check.retryAt,
            signer,
        })
    }
}

fn optional<T>(answer: Result<T, CallError>) -> Result<Option<T>, Error> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(CallError::Revert(_)) => Ok(None),
        Err(CallError::Rpc(error)) => Err(error.into()),
    }
}

fn mode_of(mode: u8) -> Result<Mode, Error> {
    match mode {
        0 => Ok(Mode::Active),
        1 => Ok(Mode::Halted),
        2 => Ok(Mode::Killed),
        other => Err(Error::Mismatch(format!(
            "the vault is in a mode {other} that this version does not know"
        ))),
    }
}

/// Chain time of the block to come, s. A development chain tells it, and its clock need not be the wall's. A real one
/// shows the latest block, which may be old on an idle chain, and its next block carries about the wall's time.
fn now(head: u64, ahead: Option<u64>, wall: u64) -> u64 {
    match ahead {
        Some(ahead) if ahead > head => ahead,
        _ => head.max(wall),
    }
}

/// {s} since the epoch.
fn wall() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}

#[cfg(test)]
mod tests {
    use super::now;

    #[test]
    fn the_chain_s_own_clock_comes_first() {
        assert_eq!(
            now(100, Some(170), 5_000),
            170,
            "a chain that tells its time"
        );
        assert_eq!(
            now(100, Some(100), 130),
            130,
            "an idle chain without a pending block"
        );
        assert_eq!(now(100, None, 130), 130, "a node that cannot tell");
        assert_eq!(
            now(9_000, Some(9_000), 130),
            9_000,
            "a chain that was warped ahead"
        );
    }
}
