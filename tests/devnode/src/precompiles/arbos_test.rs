//! ArbosTest, `0x69`: burns gas on request.

use super::{
    Access, Precompile,
    abi::ArbosTest::ArbosTestCalls as Calls,
    metered::{Failure, Metered},
};

pub(super) struct ArbosTest;

impl Precompile for ArbosTest {
    type Calls = Calls;

    fn access(_: &Calls) -> Access {
        Access::Pure
    }

    fn run(frame: &mut Metered<'_, '_>, call: Calls) -> Result<Vec<u8>, Failure> {
        let Calls::burnArbGas(call) = call;
        frame.burn(call.amount.saturating_to())?;
        Ok(Vec::new())
    }
}
