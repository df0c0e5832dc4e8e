//! What Stylus asks of a module beyond the wasm standard.

use std::collections::{HashMap, HashSet};

use wasmparser::{ExternalKind, TypeRef, ValType};

use super::{
    ActivationError, ArbosVersion, Rules,
    hostio::signature::{self, PAY_FOR_MEMORY_GROW, VM_HOOKS},
    memory::PRICED_PAGES,
    module::{Module, Segment},
};

/// The function that a run calls.
pub(super) const ENTRYPOINT: &str = "user_entrypoint";
/// The name of the memory.
pub(super) const MEMORY: &str = "memory";

const START: &str = "stylus_start";
const RESERVED_PREFIX: &str = "stylus";

const DATA_MAX: usize = 128;
const ELEMENTS_MAX: usize = 128;
/// {byte} All element segments.
const ELEMENTS_LEN_MAX: usize = 4_096;
const EXPORTS_MAX: usize = 1_024;
const FUNCTIONS_MAX: usize = 4_096;
/// {op} Of one function, before and after it is rewritten.
pub(super) const FUNCTION_OPS_MAX: usize = 65_536;
const IMPORTS_MAX: usize = 513;
const LOCALS_MAX: u32 = 348;
/// {byte} Export and module names.
const NAME_LEN_MAX: usize = 512;
/// All tables.
pub(super) const TABLE_ENTRIES_MAX: u64 = 4_096;

/// What validation learns for the steps after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Validated {
    /// {page} Initial memory.
    pub(super) footprint: u16,
    /// The function that `memory.grow` pays with, if the memory can grow.
    pub(super) pay_for_memory_grow: Option<u32>,
}

/// Checks everything but operators, frames and counts of the rewritten module, which the rewriting checks.
pub(super) fn validate(
    module: &Module<'_>,
    rules: &Rules,
    page_limit: u16,
) -> Result<Validated, ActivationError> {
    imports(module, rules)?;
    exports(module, rules)?;
    entrypoint(module)?;
    if module.start.is_some() && !rules.debug {
        return Err(ActivationError::StartFunction);
    }
    let validated = memory(module, page_limit)?;
    limits(module)?;
    segments(module)?;
    Ok(validated)
}

fn imports(module: &Module<'_>, rules: &Rules) -> Result<(), ActivationError> {
    if rules.since(ArbosVersion::STYLUS_CHARGING) {
        ActivationError::limit("imports", module.imports.len(), IMPORTS_MAX)?;
    }
    let mut seen = HashMap::new();
    for import in &module.imports {
        let name = || (import.module.to_owned(), import.name.to_owned());
        let unknown = || ActivationError::ImportUnknown(name().0, name().1);
        let mistyped = || ActivationError::ImportType(name().0, name().1);
        let TypeRef::Func(index) = import.ty else {
            return Err(unknown());
        };
        let signature =
            signature::find(import.module, import.name, rules.debug).ok_or_else(unknown)?;
        let ty = module.function_type(index)?;
        if ty.params() != signature.params || ty.results() != signature.results {
            return Err(mistyped());
        }
        if *seen.entry((import.module, import.name)).or_insert(index) != index {
            return Err(mistyped());
        }
    }
    Ok(())
}

fn exports(module: &Module<'_>, rules: &Rules) -> Result<(), ActivationError> {
    let imports: HashSet<_> = module.imports.iter().map(|import| import.name).collect();
    let mut kept = 0;
    for export in &module.exports {
        let name = export.name.rsplit("__").next().unwrap_or(export.name);
        if name.starts_with(RESERVED_PREFIX) {
            return Err(ActivationError::NameReserved(export.name.to_owned()));
        }
        if imports.contains(name) {
            return Err(ActivationError::ExportShadowsImport(export.name.to_owned()));
        }
        if rules.debug || [ENTRYPOINT, MEMORY, START].contains(&export.name) {
            ActivationError::limit("bytes of an export name", export.name.len(), NAME_LEN_MAX)?;
            kept += 1;
        }
    }
    ActivationError::limit("exports", kept, EXPORTS_MAX)
}

