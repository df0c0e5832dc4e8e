//! What an engine is built on: the vault's own assets, each with a feed and a pool that fit it.

use alloc::vec::Vec;

use alloy_primitives::Address;
use gimbal_core::price::{FEED_DECIMALS_MAX, TOKEN_DECIMALS_MAX};
use stylus_sdk::{function_selector, prelude::*};

use crate::{
    Engine,
    abi::{Asset, Limits},
    calls::{Reply, keep, read},
    errors::{
        BadPrice, Error, HardCap, LengthMismatch, NotListed, RegistryMismatch, Result, ZeroAddress,
    },
    limits,
    registry::{Listing, Market, Status},
    vault,
    words::{Field, number, position},
};

const DECIMALS: [u8; 4] = function_selector!("decimals");
const FEE: [u8; 4] = function_selector!("fee");
const TOKEN0: [u8; 4] = function_selector!("token0");
const TOKEN1: [u8; 4] = function_selector!("token1");

/// Lists the vault's assets, once, in the vault's order.
///
/// Guards in order: addresses, the vault's registry, the reference, each asset, targets and bands, limits.
///
/// Errors: [`ZeroAddress`], [`LengthMismatch`], [`NotListed`] for the reference, [`RegistryMismatch`] for a token, or a
/// pool of other tokens, [`BadPrice`] for price bounds that leave nothing between them, [`HardCap`], `TargetSum`, and
/// those of the contracts that are asked.
#[inline(never)]
pub(crate) fn list(
    engine: &mut Engine,
    vault: Address,
    sequencer_feed: Address,
    reference: u64,
    assets: &[Asset],
    bounds: &Limits,
) -> Result<()> {
    not_zero(vault)?;
    not_zero(sequencer_feed)?;
    engine.vault.set(vault.to_word());
    engine.sequencer_feed.set(sequencer_feed.to_word());
    let tokens = vault::state(engine)?.tokens;
    if assets.len() != tokens.len() {
        return Err(Error::of::<LengthMismatch>(&[
            number(assets.len()),
            number(tokens.len()),
        ]));
    }
    let Some(reference_asset) = assets.get(position(reference)) else {
        return Err(Error::of::<NotListed>(&[reference]));
    };
    let (mut dearest, mut second) = (0, 0);
    let (mut targets, mut bands) = (Vec::new(), Vec::new());
    for (i, (asset, token)) in assets.iter().zip(tokens).enumerate() {
        if asset.token != *token {
            return Err(Error::at::<RegistryMismatch>(i));
        }
        targets.push(asset.target);
        bands.push(asset.band);
        let listing = listing(engine, i, asset)?;
        engine.set_listing(i, &listing);
        if asset.token == reference_asset.token {
            // The reference has no pool.
            if !asset.pool.is_zero() {
                return Err(Error::at::<RegistryMismatch>(i));
            }
            let liquidity_min = asset.liquidity_min;
            engine.set_market(
                i,
                &Market {
                    liquidity_min,
                    ..Market::default()
                },
            );
            continue;
        }
        let (market, fee) = market(engine, i, asset, reference_asset.token)?;
        engine.set_market(i, &market);
        second = fee.min(dearest).max(second);
        dearest = fee.max(dearest);
    }
    engine.set_status(&Status {
        reference,
        assets: number(assets.len()),
        path_fee: dearest.saturating_add(second),
        ..Status::default()
    });
    limits::set_targets(engine, keep(targets), keep(bands))?;
    limits::set(engine, bounds)
}

/// The asset with its decimals; target and band follow with all the others'.
fn listing(engine: &Engine, i: usize, asset: &Asset) -> Result<Listing> {
    not_zero(asset.feed)?;
    if asset.price_min >= asset.price_max {
        return Err(Error::at::<BadPrice>(i));
    }
    Ok(Listing {
        token: asset.token,
        heartbeat: asset.heartbeat,
        token_decimals: decimals(engine, asset.token, TOKEN_DECIMALS_MAX)?,
        feed_decimals: decimals(engine, asset.feed, FEED_DECIMALS_MAX)?,
        feed: asset.feed,
        price_min: asset.price_min,
        price_max: asset.price_max,
        ..Listing::default()
    })
}

/// The pool of the asset and the reference, and its fee {1e-6}.
fn market(engine: &Engine, i: usize, asset: &Asset, reference: Address) -> Result<(Market, u64)> {
    let pool = asset.pool;
    not_zero(pool)?;
    let token = |selector| ask(engine, pool, selector, |reply| reply.address(0));
    let tokens = (token(TOKEN0)?, token(TOKEN1)?);
    let is_token0 = tokens == (asset.token, reference);
    if !is_token0 && tokens != (reference, asset.token) {
        return Err(Error::at::<RegistryMismatch>(i));
    }
    let market = Market {
        pool,
        is_token0: is_token0.into(),
        liquidity_min: asset.liquidity_min,
    };
    Ok((market, ask(engine, pool, FEE, |reply| reply.number(0))?))
}

fn decimals(engine: &Engine, target: Address, most: u8) -> Result<u64> {
    let decimals = ask(engine, target, DECIMALS, |reply| reply.number(0))?;
    let most = u64::from(most);
    if decimals > most {
        return Err(Error::of::<HardCap>(&[decimals, most]));
    }
    Ok(decimals)
}

fn not_zero(address: Address) -> Result<()> {
    if address.is_zero() {
        Err(Error::of::<ZeroAddress>(&[]))
    } else {
        Ok(())
    }
}

fn ask<T>(
    engine: &Engine,
    target: Address,
    selector: [u8; 4],
    take: impl Fn(Reply) -> Option<T>,
) -> Result<T> {
    take(read(engine.vm(), target, &selector)?).ok_or_else(|| Error::call_failed(target))
}
