//! A chain of fake tokens and venues around the vault, for native tests.
//!
//! [`Chain`] is a host of the SDK: storage with the write cache of the real one (what is not flushed before a call cannot be
//! seen inside it), tokens that misbehave on request, one venue, and transactions that roll back on an error.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolCall, SolEvent};
use stylus_sdk::stylus_core::StorageAccess;

use crate::{Vault, errors::Revert};

mod host;
mod sequence;
mod token;

pub(crate) use token::{Deal, Fault, transferCall};

/// The contract under test.
const THIS: Address = VAULT;
pub(crate) const VAULT: Address = Address::repeat_byte(0xaa);
pub(crate) const OWNER: Address = Address::repeat_byte(0x01);
pub(crate) const GUARDIAN: Address = Address::repeat_byte(0x02);
pub(crate) const ENGINE: Address = Address::repeat_byte(0x03);
pub(crate) const VENUE: Address = Address::repeat_byte(0x04);
pub(crate) const ALICE: Address = Address::repeat_byte(0x05);
pub(crate) const BOB: Address = Address::repeat_byte(0x06);
/// Assets of the vault, in registry order.
pub(crate) const TOKENS: [Address; 3] = [
    Address::repeat_byte(0x10),
    Address::repeat_byte(0x11),
    Address::repeat_byte(0x12),
];
/// One share.
pub(crate) const SHARE: u128 = 1_000_000_000_000_000_000;

pub(crate) fn u(x: u128) -> U256 {
    U256::from(x)
}

/// Runs inside the next call of a token's `transfer`, as the token.
type Hook = Rc<dyn Fn(&Chain)>;

#[derive(Clone, Default)]
struct State {
    storage: HashMap<U256, B256>,
    balances: HashMap<(Address, Address), U256>,
    logs: Vec<(Vec<B256>, Vec<u8>)>,
    tried: Vec<Address>,
}

#[derive(Clone)]
pub(crate) struct Chain {
    state: Rc<RefCell<State>>,
    /// Unflushed writes, one map per open frame of the vault.
    frames: Rc<RefCell<Vec<HashMap<U256, B256>>>>,
    world: Rc<RefCell<World>>,
}

struct World {
    sender: Address,
    now: u64,
    gas: u64,
    faults: HashMap<Address, Fault>,
    deal: Option<Deal>,
    hook: Option<Hook>,
    code: Vec<Address>,
    returned: Vec<u8>,
    calls: Vec<(Address, [u8; 4], u64)>,
}

impl Chain {
    /// An empty chain on which the vault's code is, but its constructor has not run.
    pub(crate) fn empty() -> Self {
        let mut code = TOKENS.to_vec();
        code.extend([VAULT, ENGINE, VENUE]);
        Self {
            state: Rc::default(),
            frames: Rc::new(RefCell::new(vec![HashMap::new()])),
            world: Rc::new(RefCell::new(World {
                sender: OWNER,
                now: 1_000_000,
                gas: 30_000_000,
                faults: HashMap::new(),
                deal: None,
                hook: None,
                code,
                returned: Vec::new(),
                calls: Vec::new(),
            })),
        }
    }

    /// A vault of [`TOKENS`] with engine and venue, not seeded.
    pub(crate) fn built() -> Self {
        let chain = Self::empty();
        chain
            .sends(OWNER, |vault| {
                vault.constructor(
                    OWNER,
                    GUARDIAN,
                    TOKENS.to_vec(),
                    text("Gimbal"),
                    text("GMB"),
                )?;
                vault.set_engine(ENGINE)?;
                vault.set_venue(VENUE, true)
            })
            .expect("builds");
        chain
    }

    /// A seeded vault: 1000, 2000 and 3000 of the tokens, 100 shares, and rich users.
    pub(crate) fn seeded() -> Self {
        let chain = Self::built();
        for token in TOKENS {
            for user in [OWNER, ALICE, BOB, VENUE] {
                chain.give(token, user, u(1_000_000));
            }
        }
        chain
            .sends(OWNER, |vault| {
                vault.genesis(vec![u(1000), u(2000), u(3000)], u(100 * SHARE))
            })
            .expect("seeds");
        chain
    }

