//! ArbInfo, `0x65`: accounts.

use alloy_sol_types::SolValue;

use super::{
    Access, Precompile,
    abi::ArbInfo::ArbInfoCalls as Calls,
    metered::{Failure, Metered},
};
use crate::arbos::access;

/// {gas} Looking at a balance, as in Istanbul.
const BALANCE: u64 = 700;

/// {gas} Looking at code, before it is copied.
const CODE: u64 = 2_100;

pub(super) struct ArbInfo;

impl Precompile for ArbInfo {
    type Calls = Calls;

    fn access(_: &Calls) -> Access {
        Access::View
    }

    fn run(frame: &mut Metered<'_, '_>, call: Calls) -> Result<Vec<u8>, Failure> {
        match call {
            Calls::getBalance(call) => {
                frame.burn(BALANCE)?;
                Ok(access::balance(frame.context, call.account)?.abi_encode())
            }
            Calls::getCode(call) => {
                frame.burn(CODE)?;
                let code = access::code(frame.context, call.account)?.original_bytes();
                frame.copy(code.len())?;
                Ok(code.abi_encode())
            }
        }
    }
}
