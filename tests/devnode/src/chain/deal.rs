//! Giving out tokens: finds the storage slot behind a view method of a token, and writes it.

use alloy_primitives::{Address, Bytes, U256};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_sol_types::{SolCall, sol};
use thiserror::Error;

use super::{
    Chain,
    simulate::{Call, CallError, output},
};

/// Most slots that a view method may read for its value to be looked for: each costs an execution.
const SLOTS_MAX: usize = 64;

sol! {
    interface Token {
        function balanceOf(address owner) external view returns (uint256);
        function allowance(address owner, address spender) external view returns (uint256);
    }
}

/// Why no token can be given.
#[derive(Debug, Error)]
pub enum DealError {
    /// The token's view method fails.
    #[error("token {token} does not tell: {error}")]
    Call {
        /// The token.
        token: Address,
        /// Why.
        error: Box<CallError>,
    },
    /// The view method reads too much to try each slot.
    #[error("token {token} reads {slots} storage slots, and at most {SLOTS_MAX} are tried")]
    TooManySlots {
        /// The token.
        token: Address,
        /// How many it reads.
        slots: usize,
    },
    /// No single slot that the view method reads is the value.
    #[error("no storage slot of {0} holds the value as it is, so it cannot be set")]
    NoSlot(Address),
}

impl Chain {
    /// Sets a balance of an ERC-20 token.
    ///
    /// # Errors
    /// [`DealError`]
    pub fn deal(&mut self, token: Address, owner: Address, value: U256) -> Result<(), DealError> {
        self.set_viewed(token, Token::balanceOfCall { owner }.abi_encode(), value)
    }

    /// Sets an allowance of an ERC-20 token.
    ///
    /// # Errors
    /// [`DealError`]
    pub fn allow(
        &mut self,
        token: Address,
        owner: Address,
        spender: Address,
        value: U256,
    ) -> Result<(), DealError> {
        let call = Token::allowanceCall { owner, spender };
        self.set_viewed(token, call.abi_encode(), value)
    }

    /// Writes the one slot that makes the token return `value`.
    fn set_viewed(&mut self, token: Address, input: Vec<u8>, value: U256) -> Result<(), DealError> {
        let call = Call {
            request: TransactionRequest {
                to: Some(token.into()),
                input: Bytes::from(input).into(),
                ..TransactionRequest::default()
            },
            ..Call::default()
        };
        let (address, slot) = self.slot_behind(token, call, value)?;
        let set = self.state.set_slot(address, slot, value);
        set.map_err(|error| failed(token)(error.into()))
    }

    /// The slot that makes a call of the token return `value` if it is set to that. All executions have
    /// the time of one request.
    fn slot_behind(
        &self,
        token: Address,
        call: Call,
        value: U256,
    ) -> Result<(Address, U256), DealError> {
        let mut prepared = self.prepare_next(call).map_err(failed(token))?;
        let gas_limit = prepared.tx.gas_limit;
        let executed = prepared.execute(gas_limit).map_err(failed(token))?;
        output(executed.result).map_err(failed(token))?;
        let accounts = executed.state.into_iter();
        let read: Vec<_> = accounts
            .flat_map(|(address, account)| {
                account.storage.into_keys().map(move |slot| (address, slot))
            })
            .collect();
        if read.len() > SLOTS_MAX {
            let slots = read.len();
            return Err(DealError::TooManySlots { token, slots });
        }
        let wanted = value.to_be_bytes::<32>();
        let before = prepared.view.clone();
        for (address, slot) in read {
            prepared.view = before.clone();
            prepared.view.overlay.set_slot(address, slot, value);
            match prepared.run(gas_limit).and_then(output) {
                Ok(output) if **output == wanted => return Ok((address, slot)),
                Err(error @ (CallError::State(_) | CallError::TimedOut(_))) => {
                    return Err(failed(token)(error));
                }
                // What fails with another value in a slot is not it.
                Ok(_) | Err(_) => {}
            }
        }
        Err(DealError::NoSlot(token))
    }
}

fn failed(token: Address) -> impl Fn(CallError) -> DealError {
    move |error| DealError::Call {
        token,
        error: Box::new(error),
    }
}
