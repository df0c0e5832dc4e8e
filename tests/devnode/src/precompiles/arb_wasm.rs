//! ArbWasm, `0x71`: what is known of programs, and of the rules for them.

use alloy_primitives::{Address, B256};
use alloy_sol_types::SolValue;

use super::{
    Access, Precompile,
    abi::ArbWasm::{
        ArbWasmCalls as Calls, ProgramExpired, ProgramNeedsUpgrade, ProgramNotActivated,
    },
    arb_wasm_activate as activate,
    metered::{Failure, Metered, revert},
};
use crate::{
    arbos::{
        params,
        program::{self, Inactive, Program},
    },
    stylus::Rules,
};

/// A constant of Nitro's that only this precompile shows.
const PAGE_RAMP: u64 = 620_674_314;

pub(super) struct ArbWasm;

impl Precompile for ArbWasm {
    type Calls = Calls;

    fn access(call: &Calls) -> Access {
        match call {
            Calls::activateProgram(_) | Calls::codehashKeepalive(_) => Access::Payable,
            _ => Access::View,
        }
    }

    fn since(call: &Calls) -> u64 {
        match call {
            Calls::activationGas(_) => 59,
            _ => 30,
        }
    }

    fn run(frame: &mut Metered<'_, '_>, call: Calls) -> Result<Vec<u8>, Failure> {
        match call {
            Calls::activateProgram(call) => activate::activate(frame, call.program),
            Calls::codehashKeepalive(call) => activate::keep_alive(frame, call.codehash),
            Calls::codehashVersion(call) => {
                Ok(active(frame, call.codehash)?.0.version.abi_encode())
            }
            Calls::codehashAsmSize(call) => {
                Ok(active(frame, call.codehash)?.0.asm_estimate().abi_encode())
            }
            Calls::programVersion(call) => {
                Ok(active_at(frame, call.program)?.0.version.abi_encode())
            }
            Calls::programInitGas(call) => init_gas(frame, call.program),
            Calls::programMemoryFootprint(call) => {
                Ok(active_at(frame, call.program)?.0.footprint.abi_encode())
            }
            Calls::programTimeLeft(call) => {
                let (program, rules) = active_at(frame, call.program)?;
                let left = program::expiry_s(&rules).saturating_sub(program.age_s(frame.time()));
                Ok(left.abi_encode())
            }
            Calls::activationGas(_) => Ok(frame.read(params::activation_gas_slot())?.abi_encode()),
            call => Ok(parameter(&frame.params()?, &call)),
        }
    }
}

fn parameter(rules: &Rules, call: &Calls) -> Vec<u8> {
    match call {
        Calls::stylusVersion(_) => rules.stylus_version.abi_encode(),
        Calls::inkPrice(_) => rules.ink_price.abi_encode(),
        Calls::maxStackDepth(_) => rules.max_stack_depth.abi_encode(),
        Calls::freePages(_) => rules.free_pages.abi_encode(),
        Calls::pageGas(_) => rules.page_gas.abi_encode(),
        Calls::pageRamp(_) => PAGE_RAMP.abi_encode(),
        Calls::pageLimit(_) => rules.page_limit.abi_encode(),
        Calls::minInitGas(_) => {
            let gas = u64::from(rules.min_init_gas) * 128;
            let cached = u64::from(rules.min_cached_init_gas) * 32;
            (gas, cached).abi_encode_params()
        }
        Calls::initCostScalar(_) => (u64::from(rules.init_cost_scalar) * 2).abi_encode(),
        Calls::expiryDays(_) => rules.expiry_days.abi_encode(),
        Calls::keepaliveDays(_) => rules.keepalive_days.abi_encode(),
        Calls::blockCacheSize(_) => rules.block_cache_size.abi_encode(),
        _ => Vec::new(),
    }
}

/// {gas} What starting the program costs, and what it costs if cached.
fn init_gas(frame: &mut Metered<'_, '_>, address: Address) -> Result<Vec<u8>, Failure> {
    let (program, rules) = active_at(frame, address)?;
    let cached = rules.cached_gas(program.cached_cost);
    let mut init = rules.init_gas(program.init_cost);
    if rules.stylus_version > 1 {
        init += cached;
    }
    Ok((init, cached).abi_encode_params())
}

fn active_at(frame: &mut Metered<'_, '_>, address: Address) -> Result<(Program, Rules), Failure> {
    let code_hash = frame.code_hash(address)?;
    active(frame, code_hash)
}

/// A program that can run now.
///
/// # Errors
/// The custom error that says why it cannot.
pub(super) fn active(
    frame: &mut Metered<'_, '_>,
    code_hash: B256,
) -> Result<(Program, Rules), Failure> {
    let rules = frame.params()?;
    let program = Program::unpack(frame.read(program::slot(code_hash))?);
    match program.active(&rules, frame.time()) {
        Ok(()) => Ok((program, rules)),
        Err(Inactive::NotActivated) => Err(revert(ProgramNotActivated {})),
        Err(Inactive::NeedsUpgrade { program, chain }) => Err(revert(ProgramNeedsUpgrade {
            version: program,
            stylusVersion: chain,
        })),
        Err(Inactive::Expired { age_s }) => Err(revert(ProgramExpired {
            ageInSeconds: age_s,
        })),
    }
}
