//! Random histories: users, a trading engine, donations and tokens that break and heal, with the vault's invariants
//! checked after every step.

use alloy_primitives::{Address, U256};
use proptest::{collection::vec, prelude::*};

use super::{ALICE, BOB, Chain, ENGINE, Fault, OWNER, TOKENS, VAULT, VENUE, u};
use crate::basket::{DEAD, DEAD_SHARES};

const USERS: [Address; 3] = [OWNER, ALICE, BOB];

/// Faults of tokens that never let more leave the vault than they were asked for.
const FAULTS: [Option<Fault>; 12] = [
    None,
    None,
    Some(Fault::Silent),
    Some(Fault::False),
    Some(Fault::Revert),
    Some(Fault::Lie),
    Some(Fault::Garbage),
    Some(Fault::Half),
    Some(Fault::Burn),
    Some(Fault::Blind),
    Some(Fault::BlindAfterFalse),
    Some(Fault::NoCode),
];

#[derive(Clone, Debug)]
enum Action {
    Mint {
        user: usize,
        shares: u128,
    },
    /// A part, in 255ths, of what the user has.
    Redeem {
        user: usize,
        part: u8,
        skip: u8,
    },
    Claim {
        user: usize,
        token: usize,
    },
    Swap {
        from: usize,
        max_in: u128,
        takes: u128,
        gives: u128,
    },
    Donate {
        token: usize,
        amount: u128,
    },
    Break {
        token: usize,
        fault: usize,
    },
    Wait {
        seconds: u64,
    },
}

fn shares() -> impl Strategy<Value = u128> {
    prop_oneof![1..20_u128, Just(super::SHARE / 3), 1..50 * super::SHARE]
}

fn action() -> impl Strategy<Value = Action> {
    let user = || 0..USERS.len();
    let token = || 0..TOKENS.len();
    prop_oneof![
        3 => (user(), shares()).prop_map(|(user, shares)| Action::Mint { user, shares }),
        4 => (user(), any::<u8>(), 0..8_u8)
            .prop_map(|(user, part, skip)| Action::Redeem { user, part, skip }),
        2 => (user(), token()).prop_map(|(user, token)| Action::Claim { user, token }),
        2 => (token(), 1..400_u128, 0..420_u128, 0..600_u128)
            .prop_map(|(from, max_in, takes, gives)| Action::Swap { from, max_in, takes, gives }),
        1 => (token(), 1..5_000_u128).prop_map(|(token, amount)| Action::Donate { token, amount }),
        2 => (token(), 0..FAULTS.len()).prop_map(|(token, fault)| Action::Break { token, fault }),
        1 => (0..100_000_u64).prop_map(|seconds| Action::Wait { seconds }),
    ]
}

/// Supply, and what is managed of each asset.
fn books(chain: &Chain) -> (U256, Vec<U256>) {
    let state = chain
        .view(|vault| vault.state())
        .expect("no lock outlives a call");
    (state.2, state.4)
}

fn apply(chain: &Chain, action: &Action) {
    let before = books(chain);
    match *action {
        Action::Mint { user, shares } => {
            let _ = chain.sends(USERS[user], |vault| {
                vault.mint(u(shares), USERS[user], vec![U256::MAX; 3])
            });
            check_undiluted(&before, &books(chain));
        }
        Action::Redeem { user, part, skip } => {
            let user = USERS[user];
            let held = chain
                .view(|vault| vault.balance_of(user))
                .expect("unlocked");
            let shares = held * u(part.into()) / u(255);
            let out = chain.sends(user, |vault| {
                vault.redeem(shares, user, user, vec![], u(skip.into()))
            });
            assert_eq!(out.is_ok(), !shares.is_zero(), "the way out is open");
            check_undiluted(&before, &books(chain));
        }
        Action::Claim { user, token } => {
            let _ = chain.sends(USERS[user], |vault| vault.claim(TOKENS[token], USERS[user]));
            assert_eq!(books(chain), before);
        }
        Action::Swap {
            from,
            max_in,
            takes,
            gives,
        } => {
            let [token_in, token_out] = [TOKENS[from], TOKENS[(from + 1) % TOKENS.len()]];
            chain.deal(takes, gives);
            let out = chain.sends(ENGINE, |vault| {
                let route = Default::default();
                vault.execute_swap(VENUE, token_in, u(max_in), token_out, u(gives), route)
            });
            let after = books(chain);
            assert_eq!(after.0, before.0);
            if let Ok((spent, got)) = out {
                assert!(spent <= u(max_in) && got >= u(gives));
            }
        }
        Action::Donate { token, amount } => {
            chain.give(TOKENS[token], VAULT, u(amount));
            assert_eq!(books(chain), before);
        }
        Action::Break { token, fault } => chain.fault(TOKENS[token], FAULTS[fault]),
        Action::Wait { seconds } => chain.warp(seconds),
    }
}

/// Nobody who stays loses a unit per share: `managed' * supply >= managed * supply'`.
fn check_undiluted(before: &(U256, Vec<U256>), after: &(U256, Vec<U256>)) {
    for (old, new) in before.1.iter().zip(&after.1) {
        assert!(new * before.0 >= old * after.0);
    }
}

fn check_shares(chain: &Chain) {
    let (supply, _) = books(chain);
    let holders = USERS.into_iter().chain([DEAD]);
    let held = holders.map(|user| {
        chain
            .view(|vault| vault.balance_of(user))
            .expect("unlocked")
    });
    assert_eq!(held.fold(U256::ZERO, |sum, held| sum + held), supply);
    assert!(supply >= DEAD_SHARES);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(192) })]

    #[test]
    fn every_history_keeps_the_books(actions in vec(action(), 1..60)) {
        let chain = Chain::seeded();
        for action in &actions {
            chain.gas(30_000_000);
            apply(&chain, action);
            chain.check_solvent();
            check_shares(&chain);
        }
        // Healed tokens pay every debt.
        for token in TOKENS {
            chain.fault(token, None);
            for user in USERS {
                let owed = chain.view(|vault| vault.owed(user, token)).expect("unlocked");
                let paid = chain.sends(user, |vault| vault.claim(token, user));
                prop_assert_eq!(paid.ok(), (!owed.is_zero()).then_some(owed));
            }
        }
    }
}
