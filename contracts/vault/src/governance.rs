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

pub(crate) fn install_guardian(vault: &mut Vault, guardian: Address, allowed: bool) {
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

#[cfg(test)]
mod tests {
    use alloy_primitives::Address;
    use alloy_sol_types::SolError;

    use crate::{
        errors::{AssetCount, DuplicateAsset, NoCode, NotRole, Revert, ZeroAddress},
        events::{OwnershipTransferStarted, OwnershipTransferred, QuotaSet},
        testing::{ALICE, BOB, Chain, ENGINE, GUARDIAN, OWNER, TOKENS, VAULT, VENUE, text},
    };

    fn not(role: u8) -> Result<(), Revert> {
        Err(NotRole { role }.abi_encode())
    }

    #[test]
    fn construction_checks_and_records() {
        let construct = |owner, guardian, assets: &[Address]| {
            let chain = Chain::empty();
            let assets = assets.to_vec();
            let out = chain.sends(ALICE, |vault| {
                vault.constructor(owner, guardian, assets, text("A"), text("B"))
            });
            (chain, out)
        };
        let zero = Err(ZeroAddress {}.abi_encode());
        assert_eq!(construct(Address::ZERO, GUARDIAN, &TOKENS).1, zero);
        assert_eq!(construct(OWNER, Address::ZERO, &TOKENS).1, zero);
        for count in [0, 9, 300] {
            let error = construct(OWNER, GUARDIAN, &vec![TOKENS[0]; count]).1;
            let count = alloy_primitives::U256::from(count);
            assert_eq!(error, Err(AssetCount { count }.abi_encode()));
        }
        let error = construct(OWNER, GUARDIAN, &[TOKENS[0], BOB]).1;
        assert_eq!(error, Err(NoCode { target: BOB }.abi_encode()));
        for (assets, asset) in [
            ([TOKENS[0], TOKENS[0]], TOKENS[0]),
            ([TOKENS[0], VAULT], VAULT),
        ] {
            let error = construct(OWNER, GUARDIAN, &assets).1;
            assert_eq!(error, Err(DuplicateAsset { asset }.abi_encode()));
        }
        let (chain, out) = construct(OWNER, GUARDIAN, &TOKENS);
        out.expect("constructs");
        chain.view(|vault| {
            assert_eq!((vault.owner(), vault.engine()), (OWNER, Address::ZERO));
            assert!(vault.is_guardian(GUARDIAN) && !vault.is_guardian(ALICE));
            assert_eq!(
                (vault.name(), vault.symbol(), vault.decimals()),
                ("A".into(), "B".into(), 18)
            );
            let state = vault.state().expect("unlocked");
            assert_eq!((state.0, state.1, state.3), (0, 0, TOKENS.to_vec()));
        });
        assert_eq!(chain.logs::<QuotaSet>().len(), 3);
    }

    #[test]
    fn ownership_takes_two_steps() {
        let chain = Chain::built();
        let start = |sender, to| chain.sends(sender, |vault| vault.transfer_ownership(to));
        let accept = |sender| chain.sends(sender, |vault| vault.accept_ownership());
        assert_eq!(start(GUARDIAN, ALICE), not(0));
        assert_eq!(
            start(OWNER, Address::ZERO),
            Err(ZeroAddress {}.abi_encode())
        );
        assert_eq!(accept(ALICE), not(4));
        start(OWNER, ALICE).expect("starts");
        assert_eq!(chain.view(|vault| vault.pending_owner()), ALICE);
        assert_eq!(accept(OWNER), not(4));
        accept(ALICE).expect("accepts");
        chain.view(|vault| {
            assert_eq!(
                (vault.owner(), vault.pending_owner()),
                (ALICE, Address::ZERO)
            );
        });
        assert_eq!(accept(ALICE), not(4));
        assert_eq!(start(OWNER, OWNER), not(0));
        assert_eq!(chain.logs::<OwnershipTransferStarted>().len(), 1);
        assert_eq!(chain.logs::<OwnershipTransferred>()[1].previousOwner, OWNER);
    }

    #[test]
    fn guardians_come_from_the_owner_and_may_resign() {
        let chain = Chain::built();
        let set = |sender, who, on| chain.sends(sender, |vault| vault.set_guardian(who, on));
        assert_eq!(set(GUARDIAN, ALICE, true), not(0));
        assert_eq!(set(GUARDIAN, GUARDIAN, true), not(0));
        assert_eq!(set(ALICE, ALICE, false), not(0));
        assert_eq!(
            set(OWNER, Address::ZERO, true),
            Err(ZeroAddress {}.abi_encode())
        );
        set(OWNER, ALICE, true).expect("adds");
        assert_eq!(set(ALICE, GUARDIAN, false), not(0));
        set(ALICE, ALICE, false).expect("resigns");
        assert_eq!(set(ALICE, ALICE, false), not(0));
        set(OWNER, GUARDIAN, false).expect("removes");
        chain.view(|vault| assert!(!vault.is_guardian(ALICE) && !vault.is_guardian(GUARDIAN)));
    }

    #[test]
    fn engine_and_venues_need_code() {
        let chain = Chain::built();
        let engine = |sender, at| chain.sends(sender, |vault| vault.set_engine(at));
        let venue = |sender, at, on| chain.sends(sender, |vault| vault.set_venue(at, on));
        let bare = Err(NoCode { target: BOB }.abi_encode());
        assert_eq!(engine(GUARDIAN, ENGINE), not(0));
        assert_eq!(engine(OWNER, BOB), bare);
        assert_eq!(venue(GUARDIAN, VENUE, true), not(0));
        assert_eq!(venue(OWNER, BOB, true), bare);
        assert_eq!(venue(ALICE, VENUE, false), not(1));
        venue(GUARDIAN, VENUE, false).expect("disables");
        assert!(!chain.view(|vault| vault.is_venue(VENUE)));
        venue(OWNER, VENUE, true).expect("enables");
        assert!(chain.view(|vault| vault.is_venue(VENUE)));
    }
}
