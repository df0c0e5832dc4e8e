//! Why a program is refused, where the reason lies in it, and what to do about it.

use std::fmt;

use rustc_demangle::demangle;
use wasmparser::{KnownCustom, Name, Operator, Parser, Payload};

use super::{ActivationError, instrument::prices::describe};

/// Why a program cannot be deployed or activated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// One sentence.
    pub reason: String,
    /// Where it lies, if that is one place.
    pub place: Option<Place>,
    /// What to do about it, one sentence.
    pub advice: String,
}

/// A place in a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Index of the function, imports counted.
    pub function: Option<u32>,
    /// Its name, if the wasm carries names.
    pub name: Option<String>,
    /// {byte} From the module's start.
    pub offset: Option<usize>,
}

impl Refusal {
    /// Explains an activation's failure.
    pub(super) fn new(error: &ActivationError, wasm: &[u8]) -> Self {
        Self {
            reason: reason(error),
            place: place(error, wasm),
            advice: advice(error),
        }
    }
}

/// `reason, in function 3 (name), at byte 0x12; advice`
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            reason,
            place,
            advice,
        } = self;
        match place {
            Some(place) => write!(f, "{reason}, {place}; {advice}"),
            None => write!(f, "{reason}; {advice}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(function) = self.function {
            write!(f, "in function {function}")?;
            if let Some(name) = &self.name {
                write!(f, " ({name})")?;
            }
            f.write_str(if self.offset.is_some() { " " } else { "" })?;
        }
        match self.offset {
            Some(offset) => write!(f, "at byte {offset:#x}"),
            None => Ok(()),
        }
    }
}

/// The place is told apart.
fn reason(error: &ActivationError) -> String {
    let text = error.to_string();
    match text.rsplit_once(" (at offset ") {
        Some((reason, _)) => reason.into(),
        None => text,
    }
}

/// What to do about a failure.
fn advice(error: &ActivationError) -> String {
    use ActivationError::*;

    match error {
        ConstantExpression => {
            "link the program statically: a global's or segment's value may not be computed from another \
             global"
        }
        CostOverflow(_) => "make the program smaller: fewer functions, data and code",
        DataCount => {
            "print the wasm as text and parse it again, or link with rust-lld as it comes, so that no \
             data count section is left; passive data segments cannot be used"
        }
        ElementItems => "compile with `-C target-feature=-reference-types`",
        EntrypointMissing => {
            "mark the contract with `#[entrypoint]`, or export a function `user_entrypoint`"
        }
        EntrypointType => "give `user_entrypoint` the type `extern \"C\" fn(usize) -> usize`",
        ExportShadowsImport(_) => "rename or hide that export",
        ImportUnknown(module, _) if module == "console" || module == "debug" => {
            "leave printing out of release builds (feature `debug` of stylus-sdk): only debug chains have it"
        }
        ImportUnknown(..) => {
            "find the crate that needs it: programs have no operating system, no clock and no JavaScript, \
             only the functions of `vm_hooks`"
        }
        ImportType(..) => "declare it as stylus-sdk does, and once only",
        Invalid(message) => return invalid(message).into(),
        MemoryMissing => "export exactly one memory, defined in the module, as `memory`",
        MemoryTooLarge { .. } => {
            "link with `-C link-arg=-zstack-size=32768` and keep large tables out of static data"
        }
        MemoryUnpaid => {
            "call `vm_hooks::pay_for_memory_grow` somewhere (`#[entrypoint]` does), or fix the memory's \
             size with equal minimum and maximum"
        }
        NameReserved(_) => "rename that export: names that begin with `stylus` belong to the VM",
        Operation(name) if is_float(name) => {
            "use integers or fixed point: f32 and f64 can be moved but not computed with"
        }
        Operation(name) if name.starts_with("Memory") || name.starts_with("Data") => {
            "compile without passive data segments: of bulk memory only `memory.copy` and `memory.fill` run"
        }
        Operation(_) => "compile with `-C target-feature=-reference-types,+bulk-memory` and no other extension",
        SegmentOutOfBounds(_) => "make the initial memory or table as large as its segments need",
        StartFunction => "remove `#[start]` or the linker's `--entry`: nothing runs before a call",
        TooMany { what, .. } => return too_many(what).into(),
    }
    .into()
}

fn is_float(operation: &str) -> bool {
    ["F32", "F64"].iter().any(|ty| operation.contains(ty))
}

fn invalid(message: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["zero byte expected"]) {
        "its indices are padded, as linkers write them: print the wasm as text and parse it again, as \
         cargo-stylus does (`wasm-tools print | wasm-tools parse`)"
    } else if says(&["reference", "heap type", "ref.", "call_indirect"]) {
        "compile with `-C target-feature=-reference-types`"
    } else if says(&["SIMD", "simd"]) {
        "compile with `-C target-feature=-simd128`"
    } else if says(&["threads", "atomic", "shared memor"]) {
        "compile with `-C target-feature=-atomics`"
    } else if says(&["multi-value", "multiple values", "multi-memory"]) {
        "compile with `-C target-feature=-multivalue`; Stylus 3 takes one result at most and one memory"
    } else if says(&["exception", "tail call", "extended const", "memory64"]) {
        "compile with `-C panic=abort` and no extension of wasm but bulk-memory"
    } else if says(&["utf-8", "UTF-8"]) {
        "strip the custom sections: a name in them is no text"
    } else {
        "compile for wasm32-unknown-unknown with `-C target-feature=-reference-types,+bulk-memory`, and \
         check that the file is not cut"
    }
}

