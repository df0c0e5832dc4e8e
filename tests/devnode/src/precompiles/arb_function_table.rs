//! ArbFunctionTable, `0x68`: a table that Arbitrum no longer keeps. It is empty and stays so.

use alloy_primitives::U256;
use alloy_sol_types::SolValue;

use super::{
    Access, Precompile,
    abi::ArbFunctionTable::ArbFunctionTableCalls as Calls,
    metered::{Failure, Metered},
};

pub(super) struct ArbFunctionTable;

impl Precompile for ArbFunctionTable {
    type Calls = Calls;

    fn access(call: &Calls) -> Access {
        match call {
            Calls::upload(_) => Access::Write,
            _ => Access::View,
        }
    }

    fn run(_: &mut Metered<'_, '_>, call: Calls) -> Result<Vec<u8>, Failure> {
        match call {
            Calls::upload(_) => Ok(Vec::new()),
            Calls::size(_) => Ok(U256::ZERO.abi_encode()),
            Calls::get(_) => Err(Failure::Burn),
        }
    }
}
