//! Time: moved on a development node, waited for on every other chain.

use std::time::Duration;

use eyre::Result;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::Chain;

/// Between two looks at the chain's clock while time is waited for.
const LOOK: Duration = Duration::from_secs(1);

/// How time passes in a story.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// `evm_increaseTime` and `evm_mine` move it.
    Travel,
    /// It is waited for; the function hears every second how many are left.
    Wait(fn(u64)),
}

impl Chain {
    /// Lets `seconds` pass: moves chain time forward and mines a block there, or waits.
    ///
    /// A chain without traffic makes no blocks, so its latest timestamp may stand still meanwhile; where its clock runs
    /// ahead of ours, that ends the wait.
    ///
    /// - Errors: the node refuses `evm_increaseTime` or `evm_mine`, or does not answer.
    pub async fn warp(&self, seconds: u64) -> Result<()> {
        match self.clock {
            Clock::Travel => self.travel(seconds).await,
            Clock::Wait(told) => self.wait(seconds, told).await,
        }
    }

    /// Whether the node can be moved in time: moves it by one second.
    pub async fn travels(&self) -> bool {
        self.travel(1).await.is_ok()
    }

    async fn travel(&self, seconds: u64) -> Result<()> {
        self.rpc::<Value, _>("evm_increaseTime", (seconds,)).await?;
        self.rpc::<Value, _>("evm_mine", ()).await?;
        Ok(())
    }

    async fn wait(&self, seconds: u64, told: fn(u64)) -> Result<()> {
        let target = self.now().await?.saturating_add(seconds);
        // A second more: both clocks count whole seconds.
        let until = Instant::now() + Duration::from_secs(seconds) + LOOK;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || self.now().await? >= target {
                return Ok(());
            }
            told(left.as_secs());
            sleep(left.min(LOOK)).await;
        }
    }
}
