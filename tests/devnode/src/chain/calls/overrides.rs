//! What an `eth_call` pretends: other accounts, another block.

use alloy_primitives::{Address, U256};
use alloy_rpc_types_eth::{BlockOverrides, state::AccountOverride};
use revm::{context::BlockEnv, primitives::KECCAK_EMPTY, state::Bytecode};

use super::call::CallError;
use crate::{chain::state::view::View, evm::session::Session};

/// Lays an account's overrides over a view.
///
/// # Errors
/// [`CallError::Request`] if they contradict each other, or move a precompile.
pub(in crate::chain) fn override_account(
    view: &mut View<'_>,
    address: Address,
    account: AccountOverride,
) -> Result<(), CallError> {
    if account.state.is_some() && account.state_diff.is_some() {
        let both = format!("account {address} has both 'state' and 'stateDiff'");
        return Err(CallError::Request(both));
    }
    if account.move_precompile_to.is_some() {
        let moved = format!("account {address}: movePrecompileToAddress is not supported");
        return Err(CallError::Request(moved));
    }
    let mut basic = view.account(&address)?.unwrap_or_default();
    basic.balance = account.balance.unwrap_or(basic.balance);
    basic.nonce = account.nonce.unwrap_or(basic.nonce);
    if let Some(code) = account.code {
        let code = Bytecode::new_raw_checked(code)
            .map_err(|error| CallError::Request(error.to_string()))?;
        basic.code_hash = match code.is_empty() {
            true => KECCAK_EMPTY,
            false => view.overlay.add_code(code),
        };
    }
    view.overlay.set_basic(address, Some(basic));
    if account.state.is_some() {
        view.overlay.replace_storage(address);
    }
    for (slot, value) in account.state.or(account.state_diff).unwrap_or_default() {
        view.overlay.set_slot(address, slot.into(), value.into());
    }
    Ok(())
}

/// Changes fields of the block that a call sees.
///
/// # Errors
/// [`CallError::Request`] for a field that a call does not see, and for values out of range.
pub(in crate::chain) fn override_block(
    view: &mut View<'_>,
    block: &mut BlockEnv,
    session: &mut Session,
    overrides: BlockOverrides,
) -> Result<(), CallError> {
    if overrides.blob_base_fee.is_some() {
        let fee = "block override \"blobBaseFee\" is not supported: Arbitrum has no blobs";
        return Err(CallError::Request(fee.into()));
    }
    if overrides.beacon_root.is_some() {
        let root = "block override \"beaconRoot\" is not supported for this RPC method";
        return Err(CallError::Request(root.into()));
    }
    if let Some(number) = overrides.number {
        block.number = number;
        session.l2_block = in_range("number", number)?;
    }
    if let Some(time) = overrides.time {
        block.timestamp = U256::from(time);
    }
    block.gas_limit = overrides.gas_limit.unwrap_or(block.gas_limit);
    block.beneficiary = overrides.coinbase.unwrap_or(block.beneficiary);
    block.difficulty = overrides.difficulty.unwrap_or(block.difficulty);
    block.prevrandao = overrides.random.or(block.prevrandao);
    if let Some(base_fee) = overrides.base_fee {
        block.basefee = in_range("baseFeePerGas", base_fee)?;
    }
    for (number, hash) in overrides.block_hash.into_iter().flatten() {
        view.overlay.set_block_hash(number, hash);
    }
    Ok(())
}

fn in_range<T: TryFrom<U256>>(name: &str, value: U256) -> Result<T, CallError> {
    let narrow = T::try_from(value);
    narrow.map_err(|_| CallError::Request(format!("block override {name} is too large: {value}")))
}
