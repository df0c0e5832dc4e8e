//! Gimbal on top of a [`Market`]: deployed and wired by the keeper's own code, with keys for every role.
//!
//! - [`System`]: deploys, deposits, redeems, and makes keepers.
//! - [`Reading`]: the system at one moment.
//! - [`specification`]: what is deployed.

mod reading;
mod specification;

use alloy::primitives::{Address, U256};
use alloy::signers::local::PrivateKeySigner;
use eyre::{OptionExt, Result};
use gimbal_abi::{IEngine, IVault};
use gimbal_keeper::actions::{Moved, deposit, plan_deposit, plan_redeem, redeem};
use gimbal_keeper::config::Addresses;
use gimbal_keeper::decide::Policy;
use gimbal_keeper::deploy::{Deployment, Programs, deploy_system};
use gimbal_keeper::keeper::Keeper;
use gimbal_keeper::rpc::Chain as KeeperChain;
use gimbal_keeper::send::{SendPolicy, Sender};

use crate::chain::account;
use crate::market::Market;

pub use reading::{Reading, bps};
pub use specification::specification;

/// One in D18.
pub const ONE: u128 = 1_000_000_000_000_000_000;
/// Ether for the gas of every role.
const ETHER_PER_ROLE: u128 = 100 * ONE;

/// The keys of everyone who takes part.
#[derive(Debug, Clone)]
pub struct Roles {
    /// Deploys and owns.
    pub owner: PrivateKeySigner,
    /// May halt and kill.
    pub guardian: PrivateKeySigner,
    /// May rebalance.
    pub keeper: PrivateKeySigner,
    /// A depositor.
    pub alice: PrivateKeySigner,
    /// Another depositor.
    pub bob: PrivateKeySigner,
}

impl Roles {
    /// The same keys in every run.
    ///
    /// - Errors: never in practice.
    pub fn named() -> Result<Self> {
        Self::of(account)
    }

    /// The keys that `key` makes of the names.
    ///
    /// - Errors: those of `key`.
    pub fn of(key: impl Fn(&str) -> Result<PrivateKeySigner>) -> Result<Self> {
        Ok(Self {
            owner: key("owner")?,
            guardian: key("guardian")?,
            keeper: key("keeper")?,
            alice: key("alice")?,
            bob: key("bob")?,
        })
    }

    fn all(&self) -> [&PrivateKeySigner; 5] {
        [
            &self.owner,
            &self.guardian,
            &self.keeper,
            &self.alice,
            &self.bob,
        ]
    }
}

/// What to build on a market.
#[derive(Debug, Clone)]
pub struct SystemConfig {
    /// Target weights, D18, in registry order; equal weights if empty.
    pub targets: Vec<u64>,
    /// Band of every asset, bps.
    pub band_bps: u16,
    /// Oldest feed answer, s.
    pub heartbeat_s: u32,
    /// The engine's bounds.
    pub limits: IEngine::Limits,
    /// Dollars that the owner seeds the basket with; none to leave the vault without genesis.
    pub seed: Option<u64>,
    /// The factory that the adapter trusts, if not the market's.
    pub factory: Option<Address>,
}

impl Default for SystemConfig {
    /// Equal weights, a band of 200 bps, the default limits of the design, a seed of 100,000 dollars.
    fn default() -> Self {
        Self {
            targets: Vec::new(),
            band_bps: 200,
            heartbeat_s: 3_600,
            limits: IEngine::Limits {
                slippageBps: 50,
                lossBps: 30,
                gainBps: 30,
                deviationSkipBps: 150,
                deviationTripBps: 500,
                deviationSpotBps: 75,
                tradeBpsMax: 1_000,
                cooldown: 900,
                twapWindow: 1_800,
                sequencerGrace: 3_600,
                tradeUsdMin: 50 * ONE,
            },
            seed: Some(100_000),
            factory: None,
        }
    }
}

/// A deployed system and the market below it.
#[derive(Debug, Clone)]
pub struct System {
    /// The market.
    pub market: Market,
    /// The keys.
    pub roles: Roles,
    /// The vault.
    pub vault: Address,
    /// The engine.
    pub engine: Address,
    /// The adapter.
    pub adapter: Address,
    /// Every transaction of the deployment.
    pub deployment: Deployment,
}

