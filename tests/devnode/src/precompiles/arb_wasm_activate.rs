//! Activating programs and keeping them alive.

use std::fmt::Display;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolValue;
use revm::context_interface::{ContextTr, JournalTr};

use super::{
    abi::ArbWasm::{
        ProgramActivated, ProgramInsufficientValue, ProgramKeepaliveTooSoon,
        ProgramLifetimeExtended, ProgramNotWasm, ProgramUpToDate,
    },
    arb_wasm::active,
    metered::{Failure, Metered, revert},
};
use crate::{
    arbos::{
        access, params,
        pricer::{self, DataPricer, entry},
        program::{self, Program},
        slots::{ROOT, offset},
    },
    evm::env::CODE_SIZE_MAX,
    stylus::{
        self, ArbosVersion, Rules,
        code::{self, Code, CodeError},
    },
};

/// {gas} Fixed price of an activation.
const ACTIVATION: u64 = 1_659_168;

/// {gas/word} Reading a fragment.
const FRAGMENT_WORD: u64 = 3;

/// Activates the program at an address; returns its version and the data fee.
pub(super) fn activate(frame: &mut Metered<'_, '_>, address: Address) -> Result<Vec<u8>, Failure> {
    if frame.context.chain.arbos() >= ArbosVersion::STYLUS_V3 {
        let extra = frame.read_u64(params::activation_gas_slot())?;
        frame.burn(extra)?;
    }
    frame.burn(ACTIVATION)?;
    let account = frame.context.journal().state.get(&address);
    if account.is_some_and(|account| account.is_selfdestructed()) {
        return Err(Failure::Burn);
    }
    let code_hash = access::code_hash(frame.context, address)?;
    let rules = frame.params()?;
    let slot = program::slot(code_hash);
    let old = Program::unpack(frame.read(slot)?);
    if old.active(&rules, frame.time()).is_ok() {
        return Err(revert(ProgramUpToDate {}));
    }
    let wasm = wasm(frame, address, &rules)?;
    let page_limit = rules
        .page_limit
        .saturating_sub(frame.context.chain.pages.open);
    let activation = stylus::activate(&wasm, &rules, page_limit).map_err(|error| {
        tell(address, &error);
        frame.context.chain.refusal = Some(error);
        Failure::Burn
    })?;
    frame.burn(activation.activation_gas.total())?;
    // Nitro stores the root of its proving machine's module, which nothing on chain looks into.
    let module_hash = keccak256(&activation.instrumented);
    frame.write(program::module_hash_slot(code_hash), module_hash.into())?;
    if old.cached {
        frame.read(program::module_hash_slot(code_hash))?;
    }
    let fee = charge(frame, activation.asm_estimate)?;
    let new = Program {
        version: rules.stylus_version,
        init_cost: activation.init_cost,
        cached_cost: activation.cached_cost,
        footprint: activation.footprint,
        activated_at_h: program::hours(frame.time()),
        asm_estimate_kib: activation.asm_estimate.div_ceil(1024),
        cached: old.cached,
    };
    frame.write(slot, new.pack())?;
    pay(frame, fee)?;
    frame.emit(&ProgramActivated {
        codehash: code_hash,
        moduleHash: module_hash,
        program: address,
        dataFee: fee,
        version: new.version,
    })?;
    Ok((new.version, fee).abi_encode_params())
}

/// Starts a program's life anew.
pub(super) fn keep_alive(frame: &mut Metered<'_, '_>, code_hash: B256) -> Result<Vec<u8>, Failure> {
    let (old, rules) = active(frame, code_hash)?;
    let age_s = old.age_s(frame.time());
    if age_s < program::keepalive_s(&rules) {
        return Err(revert(ProgramKeepaliveTooSoon {
            ageInSeconds: age_s,
        }));
    }
    let fee = charge(frame, old.asm_estimate())?;
    let new = Program {
        activated_at_h: program::hours(frame.time()),
        ..old
    };
    frame.write(program::slot(code_hash), new.pack())?;
    pay(frame, fee)?;
    frame.emit(&ProgramLifetimeExtended {
        codehash: code_hash,
        dataFee: fee,
    })?;
    Ok(Vec::new())
}

