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
    registry::ASSETS_MAX,
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
        let mut amounts = Vec::with_capacity(ASSETS_MAX);
        for index in self.indices() {
            let managed = self.holding(index).managed;
            amounts.push(amount_of(managed, shares, supply).map_err(overflow)?);
        }
        Ok(amounts)
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, U256};
    use alloy_sol_types::SolError;

    use super::{DEAD, DEAD_SHARES};
    use crate::{
        errors::{
            AlreadySeeded, CallFailed, ERC20InvalidReceiver, FeeOnTransfer, LengthMismatch,
            MaxInExceeded, NotRole, NotSeeded, Overflow, SeedTooSmall, TransferFailed, WrongMode,
            ZeroAmount,
        },
        events::{Minted, Seeded, Transfer},
        testing::{ALICE, BOB, Chain, Fault, GUARDIAN, OWNER, SHARE, TOKENS, VAULT, u},
    };

    const PLENTY: [U256; 3] = [U256::MAX; 3];

    fn mint(chain: &Chain, shares: u128) -> Result<Vec<U256>, Vec<u8>> {
        chain.sends(ALICE, |vault| vault.mint(u(shares), BOB, PLENTY.to_vec()))
    }

    #[test]
    fn genesis_seeds_once_and_buries_the_dead_shares() {
        let chain = Chain::seeded();
        chain.view(|vault| {
            assert_eq!(vault.total_supply().expect("unlocked"), u(100 * SHARE));
            assert_eq!(vault.balance_of(DEAD).expect("unlocked"), DEAD_SHARES);
            let rest = u(100 * SHARE) - DEAD_SHARES;
            assert_eq!(vault.balance_of(OWNER).expect("unlocked"), rest);
        });
        assert_eq!(chain.logs::<Seeded>()[0].amounts, [1000, 2000, 3000].map(u));
        assert_eq!(chain.logs::<Transfer>().len(), 2);
        let again = chain.sends(OWNER, |vault| vault.genesis(vec![u(1); 3], u(2 * SHARE)));
        assert_eq!(again.expect_err("once"), AlreadySeeded {}.abi_encode());
    }

    #[test]
    fn genesis_guards_come_in_order() {
        let chain = Chain::built();
        let attempt = |sender, amounts: &[u128], shares| {
            let amounts = amounts.iter().map(|x| u(*x)).collect();
            chain
                .sends(sender, |vault| vault.genesis(amounts, shares))
                .expect_err("refuses")
        };
        let want = NotRole { role: 0 }.abi_encode();
        assert_eq!(attempt(ALICE, &[], u(0)), want);
        let want = LengthMismatch {
            got: u(2),
            want: u(3),
        };
        assert_eq!(attempt(OWNER, &[0, 0], u(0)), want.abi_encode());
        let want = SeedTooSmall {
            shares: DEAD_SHARES,
            minimum: DEAD_SHARES,
        };
        assert_eq!(attempt(OWNER, &[0, 0, 0], DEAD_SHARES), want.abi_encode());
        let want = ZeroAmount {}.abi_encode();
        assert_eq!(attempt(OWNER, &[1, 0, 1], u(SHARE)), want);
        // Nothing to pull from: the token's own words.
        assert_eq!(attempt(OWNER, &[1, 1, 1], u(SHARE)), b"balance");
    }

    #[test]
    fn mint_rounds_up_and_pulls_exactly_that() {
        let chain = Chain::seeded();
        let amounts = mint(&chain, SHARE / 3).expect("mints");
        // ceil of 3.33, 6.67 and 10.
        assert_eq!(amounts, [4, 7, 10].map(u));
        assert_eq!(chain.balance(TOKENS[0], ALICE), u(999_996));
        assert_eq!(chain.logs::<Minted>()[0].amountsIn, amounts);
        let held = chain.view(|vault| vault.balance_of(BOB)).expect("unlocked");
        assert_eq!(held, u(SHARE / 3));
        chain.check_solvent();
    }

    #[test]
    fn in_and_out_never_profits_and_never_dilutes() {
        let chain = Chain::seeded();
        for (step, shares) in [1, 2, 3, 10, 999, SHARE / 7, SHARE, 31 * SHARE]
            .into_iter()
            .enumerate()
        {
            let before = chain.view(|vault| vault.state()).expect("unlocked");
            let paid = mint(&chain, shares).expect("mints");
            let back = chain
                .sends(BOB, |vault| vault.redeem(u(shares), BOB, BOB, vec![], u(0)))
                .expect("redeems");
            assert!(
                paid.iter().zip(&back.0).all(|(paid, back)| paid >= back),
                "step {step}"
            );
            let after = chain.view(|vault| vault.state()).expect("unlocked");
            assert_eq!(before.2, after.2);
            assert!(
                before
                    .4
                    .iter()
                    .zip(&after.4)
                    .all(|(before, after)| before <= after)
            );
            chain.check_solvent();
        }
    }

    #[test]
    fn mint_guards_come_in_order() {
        let fresh = Chain::built();
        assert_eq!(
            mint(&fresh, 1).expect_err("no supply"),
            NotSeeded {}.abi_encode()
        );

        let chain = Chain::seeded();
        let attempt = |shares, receiver, max_in: &[u128]| {
            let max_in = max_in.iter().map(|x| u(*x)).collect();
            chain
                .sends(ALICE, |vault| vault.mint(shares, receiver, max_in))
                .expect_err("refuses")
        };
        for receiver in [Address::ZERO, VAULT] {
            let want = ERC20InvalidReceiver { receiver }.abi_encode();
            assert_eq!(attempt(u(0), receiver, &[]), want);
        }
        assert_eq!(attempt(u(0), BOB, &[]), ZeroAmount {}.abi_encode());
        let want = LengthMismatch {
            got: u(0),
            want: u(3),
        };
        assert_eq!(attempt(u(SHARE), BOB, &[]), want.abi_encode());
        let want = MaxInExceeded {
            token: TOKENS[1],
            needed: u(20),
            maxIn: u(19),
        };
        assert_eq!(attempt(u(SHARE), BOB, &[10, 19, 30]), want.abi_encode());
        let huge = chain.sends(ALICE, |vault| vault.mint(U256::MAX, BOB, PLENTY.to_vec()));
        assert_eq!(huge, Err(Overflow {}.abi_encode()));

        chain.sends(GUARDIAN, |vault| vault.halt(0)).expect("halts");
        mint(&chain, 1).expect("mints while halted");
        chain.sends(GUARDIAN, |vault| vault.kill(0)).expect("kills");
        let want = WrongMode { mode: 2 }.abi_encode();
        assert_eq!(attempt(u(0), Address::ZERO, &[]), want);
    }

    #[test]
    fn what_does_not_arrive_is_not_minted() {
        let token = TOKENS[1];
        let fee = |got| {
            FeeOnTransfer {
                token,
                got: u(got),
                want: u(200),
            }
            .abi_encode()
        };
        for (fault, want) in [
            (Fault::Fee, fee(180)),
            (Fault::Half, fee(100)),
            (Fault::Double, fee(400)),
            (Fault::Lie, fee(0)),
            (Fault::False, TransferFailed { token }.abi_encode()),
            (Fault::Garbage, TransferFailed { token }.abi_encode()),
            (Fault::Revert, b"paused by its issuer".to_vec()),
            (Fault::Blind, b"blind".to_vec()),
            (Fault::NoCode, CallFailed { target: token }.abi_encode()),
        ] {
            let chain = Chain::seeded();
            chain.fault(token, Some(fault));
            assert_eq!(
                mint(&chain, 10 * SHARE).expect_err("refuses"),
                want,
                "{fault:?}"
            );
            let state = chain.view(|vault| vault.state()).expect("unlocked");
            assert_eq!(
                (state.2, state.4),
                (u(100 * SHARE), [1000, 2000, 3000].map(u).to_vec())
            );
        }
    }

    #[test]
    fn donations_are_inert() {
        let chain = Chain::seeded();
        let before = chain.view(|vault| (vault.preview_mint(u(SHARE)), vault.state()));
        for token in TOKENS {
            chain.give(token, VAULT, u(u128::MAX / 2));
        }
        let after = chain.view(|vault| (vault.preview_mint(u(SHARE)), vault.state()));
        assert_eq!(before, after);
    }

    #[test]
    fn previews_tell_what_happens() {
        let chain = Chain::seeded();
        let shares = u(SHARE / 3);
        let (assets, amounts) = chain
            .view(|vault| vault.preview_mint(shares))
            .expect("unlocked");
        assert_eq!(assets, TOKENS);
        assert_eq!(mint(&chain, SHARE / 3).expect("mints"), amounts);
        let (_, amounts) = chain
            .view(|vault| vault.preview_redeem(shares))
            .expect("unlocked");
        let out = chain.sends(BOB, |vault| vault.redeem(shares, BOB, BOB, vec![], u(0)));
        assert_eq!(out.expect("redeems").0, amounts);
    }
}
