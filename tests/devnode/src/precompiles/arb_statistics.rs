//! ArbStatistics, `0x6f`: what was counted before Nitro, which is nothing here.

use alloy_primitives::U256;
use alloy_sol_types::SolValue;

use super::{
    Access, Precompile,
    abi::ArbStatistics::ArbStatisticsCalls as Calls,
    metered::{Failure, Metered},
};

pub(super) struct ArbStatistics;

impl Precompile for ArbStatistics {
    type Calls = Calls;

    fn access(_: &Calls) -> Access {
        Access::View
    }

    /// The block number, then accounts, storage, gas, transactions and contracts of the old chain.
    fn run(frame: &mut Metered<'_, '_>, call: Calls) -> Result<Vec<u8>, Failure> {
        let Calls::getStats(_) = call;
        let block = U256::from(frame.context.chain.l2_block);
        let none = U256::ZERO;
        Ok((block, none, none, none, none, none).abi_encode_params())
    }
}
