//! ACTIVE, HALTED, KILLED. Halting and killing stop trades; nothing here can stop `redeem`.

use stylus_sdk::prelude::*;

use crate::{
    Vault,
    errors::{MinHalt, Revert, WrongMode, overflow, revert},
    events::{GuardianSet, Halted, Killed, Resumed, emit},
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
    if vault.guardians.replace(caller, false) {
        emit(
            vault.vm(),
            GuardianSet {
                caller,
                guardian: caller,
                allowed: false,
            },
        );
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
