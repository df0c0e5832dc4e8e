//! A market, a system on it and two depositors.

use alloy::primitives::U256;
use alloy::signers::local::PrivateKeySigner;
use eyre::{Result, ensure};

use super::{Staging, Tell};
use crate::artifact::Artifacts;
use crate::chain::Chain;
use crate::market::Market;
use crate::summary::{GasUse, dollars};
use crate::system::{ONE, System};

/// {usd} that each depositor puts in; a share is worth a dollar at the start.
const DEPOSITS: [u64; 2] = [600_000, 300_000];

/// Deploys everything and lets two depositors mint.
///
/// - Errors: what was asked for is not on chain.
pub async fn open(
    chain: &Chain,
    artifacts: &Artifacts,
    staging: &Staging,
    tell: Tell<'_>,
    gas: &mut Vec<GasUse>,
) -> Result<System> {
    tell(&format!(
        "Chain {} at {}.",
        chain.chain_id(),
        chain.endpoint()
    ));
    let (deployer, config) = (&staging.deployer, &staging.system);
    let market = Market::deploy(chain, artifacts, deployer, &staging.market).await?;
    for asset in &market.assets {
        let pool = asset
            .listing
            .as_ref()
            .map_or("the reference".into(), |listing| {
                format!("pool {}", listing.pool)
            });
        let (listed, token) = (&asset.config, asset.token);
        tell(&format!(
            "  {:5} {token}, {} decimals, {} USD, {pool}",
            listed.symbol, listed.decimals, listed.price
        ));
    }
    tell(&format!(
        "Uniswap V3: factory {}, position manager {}.",
        market.factory, market.manager
    ));

    let system = System::deploy(market, staging.roles.clone(), config).await?;
    gas.extend(
        system
            .deployment
            .steps
            .iter()
            .filter_map(|step| GasUse::of_deployment(&step.step, step.gas_used)),
    );
    tell(&format!(
        "Gimbal: vault {}, engine {}, adapter {}.",
        system.vault, system.engine, system.adapter
    ));
    let reading = system.reading().await?;
    tell(&format!(
        "The owner seeded the basket: nav {} USD, targets 25 %, band {} bps.",
        dollars(reading.nav),
        config.band_bps
    ));

    let depositors = [
        ("first", &system.roles.alice),
        ("second", &system.roles.bob),
    ];
    for ((who, user), worth) in depositors.into_iter().zip(DEPOSITS) {
        mint(&system, who, user, worth, tell, gas).await?;
    }
    Ok(system)
}

async fn mint(
    system: &System,
    who: &str,
    user: &PrivateKeySigner,
    worth: u64,
    tell: Tell<'_>,
    gas: &mut Vec<GasUse>,
) -> Result<()> {
    let shares = U256::from(worth) * U256::from(ONE);
    system.fund(user.address(), shares).await?;
    let minted = system.deposit(user, shares).await?;
    ensure!(
        system.shares_of(user.address()).await? == shares,
        "the {who} depositor has no shares"
    );
    ensure!(
        system
            .holdings(user.address())
            .await?
            .iter()
            .all(U256::is_zero),
        "the {who} depositor was charged too little"
    );
    gas.push(GasUse::new(
        format!("mint_{who}"),
        system.market.chain.gas_used(minted.tx).await?,
    ));
    tell(&format!(
        "The {who} depositor minted {worth} shares for a slice of each of the four assets."
    ));
    Ok(())
}
