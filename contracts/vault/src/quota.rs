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
        let entry = vault.assets.getter(index);
        let word = entry.map_or(U256::ZERO, |asset| asset.quota.get());
        let [used, at, out_bps, _] = *word.as_limbs();
        Self { used, at, out_bps }
    }

    fn write(self, vault: &mut Vault, index: usize) -> Result<(), Revert> {
        let word = U256::from_limbs([self.used, self.at, self.out_bps, 0]);
        vault.entry(index)?.quota.set(word);
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

/// A level is at most a cap, and fits.
fn narrow(level: U256) -> Result<u64, Revert> {
    match *level.as_limbs() {
        [level, 0, 0, 0] => Ok(level),
        _ => Err(overflow(())),
    }
}

/// Room for an outflow, found before it and used up after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    quota: Quota,
    /// D18{1}, the level now.
    level: U256,
    /// {tok}, of which outflows are fractions.
    managed: U256,
}

impl Room {
    /// D18{1}, the level that taking `amount` gives. Nothing can be taken out of an asset that the vault has none of.
    fn level_with(&self, amount: U256) -> U256 {
        let part = fraction_up(amount, self.managed).unwrap_or(U256::MAX);
        self.level.saturating_add(part)
    }
}

/// Refuses an outflow that the bucket has no room for.
pub(crate) fn check(vault: &Vault, index: usize, amount: U256) -> Result<Room, Revert> {
    let quota = Quota::read(vault, index);
    let room = Room {
        quota,
        level: quota.level(vault.now())?,
        managed: vault.holding(index).managed,
    };
    let (used, cap) = (room.level_with(amount), quota.cap());
    if used > cap {
        return Err(revert(QuotaExceeded {
            token: vault.asset(index),
            used,
            cap,
        }));
    }
    Ok(room)
}

/// Books an outflow, at most the one that was checked.
pub(crate) fn charge(
    vault: &mut Vault,
    index: usize,
    room: Room,
    amount: U256,
) -> Result<(), Revert> {
    let at = vault.now();
    let used = narrow(room.level_with(amount))?;
    Quota {
        used,
        at,
        ..room.quota
    }
    .write(vault, index)
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
        used: narrow(used)?,
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

#[cfg(test)]
mod tests {
    use alloy_primitives::U256;
    use alloy_sol_types::SolError;

    use crate::{
        errors::{HardCap, Locked, NotListed, NotRole, QuotaExceeded},
        events::QuotaSet,
        testing::{ALICE, Chain, ENGINE, GUARDIAN, OWNER, TOKENS, VENUE, u},
    };

    /// D18 in a percent.
    const PERCENT: u128 = 10_000_000_000_000_000;

    fn sell(chain: &Chain, amount: u128) -> Result<(U256, U256), Vec<u8>> {
        chain.deal(amount, 0);
        chain.sends(ENGINE, |vault| {
            let route = Default::default();
            vault.execute_swap(VENUE, TOKENS[0], u(amount), TOKENS[1], u(0), route)
        })
    }

    fn used(chain: &Chain) -> U256 {
        chain
            .view(|vault| vault.quota(TOKENS[0]))
            .expect("listed")
            .0
    }

    #[test]
    fn fills_up_and_leaks() {
        let chain = Chain::seeded();
        sell(&chain, 200).expect("a fifth");
        assert_eq!(used(&chain), u(20 * PERCENT));
        // 40 of 800 are five percent more.
        sell(&chain, 40).expect("the rest");
        assert_eq!(used(&chain), u(25 * PERCENT));
        let error = sell(&chain, 1).expect_err("full");
        assert!(QuotaExceeded::abi_decode(&error).is_ok());
        chain.warp(86_400 / 5);
        assert_eq!(used(&chain), u(20 * PERCENT));
        sell(&chain, 38).expect("five percent of 760");
        sell(&chain, 1).expect_err("full again");
        chain.warp(86_400);
        assert_eq!(used(&chain), U256::ZERO);
    }

    #[test]
    fn a_malicious_engine_is_bounded_in_any_window() {
        let chain = Chain::seeded();
        let mut left = 1000_u128;
        // Greedy for two days, every hour, on the smallest grain.
        for _ in 0..48 {
            while sell(&chain, 1).is_ok() {
                left -= 1;
            }
            chain.warp(3_600);
        }
        // Three quotas at most leave (1 - 0.25 * 3) in fractions of what was there: e^-0.75.
        assert!(left >= 472, "{left}");
    }

    #[test]
    fn nothing_can_be_sold_of_nothing() {
        let chain = Chain::seeded();
        chain
            .sends(OWNER, |vault| {
                let mut holding = vault.holding(0);
                holding.managed = U256::ZERO;
                vault.set_holding(0, holding)
            })
            .expect("empties");
        let error = sell(&chain, 1).expect_err("empty");
        let error = QuotaExceeded::abi_decode(&error).expect("typed");
        assert_eq!(error.used, U256::MAX);
    }

    #[test]
    fn owner_raises_guardian_lowers() {
        let chain = Chain::seeded();
        let set = |sender, asset, bps| chain.sends(sender, |vault| vault.set_quota(asset, bps));
        let not = |role| Err(NotRole { role }.abi_encode());
        assert_eq!(set(GUARDIAN, TOKENS[0], 2_501), not(0));
        assert_eq!(set(ALICE, TOKENS[0], 2_500), not(1));
        assert_eq!(set(GUARDIAN, ALICE, 0), not(0));
        assert_eq!(
            set(OWNER, ALICE, 0),
            Err(NotListed { token: ALICE }.abi_encode())
        );
        let want = HardCap {
            value: u(5_001),
            cap: u(5_000),
        };
        assert_eq!(set(OWNER, TOKENS[0], 5_001), Err(want.abi_encode()));
        set(OWNER, TOKENS[0], 5_000).expect("raises");
        set(GUARDIAN, TOKENS[0], 100).expect("lowers");
        let log = chain.logs::<QuotaSet>();
        assert_eq!(
            log.last().map(|log| (log.caller, log.outBps)),
            Some((GUARDIAN, 100))
        );
        let locked = chain.sends(OWNER, |vault| {
            vault.operation(|vault| vault.set_quota(TOKENS[0], 0))
        });
        assert_eq!(locked, Err(Locked {}.abi_encode()));
    }

    #[test]
    fn a_new_quota_does_not_change_the_past() {
        let chain = Chain::seeded();
        sell(&chain, 200).expect("a fifth");
        chain.warp(86_400 / 5);
        chain
            .sends(OWNER, |vault| vault.set_quota(TOKENS[0], 5_000))
            .expect("raises");
        // Five percent leaked at the old rate, not ten at the new one.
        assert_eq!(used(&chain), u(15 * PERCENT));
        chain
            .sends(GUARDIAN, |vault| vault.set_quota(TOKENS[0], 0))
            .expect("shuts");
        sell(&chain, 1).expect_err("shut");
    }
}
