//! Reading and writing ArbOS state during a transaction.
//!
//! Reads do not warm anything and are not EIP-2929 accesses; writes are journaled, so that they are
//! undone with their frame. What they cost is the precompiles' business.

use alloy_primitives::{Address, B256, U256};
use revm::{
    context_interface::{ContextTr, JournalTr},
    state::Bytecode,
};

use super::slots::ARBOS;
use crate::{evm::Context, fork::StateError};

/// The current value of an ArbOS slot.
pub fn read(context: &Context<'_>, slot: U256) -> Result<U256, StateError> {
    peek(context, ARBOS, slot)
}

/// Replaces an ArbOS slot.
pub fn write(context: &mut Context<'_>, slot: U256, value: U256) -> Result<(), StateError> {
    context.journal_mut().load_account(ARBOS)?;
    context.journal_mut().sstore(ARBOS, slot, value)?;
    Ok(())
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
