//! The tokens and the venue of a [`Chain`], and what can be wrong with them.

use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolValue, sol};

use super::{Chain, VAULT, VENUE, u};

sol! {
    function balanceOf(address account) external view returns (uint256);
    function swap(address tokenIn, address tokenOut, uint256 amountIn, uint256 minOut, bytes route)
        external returns (uint256 spent, uint256 got);
    function transfer(address to, uint256 value) external returns (bool);
    function transferFrom(address from, address to, uint256 value) external returns (bool);
}

/// What a token does instead of what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `transfer` moves and answers with nothing.
    Silent,
    /// `transfer` answers false and moves nothing.
    False,
    /// `transfer` reverts with data.
    Revert,
    /// `transfer` answers true and moves nothing.
    Lie,
    /// `transfer` answers with 31 bytes and moves nothing.
    Garbage,
    /// `transfer` moves half and answers true.
    Half,
    /// `transfer` moves twice as much and answers true.
    Double,
    /// `transfer` burns all the gas it gets.
    Burn,
    /// `balanceOf` reverts.
    Blind,
    /// `balanceOf` reverts once a transfer has been made.
    BlindAfter,
    /// `balanceOf` reverts once a transfer has been tried, and `transfer` answers false.
    BlindAfterFalse,
    /// No code: calls succeed and return nothing.
    NoCode,
    /// A tenth of what is transferred is lost.
    Fee,
}

/// What the venue does with its input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deal {
    /// Kept of the input; the rest goes back.
    pub(crate) takes: U256,
    /// Given of the output.
    pub(crate) gives: U256,
}

impl Chain {
    fn shift(&self, token: Address, from: Address, to: Address, out: U256, into: U256) -> bool {
        let mut state = self.state.borrow_mut();
        let have = state.balances.entry((token, from)).or_default();
        let Some(rest) = have.checked_sub(out) else {
            return false;
        };
        *have = rest;
        *state.balances.entry((token, to)).or_default() += into;
        true
    }

    pub(super) fn token(&self, token: Address, data: &[u8], gas: u64) -> Result<Vec<u8>, Vec<u8>> {
        let fault = self.world.borrow().faults.get(&token).copied();
        if fault == Some(Fault::NoCode) {
            return Ok(Vec::new());
        }
        if let Ok(call) = balanceOfCall::abi_decode(data) {
            let tried = self.state.borrow().tried.contains(&token);
            return match fault {
                Some(Fault::Blind) => Err(b"blind".to_vec()),
                Some(Fault::BlindAfter | Fault::BlindAfterFalse) if tried => Err(Vec::new()),
                _ => Ok(self.balance(token, call.account).abi_encode()),
            };
        }
        let sender = self.world.borrow().sender;
        let (from, to, value) = match transferFromCall::abi_decode(data) {
            Ok(call) => (call.from, call.to, call.value),
            Err(_) => {
                let call = transferCall::abi_decode(data).expect("a known call");
                (sender, call.to, call.value)
            }
        };
        let hook = self.world.borrow_mut().hook.take();
        if let Some(hook) = hook {
            hook(self);
        }
        let yes = || true.abi_encode();
        let (out, into, answer) = match fault {
            Some(Fault::False | Fault::BlindAfterFalse) => {
                (U256::ZERO, U256::ZERO, false.abi_encode())
            }
            Some(Fault::Revert) => return Err(b"paused by its issuer".to_vec()),
            Some(Fault::Lie) => (U256::ZERO, U256::ZERO, yes()),
            Some(Fault::Garbage) => (U256::ZERO, U256::ZERO, vec![1; 31]),
            Some(Fault::Half) => (value / u(2), value / u(2), yes()),
            Some(Fault::Double) => (value * u(2), value * u(2), yes()),
            Some(Fault::Burn) => {
                let mut world = self.world.borrow_mut();
                world.gas = world.gas.saturating_sub(gas);
                return Err(Vec::new());
            }
            Some(Fault::Silent) => (value, value, Vec::new()),
            Some(Fault::Fee) => (value, value - value / u(10), yes()),
            _ => (value, value, yes()),
        };
        if !self.shift(token, from, to, out, into) {
            return Err(b"balance".to_vec());
        }
        self.state.borrow_mut().tried.push(token);
        Ok(answer)
    }

    pub(super) fn venue(&self, data: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
        let call = swapCall::abi_decode(data).expect("a swap");
        let Some(deal) = self.world.borrow().deal else {
            return Err(b"no deal".to_vec());
        };
        let rest = call.amountIn.saturating_sub(deal.takes);
        assert!(self.shift(call.tokenIn, VENUE, VAULT, rest, rest));
        assert!(self.shift(call.tokenOut, VENUE, VAULT, deal.gives, deal.gives));
        // An extra bite: more than was pushed leaves the vault's balance.
        let bite = deal.takes.saturating_sub(call.amountIn);
        if !self.shift(call.tokenIn, VAULT, VENUE, bite, bite) {
            return Err(b"balance".to_vec());
        }
        Ok(Vec::new())
    }
}