fn too_many(what: &str) -> &'static str {
    match what {
        "imports" => "import fewer functions",
        "operators of a function"
        | "targets of a branch table"
        | "words of a frame"
        | "operands"
        | "locals of a function" => {
            "split that function, or keep it from being inlined into (`#[inline(never)]`, opt-level \"s\")"
        }
        "bytes of the module name" | "bytes of an export name" => "give it a shorter name",
        "table entries" | "element segments" | "bytes of element segments" => {
            "use fewer function pointers and trait objects"
        }
        _ => "make the program smaller: opt-level \"s\" or \"z\", lto, wasm-opt",
    }
}

/// Where the failure lies: the first operator that is not allowed, the byte that the reader stopped at, or
/// the function that is too large.
fn place(error: &ActivationError, wasm: &[u8]) -> Option<Place> {
    let functions = Functions::read(wasm);
    match error {
        ActivationError::Operation(_) => functions.first(|operator| describe(operator).is_none()),
        ActivationError::Invalid(message) => functions.at(stated_offset(message)?),
        ActivationError::TooMany { what, count, .. } => functions.exceeding(what, *count),
        _ => None,
    }
}

/// `(at offset 0x12)`
fn stated_offset(message: &str) -> Option<usize> {
    let digits = message
        .rsplit_once("(at offset 0x")?
        .1
        .trim_end_matches(')');
    usize::from_str_radix(digits, 16).ok()
}

/// The defined functions of a module that may be broken, as far as they can be read.
#[derive(Default)]
struct Functions<'a> {
    imports: u32,
    bodies: Vec<wasmparser::FunctionBody<'a>>,
    names: Vec<(u32, &'a str)>,
}

impl<'a> Functions<'a> {
    fn read(wasm: &'a [u8]) -> Self {
        let mut functions = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload {
                Ok(Payload::ImportSection(reader)) => {
                    functions.imports = reader.into_imports().flatten().count() as u32;
                }
                Ok(Payload::CodeSectionEntry(body)) => functions.bodies.push(body),
                Ok(Payload::CustomSection(section)) => {
                    if let KnownCustom::Name(names) = section.as_known() {
                        let maps = names.into_iter().flatten().filter_map(|name| match name {
                            Name::Function(map) => Some(map),
                            _ => None,
                        });
                        let namings = maps.flat_map(IntoIterator::into_iter).flatten();
                        functions.names.extend(namings.map(|n| (n.index, n.name)));
                    }
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        functions
    }

    fn place(&self, body: usize, offset: Option<usize>) -> Place {
        let function = self.imports + body as u32;
        let name = self.names.iter().find(|(index, _)| *index == function);
        Place {
            function: Some(function),
            name: name.map(|(_, name)| format!("{:#}", demangle(name))),
            offset,
        }
    }

    fn first(&self, wanted: impl Fn(&Operator<'_>) -> bool) -> Option<Place> {
        self.bodies.iter().enumerate().find_map(|(index, body)| {
            let operators = body.get_operators_reader().ok()?;
            let (_, offset) = operators
                .into_iter_with_offsets()
                .flatten()
                .find(|(operator, _)| wanted(operator))?;
            Some(self.place(index, Some(offset)))
        })
    }

    fn at(&self, offset: usize) -> Option<Place> {
        let holds = |body: &wasmparser::FunctionBody<'_>| body.range().contains(&offset);
        Some(match self.bodies.iter().position(holds) {
            Some(index) => self.place(index, Some(offset)),
            None => Place {
                offset: Some(offset),
                ..Place::default()
            },
        })
    }

    /// The function with that many locals, or the longest one where operators or operands are too many.
    fn exceeding(&self, what: &str, count: u64) -> Option<Place> {
        let locals = |body: &wasmparser::FunctionBody<'_>| -> Option<u64> {
            let locals = body.get_locals_reader().ok()?;
            Some(
                locals
                    .into_iter()
                    .flatten()
                    .map(|(n, _)| u64::from(n))
                    .sum(),
            )
        };
        let index = match what {
            "locals of a function" => self
                .bodies
                .iter()
                .position(|body| locals(body) == Some(count)),
            "operators of a function" => {
                let len = |(_, body): &(usize, &wasmparser::FunctionBody<'_>)| body.range().len();
                self.bodies
                    .iter()
                    .enumerate()
                    .max_by_key(len)
                    .map(|(index, _)| index)
            }
            _ => None,
        };
        Some(self.place(index?, None))
    }
}
