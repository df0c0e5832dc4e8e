//! What the node does by itself, beside the server: interval mining, and writing its state file.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::{
    chain::{dump::DumpError, mining::Mining},
    rpc::Api,
};

/// Makes blocks whenever the chain's mode says so. Ends with the API.
pub(crate) async fn run(api: Arc<Api>) {
    let mut modes = api.mining();
    loop {
        let mode = *modes.borrow_and_update();
        let ended = match mode {
            Mining::Interval(period) => tokio::select! {
                () = every(period, &api) => return,
                changed = modes.changed() => changed.is_err(),
            },
            Mining::Auto | Mining::Manual => modes.changed().await.is_err(),
        };
        if ended {
            return;
        }
    }
}

/// Blocks that are late are not caught up with: one long block must not make a burst of short ones.
async fn every(period: Duration, api: &Arc<Api>) {
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let shared = Arc::clone(api);
        let mined = tokio::task::spawn_blocking(move || mine(&shared)).await;
        if let Err(error) = mined {
            tracing::error!(%error, "a block could not be made");
        }
    }
}

/// Writes the state file again and again, whenever the chain has changed.
pub(crate) async fn save(api: Arc<Api>, period: Duration) {
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut saved = None;
    loop {
        ticks.tick().await;
        let shared = Arc::clone(&api);
        let save = move || {
            let state = shared.read().stamp();
            if saved != Some(state) {
                shared.save()?;
            }
            Ok::<_, DumpError>(state)
        };
        match tokio::task::spawn_blocking(save).await {
            Ok(Ok(state)) => saved = Some(state),
            Ok(Err(error)) => tracing::error!(%error, "the state could not be saved"),
            Err(error) => tracing::error!(%error, "the state could not be saved"),
        }
    }
}

fn mine(api: &Api) {
    let mined = api.change(|chain| {
        // The mode may have changed since the tick.
        if matches!(chain.mining(), Mining::Interval(_)) {
            chain.mine()?;
        }
        Ok(())
    });
    if let Err(error) = mined {
        tracing::error!(%error, "a block could not be made");
    }
}
