//! The way out: in kind, before and after the kill.

use alloy::primitives::U256;
use alloy::signers::local::PrivateKeySigner;
use eyre::{Result, ensure};
use gimbal_abi::IVault;
use gimbal_keeper::actions::Moved;

use super::Tell;
use crate::summary::GasUse;
use crate::system::System;

/// Why the guardian kills in this story; the vault stores no meaning.
const REASON: u8 = 1;

/// The first depositor redeems half of its shares.
///
/// - Errors: something other than its slice of every asset arrived.
pub async fn redeem(system: &System, tell: Tell<'_>, gas: &mut Vec<GasUse>) -> Result<Moved> {
    let alice = &system.roles.alice;
    let shares = system.shares_of(alice.address()).await? / U256::from(2);
    let moved = redeem_checked(system, alice, shares).await?;
    gas.push(GasUse::new("redeem", moved.gas_used));
    tell(
        "The first depositor redeemed half of its shares: its slice of all four assets, no price asked.",
    );
    Ok(moved)
}

/// The guardian kills the vault.
///
/// - Errors: the vault is not killed.
pub async fn kill(system: &System, tell: Tell<'_>, gas: &mut Vec<GasUse>) -> Result<()> {
    let chain = &system.market.chain;
    let receipt = chain
        .send(
            &system.roles.guardian,
            system.vault,
            &IVault::killCall { reason: REASON },
        )
        .await?;
    gas.push(GasUse::new("kill", receipt.gas_used));
    ensure!(
        chain
            .read(system.vault, &IVault::modeSinceCall {})
            .await?
            .mode
            == 2,
        "the vault is not killed"
    );
    let guardian = IVault::isGuardianCall {
        account: system.roles.guardian.address(),
    };
    ensure!(
        !chain.read(system.vault, &guardian).await?,
        "the guardian kept its role after the kill"
    );
    tell("The guardian killed the vault and lost its role with it.");
    Ok(())
}

/// The second depositor redeems everything from the killed vault.
///
/// - Errors: something other than its slice of every asset arrived.
pub async fn redeem_after_kill(
    system: &System,
    tell: Tell<'_>,
    gas: &mut Vec<GasUse>,
) -> Result<bool> {
    let bob = &system.roles.bob;
    let shares = system.shares_of(bob.address()).await?;
    let moved = redeem_checked(system, bob, shares).await?;
    gas.push(GasUse::new("redeem_after_kill", moved.gas_used));
    tell("The second depositor redeemed everything from the killed vault.");
    Ok(system.shares_of(bob.address()).await?.is_zero())
}

/// Redeems and compares what arrived with `floor(managed * shares / supply)` of every asset.
async fn redeem_checked(system: &System, user: &PrivateKeySigner, shares: U256) -> Result<Moved> {
    let chain = &system.market.chain;
    let state = chain.read(system.vault, &IVault::stateCall {}).await?;
    let before = system.holdings(user.address()).await?;
    let moved = system.redeem(user, shares).await?;
    let after = system.holdings(user.address()).await?;
    for (index, managed) in state.managed.iter().enumerate() {
        let due = *managed * shares / state.supply;
        ensure!(
            due > U256::ZERO && after[index] - before[index] == due,
            "asset {index}: {due} was due"
        );
    }
    ensure!(
        moved.owed_mask.is_zero(),
        "an asset was credited instead of paid"
    );
    let supply = chain
        .read(system.vault, &IVault::totalSupplyCall {})
        .await?;
    ensure!(state.supply - supply == shares, "the shares were not burnt");
    Ok(moved)
}
