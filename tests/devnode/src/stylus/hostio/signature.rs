//! The functions that a program can import.

use wasmparser::ValType::{self, F32, F64, I32, I64};

/// Module of the functions that every chain has.
pub(crate) const VM_HOOKS: &str = "vm_hooks";
/// Module of printing, on debug chains.
pub(crate) const CONSOLE: &str = "console";
/// Module of measuring, on debug chains.
pub(crate) const DEBUG: &str = "debug";

/// The function that `memory.grow` pays with.
pub(crate) const PAY_FOR_MEMORY_GROW: &str = "pay_for_memory_grow";

/// Type of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) params: &'static [ValType],
    pub(crate) results: &'static [ValType],
}

pub(super) type Entry = (&'static str, &'static [ValType], &'static [ValType]);

/// The function with this name, if programs may import it.
pub(crate) fn find(module: &str, name: &str, debug: bool) -> Option<Signature> {
    let table = table(module, debug)?;
    let (_, params, results) = table.iter().find(|(entry, ..)| *entry == name)?;
    Some(Signature { params, results })
}

pub(super) fn table(module: &str, debug: bool) -> Option<&'static [Entry]> {
    match module {
        VM_HOOKS => Some(VM_HOOK_TABLE),
        CONSOLE if debug => Some(CONSOLE_TABLE),
        DEBUG if debug => Some(DEBUG_TABLE),
        _ => None,
    }
}

const VM_HOOK_TABLE: &[Entry] = &[
    ("read_args", &[I32], &[]),
    ("write_result", &[I32, I32], &[]),
    ("exit_early", &[I32], &[]),
    ("storage_load_bytes32", &[I32, I32], &[]),
    ("storage_cache_bytes32", &[I32, I32], &[]),
    ("storage_flush_cache", &[I32], &[]),
    ("transient_load_bytes32", &[I32, I32], &[]),
    ("transient_store_bytes32", &[I32, I32], &[]),
    ("call_contract", &[I32, I32, I32, I32, I64, I32], &[I32]),
    ("delegate_call_contract", &[I32, I32, I32, I64, I32], &[I32]),
    ("static_call_contract", &[I32, I32, I32, I64, I32], &[I32]),
    ("create1", &[I32, I32, I32, I32, I32], &[]),
    ("create2", &[I32, I32, I32, I32, I32, I32], &[]),
    ("read_return_data", &[I32, I32, I32], &[I32]),
    ("return_data_size", &[], &[I32]),
    ("emit_log", &[I32, I32, I32], &[]),
    ("account_balance", &[I32, I32], &[]),
    ("account_code", &[I32, I32, I32, I32], &[I32]),
    ("account_code_size", &[I32], &[I32]),
    ("account_codehash", &[I32, I32], &[]),
    ("block_basefee", &[I32], &[]),
    ("block_coinbase", &[I32], &[]),
    ("block_gas_limit", &[], &[I64]),
    ("block_number", &[], &[I64]),
    ("block_timestamp", &[], &[I64]),
    ("chainid", &[], &[I64]),
    ("contract_address", &[I32], &[]),
    ("evm_gas_left", &[], &[I64]),
    ("evm_ink_left", &[], &[I64]),
    ("msg_reentrant", &[], &[I32]),
    ("msg_sender", &[I32], &[]),
    ("msg_value", &[I32], &[]),
    ("tx_gas_price", &[I32], &[]),
    ("tx_ink_price", &[], &[I32]),
    ("tx_origin", &[I32], &[]),
    ("math_div", &[I32, I32], &[]),
    ("math_mod", &[I32, I32], &[]),
    ("math_pow", &[I32, I32], &[]),
    ("math_add_mod", &[I32, I32, I32], &[]),
    ("math_mul_mod", &[I32, I32, I32], &[]),
    ("native_keccak256", &[I32, I32, I32], &[]),
    (PAY_FOR_MEMORY_GROW, &[I32], &[]),
];

const CONSOLE_TABLE: &[Entry] = &[
    ("log_txt", &[I32, I32], &[]),
    ("log_i32", &[I32], &[]),
    ("log_i64", &[I64], &[]),
    ("log_f32", &[F32], &[]),
    ("log_f64", &[F64], &[]),
    ("tee_i32", &[I32], &[I32]),
    ("tee_i64", &[I64], &[I64]),
    ("tee_f32", &[F32], &[F32]),
    ("tee_f64", &[F64], &[F64]),
];

const DEBUG_TABLE: &[Entry] = &[
    ("null_host", &[], &[]),
    ("start_benchmark", &[], &[]),
    ("end_benchmark", &[], &[]),
];
