//! What an `eth_call` pretends: other accounts, another block.

use alloy_primitives::{Address, U256};
use alloy_rpc_types_eth::{BlockOverrides, state::AccountOverride};
use revm::{context::BlockEnv, primitives::KECCAK_EMPTY, state::Bytecode};

use super::{simulate::CallError, view::View};
use crate::evm::session::Session;

/// Lays an account's overrides over a view.
///
/// # Errors
/// [`CallError::Request`] if they contradict each other.
pub(super) fn override_account(
    view: &mut View<'_>,
    address: Address,
    account: AccountOverride,
) -> Result<(), CallError> {
    if account.state.is_some() && account.state_diff.is_some() {
        let both = format!("account {address} has both 'state' and 'stateDiff'");
        return Err(CallError::Request(both));
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
pub(super) fn override_block(
    block: &mut BlockEnv,
    session: &mut Session,
    overrides: BlockOverrides,
) {
    if let Some(number) = overrides.number {
        block.number = number;
        session.l2_block = number.saturating_to();
    }
    if let Some(time) = overrides.time {
        block.timestamp = U256::from(time);
    }
    block.gas_limit = overrides.gas_limit.unwrap_or(block.gas_limit);
    block.beneficiary = overrides.coinbase.unwrap_or(block.beneficiary);
    block.difficulty = overrides.difficulty.unwrap_or(block.difficulty);
    block.prevrandao = overrides.random.or(block.prevrandao);
    if let Some(base_fee) = overrides.base_fee {
        block.basefee = base_fee.saturating_to();
    }
}
