//! ArbWasmCache, `0x72`: which programs are kept ready to start.

use alloy_primitives::B256;
use alloy_sol_types::SolValue;

use super::{
    Access, Precompile,
    abi::ArbWasmCache::{ArbWasmCacheCalls as Calls, UpdateProgramCache},
    arb_wasm::active,
    metered::{Failure, Metered},
};
use crate::arbos::{
    owners::{cache_managers, chain_owners},
    program::{self, Program},
};

pub(super) struct ArbWasmCache;

impl Precompile for ArbWasmCache {
    type Calls = Calls;

    fn access(call: &Calls) -> Access {
        match call {
            Calls::cacheCodehash(_) | Calls::cacheProgram(_) | Calls::evictCodehash(_) => {
                Access::Write
            }
            _ => Access::View,
        }
    }

    fn since(call: &Calls) -> u64 {
        match call {
            Calls::cacheProgram(_) => 31,
            _ => 30,
        }
    }

    fn run(frame: &mut Metered<'_, '_>, call: Calls) -> Result<Vec<u8>, Failure> {
        match call {
            Calls::isCacheManager(call) => Ok(frame
                .is_member(cache_managers(), call.manager)?
                .abi_encode()),
            Calls::allCacheManagers(_) => Ok(frame.members(cache_managers())?.abi_encode()),
            Calls::codehashIsCached(call) => {
                let program = Program::unpack(frame.read(program::slot(call.codehash))?);
                Ok(program.cached.abi_encode())
            }
            Calls::cacheProgram(call) => {
                authorise(frame)?;
                let code_hash = frame.code_hash(call.program)?;
                cache(frame, code_hash)
            }
            // Replaced by `cacheProgram` in Stylus version 2.
            Calls::cacheCodehash(_) if frame.context.chain.arbos_version >= 31 => {
                Err(Failure::Burn)
            }
            Calls::cacheCodehash(call) => {
                authorise(frame)?;
                cache(frame, call.codehash)
            }
            Calls::evictCodehash(call) => {
                authorise(frame)?;
                frame.params()?;
                let program = Program::unpack(frame.read(program::slot(call.codehash))?);
                store(
                    frame,
                    call.codehash,
                    Program {
                        cached: false,
                        ..program
                    },
                    program.cached,
                )
            }
        }
    }
}

/// Cache managers and chain owners only; others lose their gas.
fn authorise(frame: &mut Metered<'_, '_>) -> Result<(), Failure> {
    let caller = frame.caller;
    let allowed =
        frame.is_member(cache_managers(), caller)? || frame.is_member(chain_owners(), caller)?;
    if allowed { Ok(()) } else { Err(Failure::Burn) }
}

fn cache(frame: &mut Metered<'_, '_>, code_hash: B256) -> Result<Vec<u8>, Failure> {
    let (program, _) = active(frame, code_hash)?;
    if !program.cached {
        // Paid by the block that makes the native code ready.
        frame.burn(u64::from(program.init_cost))?;
    }
    store(
        frame,
        code_hash,
        Program {
            cached: true,
            ..program
        },
        !program.cached,
    )
}

fn store(
    frame: &mut Metered<'_, '_>,
    code_hash: B256,
    program: Program,
    is_change: bool,
) -> Result<Vec<u8>, Failure> {
    if is_change {
        let (manager, cached) = (frame.caller, program.cached);
        frame.emit(&UpdateProgramCache {
            manager,
            codehash: code_hash,
            cached,
        })?;
        frame.read(program::module_hash_slot(code_hash))?;
        frame.write(program::slot(code_hash), program.pack())?;
    }
    Ok(Vec::new())
}