impl System {
    /// Deploys, wires and seeds a system through the keeper's library. Every role gets ether (where the chain can
    /// make it), the owner the seed.
    ///
    /// - Errors: missing artifacts, a node that refuses, constructors that refuse the configuration.
    pub async fn deploy(market: Market, roles: Roles, config: &SystemConfig) -> Result<Self> {
        for role in roles.all() {
            market
                .chain
                .provide_ether(role.address(), U256::from(ETHER_PER_ROLE))
                .await?;
        }
        let spec = specification(&market, &roles, config).await?;
        if let Some(genesis) = &spec.genesis {
            for (index, amount) in genesis.amounts.iter().enumerate() {
                market.give(index, roles.owner.address(), *amount).await?;
            }
        }
        let programs = Programs::read(market.artifacts.built())?;
        let sender = sender(market.chain.url(), &roles.owner)?;
        let start = Deployment::new(market.chain.chain_id());
        let deployment = deploy_system(&sender, &spec, &programs, start, |_| Ok(())).await?;
        let address =
            |of: Option<Address>| of.ok_or_eyre("an incomplete deployment without an error");
        Ok(Self {
            vault: address(deployment.vault)?,
            engine: address(deployment.engine)?,
            adapter: address(deployment.adapter)?,
            market,
            roles,
            deployment,
        })
    }

    /// Gives a user the tokens that `shares` cost now; returns the amounts.
    ///
    /// - Errors: the vault has no genesis yet.
    pub async fn fund(&self, user: Address, shares: U256) -> Result<Vec<U256>> {
        let preview = self
            .market
            .chain
            .read(self.vault, &IVault::previewMintCall { shares })
            .await?;
        for (index, amount) in preview.amounts.iter().enumerate() {
            self.market.give(index, user, *amount).await?;
        }
        Ok(preview.amounts)
    }

    /// Approves and mints `shares` for a user that has the tokens, as `gimbal deposit` does.
    ///
    /// - Errors: those of the keeper's [`deposit`].
    pub async fn deposit(&self, user: &PrivateKeySigner, shares: U256) -> Result<Moved> {
        let sender = self.sender(user)?;
        let plan = plan_deposit(sender.chain(), self.vault, shares, 0).await?;
        Ok(deposit(&sender, self.vault, &plan, user.address()).await?)
    }

    /// Redeems `shares` of a user in kind, to itself, as `gimbal redeem` does.
    ///
    /// - Errors: those of the keeper's [`redeem`].
    pub async fn redeem(&self, user: &PrivateKeySigner, shares: U256) -> Result<Moved> {
        let sender = self.sender(user)?;
        let plan = plan_redeem(sender.chain(), self.vault, shares, Some(9_999), U256::ZERO).await?;
        Ok(redeem(&sender, self.vault, &plan, user.address()).await?)
    }

    /// Shares of an account.
    ///
    /// - Errors: a node that does not answer.
    pub async fn shares_of(&self, account: Address) -> Result<U256> {
        self.market.chain.balance(self.vault, account).await
    }

    /// Token balances of an account, in registry order.
    ///
    /// - Errors: a token that does not answer.
    pub async fn holdings(&self, account: Address) -> Result<Vec<U256>> {
        let mut held = Vec::with_capacity(self.market.assets.len());
        for asset in &self.market.assets {
            held.push(self.market.chain.balance(asset.token, account).await?);
        }
        Ok(held)
    }

    /// An honest keeper of this system, with the key that may rebalance.
    ///
    /// - Errors: the node's address is no URL.
    pub fn keeper(&self, policy: Policy) -> Result<Keeper> {
        Ok(Keeper::new(
            self.sender(&self.roles.keeper)?,
            self.addresses(),
            policy,
        ))
    }

    /// Addresses as the keeper's library takes them.
    pub fn addresses(&self) -> Addresses {
        Addresses {
            vault: self.vault,
            engine: self.engine,
        }
    }

    /// The keeper's sender for any key: what `gimbal` itself signs and sends with.
    ///
    /// - Errors: the node's address is no URL.
    pub fn sender(&self, key: &PrivateKeySigner) -> Result<Sender> {
        sender(self.market.chain.url(), key)
    }
}

fn sender(url: &str, key: &PrivateKeySigner) -> Result<Sender> {
    let policy = SendPolicy {
        poll: std::time::Duration::from_millis(5),
        ..SendPolicy::default()
    };
    Ok(Sender::new(KeeperChain::connect(url)?, key.clone(), policy))
}
