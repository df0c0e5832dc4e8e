//! ArbDebug, `0xff`: shortcuts of dev chains.

use alloy_primitives::B256;
use alloy_sol_types::SolValue;
use revm::{
    context_interface::{ContextTr, JournalTr},
    state::Bytecode,
};

use super::{
    Access, Precompile,
    abi::ArbDebug::{
        ArbDebugCalls as Calls, Basic, Custom, Mixed, overwriteContractCodeCall as Overwrite,
    },
    metered::{Failure, Metered, revert},
};
use crate::arbos::{access, owners::chain_owners};

pub(super) struct ArbDebug;

impl Precompile for ArbDebug {
    type Calls = Calls;

    fn access(call: &Calls) -> Access {
        match call {
            Calls::becomeChainOwner(_) | Calls::overwriteContractCode(_) | Calls::panic(_) => {
                Access::Write
            }
            Calls::events(_) => Access::Payable,
            Calls::eventsView(_) => Access::View,
            Calls::customRevert(_) | Calls::legacyError(_) => Access::Pure,
        }
    }

    fn since(call: &Calls) -> u64 {
        match call {
            Calls::panic(_) => 30,
            _ => 0,
        }
    }

    fn run(frame: &mut Metered<'_, '_>, call: Calls) -> Result<Vec<u8>, Failure> {
        match call {
            Calls::becomeChainOwner(_) => {
                frame.add_member(chain_owners(), frame.caller)?;
                Ok(Vec::new())
            }
            Calls::customRevert(call) => Err(revert(Custom {
                number: call.number,
                message: "custom revert".into(),
                flag: true,
            })),
            Calls::events(call) => events(frame, call.flag, call.value),
            Calls::overwriteContractCode(call) => overwrite(frame, &call),
            // A view cannot write logs; and nothing panics here.
            Calls::eventsView(_) | Calls::panic(_) | Calls::legacyError(_) => Err(Failure::Burn),
        }
    }
}

/// Two events made of the arguments, then the caller and its value.
fn events(frame: &mut Metered<'_, '_>, flag: bool, value: B256) -> Result<Vec<u8>, Failure> {
    frame.emit(&Basic { flag: !flag, value })?;
    let (conn, caller) = (frame.address, frame.caller);
    frame.emit(&Mixed {
        flag,
        not: !flag,
        value,
        conn,
        caller,
    })?;
    Ok((caller, frame.value).abi_encode_params())
}

/// Replaces an account's code and returns what it was.
fn overwrite(frame: &mut Metered<'_, '_>, call: &Overwrite) -> Result<Vec<u8>, Failure> {
    let old = access::code(frame.context, call.target)?.original_bytes();
    let journal = frame.context.journal_mut();
    journal.load_account(call.target)?;
    journal.set_code(call.target, Bytecode::new_legacy(call.newCode.clone()));
    Ok(old.abi_encode())
}
