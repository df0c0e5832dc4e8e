//! A chain of fake tokens, pools and a factory around the adapter, for native tests.

use std::{cell::RefCell, collections::HashMap, mem, rc::Rc};

use alloy_primitives::{Address, B256, Bytes, I256, U256};
use alloy_sol_types::{SolCall, SolValue, sol};
use stylus_sdk::stylus_core::StorageAccess;

use crate::{Adapter, errors::Revert};

#[path = "../../vault/src/testing/host.rs"]
mod host;

sol! {
    function balanceOf(address account) external view returns (uint256);
    function fee() external view returns (uint24);
    function getPool(address tokenA, address tokenB, uint24 fee) external view returns (address);
    function swap(
        address recipient,
        bool zeroForOne,
        int256 amountSpecified,
        uint160 sqrtPriceLimitX96,
        bytes data
    ) external returns (int256 amount0, int256 amount1);
    function token0() external view returns (address);
    function token1() external view returns (address);
    function transfer(address to, uint256 value) external returns (bool);
}

/// The contract under test.
pub(crate) const THIS: Address = Address::repeat_byte(0xad);
pub(crate) const VAULT: Address = Address::repeat_byte(0xaa);
pub(crate) const FACTORY: Address = Address::repeat_byte(0xfa);
pub(crate) const MALLORY: Address = Address::repeat_byte(0x66);
pub(crate) const A: Address = Address::repeat_byte(0x0a);
pub(crate) const B: Address = Address::repeat_byte(0x0b);
pub(crate) const C: Address = Address::repeat_byte(0x0c);
/// The factory's pools A/B and B/C, and one that only claims to be.
pub(crate) const AB: Address = Address::repeat_byte(0x1a);
pub(crate) const BC: Address = Address::repeat_byte(0x1b);
pub(crate) const FAKE: Address = Address::repeat_byte(0x1c);

pub(crate) fn u(x: u128) -> U256 {
    U256::from(x)
}

/// How a pool strays from one swap, one callback, twice the input out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Takes only half of the input.
    Dry,
    /// Never calls back.
    Mute,
    /// Calls back twice.
    Twice,
    /// Calls back with no claim.
    Modest,
    /// Reverts.
    Revert,
    /// Answers `token0` with a dirty word.
    Dirty,
    /// Somebody else calls back first.
    Hijacked,
}

#[derive(Clone, Default)]
struct State {
    storage: HashMap<U256, B256>,
    balances: HashMap<(Address, Address), U256>,
    logs: Vec<(Vec<B256>, Vec<u8>)>,
}

#[derive(Clone)]
pub(crate) struct Chain {
    state: Rc<RefCell<State>>,
    /// Unflushed writes, one map per open frame of the adapter.
    frames: Rc<RefCell<Vec<HashMap<U256, B256>>>>,
    world: Rc<RefCell<World>>,
}

#[derive(Default)]
struct World {
    sender: Address,
    now: u64,
    gas: u64,
    code: Vec<Address>,
    returned: Vec<u8>,
    fault: Option<Fault>,
}

impl Chain {
    /// The adapter of [`VAULT`], with 100 A pushed to it.
    pub(crate) fn pushed() -> Self {
        let chain = Self {
            state: Rc::default(),
            frames: Rc::new(RefCell::new(vec![HashMap::new()])),
            world: Rc::default(),
        };
        for token in [A, B, C] {
            for pool in [AB, BC, FAKE] {
                chain.give(token, pool, u(1_000_000));
            }
        }
        chain.give(A, THIS, u(100));
        let built = chain.sends(MALLORY, |adapter| adapter.constructor(FACTORY, VAULT));
        built.expect("builds");
        chain
    }

