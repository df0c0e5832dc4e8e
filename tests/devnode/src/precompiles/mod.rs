//! Precompiled contracts: Ethereum's, then Arbitrum's, one file each.

mod abi;
mod arb_address_table;
mod arb_aggregator;
mod arb_debug;
mod arb_function_table;
mod arb_gas_info;
mod arb_info;
mod arb_owner;
mod arb_owner_public;
mod arb_owner_settings;
mod arb_retryable_tx;
mod arb_statistics;
mod arb_sys;
mod arb_sys_sends;
mod arb_wasm;
mod arb_wasm_activate;
mod arb_wasm_cache;
mod arbos_test;
mod metered;

pub(crate) use abi::ArbWasm::ProgramActivated;

use alloy_primitives::{Address, Bytes, map::AddressHashSet};
use alloy_sol_types::SolInterface;
use revm::{
    context_interface::{ContextTr, context::ContextError},
    handler::{EthPrecompiles, PrecompileProvider},
    interpreter::{CallInputs, Gas, InstructionResult, InterpreterResult},
    primitives::hardfork::SpecId,
    state::Bytecode,
};

use crate::evm::Context;
pub(crate) use abi::{ArbRetryableTx::NoTicketWithID, ArbSys::L2ToL1Tx};
pub(crate) use arb_sys::alias as l1_alias;
use metered::{Failure, Metered};

/// Chain information.
pub const ARB_SYS: Address = Address::with_last_byte(0x64);
/// Accounts.
pub const ARB_INFO: Address = Address::with_last_byte(0x65);
/// Short names of addresses.
pub const ARB_ADDRESS_TABLE: Address = Address::with_last_byte(0x66);
/// A table that is no longer kept.
pub const ARB_FUNCTION_TABLE: Address = Address::with_last_byte(0x68);
/// What anyone may know of the owners' settings.
pub const ARB_OWNER_PUBLIC: Address = Address::with_last_byte(0x6b);
/// Burns gas on request.
pub const ARBOS_TEST: Address = Address::with_last_byte(0x69);
/// Prices.
pub const ARB_GAS_INFO: Address = Address::with_last_byte(0x6c);
/// Batch posters.
pub const ARB_AGGREGATOR: Address = Address::with_last_byte(0x6d);
/// Tickets of L1.
pub const ARB_RETRYABLE_TX: Address = Address::with_last_byte(0x6e);
/// Counts of the chain before Nitro.
pub const ARB_STATISTICS: Address = Address::with_last_byte(0x6f);
/// Settings, for chain owners.
pub const ARB_OWNER: Address = Address::with_last_byte(0x70);
/// Activation of programs.
pub const ARB_WASM: Address = Address::with_last_byte(0x71);
/// The program cache.
pub const ARB_WASM_CACHE: Address = Address::with_last_byte(0x72);
/// Shortcuts of dev chains.
pub const ARB_DEBUG: Address = Address::with_last_byte(0xff);

/// Addresses of Arbitrum's precompiles and the ArbOS versions that bring them. Those without a
/// file of their own take no call, but carry code as on a real chain.
const ARBITRUM: [(Address, u64); 16] = [
    (ARB_SYS, 0),
    (ARB_INFO, 0),
    (ARB_ADDRESS_TABLE, 0),
    (Address::with_last_byte(0x67), 0),
    (ARB_FUNCTION_TABLE, 0),
    (ARBOS_TEST, 0),
    (ARB_OWNER_PUBLIC, 0),
    (ARB_GAS_INFO, 0),
    (ARB_AGGREGATOR, 0),
    (ARB_RETRYABLE_TX, 0),
    (ARB_STATISTICS, 0),
    (ARB_OWNER, 0),
    (ARB_WASM, 30),
    (ARB_WASM_CACHE, 30),
    (Address::with_last_byte(0x73), 41),
    (ARB_DEBUG, 0),
];

/// The addresses of Arbitrum's precompiles in an ArbOS version.
pub fn arbitrum_addresses(arbos_version: u64) -> impl Iterator<Item = Address> {
    let present = ARBITRUM
        .into_iter()
        .filter(move |(_, since)| *since <= arbos_version);
    present.map(|(address, _)| address)
}

/// The code of Arbitrum's precompiles: Solidity looks at EXTCODESIZE before it calls.
pub fn code() -> Bytecode {
    Bytecode::new_legacy(Bytes::from_static(&[0xFE]))
}

/// What a method does to the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Access {
    /// Nothing: it may run with any account's identity.
    Pure,
    /// It reads ArbOS state.
    View,
    /// It writes.
    Write,
    /// It writes and takes value.
    Payable,
}

/// A precompile: its methods, and what each needs.
trait Precompile {
    /// The methods.
    type Calls: SolInterface;

