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
    let room = quota::check(vault, index_in, max_in)?;

    let nonce = status.nonce;
    status.nonce = nonce.checked_add(1).ok_or_else(|| overflow(()))?;
    vault.set_status(status);

    let (spent, got) = trade(vault, venue, token_in, max_in, token_out, min_out, route)?;
    quota::charge(vault, index_in, room, spent)?;
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

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, U256};
    use alloy_sol_types::SolError;

    use crate::{
        errors::{
            DuplicateAsset, MaxInExceeded, NotListed, NotRole, NotSeeded, QuotaExceeded, Slippage,
            UnknownVenue, WrongMode, ZeroAmount,
        },
        events::Swapped,
        testing::{ALICE, BOB, Chain, ENGINE, Fault, GUARDIAN, OWNER, TOKENS, VAULT, VENUE, u},
    };

    fn swap(chain: &Chain, max_in: u128, min_out: u128) -> Result<(U256, U256), Vec<u8>> {
        chain.sends(ENGINE, |vault| {
            let (max_in, min_out) = (u(max_in), u(min_out));
            vault.execute_swap(
                VENUE,
                TOKENS[0],
                max_in,
                TOKENS[1],
                min_out,
                Default::default(),
            )
        })
    }

    fn managed(chain: &Chain) -> [U256; 3] {
        [0, 1, 2].map(|index| chain.view(|vault| vault.holding(index).managed))
    }

    #[test]
    fn books_what_the_balances_say() {
        let chain = Chain::seeded();
        chain.deal(150, 300);
        assert_eq!(swap(&chain, 200, 300).expect("swaps"), (u(150), u(300)));
        assert_eq!(managed(&chain), [850, 2300, 3000].map(u));
        let log = &chain.logs::<Swapped>()[0];
        assert_eq!((log.nonce, log.spent, log.got), (0, u(150), u(300)));
        let state = chain.view(|vault| vault.state()).expect("unlocked");
        assert_eq!(state.1, 1);
        // The quota is charged with what was spent, in fractions of what was there.
        let (used, cap) = chain.view(|vault| vault.quota(TOKENS[0])).expect("listed");
        assert_eq!(
            (used, cap),
            (u(150_000_000_000_000_000), u(250_000_000_000_000_000))
        );
        chain.check_solvent();
    }

    #[test]
    fn a_venue_cannot_take_more_or_give_less() {
        let chain = Chain::seeded();
        chain.deal(201, 300);
        let want = MaxInExceeded {
            token: TOKENS[0],
            needed: u(201),
            maxIn: u(200),
        };
        assert_eq!(
            swap(&chain, 200, 0).expect_err("refuses"),
            want.abi_encode()
        );
        chain.deal(200, 299);
        let want = Slippage {
            token: TOKENS[1],
            got: u(299),
            want: u(300),
        };
        assert_eq!(
            swap(&chain, 200, 300).expect_err("refuses"),
            want.abi_encode()
        );
        assert_eq!(managed(&chain), [1000, 2000, 3000].map(u));
        assert_eq!(chain.view(|vault| vault.status().nonce), 0);
    }

    #[test]
    fn a_reverting_venue_or_token_is_quoted() {
        let chain = Chain::seeded();
        assert_eq!(swap(&chain, 200, 0).expect_err("no deal"), b"no deal");
        chain.deal(200, 1);
        chain.fault(TOKENS[0], Some(Fault::Revert));
        assert_eq!(
            swap(&chain, 200, 0).expect_err("paused"),
            b"paused by its issuer"
        );
    }

    #[test]
    fn guards_come_in_order() {
        let attempt = |chain: &Chain, sender, venue, token_in, amount, token_out| {
            chain
                .sends(sender, |vault| {
                    let route = Default::default();
                    vault.execute_swap(venue, token_in, u(amount), token_out, u(0), route)
                })
                .expect_err("refuses")
        };
        let chain = Chain::built();
        let [a, b, _] = TOKENS;
        for sender in [OWNER, GUARDIAN, ALICE] {
            let want = NotRole { role: 2 }.abi_encode();
            assert_eq!(attempt(&chain, sender, BOB, BOB, 0, BOB), want);
        }
        let want = NotSeeded {}.abi_encode();
        assert_eq!(attempt(&chain, ENGINE, BOB, BOB, 0, BOB), want);

        let chain = Chain::seeded();
        let want = UnknownVenue { venue: BOB }.abi_encode();
        assert_eq!(attempt(&chain, ENGINE, BOB, BOB, 0, BOB), want);
        let want = NotListed { token: BOB }.abi_encode();
        assert_eq!(attempt(&chain, ENGINE, VENUE, BOB, 0, a), want);
        assert_eq!(attempt(&chain, ENGINE, VENUE, a, 0, BOB), want);
        let want = DuplicateAsset { asset: a }.abi_encode();
        assert_eq!(attempt(&chain, ENGINE, VENUE, a, 0, a), want);
        let want = ZeroAmount {}.abi_encode();
        assert_eq!(attempt(&chain, ENGINE, VENUE, a, 0, b), want);
        let want = QuotaExceeded {
            token: a,
            used: u(251_000_000_000_000_000),
            cap: u(250_000_000_000_000_000),
        };
        assert_eq!(attempt(&chain, ENGINE, VENUE, a, 251, b), want.abi_encode());

        for (mode, act) in [(1, 0), (2, 1)] {
            chain
                .sends(GUARDIAN, |vault| {
                    if act == 0 {
                        vault.halt(0)
                    } else {
                        vault.kill(0)
                    }
                })
                .expect("stops");
            let want = WrongMode { mode }.abi_encode();
            assert_eq!(attempt(&chain, ENGINE, BOB, BOB, 0, Address::ZERO), want);
        }
    }

    #[test]
    fn a_donation_during_the_swap_stays_a_donation_of_the_input() {
        let chain = Chain::seeded();
        chain.deal(10, 10);
        chain.hook(|chain| chain.give(TOKENS[0], VAULT, u(500)));
        assert_eq!(swap(&chain, 100, 0).expect("swaps"), (u(0), u(10)));
        assert_eq!(managed(&chain), [1000, 2010, 3000].map(u));
        chain.check_solvent();
    }
}
