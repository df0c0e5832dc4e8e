//! Rewriting a module so that it meters itself.
//!
//! | pass | adds |
//! |---|---|
//! | [`ink`] | a charge in front of every basic block |
//! | [`dynamic`] | a charge by length in front of `memory.fill` and `memory.copy` |
//! | [`depth`] | a stack check at the start of every function |
//! | [`heap`] | a payment in front of `memory.grow` |
//!
//! What the engine cannot take as it is, [`wide`] writes in another way, which no figure shows.
//!
//! Each pass works on what the one before left, so what a function takes from the stack and how many
//! operators it has include the operators of the passes before.

mod depth;
mod dynamic;
mod emit;
mod heap;
mod ink;
pub(super) mod prices;
pub(super) mod watch;
mod wide;

use wasm_encoder::{
    CodeSection, ConstExpr, CustomSection, Encode, ExportKind, ExportSection, GlobalType,
    MemorySection, MemoryType, RawSection, SectionId, ValType,
};

use self::{emit::Meter, watch::Watch, wide::Passages};
use super::{
    ActivationError,
    module::{Body, Module, Op},
    validate::{ENTRYPOINT, FUNCTION_OPS_MAX, MEMORY},
};

/// Names under which the added globals are exported to the host.
pub(super) const METER_EXPORTS: [&str; 4] = ["ink_left", "ink_status", "scratch", "stack_left"];

/// Most globals, the added ones included.
const GLOBALS_MAX: u32 = 32_768;
/// {page} Largest maximum that a memory keeps.
const MEMORY_PAGES_MAX: u64 = 65_534;

/// A module that meters itself.
#[derive(Debug)]
pub(super) struct Instrumented {
    pub(super) wasm: Vec<u8>,
    /// {op} Operators of all functions.
    pub(super) ops: u64,
    /// Globals, the added ones included.
    pub(super) globals: u32,
    /// What it sees of panics.
    pub(super) watches: Vec<Watch>,
}

/// Runs all passes over a module that passed validation.
///
/// Only memory, entry point and meter are exported from the result, and it has no start function. The
/// names of its functions stay. If `seeing`, panics are seen as well, which no figure shows.
///
/// Errors: [`ActivationError::TooMany`], [`ActivationError::Operation`].
pub(super) fn instrument(
    module: &Module<'_>,
    pay_for_memory_grow: Option<u32>,
    seeing: bool,
) -> Result<Instrumented, ActivationError> {
    let own_globals = module.globals.len() as u32;
    let globals = own_globals + Meter::GLOBALS;
    ActivationError::limit("globals", globals, GLOBALS_MAX)?;
    let meter = Meter::behind(own_globals);
    let watches = match seeing {
        true => Watch::find(module, globals),
        false => Vec::new(),
    };

    let mut code = CodeSection::new();
    let mut passages = Passages::behind(module.types.len());
    let mut total_ops = 0;
    for (body, index) in module.bodies.iter().zip(module.imports.len() as u32..) {
        let mut ops = function(body, module, pay_for_memory_grow, &meter)?;
        total_ops += ops.len() as u64;
        if let Some(watch) = watches.iter().find(|watch| watch.is_of(index)) {
            ops = watch.note(ops);
        }
        let mut bytes = body.locals.to_vec();
        match wide::is_in(&ops) {
            true => passages.write(&ops, module.signature(index)?, module, &meter, &mut bytes)?,
            false => emit::write(&ops, &mut bytes)?,
        }
        code.raw(&bytes);
    }
    let types = passages.types_behind(module.sections.types)?;
    let wasm = assemble(module, types.as_deref(), &code, &meter, &watches);
    Ok(Instrumented {
        wasm,
        ops: total_ops,
        globals,
        watches,
    })
}

/// The operators of a rewritten body.
fn function<'a>(
    body: &Body<'a>,
    module: &Module<'_>,
    pay_for_memory_grow: Option<u32>,
    meter: &Meter,
) -> Result<Vec<Op<'a>>, ActivationError> {
    let ops = ink::meter(body.ops.clone(), module, meter)?;
    let ops = dynamic::meter(ops, meter);
    let mut ops = depth::check(ops, body.local_count, module, meter)?;
    if let Some(function) = pay_for_memory_grow {
        ops = heap::pay(ops, function, meter);
    }
    ActivationError::limit("operators of a function", ops.len(), FUNCTION_OPS_MAX)?;
    Ok(ops)
}

fn assemble(
    module: &Module<'_>,
    types: Option<&[u8]>,
    code: &CodeSection,
    meter: &Meter,
    watches: &[Watch],
) -> Vec<u8> {
    let mut out = wasm_encoder::Module::new();
    let mut copy = |id: SectionId, data: Option<&[u8]>| {
        if let Some(data) = data {
            out.section(&RawSection {
                id: id.into(),
                data,
            });
        }
    };
    let sections = &module.sections;
    copy(SectionId::Type, types);
    copy(SectionId::Import, sections.imports);
    copy(SectionId::Function, sections.functions);
    copy(SectionId::Table, sections.tables);
    out.section(&memory(module));
    out.section(&RawSection {
        id: SectionId::Global.into(),
        data: &globals(module, watches),
    });
    out.section(&exports(module, meter, watches));
    if let Some(data) = sections.elements {
        out.section(&RawSection {
            id: SectionId::Element.into(),
            data,
        });
    }
    out.section(code);
    if let Some(data) = sections.data {
        out.section(&RawSection {
            id: SectionId::Data.into(),
            data,
        });
    }
    if let Some(data) = sections.names {
        out.section(&CustomSection {
            name: "name".into(),
            data: data.into(),
        });
    }
    out.finish()
}

fn memory(module: &Module<'_>) -> MemorySection {
    let mut section = MemorySection::new();
    for memory in &module.memories {
        section.memory(MemoryType {
            minimum: memory.initial,
            maximum: Some(
                memory
                    .maximum
                    .unwrap_or(MEMORY_PAGES_MAX)
                    .min(MEMORY_PAGES_MAX),
            ),
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
    }
    section
}

/// The module's globals as they are, then the meter's and those that see.
fn globals(module: &Module<'_>, watches: &[Watch]) -> Vec<u8> {
    let seeing: u32 = watches.iter().map(Watch::globals).sum();
    let added = Meter::GLOBALS + seeing;
    let ty = |val_type| GlobalType {
        val_type,
        mutable: true,
        shared: false,
    };
    let mut all = Vec::new();
    (module.globals.len() as u32 + added).encode(&mut all);
    all.extend_from_slice(module.sections.globals);
    ty(ValType::I64).encode(&mut all);
    ConstExpr::i64_const(0).encode(&mut all);
    for _ in 1..added {
        ty(ValType::I32).encode(&mut all);
        ConstExpr::i32_const(0).encode(&mut all);
    }
    all
}

fn exports(module: &Module<'_>, meter: &Meter, watches: &[Watch]) -> ExportSection {
    let mut section = ExportSection::new();
    section.export(MEMORY, ExportKind::Memory, 0);
    for export in module
        .exports
        .iter()
        .filter(|export| export.name == ENTRYPOINT)
    {
        section.export(ENTRYPOINT, ExportKind::Func, export.index);
    }
    for (index, name) in (meter.ink_left..).zip(METER_EXPORTS) {
        section.export(name, ExportKind::Global, index);
    }
    for (name, index) in watches.iter().flat_map(Watch::exports) {
        section.export(&name, ExportKind::Global, index);
    }
    section
}
