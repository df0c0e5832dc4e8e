//! Everything that the adapter can refuse with, each named by the broken rule.

use alloc::vec::Vec;

use alloy_sol_types::{SolError, abi::encode_sequence, sol};

use crate::calls::prefixed;

sol! {
    error BadRoute(uint256 length);
    error CallFailed(address target);
    error NotVault(address caller);
    error Overflow();
    error Slippage(address token, uint256 got, uint256 want);
    error TransferFailed(address token);
    error UnexpectedCallback(address caller);
    error UnknownPool(address pool);
    error ZeroAddress();
}

/// Revert data: an encoded error, or an inner call's own.
pub(crate) type Revert = Vec<u8>;

/// The revert data of an error.
pub(crate) fn revert<E: SolError>(error: E) -> Revert {
    prefixed(E::SELECTOR, &encode_sequence(&error.tokenize()))
}
