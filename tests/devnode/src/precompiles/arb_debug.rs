//! ArbDebug, `0xff`: shortcuts of dev chains.

use super::{
    Access, Precompile,
    abi::ArbDebug::{ArbDebugCalls as Calls, Custom},
    metered::{Failure, Metered, revert},
};
use crate::arbos::owners::chain_owners;

pub(super) struct ArbDebug;

impl Precompile for ArbDebug {
    type Calls = Calls;

    fn access(call: &Calls) -> Access {
        match call {
            Calls::becomeChainOwner(_) => Access::Write,
            Calls::customRevert(_) | Calls::legacyError(_) => Access::Pure,
        }
    }

    fn run(frame: &mut Metered<'_, '_>, call: Calls) -> Result<Vec<u8>, Failure> {
        match call {
            Calls::becomeChainOwner(_) => {
                let caller = frame.caller;
                chain_owners().add(frame.context, caller)?;
                Ok(Vec::new())
            }
            Calls::customRevert(call) => Err(revert(Custom {
                number: call.number,
                message: "custom revert".into(),
                flag: true,
            })),
            Calls::legacyError(_) => Err(Failure::Burn),
        }
    }
}
