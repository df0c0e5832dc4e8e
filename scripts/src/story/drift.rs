//! The market moves: one asset rises by 15 % in six steps, slowly enough for the TWAP to follow.

use eyre::{Result, ensure};

use super::Tell;
use crate::market::MarketConfig;
use crate::summary::dollars;
use crate::system::{Reading, System};

/// The whole move.
pub const FACTOR: f64 = 1.15;
/// Equal steps of the logarithm.
pub const STEPS: u32 = 6;
/// The asset that moves.
pub const MOVER: usize = MarketConfig::WBTC;

/// How fast the market moves.
#[derive(Debug, Clone, Copy)]
pub struct Tempo {
    /// s between two steps.
    pub step_s: u64,
    /// s without a move at the end: longer than the TWAP window, so that feed and TWAP agree again.
    pub flat_s: u64,
}

impl Tempo {
    /// s of the whole move.
    pub fn total_s(&self) -> u64 {
        u64::from(STEPS - 1) * self.step_s + self.flat_s
    }
}

impl Default for Tempo {
    /// For a TWAP window of 1,800 s.
    fn default() -> Self {
        Self {
            step_s: 900,
            flat_s: 1_860,
        }
    }
}

/// Moves feed and pool of one asset until the basket is out of its band, and lets the TWAP catch up.
///
/// - Errors: the drift did not come to be, or the engine would not accept a rebalance.
pub async fn drift(
    system: &System,
    band_bps: u16,
    tempo: Tempo,
    tell: Tell<'_>,
) -> Result<Reading> {
    let market = &system.market;
    let config = &market.assets[MOVER].config;
    let start = system.reading().await?;
    ensure!(
        start.drift_bps() < 1.0,
        "the basket starts off its targets: {} bps",
        start.drift_bps()
    );
    for step in 1..=STEPS {
        let price = config
            .price
            .times(FACTOR.powf(f64::from(step) / f64::from(STEPS)));
        market.move_price(MOVER, price).await?;
        let now = system.reading().await?;
        tell(&format!(
            "Step {step}: {} at {price} USD in feed and pool, drift {} bps.",
            config.symbol,
            now.drift_bps()
        ));
        market
            .warp(if step < STEPS {
                tempo.step_s
            } else {
                tempo.flat_s
            })
            .await?;
    }
    let reading = system.reading().await?;
    tell(&format!(
        "{} s later: nav {} USD, drift {} bps, band {band_bps} bps.",
        tempo.flat_s,
        dollars(reading.nav),
        reading.drift_bps()
    ));
    ensure!(
        reading.drift_bps() > f64::from(band_bps),
        "the drift of {} bps is inside the band",
        reading.drift_bps()
    );
    ensure!(
        reading.check.status == 0,
        "the engine is not ready for a rebalance: status {}, price flags {:?}",
        reading.check.status,
        reading.flags
    );
    Ok(reading)
}
