//! Reading and writing ArbOS state during a transaction.
//!
//! Neither reads nor writes are EIP-2929 accesses, and nothing becomes warm by them; writes are
//! journaled, so that they are undone with their frame. What they cost is the precompiles' business.

use alloy_primitives::{Address, B256, U256};
use revm::{
    context_interface::{ContextTr, JournalTr, journaled_state::TransferError},
    state::Bytecode,
};

use super::slots::ARBOS;
use crate::{evm::Context, fork::StateError};

/// The current value of an ArbOS slot.
pub fn read(context: &Context<'_>, slot: U256) -> Result<U256, StateError> {
    peek(context, ARBOS, slot)
}

/// Replaces an ArbOS slot. What was cold stays cold.
pub fn write(context: &mut Context<'_>, slot: U256, value: U256) -> Result<(), StateError> {
    let journal = context.journal_mut();
    let is_account_cold = journal.load_account(ARBOS)?.is_cold;
    let is_slot_cold = journal.sstore(ARBOS, slot, value)?.is_cold;
    let Some(account) = journal.state.get_mut(&ARBOS) else {
        return Ok(());
    };
    if is_account_cold {
        account.mark_cold();
    }
    if is_slot_cold && let Some(slot) = account.storage.get_mut(&slot) {
        slot.mark_cold();
    }
    Ok(())
}

/// Moves value without an EVM call; none if it was moved. A receiver that was cold stays cold.
pub fn transfer(
    context: &mut Context<'_>,
    from: Address,
    to: Address,
    amount: U256,
) -> Result<Option<TransferError>, StateError> {
    let journal = context.journal_mut();
    let is_cold = journal.load_account(to)?.is_cold;
    let error = journal.transfer(from, to, amount)?;
    if is_cold && let Some(account) = journal.state.get_mut(&to) {
        account.mark_cold();
    }
    Ok(error)
}

/// {wei} The current balance of an account, without touching it.
pub fn balance(context: &Context<'_>, address: Address) -> Result<U256, StateError> {
    let journal = context.journal();
    match journal.state.get(&address) {
        Some(account) => Ok(account.info.balance),
        None => {
            let basic = journal.db().account(&address)?;
            Ok(basic.map_or(U256::ZERO, |basic| basic.balance))
        }
    }
}

/// The current value of any slot, without touching it.
pub fn peek(context: &Context<'_>, address: Address, slot: U256) -> Result<U256, StateError> {
    let journal = context.journal();
    let changed = journal
        .state
        .get(&address)
        .and_then(|account| account.storage.get(&slot));
    match changed {
        Some(changed) => Ok(changed.present_value),
        None => journal.db().slot(&address, &slot),
    }
}

/// The current code hash of an account, without touching it; zero if it does not exist.
pub fn code_hash(context: &Context<'_>, address: Address) -> Result<B256, StateError> {
    let journal = context.journal();
    match journal.state.get(&address) {
        Some(account) if account.is_loaded_as_not_existing_not_touched() => Ok(B256::ZERO),
        Some(account) => Ok(account.info.code_hash),
        None => {
            let basic = journal.db().account(&address)?;
            Ok(basic.map_or(B256::ZERO, |basic| basic.code_hash))
        }
    }
}

/// The current code of an account, without touching it.
pub fn code(context: &Context<'_>, address: Address) -> Result<Bytecode, StateError> {
    let journal = context.journal();
    let loaded = journal.state.get(&address);
    match loaded.and_then(|account| account.info.code.clone()) {
        Some(code) => Ok(code),
        None => journal.db().code(&code_hash(context, address)?),
    }
}