    /// What the method does.
    fn access(call: &Self::Calls) -> Access;

    /// The first ArbOS version that has the method.
    fn since(_call: &Self::Calls) -> u64 {
        0
    }

    /// Runs the method and returns its ABI-encoded result.
    fn run(frame: &mut Metered<'_, '_>, call: Self::Calls) -> Result<Vec<u8>, Failure>;
}

/// The precompiles of one ArbOS version.
#[derive(Clone, Debug)]
pub struct Precompiles {
    ethereum: EthPrecompiles,
    warm: AddressHashSet,
}

impl Precompiles {
    /// Ethereum's of `spec` and Arbitrum's of `arbos_version`.
    pub fn new(spec: SpecId, arbos_version: u64) -> Self {
        let ethereum = EthPrecompiles::new(spec);
        let addresses = ethereum.warm_addresses().iter().copied();
        let warm = addresses.chain(arbitrum_addresses(arbos_version)).collect();
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
        let run = match inputs.bytecode_address {
            ARB_SYS => dispatch::<arb_sys::ArbSys>,
            ARB_INFO => dispatch::<arb_info::ArbInfo>,
            ARB_ADDRESS_TABLE => dispatch::<arb_address_table::ArbAddressTable>,
            ARB_FUNCTION_TABLE => dispatch::<arb_function_table::ArbFunctionTable>,
            ARB_OWNER_PUBLIC => dispatch::<arb_owner_public::ArbOwnerPublic>,
            ARB_GAS_INFO => dispatch::<arb_gas_info::ArbGasInfo>,
            ARB_AGGREGATOR => dispatch::<arb_aggregator::ArbAggregator>,
            ARB_RETRYABLE_TX => dispatch::<arb_retryable_tx::ArbRetryableTx>,
            ARB_STATISTICS => dispatch::<arb_statistics::ArbStatistics>,
            ARB_OWNER => dispatch::<arb_owner::ArbOwner>,
            ARB_WASM => dispatch::<arb_wasm::ArbWasm>,
            ARB_WASM_CACHE => dispatch::<arb_wasm_cache::ArbWasmCache>,
            ARB_DEBUG => dispatch::<arb_debug::ArbDebug>,
            ARBOS_TEST => dispatch::<arbos_test::ArbosTest>,
            _ => return self.ethereum.run(context, inputs),
        };
        let input = inputs.input.bytes(context);
        let mut frame = Metered::new(context, inputs);
        let result = run(&mut frame, inputs, &input);
        let (result, output, left) = match result {
            Ok(output) => (InstructionResult::Return, output, frame.gas_left()),
            Err(Failure::Revert(data)) => (InstructionResult::Revert, data, frame.gas_left()),
            Err(Failure::Burn) => (
                InstructionResult::Revert,
                Vec::new(),
                frame.gas_burned_left(),
            ),
            Err(Failure::State(error)) => {
                let message = error.to_string();
                *context.error() = Err(ContextError::Db(error));
                return Err(message);
            }
        };
        let mut gas = Gas::new_with_regular_gas_and_reservoir(inputs.gas_limit, inputs.reservoir);
        gas.set_remaining(left.min(inputs.gas_limit));
        Ok(Some(InterpreterResult {
            result,
            output: Bytes::from(output),
            gas,
        }))
    }

    fn warm_addresses(&self) -> &AddressHashSet {
        &self.warm
    }
}

/// Decodes and runs a call.
///
/// Whatever is wrong with the call itself burns all gas: no selector, a method that does not exist
/// in this version, value for one that takes none, a write in a static call, another account's
/// identity by delegate call.
fn dispatch<P: Precompile>(
    frame: &mut Metered<'_, '_>,
    inputs: &CallInputs,
    input: &[u8],
) -> Result<Vec<u8>, Failure> {
    let arguments = input.len().checked_sub(4).ok_or(Failure::Burn)?;
    let call = P::Calls::abi_decode(input).map_err(|_| Failure::Burn)?;
    if P::since(&call) > frame.context.chain.arbos_version {
        return Err(Failure::Burn);
    }
    let access = P::access(&call);
    let is_foreign = inputs.target_address != inputs.bytecode_address;
    let is_forbidden = access > Access::Pure && is_foreign
        || access >= Access::Write && inputs.is_static
        || access < Access::Payable && !inputs.call_value().is_zero();
    if is_forbidden {
        return Err(Failure::Burn);
    }
    frame.copy(arguments)?;
    if access > Access::Pure {
        frame.open()?;
    }
    let result = P::run(frame, call);
    if let Ok(output) | Err(Failure::Revert(output)) = &result {
        frame.copy(output.len())?;
    }
    result
}
