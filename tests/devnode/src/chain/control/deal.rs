//! Giving out tokens: finds the storage slot behind a view method of a token, and writes it.

use alloy_primitives::{Address, Bytes, U256};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_sol_types::{SolCall, sol};
use thiserror::Error;

use crate::chain::{
    Chain,
    calls::call::{Call, CallError, output},
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

/// A value of a token that a view method tells.
#[derive(Clone, Debug)]
pub struct Viewed {
    token: Address,
    input: Bytes,
}

impl Viewed {
    /// An account's balance.
    pub fn balance(token: Address, owner: Address) -> Self {
        let input = Token::balanceOfCall { owner }.abi_encode().into();
        Self { token, input }
    }

    /// What an account may spend of another's balance.
    pub fn allowance(token: Address, owner: Address, spender: Address) -> Self {
        let call = Token::allowanceCall { owner, spender };
        let input = call.abi_encode().into();
        Self { token, input }
    }

    fn call(&self) -> Call {
        Call {
            request: TransactionRequest {
                to: Some(self.token.into()),
                input: self.input.clone().into(),
                ..TransactionRequest::default()
            },
            ..Call::default()
        }
    }
}

impl Chain {
    /// The one slot that makes the token tell `value` if it is set to that. All executions have the time
    /// of one request.
    ///
    /// # Errors
    /// [`DealError`]
    pub fn slot_behind(&self, view: &Viewed, value: U256) -> Result<(Address, U256), DealError> {
        let token = view.token;
        let mut prepared = self.prepare_next(view.call()).map_err(failed(token))?;
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
                Err(error @ (CallError::State(_) | CallError::Aborted(_))) => {
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
