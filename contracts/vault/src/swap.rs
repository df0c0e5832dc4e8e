//! The engine's door: push the input to a registered venue, and believe nothing but balances.

use alloy_primitives::{Address, U256};
use stylus_sdk::prelude::*;

use crate::{
    Vault,
    basket::check_amount,
    calls,
    errors::{
        DuplicateAsset, MaxInExceeded, Revert, Slippage, UnknownVenue, WrongMode, overflow, revert,
    },
    events::{Swapped, emit},
    modes::ACTIVE,
    quota,
    registry::sub,
};

pub(crate) fn execute(
    vault: &mut Vault,
    venue: Address,
    token_in: Address,
    max_in: U256,
    token_out: Address,
    min_out: U256,
    route: &[u8],
) -> Result<(U256, U256), Revert> {
    vault.only_engine()?;
    let mut status = vault.status();
    if status.mode != ACTIVE {
        return Err(revert(WrongMode { mode: status.mode }));
    }
    vault.seeded()?;
    if !vault.venues.get(venue) {
        return Err(revert(UnknownVenue { venue }));
    }
    let index_in = vault.listed(token_in)?;
    let index_out = vault.listed(token_out)?;
    if index_in == index_out {
        return Err(revert(DuplicateAsset { asset: token_out }));
    }
    check_amount(max_in)?;
    quota::check(vault, index_in, max_in)?;

    let nonce = status.nonce;
    status.nonce = nonce.checked_add(1).ok_or_else(|| overflow(()))?;
    vault.set_status(status);

    let (spent, got) = trade(vault, venue, token_in, max_in, token_out, min_out, route)?;
    quota::charge(vault, index_in, spent)?;
    vault.sub_managed(index_in, spent)?;
    vault.add_managed(index_out, got)?;
    emit(
        vault.vm(),
        Swapped {
            nonce,
            venue,
            tokenIn: token_in,
            tokenOut: token_out,
            spent,
            got,
        },
    );
    Ok((spent, got))
}

/// What the venue took and gave, by the vault's own balances.
fn trade(
    vault: &Vault,
    venue: Address,
    token_in: Address,
    max_in: U256,
    token_out: Address,
    min_out: U256,
    route: &[u8],
) -> Result<(U256, U256), Revert> {
    let vm = vault.vm();
    let in_before = calls::own_balance(vm, token_in)?;
    let out_before = calls::own_balance(vm, token_out)?;
    calls::push(vm, token_in, venue, max_in)?;
    calls::swap(vm, venue, token_in, token_out, max_in, min_out, route)?;
    // A venue that returns more than it got has made a donation.
    let spent = in_before.saturating_sub(calls::own_balance(vm, token_in)?);
    let got = sub(calls::own_balance(vm, token_out)?, out_before)?;
    if spent > max_in {
        return Err(revert(MaxInExceeded {
            token: token_in,
            needed: spent,
            maxIn: max_in,
        }));
    }
    if got < min_out {
        return Err(revert(Slippage {
            token: token_out,
            got,
            want: min_out,
        }));
    }
    Ok((spent, got))
}
