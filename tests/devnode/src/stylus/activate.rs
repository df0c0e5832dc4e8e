//! Activating a program: validate, rewrite, predict and price.

use std::{collections::HashMap, fmt::Debug};

use thiserror::Error;

use super::{
    Rules,
    demangled::demangled,
    estimate::{ActivationGas, Estimate},
    instrument::{Instrumented, instrument, watch::Watch},
    memory::PRICED_PAGES,
    module::Module,
    panic::Formatter,
    validate::validate,
};

/// What activating a program yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activation {
    /// Predicted price of initialising it; [`Rules::init_gas`] makes gas of it.
    pub init_cost: u16,
    /// Predicted price of starting it from a cache; [`Rules::cached_gas`] makes gas of it.
    pub cached_cost: u16,
    /// {page} Initial memory.
    pub footprint: u16,
    /// {byte} Predicted size of the native code; decides the data fee.
    pub asm_estimate: u32,
    /// {gas} Price of the work, item by item.
    pub activation_gas: ActivationGas,
    /// The program that meters itself, for [`Compiler::compile`](super::Compiler::compile).
    pub instrumented: Vec<u8>,
}

/// Why a program cannot be activated. All of these have the same effect on chain.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ActivationError {
    /// A global or an offset is more than one constant.
    #[error("globals and segment offsets must be single constants")]
    ConstantExpression,
    /// A predicted cost does not fit its field.
    #[error("{0} does not fit its field")]
    CostOverflow(&'static str),
    /// There is a data count section.
    #[error("data count sections are not supported")]
    DataCount,
    /// Elements are given as expressions.
    #[error("elements must be function indices")]
    ElementItems,
    /// There is no entry point.
    #[error("no function is exported as user_entrypoint")]
    EntrypointMissing,
    /// The entry point is imported or has another type.
    #[error("user_entrypoint must be defined as (i32) -> i32")]
    EntrypointType,
    /// An export has the name of an import.
    #[error("export {0} has the name of an import")]
    ExportShadowsImport(String),
    /// A name that is not a function of the host's is imported.
    #[error("unknown import {0}.{1}")]
    ImportUnknown(String, String),
    /// A function of the host's is imported with another type, or with two.
    #[error("import {0}.{1} has the wrong type")]
    ImportType(String, String),
    /// The wasm standard, or a feature that is not allowed.
    #[error("invalid wasm: {0}")]
    Invalid(String),
    /// The memory is missing or not exported.
    #[error("no memory is exported as memory")]
    MemoryMissing,
    /// The initial memory is too large.
    #[error("{pages} pages of memory, allowed are {limit}")]
    MemoryTooLarge {
        /// {page}
        pages: u64,
        /// {page}
        limit: u16,
    },
    /// The memory can grow, but the program cannot pay for it.
    #[error("growing memory needs the import vm_hooks.pay_for_memory_grow")]
    MemoryUnpaid,
    /// A name begins like those of the VM.
    #[error("name {0} is reserved")]
    NameReserved(String),
    /// An operation that programs may not contain: floats, tables, and others.
    #[error("unsupported operation {0}")]
    Operation(String),
    /// A segment does not fit the memory or table that it fills.
    #[error("a {0} segment is out of bounds")]
    SegmentOutOfBounds(&'static str),
    /// There is a start function.
    #[error("start functions are not allowed")]
    StartFunction,
    /// More of something than allowed.
    #[error("{count} {what}, allowed are {max}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there are.
        count: u64,
        /// How many may be.
        max: u64,
    },
}

impl ActivationError {
    /// Fails with [`ActivationError::TooMany`] if `count > max`.
    pub(super) fn limit<N>(what: &'static str, count: N, max: N) -> Result<(), Self>
    where
        N: PartialOrd + TryInto<u64>,
    {
        match count > max {
            true => Err(Self::TooMany {
                what,
                count: count.try_into().unwrap_or(u64::MAX),
                max: max.try_into().unwrap_or(u64::MAX),
            }),
            false => Ok(()),
        }
    }
}

impl From<wasmparser::BinaryReaderError> for ActivationError {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Invalid(error.to_string())
    }
}

/// Activates the decompressed program `wasm` where `page_limit` pages may still be opened.
///
/// Work is bounded by the program's length, whatever it holds. The gas is not charged here: a failure
/// and running out of gas cost the same, all of it.
///
/// Errors: every [`ActivationError`].
pub fn activate(
    wasm: &[u8],
    rules: &Rules,
    page_limit: u16,
) -> Result<Activation, ActivationError> {
    let module = Module::parse(wasm, rules)?;
    let validated = validate(&module, rules, page_limit)?;
    let Instrumented {
        wasm: instrumented,
        ops,
        globals,
        ..
    } = instrument(&module, validated.pay_for_memory_grow, false)?;
    let estimate = Estimate::new(&module, globals, rules)?;
    let activation_gas = ActivationGas::new(&module, ops, rules);
    Ok(Activation {
        init_cost: estimate.init_cost,
        cached_cost: estimate.cached_cost,
        footprint: validated.footprint,
        asm_estimate: estimate.asm_bytes,
        activation_gas,
        instrumented,
    })
}

/// A program that meters itself, and lets panics be seen; for [`Compiler::load_seeing`].
///
/// [`Compiler::load_seeing`]: super::Compiler::load_seeing
#[derive(Debug)]
pub(super) struct Seeing {
    pub(super) instrumented: Vec<u8>,
    pub(super) sight: Sight,
}

/// How panics of a program are seen.
#[derive(Debug)]
pub(super) struct Sight {
    pub(super) watches: Vec<Watch>,
    /// Functions that format values, by their indices in the table.
    pub(super) formatters: HashMap<u32, Formatter>,
}

/// As [`activate`], for looking at a run: what it costs and does is the same.
///
/// Errors: every [`ActivationError`].
pub(super) fn activate_seeing(wasm: &[u8], rules: &Rules) -> Result<Seeing, ActivationError> {
    let module = Module::parse(wasm, rules)?;
    let validated = validate(&module, rules, PRICED_PAGES)?;
    let Instrumented { wasm, watches, .. } =
        instrument(&module, validated.pay_for_memory_grow, true)?;
    let names: HashMap<_, _> = module.function_names.iter().copied().collect();
    // A table may name the same function many times.
    let mut known: HashMap<u32, Option<Formatter>> = HashMap::new();
    let mut formatters = HashMap::new();
    for (index, function) in module.table_functions()? {
        let formatter = known
            .entry(function)
            .or_insert_with(|| Formatter::named(&demangled(names.get(&function)?)?));
        if let Some(formatter) = formatter.clone() {
            formatters.insert(index, formatter);
        }
    }
    Ok(Seeing {
        instrumented: wasm,
        sight: Sight {
            watches,
            formatters,
        },
    })
}
