//! How much of an asset swaps may take out in a day: a leaky bucket of fractions, so that minting makes no room, and
//! without a price, so that a wrong one cannot widen it.

use alloy_primitives::{Address, U256};
use gimbal_core::bucket::{Level, Rate, fraction_up, level_at};
use stylus_sdk::prelude::*;

use crate::{
    Vault,
    errors::{HardCap, QuotaExceeded, Revert, overflow, revert},
    events::{QuotaSet, emit},
};

/// {bps} of an asset per period, unless set.
pub(crate) const OUT_BPS_DEFAULT: u16 = 2_500;
/// {bps}, the most that can be set.
pub(crate) const OUT_BPS_MAX: u16 = 5_000;
/// {s}
pub(crate) const PERIOD_S: u32 = 86_400;
/// D18{1} in a basis point.
const BPS_D18: u64 = 100_000_000_000_000;

/// One asset's bucket. Packed, limbs least significant first: used, at, bps, zero. A level is at most
/// `OUT_BPS_MAX` (0.5e18) and fits 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Quota {
    /// D18{1}
    used: u64,
    /// {s}, chain time at which `used` was right.
    at: u64,
    /// {bps}
    out_bps: u64,
}

impl Quota {
    fn read(vault: &Vault, index: usize) -> Self {
        let word = vault.quotas.get(index).unwrap_or_default();
        let [used, at, out_bps, _] = *word.as_limbs();
        Self { used, at, out_bps }
    }

    fn write(self, vault: &mut Vault, index: usize) -> Result<(), Revert> {
        let mut slot = vault.quotas.setter(index).ok_or_else(|| overflow(()))?;
        slot.set(U256::from_limbs([self.used, self.at, self.out_bps, 0]));
        Ok(())
    }

    /// D18{1}
    fn cap(self) -> U256 {
        U256::from(self.out_bps.saturating_mul(BPS_D18))
    }

    /// D18{1}, after the leak.
    fn level(self, now: u64) -> Result<U256, Revert> {
        let level = Level {
            used: U256::from(self.used),
            at: self.at,
        };
        let rate = Rate {
            cap: self.cap(),
            period_s: PERIOD_S,
        };
        level_at(level, now, rate).map_err(overflow)
    }
}

/// The level that taking `amount` now would give.
fn level_with(vault: &Vault, index: usize, amount: U256) -> Result<(Quota, U256), Revert> {
    let quota = Quota::read(vault, index);
    let level = quota.level(vault.now())?;
    // {1} = {tok} / {tok}. Nothing can be taken out of an asset that the vault has none of.
    let part = fraction_up(amount, vault.holding(index).managed).unwrap_or(U256::MAX);
    Ok((quota, level.saturating_add(part)))
}

/// Refuses an outflow that the bucket has no room for.
pub(crate) fn check(vault: &Vault, index: usize, amount: U256) -> Result<(), Revert> {
    let (quota, used) = level_with(vault, index, amount)?;
    let cap = quota.cap();
    if used > cap {
        return Err(revert(QuotaExceeded {
            token: vault.asset(index),
            used,
            cap,
        }));
    }
    Ok(())
}

/// Books an outflow that was checked as part of a larger one. Before `managed` is lowered by it.
pub(crate) fn charge(vault: &mut Vault, index: usize, amount: U256) -> Result<(), Revert> {
    let (quota, used) = level_with(vault, index, amount)?;
    let at = vault.now();
    let used = u64::try_from(used).map_err(overflow)?;
    Quota { used, at, ..quota }.write(vault, index)
}

/// Used and cap, D18.
pub(crate) fn view(vault: &Vault, asset: Address) -> Result<(U256, U256), Revert> {
    let quota = Quota::read(vault, vault.listed(asset)?);
    Ok((quota.level(vault.now())?, quota.cap()))
}

/// Raising needs the owner; lowering, a guardian will do.
pub(crate) fn set(vault: &mut Vault, asset: Address, out_bps: u16) -> Result<(), Revert> {
    vault.unlocked()?;
    let index = vault.listed(asset);
    let lowers =
        matches!(&index, Ok(index) if u64::from(out_bps) <= Quota::read(vault, *index).out_bps);
    if lowers {
        vault.only_guardian()?;
    } else {
        vault.only_owner()?;
    }
    let index = index?;
    if out_bps > OUT_BPS_MAX {
        return Err(revert(HardCap {
            value: U256::from(out_bps),
            cap: U256::from(OUT_BPS_MAX),
        }));
    }
    write(vault, index, out_bps)
}

/// Sets a quota. What has leaked so far leaked at the old rate.
pub(crate) fn write(vault: &mut Vault, index: usize, out_bps: u16) -> Result<(), Revert> {
    let at = vault.now();
    let used = Quota::read(vault, index).level(at)?;
    let quota = Quota {
        used: u64::try_from(used).map_err(overflow)?,
        at,
        out_bps: u64::from(out_bps),
    };
    quota.write(vault, index)?;
    emit(
        vault.vm(),
        QuotaSet {
            caller: vault.caller(),
            asset: vault.asset(index),
            outBps: out_bps,
        },
    );
    Ok(())
}
