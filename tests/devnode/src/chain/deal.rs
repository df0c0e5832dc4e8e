//! Giving out tokens: finds the storage slot behind a view method of a token, and writes it.

use alloy_primitives::{Address, Bytes, U256};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_sol_types::{SolCall, sol};
use thiserror::Error;

use super::{
    Chain,
    simulate::{Call, CallError},
};

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
        let failed = |error: CallError| DealError::Call {
            token,
            error: Box::new(error),
        };
        let wanted = value.to_be_bytes::<32>();
        for (address, slot) in self.slots_read(call.clone()).map_err(failed)? {
            let output = self.call_with_slot(call.clone(), address, slot, value);
            if output.is_ok_and(|output| **output == wanted) {
                let set = self.state.set_slot(address, slot, value);
                return set.map_err(|error| failed(error.into()));
            }
        }
        Err(DealError::NoSlot(token))
    }
}
