//! The way out. Reads no price, asks nobody, works in every mode, and survives any token that misbehaves.

use alloc::vec::Vec;

use alloy_primitives::{Address, U256};
use gimbal_core::shares::redeem_amount_down;
use stylus_sdk::prelude::*;

use crate::{
    Vault,
    basket::check_amount,
    calls,
    errors::{NothingOwed, Revert, Slippage, revert},
    events::{Claimed, Owed, Redeemed, emit},
    registry::{add, sub},
};

pub(crate) fn redeem(
    vault: &mut Vault,
    shares: U256,
    receiver: Address,
    owner: Address,
    min_out: Vec<U256>,
    skip_mask: U256,
) -> Result<(Vec<U256>, U256), Revert> {
    let supply = vault.seeded()?;
    vault.check_receiver(receiver)?;
    check_amount(shares)?;
    vault.spend_allowance(owner, shares)?;
    vault.burn(owner, shares)?;
    // A slice of the supply that the shares were still part of.
    let amounts = vault.slice(shares, supply, redeem_amount_down)?;
    if !min_out.is_empty() {
        vault.check_length(&min_out)?;
    }
    for (index, (got, want)) in amounts.iter().zip(&min_out).enumerate() {
        if got < want {
            return Err(revert(Slippage {
                token: vault.asset(index),
                got: *got,
                want: *want,
            }));
        }
    }
    for (index, amount) in amounts.iter().enumerate() {
        vault.sub_managed(index, *amount)?;
    }

    let mut owed_mask = U256::ZERO;
    for (index, amount) in amounts.iter().enumerate() {
        let moved = if amount.is_zero() {
            *amount
        } else if skip_mask.bit(index) {
            U256::ZERO
        } else {
            calls::try_pay(vault.vm(), vault.asset(index), receiver, *amount)?
        };
        // A token that moved more than it was asked to has failed its own holders; there is nothing to book.
        let rest = amount.saturating_sub(moved);
        if !rest.is_zero() {
            owed_mask.set_bit(index, true);
            owe(vault, index, receiver, rest)?;
        }
    }
    emit(
        vault.vm(),
        Redeemed {
            caller: vault.caller(),
            receiver,
            owner,
            shares,
            amountsOut: amounts.clone(),
            owedMask: owed_mask,
        },
    );
    Ok((amounts, owed_mask))
}

/// Books a debt for what the holders no longer own and the receiver does not have yet.
fn owe(vault: &mut Vault, index: usize, user: Address, amount: U256) -> Result<(), Revert> {
    let asset = vault.asset(index);
    let mut holding = vault.holding(index);
    holding.reserved = add(holding.reserved, amount)?;
    vault.set_holding(index, holding)?;
    let mut assets = vault.owed.setter(user);
    let mut slot = assets.setter(asset);
    let sum = add(slot.get(), amount)?;
    slot.set(sum);
    emit(
        vault.vm(),
        Owed {
            user,
            asset,
            amount,
        },
    );
    Ok(())
}

pub(crate) fn claim(vault: &mut Vault, asset: Address, to: Address) -> Result<U256, Revert> {
    let index = vault.listed(asset)?;
    vault.check_receiver(to)?;
    let user = vault.caller();
    let amount = vault.owed.getter(user).get(asset);
    if amount.is_zero() {
        return Err(revert(NothingOwed { user, asset }));
    }
    vault.owed.setter(user).setter(asset).set(U256::ZERO);
    let mut holding = vault.holding(index);
    holding.reserved = sub(holding.reserved, amount)?;
    vault.set_holding(index, holding)?;
    emit(
        vault.vm(),
        Claimed {
            user,
            asset,
            to,
            amount,
        },
    );
    calls::pay(vault.vm(), asset, to, amount)?;
    Ok(amount)
}
