//! Everything that the vault can refuse with, each named by the broken rule.

use alloc::vec::Vec;

use alloy_sol_types::{SolError, SolType, sol};

use crate::words::{Words, encode};

sol! {
    error AlreadySeeded();
    error AssetCount(uint256 count);
    error CallFailed(address target);
    error DuplicateAsset(address asset);
    error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
    error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
    error ERC20InvalidReceiver(address receiver);
    error ERC20InvalidSpender(address spender);
    error FeeOnTransfer(address token, uint256 got, uint256 want);
    error HardCap(uint256 value, uint256 cap);
    error InsufficientGas(uint256 available, uint256 needed);
    error LengthMismatch(uint256 got, uint256 want);
    error Locked();
    error MaxInExceeded(address token, uint256 needed, uint256 maxIn);
    error MinHalt(uint64 until);
    error NoCode(address target);
    error NotListed(address token);
    error NotRole(uint8 role);
    error NotSeeded();
    error NothingOwed(address user, address asset);
    error Overflow();
    error QuotaExceeded(address token, uint256 used, uint256 cap);
    error SeedTooSmall(uint256 shares, uint256 minimum);
    error Slippage(address token, uint256 got, uint256 want);
    error TransferFailed(address token);
    error UnknownVenue(address venue);
    error WrongMode(uint8 mode);
    error ZeroAddress();
    error ZeroAmount();
}

/// Revert data: an encoded error, or an inner call's own.
pub(crate) type Revert = Vec<u8>;

/// The revert data of an error.
pub(crate) fn revert<E>(error: E) -> Revert
where
    E: SolError + Into<<E::Parameters<'static> as SolType>::RustType>,
    <E::Parameters<'static> as SolType>::RustType: Words,
{
    encode(&E::SELECTOR, &error.into())
}

/// A number that does not fit, whatever the cause.
pub(crate) fn overflow<E>(_: E) -> Revert {
    revert(Overflow {})
}
