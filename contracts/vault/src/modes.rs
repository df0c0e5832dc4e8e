//! ACTIVE, HALTED, KILLED. Halting and killing stop trades; nothing here can stop `redeem`.

use stylus_sdk::prelude::*;

use crate::{
    Vault,
    errors::{MinHalt, Revert, WrongMode, overflow, revert},
    events::{Halted, Killed, Resumed, emit},
    governance::install_guardian,
    status::Status,
};

/// Trades and mints.
pub(crate) const ACTIVE: u8 = 0;
/// Mints; latched until the engine resumes.
pub(crate) const HALTED: u8 = 1;
/// Neither, for good.
pub(crate) const KILLED: u8 = 2;

/// {s}, shortest halt.
pub(crate) const HALT_S_MIN: u64 = 3_600;

pub(crate) fn trip(vault: &mut Vault, reason: u8) -> Result<(), Revert> {
    vault.unlocked()?;
    vault.only_engine()?;
    let status = alive(vault)?;
    if status.mode == ACTIVE {
        latch(vault, status, reason);
    }
    Ok(())
}

pub(crate) fn halt(vault: &mut Vault, reason: u8) -> Result<(), Revert> {
    vault.unlocked()?;
    vault.only_guardian()?;
    let status = alive(vault)?;
    latch(vault, status, reason);
    Ok(())
}

fn latch(vault: &mut Vault, status: Status, reason: u8) {
    vault.set_status(Status {
        mode: HALTED,
        halted_at: vault.now(),
        ..status
    });
    let caller = vault.caller();
    emit(vault.vm(), Halted { caller, reason });
}

pub(crate) fn resume(vault: &mut Vault) -> Result<(), Revert> {
    let status = vault.unlocked()?;
    let caller = vault.only_engine()?;
    if status.mode != HALTED {
        return Err(revert(WrongMode { mode: status.mode }));
    }
    let until = status
        .halted_at
        .checked_add(HALT_S_MIN)
        .ok_or_else(|| overflow(()))?;
    if vault.now() < until {
        return Err(revert(MinHalt { until }));
    }
    vault.set_status(Status {
        mode: ACTIVE,
        ..status
    });
    emit(vault.vm(), Resumed { caller });
    Ok(())
}

/// The key that kills is used up by it: a stolen one causes one outage.
pub(crate) fn kill(vault: &mut Vault, reason: u8) -> Result<(), Revert> {
    vault.unlocked()?;
    let caller = vault.only_guardian()?;
    let status = alive(vault)?;
    vault.set_status(Status {
        mode: KILLED,
        halted_at: vault.now(),
        ..status
    });
    emit(vault.vm(), Killed { caller, reason });
    if vault.guardians.get(caller) {
        install_guardian(vault, caller, false);
    }
    Ok(())
}

fn alive(vault: &Vault) -> Result<Status, Revert> {
    let status = vault.status();
    if status.mode == KILLED {
        return Err(revert(WrongMode { mode: KILLED }));
    }
    Ok(status)
}

#[cfg(test)]
mod tests {
    use alloy_sol_types::SolError;

    use super::{ACTIVE, HALTED, KILLED};
    use crate::{
        Vault,
        errors::{MinHalt, NotRole, Revert, WrongMode},
        events::{GuardianSet, Halted, Killed},
        testing::{ALICE, Chain, ENGINE, GUARDIAN, OWNER},
    };

    type Act = fn(&mut Vault) -> Result<(), Revert>;

    const TRIP: Act = |vault| vault.trip(1);
    const HALT: Act = |vault| vault.halt(2);
    const KILL: Act = |vault| vault.kill(3);
    const RESUME: Act = |vault| vault.resume();

    fn mode(chain: &Chain) -> (u8, u64) {
        chain.view(|vault| vault.mode_since())
    }

    #[test]
    fn each_edge_has_its_roles() {
        for (act, role, holders) in [
            (TRIP, 2, [ENGINE].as_slice()),
            (RESUME, 2, &[ENGINE]),
            (HALT, 1, &[OWNER, GUARDIAN]),
            (KILL, 1, &[OWNER, GUARDIAN]),
        ] {
            for sender in [OWNER, GUARDIAN, ENGINE, ALICE] {
                let chain = Chain::seeded();
                let refused = chain.sends(sender, act) == Err(NotRole { role }.abi_encode());
                assert_eq!(refused, !holders.contains(&sender), "{role} {sender}");
            }
        }
    }

    #[test]
    fn halts_latch_for_an_hour() {
        let chain = Chain::seeded();
        let start = chain.now();
        assert_eq!(mode(&chain), (ACTIVE, 0));
        let want = WrongMode { mode: ACTIVE }.abi_encode();
        assert_eq!(chain.sends(ENGINE, RESUME), Err(want));
        chain.sends(ENGINE, TRIP).expect("trips");
        assert_eq!(mode(&chain), (HALTED, start));
        chain.warp(600);
        chain.sends(ENGINE, TRIP).expect("does nothing");
        assert_eq!(mode(&chain), (HALTED, start));
        assert_eq!(chain.logs::<Halted>().len(), 1);
        chain.warp(2_999);
        let until = start + 3_600;
        assert_eq!(
            chain.sends(ENGINE, RESUME),
            Err(MinHalt { until }.abi_encode())
        );
        chain.warp(1);
        chain.sends(ENGINE, RESUME).expect("resumes");
        assert_eq!(mode(&chain), (ACTIVE, start));
    }

    #[test]
    fn a_halt_by_hand_starts_the_hour_anew() {
        let chain = Chain::seeded();
        chain.sends(ENGINE, TRIP).expect("trips");
        chain.warp(3_600);
        chain.sends(GUARDIAN, HALT).expect("halts");
        let until = chain.now() + 3_600;
        assert_eq!(
            chain.sends(ENGINE, RESUME),
            Err(MinHalt { until }.abi_encode())
        );
    }

    #[test]
    fn nothing_leaves_killed() {
        let chain = Chain::seeded();
        chain.sends(OWNER, KILL).expect("kills");
        assert_eq!(mode(&chain), (KILLED, chain.now()));
        assert_eq!(chain.logs::<Killed>()[0].reason, 3);
        chain.warp(1_000_000);
        let want = Err(WrongMode { mode: KILLED }.abi_encode());
        for (sender, act) in [
            (ENGINE, TRIP),
            (ENGINE, RESUME),
            (OWNER, HALT),
            (OWNER, KILL),
        ] {
            assert_eq!(chain.sends(sender, act), want);
        }
    }

    #[test]
    fn the_key_that_kills_is_used_up() {
        let chain = Chain::seeded();
        chain.sends(GUARDIAN, KILL).expect("kills");
        assert!(!chain.view(|vault| vault.is_guardian(GUARDIAN)));
        let logs = chain.logs::<GuardianSet>();
        let last = logs.last().expect("logged");
        assert_eq!(
            (last.caller, last.guardian, last.allowed),
            (GUARDIAN, GUARDIAN, false)
        );
        // An owner that is no guardian has none to lose.
        let chain = Chain::seeded();
        chain.sends(OWNER, KILL).expect("kills");
        assert!(chain.view(|vault| vault.is_guardian(GUARDIAN)));
        assert_eq!(chain.logs::<GuardianSet>().len(), 1);
    }
}