fn entrypoint(module: &Module<'_>) -> Result<(), ActivationError> {
    let export = module
        .exports
        .iter()
        .find(|export| export.name == ENTRYPOINT && export.kind == ExternalKind::Func)
        .ok_or(ActivationError::EntrypointMissing)?;
    let ty = module.signature(export.index)?;
    let is_defined = export.index as usize >= module.imports.len();
    match is_defined && ty.params() == [ValType::I32] && ty.results() == [ValType::I32] {
        true => Ok(()),
        false => Err(ActivationError::EntrypointType),
    }
}

fn memory(module: &Module<'_>, page_limit: u16) -> Result<Validated, ActivationError> {
    let is_memory = |export: &wasmparser::Export<'_>| {
        export.name == MEMORY && export.kind == ExternalKind::Memory
    };
    let memory = match module.memories.as_slice() {
        [memory] if module.exports.iter().any(is_memory) => memory,
        _ => return Err(ActivationError::MemoryMissing),
    };
    let limit = page_limit.min(PRICED_PAGES);
    if memory.initial > u64::from(limit) {
        return Err(ActivationError::MemoryTooLarge {
            pages: memory.initial,
            limit,
        });
    }
    let grows = memory.maximum != Some(memory.initial);
    let pay_for_memory_grow = match grows {
        true => Some(payment(module).ok_or(ActivationError::MemoryUnpaid)?),
        false => None,
    };
    Ok(Validated {
        footprint: memory.initial as u16,
        pay_for_memory_grow,
    })
}

fn payment(module: &Module<'_>) -> Option<u32> {
    let is_payment = |import: &wasmparser::Import<'_>| {
        import.module == VM_HOOKS && import.name == PAY_FOR_MEMORY_GROW
    };
    module
        .imports
        .iter()
        .position(is_payment)
        .map(|index| index as u32)
}

fn limits(module: &Module<'_>) -> Result<(), ActivationError> {
    let limit = ActivationError::limit::<usize>;
    limit("data segments", module.data.len(), DATA_MAX)?;
    limit("element segments", module.elements.len(), ELEMENTS_MAX)?;
    limit("functions", module.functions.len(), FUNCTIONS_MAX)?;
    limit(
        "bytes of the module name",
        module.module_name.len(),
        NAME_LEN_MAX,
    )?;
    let elements_len = module
        .elements
        .iter()
        .map(|segment| segment.encoded_len)
        .sum();
    limit("bytes of element segments", elements_len, ELEMENTS_LEN_MAX)?;
    let entries = module
        .tables
        .iter()
        .map(|table| table.initial)
        .fold(0, u64::saturating_add);
    ActivationError::limit("table entries", entries, TABLE_ENTRIES_MAX)?;
    for body in &module.bodies {
        ActivationError::limit("locals of a function", body.local_count, LOCALS_MAX)?;
        // Rewriting only adds: it counts again, but need not begin.
        limit("operators of a function", body.ops.len(), FUNCTION_OPS_MAX)?;
    }
    Ok(())
}

/// Every segment that is placed at the start must fit.
fn segments(module: &Module<'_>) -> Result<(), ActivationError> {
    const PAGE_LEN: u64 = 65_536;

    let fits = |segment: &Segment, size: u64| match segment.offset {
        Some(offset) => u64::from(offset) + u64::from(segment.len) <= size,
        None => true,
    };
    let memory_len = module.initial_pages().saturating_mul(PAGE_LEN);
    if !module.data.iter().all(|segment| fits(segment, memory_len)) {
        return Err(ActivationError::SegmentOutOfBounds("data"));
    }
    let table_len = module.tables.first().map_or(0, |table| table.initial);
    match module
        .elements
        .iter()
        .all(|segment| fits(segment, table_len))
    {
        true => Ok(()),
        false => Err(ActivationError::SegmentOutOfBounds("element")),
    }
}
