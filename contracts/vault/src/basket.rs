//! The way in: pro rata, so that no price is needed and nobody is diluted.

use alloc::vec::Vec;

use alloy_primitives::{Address, U256, address};
use gimbal_core::shares::{mint_amount_up, redeem_amount_down};
use stylus_sdk::prelude::*;

use crate::{
    Vault, calls,
    errors::{
        AlreadySeeded, LengthMismatch, MaxInExceeded, NotSeeded, Revert, SeedTooSmall, WrongMode,
        ZeroAmount, overflow, revert,
    },
    events::{Minted, Seeded, emit},
    modes::KILLED,
};

/// {share}, minted at genesis to nobody: the supply can never return to dust.
pub(crate) const DEAD_SHARES: U256 = U256::from_limbs([1_000_000_000_000_000, 0, 0, 0]);
/// Holds the dead shares. A precompile: no key, no code that could move them.
pub(crate) const DEAD: Address = address!("0000000000000000000000000000000000000001");

pub(crate) fn genesis(vault: &mut Vault, amounts: Vec<U256>, shares: U256) -> Result<(), Revert> {
    let caller = vault.only_owner()?;
    if !vault.supply.get().is_zero() {
        return Err(revert(AlreadySeeded {}));
    }
    vault.check_length(&amounts)?;
    let rest = shares.saturating_sub(DEAD_SHARES);
    if rest.is_zero() {
        return Err(revert(SeedTooSmall {
            shares,
            minimum: DEAD_SHARES,
        }));
    }
    for amount in &amounts {
        check_amount(*amount)?;
    }
    vault.issue(DEAD, DEAD_SHARES)?;
    vault.issue(caller, rest)?;
    take_in(vault, &amounts)?;
    emit(
        vault.vm(),
        Seeded {
            caller,
            shares,
            amounts,
        },
    );
    Ok(())
}

pub(crate) fn mint(
    vault: &mut Vault,
    shares: U256,
    receiver: Address,
    max_in: Vec<U256>,
) -> Result<Vec<U256>, Revert> {
    let mode = vault.status().mode;
    if mode == KILLED {
        return Err(revert(WrongMode { mode }));
    }
    let supply = vault.seeded()?;
    vault.check_receiver(receiver)?;
    check_amount(shares)?;
    vault.check_length(&max_in)?;
    let amounts = vault.slice(shares, supply, mint_amount_up)?;
    for (index, (needed, limit)) in amounts.iter().zip(&max_in).enumerate() {
        if needed > limit {
            return Err(revert(MaxInExceeded {
                token: vault.asset(index),
                needed: *needed,
                maxIn: *limit,
            }));
        }
    }
    vault.issue(receiver, shares)?;
    take_in(vault, &amounts)?;
    emit(
        vault.vm(),
        Minted {
            caller: vault.caller(),
            receiver,
            shares,
            amountsIn: amounts.clone(),
        },
    );
    Ok(amounts)
}

/// Books the amounts, then pulls them from the caller; what arrives must be what was asked for.
fn take_in(vault: &mut Vault, amounts: &[U256]) -> Result<(), Revert> {
    for (index, amount) in amounts.iter().enumerate() {
        vault.add_managed(index, *amount)?;
    }
    for (index, amount) in amounts.iter().enumerate() {
        calls::pull(vault.vm(), vault.asset(index), vault.caller(), *amount)?;
    }
    Ok(())
}

pub(crate) fn preview_mint(
    vault: &Vault,
    shares: U256,
) -> Result<(Vec<Address>, Vec<U256>), Revert> {
    preview(vault, shares, mint_amount_up)
}

pub(crate) fn preview_redeem(
    vault: &Vault,
    shares: U256,
) -> Result<(Vec<Address>, Vec<U256>), Revert> {
    preview(vault, shares, redeem_amount_down)
}

fn preview(
    vault: &Vault,
    shares: U256,
    amount_of: AmountOf,
) -> Result<(Vec<Address>, Vec<U256>), Revert> {
    vault.unlocked()?;
    let supply = vault.seeded()?;
    Ok((vault.all_assets(), vault.slice(shares, supply, amount_of)?))
}

/// `(managed, shares, supply) -> amount`, all rounding decided.
type AmountOf = fn(U256, U256, U256) -> Result<U256, gimbal_core::Error>;

/// Refuses zero.
pub(crate) fn check_amount(amount: U256) -> Result<(), Revert> {
    if amount.is_zero() {
        return Err(revert(ZeroAmount {}));
    }
    Ok(())
}

impl Vault {
    /// The supply, from genesis on.
    pub(crate) fn seeded(&self) -> Result<U256, Revert> {
        let supply = self.supply.get();
        if supply.is_zero() {
            return Err(revert(NotSeeded {}));
        }
        Ok(supply)
    }

    /// One amount per asset.
    pub(crate) fn check_length(&self, amounts: &[U256]) -> Result<(), Revert> {
        let (got, want) = (amounts.len(), usize::from(self.status().count));
        if got != want {
            return Err(revert(LengthMismatch {
                got: U256::from(got),
                want: U256::from(want),
            }));
        }
        Ok(())
    }

    /// The part of every asset that `shares` of `supply` stand for.
    pub(crate) fn slice(
        &self,
        shares: U256,
        supply: U256,
        amount_of: AmountOf,
    ) -> Result<Vec<U256>, Revert> {
        self.indices()
            .map(|index| amount_of(self.holding(index).managed, shares, supply).map_err(overflow))
            .collect()
    }
}
