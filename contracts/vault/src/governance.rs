//! Who may do what. Guardians can only make the vault safer; nobody can touch the way out.

use alloy_primitives::Address;
use stylus_sdk::prelude::*;

use crate::{
    Vault,
    errors::{NoCode, NotRole, Revert, ZeroAddress, revert},
    events::{
        EngineSet, GuardianSet, OwnershipTransferStarted, OwnershipTransferred, VenueSet, emit,
    },
};

/// Roles as `NotRole` names them.
const OWNER: u8 = 0;
const GUARDIAN: u8 = 1;
const ENGINE: u8 = 2;
const PENDING_OWNER: u8 = 4;

pub(crate) fn construct(
    vault: &mut Vault,
    owner: Address,
    guardian: Address,
) -> Result<(), Revert> {
    check_address(owner)?;
    check_address(guardian)?;
    install_owner(vault, owner);
    install_guardian(vault, guardian, true);
    Ok(())
}

pub(crate) fn transfer_ownership(vault: &mut Vault, new_owner: Address) -> Result<(), Revert> {
    vault.unlocked()?;
    let owner = vault.only_owner()?;
    check_address(new_owner)?;
    vault.pending_owner.set(new_owner);
    emit(
        vault.vm(),
        OwnershipTransferStarted {
            previousOwner: owner,
            newOwner: new_owner,
        },
    );
    Ok(())
}

pub(crate) fn accept_ownership(vault: &mut Vault) -> Result<(), Revert> {
    vault.unlocked()?;
    let pending = vault.pending_owner.get();
    let caller = vault.only(pending, PENDING_OWNER)?;
    vault.pending_owner.set(Address::ZERO);
    install_owner(vault, caller);
    Ok(())
}

fn install_owner(vault: &mut Vault, owner: Address) {
    let previous = vault.owner.get();
    vault.owner.set(owner);
    emit(
        vault.vm(),
        OwnershipTransferred {
            previousOwner: previous,
            newOwner: owner,
        },
    );
}

pub(crate) fn set_guardian(
    vault: &mut Vault,
    guardian: Address,
    allowed: bool,
) -> Result<(), Revert> {
    vault.unlocked()?;
    let resigns = !allowed && guardian == vault.caller() && vault.guardians.get(guardian);
    if !resigns {
        vault.only_owner()?;
    }
    check_address(guardian)?;
    install_guardian(vault, guardian, allowed);
    Ok(())
}

fn install_guardian(vault: &mut Vault, guardian: Address, allowed: bool) {
    vault.guardians.insert(guardian, allowed);
    emit(
        vault.vm(),
        GuardianSet {
            caller: vault.caller(),
            guardian,
            allowed,
        },
    );
}

pub(crate) fn set_engine(vault: &mut Vault, engine: Address) -> Result<(), Revert> {
    vault.unlocked()?;
    let caller = vault.only_owner()?;
    vault.check_code(engine)?;
    vault.engine.set(engine);
    emit(vault.vm(), EngineSet { caller, engine });
    Ok(())
}

pub(crate) fn set_venue(vault: &mut Vault, venue: Address, allowed: bool) -> Result<(), Revert> {
    vault.unlocked()?;
    let caller = if allowed {
        let owner = vault.only_owner()?;
        vault.check_code(venue)?;
        owner
    } else {
        vault.only_guardian()?
    };
    vault.venues.insert(venue, allowed);
    emit(
        vault.vm(),
        VenueSet {
            caller,
            venue,
            allowed,
        },
    );
    Ok(())
}

fn check_address(account: Address) -> Result<(), Revert> {
    if account.is_zero() {
        return Err(revert(ZeroAddress {}));
    }
    Ok(())
}

impl Vault {
    /// The caller, if it is `holder`.
    fn only(&self, holder: Address, role: u8) -> Result<Address, Revert> {
        let caller = self.caller();
        if caller != holder {
            return Err(revert(NotRole { role }));
        }
        Ok(caller)
    }

    /// The caller, if it is the owner.
    pub(crate) fn only_owner(&self) -> Result<Address, Revert> {
        self.only(self.owner.get(), OWNER)
    }

    /// The caller, if it is the engine.
    pub(crate) fn only_engine(&self) -> Result<Address, Revert> {
        self.only(self.engine.get(), ENGINE)
    }

    /// The caller, if it is a guardian or the owner.
    pub(crate) fn only_guardian(&self) -> Result<Address, Revert> {
        let caller = self.caller();
        if self.guardians.get(caller) {
            return Ok(caller);
        }
        self.only(self.owner.get(), GUARDIAN)
    }

    /// Refuses an address without code.
    pub(crate) fn check_code(&self, target: Address) -> Result<(), Revert> {
        if self.vm().code_size(target) == 0 {
            return Err(revert(NoCode { target }));
        }
        Ok(())
    }
}
