//! Precompiled contracts: Ethereum's, then Arbitrum's, one file each.

use alloy_primitives::map::AddressHashSet;
use revm::{
    handler::{EthPrecompiles, PrecompileProvider},
    interpreter::{CallInputs, InterpreterResult},
    primitives::hardfork::SpecId,
};

use crate::evm::Context;

/// The precompiles of one ArbOS version.
#[derive(Clone, Debug)]
pub struct Precompiles {
    ethereum: EthPrecompiles,
    warm: AddressHashSet,
}

impl Precompiles {
    /// Ethereum's of `spec` and Arbitrum's of `arbos_version`.
    pub fn new(spec: SpecId, _arbos_version: u64) -> Self {
        let ethereum = EthPrecompiles::new(spec);
        let warm = ethereum.warm_addresses().iter().copied().collect();
        Self { ethereum, warm }
    }
}

impl<'a> PrecompileProvider<Context<'a>> for Precompiles {
    type Output = InterpreterResult;

    fn set_spec(&mut self, _spec: SpecId) -> bool {
        false
    }

    fn run(
        &mut self,
        context: &mut Context<'a>,
        inputs: &CallInputs,
    ) -> Result<Option<InterpreterResult>, String> {
        self.ethereum.run(context, inputs)
    }

    fn warm_addresses(&self) -> &AddressHashSet {
        &self.warm
    }
}

/// The addresses of Arbitrum's precompiles in an ArbOS version.
pub fn arbitrum_addresses(_arbos_version: u64) -> Vec<alloy_primitives::Address> {
    [0x64, 0x6b, 0x6c, 0x70, 0x71, 0x72, 0xff]
        .map(alloy_primitives::Address::with_last_byte)
        .to_vec()
}
