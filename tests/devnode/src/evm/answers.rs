//! Answering what a program asks of the EVM, and what each answer costs.

use alloy_primitives::{Address, B256, Log, LogData, U256};
use revm::{
    context_interface::{Cfg, ContextTr, JournalTr, context::SStoreResult, context::StateLoad},
    interpreter::{FrameInput, Gas},
};

use super::{Context, calls::Pending, env::CODE_SIZE_MAX, frames::FrameError};
use crate::stylus::{FlushOutcome, Reply, Request, Rules, memory::page_price};

/// {gas} EIP-2929 prices.
pub(super) mod price {
    pub(crate) const WARM: u64 = 100;
    pub(crate) const COLD_ACCOUNT: u64 = 2_600;
    pub(crate) const COLD_SLOT: u64 = 2_100;
    /// First write to a slot that is zero.
    pub(crate) const SLOT_SET: u64 = 20_000;
    /// First write to another slot, cold price taken off.
    pub(crate) const SLOT_RESET: u64 = 2_900;
    /// Reading an account's code, per 24,576 bytes that code may have.
    pub(crate) const CODE: u64 = 700;
}

/// The account that a program acts as, and how.
#[derive(Clone, Copy, Debug)]
pub struct Acting {
    /// Whose storage and balance it uses.
    pub address: Address,
    /// `msg.sender`
    pub caller: Address,
    /// {wei} `msg.value`
    pub value: U256,
    /// Whether it may not change anything.
    pub is_static: bool,
}

/// What a request leads to.
#[derive(Debug)]
pub enum Answer {
    /// The reply, at once.
    Reply(Reply),
    /// A frame, whose result makes the reply.
    Frame(Box<FrameInput>, Pending),
}

/// Answers a request. `gas` is the frame's, for its refunds.
pub fn answer(
    context: &mut Context<'_>,
    gas: &mut Gas,
    acting: &Acting,
    rules: &Rules,
    request: Request,
) -> Result<Answer, FrameError> {
    let reply = match request {
        Request::StorageLoad { key } => load(context, acting, key)?,
        Request::StorageFlush {
            entries,
            gas_budget,
        } => flush(context, gas, acting, &entries, gas_budget)?,
        Request::TransientLoad { key } => {
            let value = context.journal_mut().tload(acting.address, key.into());
            Reply::Value {
                value: value.into(),
                gas: 0,
            }
        }
        Request::TransientStore { .. } | Request::Log { .. } if acting.is_static => Reply::Refused,
        Request::TransientStore { key, value } => {
            context
                .journal_mut()
                .tstore(acting.address, key.into(), value.into());
            Reply::Done { gas: 0 }
        }
        Request::Log { topics, data } => {
            let data = LogData::new_unchecked(topics, data);
            JournalTr::log(
                context.journal_mut(),
                Log {
                    address: acting.address,
                    data,
                },
            );
            Reply::Done { gas: 0 }
        }
        Request::AccountBalance { address } => {
            let account = context.journal_mut().load_account(address)?;
            let value = account.info.balance.into();
            Reply::Value {
                value,
                gas: touch(account.is_cold),
            }
        }
        Request::AccountCode { address, gas_left } => code(context, address, gas_left)?,
        Request::AccountCodeHash { address } => code_hash(context, address)?,
        Request::AddPages { pages } => Reply::Done {
            gas: add_pages(context, rules, pages),
        },
        Request::Call {
            kind,
            to,
            value,
            data,
            gas_left,
            gas_req,
        } => {
            let call = super::calls::Call {
                kind,
                to,
                value,
                data,
                gas_left,
                gas_req,
            };
            return call.begin(context, gas, acting);
        }
        Request::Create {
            kind,
            code,
            endowment,
            gas_left,
        } => {
            let create = super::calls::Create {
                kind,
                code,
                endowment,
                gas_left,
            };
            return Ok(create.begin(gas, acting));
        }
    };
    Ok(Answer::Reply(reply))
}

/// {gas} EIP-2929's price of an account.
pub(super) const fn touch(is_cold: bool) -> u64 {
    if is_cold {
        price::COLD_ACCOUNT
    } else {
        price::WARM
    }
}

fn load(context: &mut Context<'_>, acting: &Acting, key: B256) -> Result<Reply, FrameError> {
    let slot = context.journal_mut().sload(acting.address, key.into())?;
    let gas = if slot.is_cold {
        price::COLD_SLOT
    } else {
        price::WARM
    };
    Ok(Reply::Value {
        value: slot.data.into(),
        gas,
    })
}

/// Writes go to the state one by one, as EVM stores do. Where gas runs out the program ends, and
/// its frame undoes what was written.
fn flush(
    context: &mut Context<'_>,
    gas: &mut Gas,
    acting: &Acting,
    entries: &[(B256, B256)],
    budget: u64,
) -> Result<Reply, FrameError> {
    if acting.is_static {
        return Ok(Reply::Flush {
            outcome: FlushOutcome::WriteProtected,
            gas: 0,
        });
    }
    let mut left = budget;
    for (key, value) in entries {
        let (key, value) = ((*key).into(), (*value).into());
        let stored = context.journal_mut().sstore(acting.address, key, value)?;
        left = match left.checked_sub(store_price(&stored)) {
            Some(left) => left,
            None => {
                return Ok(Reply::Flush {
                    outcome: FlushOutcome::OutOfGas,
                    gas: budget,
                });
            }
        };
        gas.record_refund(context.cfg().gas_params().sstore_refund(true, &stored.data));
    }
    Ok(match left {
        0 => Reply::Flush {
            outcome: FlushOutcome::OutOfGas,
            gas: budget,
        },
        _ => Reply::Flush {
            outcome: FlushOutcome::Written,
            gas: budget - left,
        },
    })
}

/// {gas} EIP-2200 with EIP-2929 and EIP-3529.
fn store_price(stored: &StateLoad<SStoreResult>) -> u64 {
    let slot = &stored.data;
    let cold = if stored.is_cold { price::COLD_SLOT } else { 0 };
    let write = match (slot.is_new_eq_present(), slot.is_original_eq_present()) {
        (true, _) | (false, false) => price::WARM,
        (false, true) if slot.is_original_zero() => price::SLOT_SET,
        (false, true) => price::SLOT_RESET,
    };
    cold + write
}

fn code(context: &mut Context<'_>, address: Address, gas_left: u64) -> Result<Reply, FrameError> {
    let account = context.journal_mut().load_account(address)?;
    let gas = touch(account.is_cold) + price::CODE * (CODE_SIZE_MAX as u64 / 24_576);
    if gas > gas_left {
        return Ok(Reply::Code {
            code: Default::default(),
            gas,
        });
    }
    let code = context.journal_mut().code(address)?.data;
    Ok(Reply::Code { code, gas })
}

/// Zero for an account that does not exist, as the state's own lookup has it.
fn code_hash(context: &mut Context<'_>, address: Address) -> Result<Reply, FrameError> {
    let account = context.journal_mut().load_account(address)?;
    let missing = account.is_loaded_as_not_existing_not_touched() && account.info.is_empty();
    let value = if missing {
        B256::ZERO
    } else {
        account.info.code_hash
    };
    Ok(Reply::Value {
        value,
        gas: touch(account.is_cold),
    })
}

fn add_pages(context: &mut Context<'_>, rules: &Rules, added: u16) -> u64 {
    let pages = &mut context.chain.pages;
    if pages.would_exceed(added, rules) {
        return u64::MAX;
    }
    let price = page_price(rules, added, pages.open, pages.ever);
    pages.add(added);
    price
}