    /// A transaction: rolled back if it fails. No lock may outlive it.
    pub(crate) fn sends<T>(
        &self,
        sender: Address,
        run: impl FnOnce(&mut Vault) -> Result<T, Revert>,
    ) -> Result<T, Revert> {
        let before = self.state.borrow().clone();
        let outside = std::mem::replace(&mut self.world.borrow_mut().sender, sender);
        self.frames.borrow_mut().push(HashMap::new());
        let mut vault = Vault::from(self);
        let out = run(&mut vault);
        if out.is_ok() {
            self.flush_cache(true);
        }
        self.frames.borrow_mut().pop();
        self.world.borrow_mut().sender = outside;
        if out.is_err() {
            *self.state.borrow_mut() = before;
        }
        out
    }

    /// A look at the vault from outside.
    pub(crate) fn view<T>(&self, read: impl FnOnce(&Vault) -> T) -> T {
        let mut out = None;
        let _ = self.sends(ALICE, |vault| {
            out = Some(read(vault));
            Ok(())
        });
        out.expect("ran")
    }

    pub(crate) fn give(&self, token: Address, user: Address, amount: U256) {
        let mut state = self.state.borrow_mut();
        *state.balances.entry((token, user)).or_default() += amount;
    }

    pub(crate) fn balance(&self, token: Address, user: Address) -> U256 {
        let state = self.state.borrow();
        state
            .balances
            .get(&(token, user))
            .copied()
            .unwrap_or_default()
    }

    pub(crate) fn fault(&self, token: Address, fault: Option<Fault>) {
        self.state.borrow_mut().tried.clear();
        let mut world = self.world.borrow_mut();
        match fault {
            Some(fault) => world.faults.insert(token, fault),
            None => world.faults.remove(&token),
        };
    }

    pub(crate) fn deal(&self, takes: u128, gives: u128) {
        self.world.borrow_mut().deal = Some(Deal {
            takes: u(takes),
            gives: u(gives),
        });
    }

    pub(crate) fn hook(&self, hook: impl Fn(&Self) + 'static) {
        self.world.borrow_mut().hook = Some(Rc::new(hook));
    }

    pub(crate) fn gas(&self, gas: u64) {
        self.world.borrow_mut().gas = gas;
    }

    pub(crate) fn warp(&self, seconds: u64) {
        self.world.borrow_mut().now += seconds;
    }

    pub(crate) fn now(&self) -> u64 {
        self.world.borrow().now
    }

    /// Gas that was offered to each call of `selector` so far.
    pub(crate) fn offered(&self, selector: [u8; 4]) -> Vec<u64> {
        let world = self.world.borrow();
        let calls = world
            .calls
            .iter()
            .filter(|(_, called, _)| *called == selector);
        calls.map(|(.., gas)| *gas).collect()
    }

    /// All events of one kind, oldest first.
    pub(crate) fn logs<E: SolEvent>(&self) -> Vec<E> {
        let state = self.state.borrow();
        let logs = state.logs.iter();
        logs.filter_map(|(topics, data)| E::decode_raw_log_validate(topics, data).ok())
            .collect()
    }

    /// INV: for every token, what is there covers what is booked; what is owed is what is reserved.
    pub(crate) fn check_solvent(&self) {
        self.view(|vault| {
            for (index, token) in TOKENS.into_iter().enumerate() {
                let holding = vault.holding(index);
                let booked = holding.managed + holding.reserved;
                assert!(
                    self.balance(token, VAULT) >= booked,
                    "token {index} is short"
                );
                let users = [OWNER, ALICE, BOB].into_iter();
                let owed = users.map(|user| vault.owed(user, token).expect("unlocked"));
                assert_eq!(owed.fold(U256::ZERO, |a, b| a + b), holding.reserved);
            }
        });
    }

    fn call(&self, to: Address, data: &[u8], gas: u64, out_len: &mut usize) -> u8 {
        let selector = [data[0], data[1], data[2], data[3]];
        let outside = std::mem::replace(&mut self.world.borrow_mut().sender, VAULT);
        self.world.borrow_mut().calls.push((to, selector, gas));
        let before = self.state.borrow().clone();
        let out = match to {
            VENUE => self.venue(data),
            token => self.token(token, data, gas),
        };
        self.world.borrow_mut().sender = outside;
        let (status, returned) = match out {
            Ok(data) => (0, data),
            Err(data) => {
                *self.state.borrow_mut() = before;
                // The host says 2 for any failure.
                (2, data)
            }
        };
        if selector == transferCall::SELECTOR {
            self.state.borrow_mut().tried.push(to);
        }
        *out_len = returned.len();
        self.world.borrow_mut().returned = returned;
        status
    }
}

/// A zero-padded short string.
pub(crate) fn text(s: &str) -> B256 {
    B256::right_padding_from(s.as_bytes())
}