/// The decompressed program at an address.
fn wasm(frame: &mut Metered<'_, '_>, address: Address, rules: &Rules) -> Result<Vec<u8>, Failure> {
    let refusal = |error| refusal(address, error);
    let bytecode = access::code(frame.context, address)?.original_bytes();
    match code::parse(&bytecode, rules.arbos).map_err(refusal)? {
        Code::Fragment { .. } => Err(revert(ProgramNotWasm {})),
        Code::Classic {
            dictionary,
            compressed,
        } => code::decompress(compressed, dictionary, rules.max_wasm_size).map_err(refusal),
        Code::Root {
            dictionary,
            wasm_len,
            fragments,
        } => {
            code::check_root(&fragments, wasm_len, rules).map_err(refusal)?;
            let codes = fragments
                .iter()
                .map(|fragment| read_fragment(frame, *fragment));
            let codes = codes.collect::<Result<Vec<_>, _>>()?;
            let compressed = code::join(&fragments, &codes, rules.arbos).map_err(refusal)?;
            code::decompress_root(&compressed, dictionary, wasm_len).map_err(refusal)
        }
    }
}

/// A fragment is an account access and a copy; the largest must be affordable before it is made.
fn read_fragment(frame: &mut Metered<'_, '_>, address: Address) -> Result<Bytes, Failure> {
    let copy = |len: usize| FRAGMENT_WORD * len.div_ceil(32) as u64;
    let account = frame.context.journal_mut().code(address)?;
    let touch = if account.is_cold { 2_600 } else { 100 };
    if frame.gas_left() < touch + copy(CODE_SIZE_MAX) {
        return Err(Failure::Burn);
    }
    frame.burn(touch + copy(account.data.len()))?;
    Ok(account.data)
}

/// To the node's log: the chain itself says nothing of the reason.
fn tell(program: Address, reason: &dyn Display) {
    tracing::warn!(%program, %reason, "program cannot be activated");
}

/// Code that cannot be read as a program reverts with the gas left.
fn refusal(address: Address, error: CodeError) -> Failure {
    tell(address, &error);
    match error {
        CodeError::NotProgram => revert(ProgramNotWasm {}),
        _ => Failure::Revert(Vec::new()),
    }
}

/// {wei} The data fee for native code of a size, which becomes demand.
fn charge(frame: &mut Metered<'_, '_>, asm_bytes: u32) -> Result<U256, Failure> {
    let mut read = |entry| frame.read_u64(pricer::slot(entry));
    let narrow = |word: u64| u32::try_from(word).unwrap_or(u32::MAX);
    let mut pricer = DataPricer {
        demand: narrow(read(entry::DEMAND)?),
        bytes_per_second: narrow(read(entry::BYTES_PER_SECOND)?),
        last_update: read(entry::LAST_UPDATE)?,
        min_price: narrow(read(entry::MIN_PRICE)?),
        inertia: narrow(read(entry::INERTIA)?),
    };
    let fee = pricer.charge(asm_bytes, frame.time());
    frame.write(pricer::slot(entry::DEMAND), U256::from(pricer.demand))?;
    frame.write(
        pricer::slot(entry::LAST_UPDATE),
        U256::from(pricer.last_update),
    )?;
    Ok(fee)
}

/// Takes the fee out of the value, and gives the rest back.
fn pay(frame: &mut Metered<'_, '_>, fee: U256) -> Result<(), Failure> {
    let rest = frame.value.checked_sub(fee).ok_or_else(|| {
        revert(ProgramInsufficientValue {
            have: frame.value,
            want: fee,
        })
    })?;
    let recipient = frame.read_address(ROOT.slot(offset::NETWORK_FEE_ACCOUNT))?;
    frame.pay(recipient, fee)?;
    frame.pay(frame.caller, rest)
}
