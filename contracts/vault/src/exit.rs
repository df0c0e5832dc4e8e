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
    let mut assets = vault.owed.setter(user);
    let mut slot = assets.setter(asset);
    let amount = slot.get();
    if amount.is_zero() {
        return Err(revert(NothingOwed { user, asset }));
    }
    slot.set(U256::ZERO);
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

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, U256};
    use alloy_sol_types::{SolCall, SolError};

    use crate::{
        errors::{
            ERC20InsufficientAllowance, ERC20InsufficientBalance, ERC20InvalidReceiver,
            InsufficientGas, LengthMismatch, Locked, NotSeeded, NothingOwed, Slippage,
            TransferFailed, ZeroAmount,
        },
        events::{Claimed, Owed, Redeemed},
        testing::{
            ALICE, BOB, Chain, ENGINE, Fault, GUARDIAN, OWNER, SHARE, TOKENS, VAULT, transferCall,
            u,
        },
    };

    /// Ten of the hundred shares: 100, 200 and 300.
    fn redeem(chain: &Chain, skip: u128) -> Result<(Vec<U256>, U256), Vec<u8>> {
        chain.sends(OWNER, |vault| {
            vault.redeem(u(10 * SHARE), BOB, OWNER, vec![], u(skip))
        })
    }

    fn received(chain: &Chain) -> [u128; 3] {
        TOKENS.map(|token| (chain.balance(token, BOB) - u(1_000_000)).to())
    }

    fn owed(chain: &Chain) -> [u128; 3] {
        TOKENS.map(|token| {
            chain
                .view(|vault| vault.owed(BOB, token))
                .expect("unlocked")
                .to()
        })
    }

    #[test]
    fn pays_pro_rata_in_every_mode() {
        for mode in 0..3 {
            let chain = Chain::seeded();
            chain
                .sends(GUARDIAN, |vault| match mode {
                    1 => vault.halt(7),
                    2 => vault.kill(7),
                    _ => Ok(()),
                })
                .expect("changes mode");
            let (amounts, mask) = redeem(&chain, 0).expect("redeems");
            assert_eq!(amounts, [100, 200, 300].map(u));
            assert_eq!((mask, received(&chain)), (U256::ZERO, [100, 200, 300]));
            let state = chain.view(|vault| vault.state()).expect("unlocked");
            assert_eq!(state.2, u(90 * SHARE));
            assert_eq!(state.4, [900, 1800, 2700].map(u));
            chain.check_solvent();
        }
    }

    #[test]
    fn a_failing_token_becomes_a_debt_and_the_rest_is_paid() {
        use Fault::*;
        for fault in [
            False,
            Revert,
            Lie,
            Garbage,
            Burn,
            Blind,
            BlindAfterFalse,
            NoCode,
        ] {
            let chain = Chain::seeded();
            chain.fault(TOKENS[1], Some(fault));
            let (amounts, mask) = redeem(&chain, 0).expect("redeems");
            assert_eq!(amounts, [100, 200, 300].map(u), "{fault:?}");
            assert_eq!(mask, u(0b010), "{fault:?}");
            assert_eq!(received(&chain), [100, 0, 300], "{fault:?}");
            assert_eq!(owed(&chain), [0, 200, 0], "{fault:?}");
            let logs = chain.logs::<Owed>();
            assert_eq!((logs.len(), logs[0].amount), (1, u(200)));
            assert_eq!(chain.logs::<Redeemed>()[0].owedMask, u(0b010));

            chain.fault(TOKENS[1], None);
            chain.check_solvent();
            let paid = chain.sends(BOB, |vault| vault.claim(TOKENS[1], ALICE));
            assert_eq!(paid.expect("claims"), u(200));
            assert_eq!(chain.balance(TOKENS[1], ALICE), u(1_000_200));
            assert_eq!(chain.logs::<Claimed>()[0].amount, u(200));
            assert_eq!(owed(&chain), [0; 3]);
            chain.check_solvent();
        }
    }

    #[test]
    fn all_tokens_may_fail_at_once() {
        let chain = Chain::seeded();
        for (token, fault) in TOKENS
            .into_iter()
            .zip([Fault::Burn, Fault::Blind, Fault::NoCode])
        {
            chain.fault(token, Some(fault));
        }
        assert_eq!(redeem(&chain, 0).expect("redeems").1, u(0b111));
        assert_eq!(owed(&chain), [100, 200, 300]);
    }

    #[test]
    fn what_moved_is_judged_by_the_balance() {
        for (fault, got, rest) in [
            (Fault::Silent, 200, 0),
            (Fault::Half, 100, 100),
            (Fault::Double, 400, 0),
            (Fault::BlindAfter, 200, 0),
            (Fault::Fee, 180, 0),
        ] {
            let chain = Chain::seeded();
            chain.fault(TOKENS[1], Some(fault));
            let (_, mask) = redeem(&chain, 0).expect("redeems");
            assert_eq!(received(&chain)[1], got, "{fault:?}");
            assert_eq!(owed(&chain)[1], rest, "{fault:?}");
            assert_eq!(mask.bit(1), rest > 0, "{fault:?}");
        }
    }

    #[test]
    fn a_receiver_that_sends_the_payment_back_gains_nothing() {
        let chain = Chain::seeded();
        chain.hook(|chain| chain.give(TOKENS[0], VAULT, u(100)));
        redeem(&chain, 0b110).expect("redeems");
        // Paid 100, gave 100: owed 100, and the vault has it.
        assert_eq!(owed(&chain)[0], 100);
        chain.check_solvent();
    }

    #[test]
    fn skipped_tokens_are_owed_and_not_called() {
        let chain = Chain::seeded();
        let (_, mask) = redeem(&chain, u128::MAX).expect("redeems");
        assert_eq!((mask, owed(&chain)), (u(0b111), [100, 200, 300]));
        assert!(chain.offered(transferCall::SELECTOR).is_empty());
        chain.check_solvent();
    }

    #[test]
    fn short_gas_reverts_instead_of_making_a_debt() {
        let chain = Chain::seeded();
        chain.gas(309_999);
        let error = redeem(&chain, 0).expect_err("short");
        let error = InsufficientGas::abi_decode(&error).expect("typed");
        assert_eq!((error.available, error.needed), (u(309_999), u(310_000)));
        chain.gas(310_000);
        assert_eq!(redeem(&chain, 0).expect("enough").1, U256::ZERO);
        assert_eq!(chain.offered(transferCall::SELECTOR), [300_000; 3]);
    }

    #[test]
    fn a_burner_of_gas_cannot_starve_the_next_token_into_a_debt() {
        let chain = Chain::seeded();
        chain.gas(600_000);
        chain.fault(TOKENS[0], Some(Fault::Burn));
        let error = redeem(&chain, 0).expect_err("short");
        assert!(InsufficientGas::abi_decode(&error).is_ok());
    }

    #[test]
    fn guards_come_in_order() {
        let fresh = Chain::built();
        let error = redeem(&fresh, 0).expect_err("no supply");
        assert_eq!(error, NotSeeded {}.abi_encode());

        let chain = Chain::seeded();
        let attempt = |sender, shares, receiver, owner: Address, min_out: &[u128]| {
            let min_out = min_out.iter().map(|x| u(*x)).collect();
            chain
                .sends(sender, |vault| {
                    vault.redeem(shares, receiver, owner, min_out, u(0))
                })
                .expect_err("refuses")
        };
        for receiver in [Address::ZERO, VAULT] {
            let want = ERC20InvalidReceiver { receiver }.abi_encode();
            assert_eq!(attempt(ALICE, u(0), receiver, OWNER, &[1]), want);
        }
        let want = ZeroAmount {}.abi_encode();
        assert_eq!(attempt(ALICE, u(0), BOB, OWNER, &[1]), want);
        let want = ERC20InsufficientAllowance {
            spender: ALICE,
            allowance: u(0),
            needed: U256::MAX,
        };
        assert_eq!(
            attempt(ALICE, U256::MAX, BOB, OWNER, &[1]),
            want.abi_encode()
        );
        let want = ERC20InsufficientBalance {
            sender: OWNER,
            balance: u(100 * SHARE - 1_000_000_000_000_000),
            needed: U256::MAX,
        };
        assert_eq!(
            attempt(OWNER, U256::MAX, BOB, OWNER, &[1]),
            want.abi_encode()
        );
        let want = LengthMismatch {
            got: u(1),
            want: u(3),
        };
        assert_eq!(
            attempt(OWNER, u(SHARE), BOB, OWNER, &[1]),
            want.abi_encode()
        );
        let want = Slippage {
            token: TOKENS[2],
            got: u(30),
            want: u(31),
        };
        assert_eq!(
            attempt(OWNER, u(SHARE), BOB, OWNER, &[10, 20, 31]),
            want.abi_encode()
        );
    }

    #[test]
    fn an_allowance_is_used_up() {
        let chain = Chain::seeded();
        chain
            .sends(OWNER, |vault| vault.approve(ALICE, u(10 * SHARE)))
            .expect("approves");
        let burn = |shares| {
            chain.sends(ALICE, |vault| {
                vault.redeem(u(shares), ALICE, OWNER, vec![], u(0))
            })
        };
        burn(4 * SHARE).expect("redeems");
        assert_eq!(
            chain.view(|vault| vault.allowance(OWNER, ALICE)),
            u(6 * SHARE)
        );
        burn(7 * SHARE).expect_err("refuses");
        chain.check_solvent();
    }

    #[test]
    fn claims_are_strict() {
        let chain = Chain::seeded();
        redeem(&chain, 0b111).expect("redeems");
        let claim = |user, to| chain.sends(user, |vault| vault.claim(TOKENS[0], to));
        let want = NothingOwed {
            user: ALICE,
            asset: TOKENS[0],
        };
        assert_eq!(claim(ALICE, ALICE).expect_err("refuses"), want.abi_encode());
        for fault in [
            Fault::Lie,
            Fault::Half,
            Fault::Double,
            Fault::False,
            Fault::Garbage,
        ] {
            chain.fault(TOKENS[0], Some(fault));
            let want = TransferFailed { token: TOKENS[0] }.abi_encode();
            assert_eq!(claim(BOB, BOB).expect_err("refuses"), want, "{fault:?}");
            assert_eq!(owed(&chain)[0], 100, "{fault:?}");
        }
        chain.fault(TOKENS[0], Some(Fault::Revert));
        assert_eq!(
            claim(BOB, BOB).expect_err("refuses"),
            b"paused by its issuer"
        );
        chain.fault(TOKENS[0], None);
        assert_eq!(claim(BOB, BOB).expect("pays"), u(100));
        assert!(NothingOwed::abi_decode(&claim(BOB, BOB).expect_err("paid")).is_ok());
    }

    #[test]
    fn a_hostile_token_finds_every_door_locked() {
        let chain = Chain::seeded();
        chain.hook(|chain| {
            let locked = Locked {}.abi_encode();
            let by = |sender, run: fn(&mut crate::Vault) -> Result<(), Vec<u8>>| {
                assert_eq!(chain.sends(sender, run).expect_err("locked"), locked);
            };
            by(OWNER, |v| v.genesis(vec![], u(1)));
            by(OWNER, |v| v.mint(u(1), ALICE, vec![]).map(drop));
            by(OWNER, |v| {
                v.redeem(u(1), ALICE, OWNER, vec![], u(0)).map(drop)
            });
            by(OWNER, |v| v.claim(TOKENS[0], ALICE).map(drop));
            by(OWNER, |v| v.transfer(ALICE, u(1)).map(drop));
            by(OWNER, |v| v.transfer_from(OWNER, ALICE, u(1)).map(drop));
            by(OWNER, |v| v.approve(ALICE, u(1)).map(drop));
            by(ENGINE, |v| {
                let route = Default::default();
                v.execute_swap(ENGINE, TOKENS[0], u(1), TOKENS[1], u(0), route)
                    .map(drop)
            });
            by(ENGINE, |v| v.trip(1));
            by(ENGINE, |v| v.resume());
            by(GUARDIAN, |v| v.halt(1));
            by(GUARDIAN, |v| v.kill(1));
            by(OWNER, |v| v.transfer_ownership(ALICE));
            by(OWNER, |v| v.accept_ownership());
            by(OWNER, |v| v.set_guardian(ALICE, true));
            by(OWNER, |v| v.set_engine(ENGINE));
            by(OWNER, |v| v.set_venue(ENGINE, true));
            by(OWNER, |v| v.set_quota(TOKENS[0], 1));
            by(ALICE, |v| v.total_supply().map(drop));
            by(ALICE, |v| v.balance_of(ALICE).map(drop));
            by(ALICE, |v| v.preview_mint(u(1)).map(drop));
            by(ALICE, |v| v.preview_redeem(u(1)).map(drop));
            by(ALICE, |v| v.owed(ALICE, TOKENS[0]).map(drop));
            by(ALICE, |v| v.reserved(TOKENS[0]).map(drop));
            by(ALICE, |v| v.quota(TOKENS[0]).map(drop));
            by(ALICE, |v| v.state().map(drop));
            assert!(chain.view(|vault| vault.state_change_active()));
            // The burn and the decrement came first, and were flushed.
            let (supply, managed) = chain.view(|v| (v.supply.get(), v.holding(0).managed));
            assert_eq!((supply, managed), (u(90 * SHARE), u(900)));
        });
        redeem(&chain, 0).expect("redeems");
        assert!(!chain.view(|vault| vault.state_change_active()));
    }
}