    /// A call of the adapter, rolled back if it fails.
    pub(crate) fn sends<T>(
        &self,
        sender: Address,
        run: impl FnOnce(&mut Adapter) -> Result<T, Revert>,
    ) -> Result<T, Revert> {
        let before = self.state.borrow().clone();
        let outside = mem::replace(&mut self.world.borrow_mut().sender, sender);
        self.frames.borrow_mut().push(HashMap::new());
        let out = run(&mut Adapter::from(self));
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

    pub(crate) fn fault(&self, fault: Fault) {
        self.world.borrow_mut().fault = Some(fault);
    }

    pub(crate) fn give(&self, token: Address, user: Address, amount: U256) {
        *self
            .state
            .borrow_mut()
            .balances
            .entry((token, user))
            .or_default() += amount;
    }

    pub(crate) fn balance(&self, token: Address, user: Address) -> u128 {
        let state = self.state.borrow();
        let balance = state.balances.get(&(token, user)).copied();
        balance.unwrap_or_default().to()
    }

    fn shift(
        &self,
        token: Address,
        from: Address,
        to: Address,
        amount: U256,
    ) -> Result<(), Revert> {
        let mut state = self.state.borrow_mut();
        let have = state.balances.entry((token, from)).or_default();
        *have = have
            .checked_sub(amount)
            .ok_or_else(|| b"balance".to_vec())?;
        *state.balances.entry((token, to)).or_default() += amount;
        Ok(())
    }

    fn call(&self, to: Address, data: &[u8], _gas: u64, out_len: &mut usize) -> u8 {
        let before = self.state.borrow().clone();
        let out = match to {
            AB | BC | FAKE => self.pool(to, data),
            FACTORY => self.factory(data),
            A | B | C => self.token(to, data),
            _ => Ok(Vec::new()),
        };
        let (status, returned) = match out {
            Ok(data) => (0, data),
            Err(data) => {
                *self.state.borrow_mut() = before;
                (2, data)
            }
        };
        *out_len = returned.len();
        self.world.borrow_mut().returned = returned;
        status
    }

    fn token(&self, token: Address, data: &[u8]) -> Result<Vec<u8>, Revert> {
        if let Ok(call) = balanceOfCall::abi_decode(data) {
            return Ok(u(self.balance(token, call.account)).abi_encode());
        }
        let call = transferCall::abi_decode(data).expect("a known call");
        self.shift(token, THIS, call.to, call.value)?;
        Ok(true.abi_encode())
    }

    fn factory(&self, data: &[u8]) -> Result<Vec<u8>, Revert> {
        let call = getPoolCall::abi_decode(data).expect("a known call");
        let pool = match (call.tokenA, call.tokenB) {
            (A, B) | (B, A) => AB,
            (B, C) | (C, B) => BC,
            _ => Address::ZERO,
        };
        Ok(pool.abi_encode())
    }

    fn pool(&self, pool: Address, data: &[u8]) -> Result<Vec<u8>, Revert> {
        let (token0, token1) = if pool == BC { (B, C) } else { (A, B) };
        let fault = self.world.borrow().fault;
        if token0Call::abi_decode(data).is_ok() {
            if fault == Some(Fault::Dirty) {
                return Ok(vec![0xff; 32]);
            }
            return Ok(token0.abi_encode());
        }
        if token1Call::abi_decode(data).is_ok() {
            return Ok(token1.abi_encode());
        }
        if feeCall::abi_decode(data).is_ok() {
            return Ok(u(500).abi_encode());
        }
        let call = swapCall::abi_decode(data).expect("a known call");
        let (token_in, token_out) = if call.zeroForOne {
            (token0, token1)
        } else {
            (token1, token0)
        };
        let mut takes = call.amountSpecified.into_raw();
        if fault == Some(Fault::Dry) {
            takes /= u(2);
        }
        self.shift(token_out, pool, call.recipient, takes * u(2))?;
        let claim = I256::from_raw(takes);
        let gift = -I256::from_raw(takes * u(2));
        let call_back = |sender, claim| {
            let (delta0, delta1) = if call.zeroForOne {
                (claim, gift)
            } else {
                (gift, claim)
            };
            let data: Bytes = call.data.clone();
            self.sends(sender, |adapter| {
                adapter.uniswap_v3_swap_callback(delta0, delta1, data)
            })
        };
        let owed = self.balance(token_in, pool);
        match fault {
            Some(Fault::Revert) => return Err(b"LOK".to_vec()),
            Some(Fault::Mute) => return Ok(Vec::new()),
            Some(Fault::Modest) => call_back(pool, I256::ZERO)?,
            Some(Fault::Hijacked) => call_back(MALLORY, claim)?,
            _ => call_back(pool, claim)?,
        }
        if fault == Some(Fault::Twice) {
            call_back(pool, claim)?;
        }
        assert_eq!(
            self.balance(token_in, pool),
            owed + takes.to::<u128>(),
            "paid"
        );
        Ok((claim, gift).abi_encode())
    }
}
