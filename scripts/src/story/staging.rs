//! With whom, with what and how fast the story is told.

use alloy::signers::local::PrivateKeySigner;
use eyre::Result;

use super::drift::Tempo;
use crate::chain::dev_account;
use crate::market::MarketConfig;
use crate::system::{Roles, SystemConfig};

/// The least that the engine allows, s.
const WINDOW_MIN_S: u32 = 60;

/// Cast, market, limits and tempo of a story.
#[derive(Debug, Clone)]
pub struct Staging {
    /// Deploys the market, moves it and hands out its tokens.
    pub deployer: PrivateKeySigner,
    /// Who plays in it.
    pub roles: Roles,
    /// The market.
    pub market: MarketConfig,
    /// The system.
    pub system: SystemConfig,
    /// How fast the market moves.
    pub tempo: Tempo,
}

impl Staging {
    /// On a development node of our own: its account, the same roles in every run, the design's default limits.
    ///
    /// - Errors: never in practice.
    pub fn local() -> Result<Self> {
        Ok(Self {
            deployer: dev_account()?,
            roles: Roles::named()?,
            market: MarketConfig::default(),
            system: SystemConfig::default(),
            tempo: Tempo::default(),
        })
    }

    /// On a chain that others use too: no ether is made, the limits are the defaults.
    pub fn shared(deployer: PrivateKeySigner, roles: Roles) -> Self {
        Self {
            deployer,
            roles,
            market: MarketConfig::lean(),
            system: SystemConfig::default(),
            tempo: Tempo::default(),
        }
    }

    /// The same where time must be waited for: TWAP window and cooldown at the least that the engine allows.
    #[must_use]
    pub fn in_real_time(mut self) -> Self {
        self.system.limits.twapWindow = WINDOW_MIN_S;
        self.system.limits.cooldown = WINDOW_MIN_S;
        // Two seconds beyond the window: the last move happens after its wait has begun to count.
        self.tempo = Tempo {
            step_s: 1,
            flat_s: u64::from(WINDOW_MIN_S) + 2,
        };
        self
    }

    /// s that pass in the story beside its transactions.
    pub fn waits_s(&self) -> u64 {
        self.market.warm_up_s + self.tempo.total_s()
    }
}
