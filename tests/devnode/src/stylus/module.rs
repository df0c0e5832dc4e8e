//! A wasm module, read as far as validating and rewriting it needs.

use std::borrow::Cow;

use wasmparser::{
    BinaryReader, BlockType, DataKind, ElementItems, ElementKind, ElementSectionReader, Export,
    FuncType, FunctionBody, GlobalType, Import, KnownCustom, MemoryType, Name, Operator, Parser,
    Payload, TableType, TypeRef, Validator, WasmFeatures,
};

use super::{ActivationError, Rules};

/// A module that is valid by the wasm standard. Slices point into its bytes.
#[derive(Debug, Default)]
pub(super) struct Module<'a> {
    /// {byte}
    pub(super) wasm_len: usize,
    pub(super) types: Vec<FuncType>,
    pub(super) imports: Vec<Import<'a>>,
    /// Type index of each defined function.
    pub(super) functions: Vec<u32>,
    pub(super) tables: Vec<TableType>,
    pub(super) memories: Vec<MemoryType>,
    pub(super) globals: Vec<GlobalType>,
    pub(super) exports: Vec<Export<'a>>,
    pub(super) start: Option<u32>,
    pub(super) elements: Vec<Segment>,
    pub(super) data: Vec<Segment>,
    pub(super) bodies: Vec<Body<'a>>,
    pub(super) module_name: &'a str,
    pub(super) function_names: Vec<(u32, &'a str)>,
    pub(super) sections: Sections<'a>,
}

/// Contents of the sections that survive the rewriting unchanged.
#[derive(Debug, Default)]
pub(super) struct Sections<'a> {
    pub(super) types: Option<&'a [u8]>,
    pub(super) imports: Option<&'a [u8]>,
    pub(super) functions: Option<&'a [u8]>,
    pub(super) tables: Option<&'a [u8]>,
    /// The entries alone, without their count.
    pub(super) globals: &'a [u8],
    pub(super) elements: Option<&'a [u8]>,
    pub(super) data: Option<&'a [u8]>,
    /// The `name` section.
    pub(super) names: Option<&'a [u8]>,
}

/// A data or element segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    /// First index that it fills; `None` if it is not placed at the start.
    pub(super) offset: Option<u32>,
    /// {byte} or {function}
    pub(super) len: u32,
    /// {byte} The whole entry.
    pub(super) encoded_len: usize,
}

/// A defined function.
#[derive(Debug)]
pub(super) struct Body<'a> {
    /// The declaration of the locals.
    pub(super) locals: &'a [u8],
    /// {word} Declared locals, without parameters.
    pub(super) local_count: u32,
    pub(super) ops: Vec<Op<'a>>,
}

/// An operator and the bytes that it was read from; `None` if a rewriting pass added it.
#[derive(Clone, Debug)]
pub(super) struct Op<'a> {
    pub(super) operator: Operator<'a>,
    pub(super) source: Option<&'a [u8]>,
}

impl<'a> Module<'a> {
    /// Checks `wasm` by the standard, with the features that Stylus allows, and reads it.
    ///
    /// Errors: [`ActivationError::Invalid`], [`ActivationError::ConstantExpression`],
    /// [`ActivationError::DataCount`], [`ActivationError::ElementItems`], [`ActivationError::TooMany`].
    pub(super) fn parse(wasm: &'a [u8], rules: &Rules) -> Result<Self, ActivationError> {
        let features = features(rules);
        Validator::new_with_features(features).validate_all(wasm)?;
        let mut parser = Parser::new(0);
        parser.set_features(features);
        let mut module = Module {
            wasm_len: wasm.len(),
            ..Module::default()
        };
        for payload in parser.parse_all(wasm) {
            module.read(payload?, wasm)?;
        }
        Ok(module)
    }

    fn read(&mut self, payload: Payload<'a>, wasm: &'a [u8]) -> Result<(), ActivationError> {
        match payload {
            Payload::TypeSection(reader) => {
                self.sections.types = Some(&wasm[reader.range()]);
                self.types = reader
                    .into_iter_err_on_gc_types()
                    .collect::<Result<_, _>>()?;
            }
            Payload::ImportSection(reader) => {
                self.sections.imports = Some(&wasm[reader.range()]);
                self.imports = reader.into_imports().collect::<Result<_, _>>()?;
            }
            Payload::FunctionSection(reader) => {
                self.sections.functions = Some(&wasm[reader.range()]);
                self.functions = reader.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::TableSection(reader) => {
                self.sections.tables = Some(&wasm[reader.range()]);
                for table in reader {
                    self.tables.push(table?.ty);
                }
            }
            Payload::MemorySection(reader) => {
                self.memories = reader.into_iter().collect::<Result<_, _>>()?;
                if self.memories.len() > 1 {
                    return Err(ActivationError::Invalid(
                        "multi-memory: one is allowed".into(),
                    ));
                }
            }
            Payload::GlobalSection(reader) => {
                self.sections.globals = &wasm[reader.original_position()..reader.range().end];
                for global in reader {
                    let global = global?;
                    constant(&global.init_expr)?;
                    self.globals.push(global.ty);
                }
            }
            Payload::ExportSection(reader) => {
                self.exports = reader.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(reader) => {
                self.sections.elements = Some(&wasm[reader.range()]);
                for element in reader {
                    self.elements.push(element_segment(element?)?);
                }
            }
            Payload::DataCountSection { .. } => return Err(ActivationError::DataCount),
            Payload::DataSection(reader) => {
                self.sections.data = Some(&wasm[reader.range()]);
                for data in reader {
                    self.data.push(data_segment(data?)?);
                }
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(Body::read(&body, wasm)?),
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    self.sections.names = Some(section.data());
                    self.read_names(names)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn read_names(
        &mut self,
        names: wasmparser::NameSectionReader<'a>,
    ) -> Result<(), ActivationError> {
        for name in names {
            match name? {
                Name::Module { name, .. } => self.module_name = name,
                Name::Function(functions) => {
                    for naming in functions {
                        let naming = naming?;
                        self.function_names.push((naming.index, naming.name));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The signature of a function, imported or defined. The module is valid: it exists.
    pub(super) fn signature(&self, function: u32) -> Result<&FuncType, ActivationError> {
        let function = function as usize;
        let index = match self.imports.get(function) {
            Some(import) => match import.ty {
                TypeRef::Func(index) => Some(index),
                _ => None,
            },
            None => self.functions.get(function - self.imports.len()).copied(),
        };
        self.function_type(index.unwrap_or(u32::MAX))
    }

    /// A type of the type section.
    pub(super) fn function_type(&self, index: u32) -> Result<&FuncType, ActivationError> {
        let missing = || ActivationError::Invalid(format!("type {index} is missing"));
        self.types.get(index as usize).ok_or_else(missing)
    }

    /// What a block takes and leaves.
    pub(super) fn block_type(&self, ty: &BlockType) -> Result<Cow<'_, FuncType>, ActivationError> {
        Ok(match ty {
            BlockType::Empty => Cow::Owned(FuncType::new([], [])),
            BlockType::Type(result) => Cow::Owned(FuncType::new([], [*result])),
            BlockType::FuncType(index) => Cow::Borrowed(self.function_type(*index)?),
        })
    }

    /// Functions by their indices in the table, as the active segments place them.
    pub(super) fn table_functions(&self) -> Result<Vec<(u32, u32)>, ActivationError> {
        let mut placed = Vec::new();
        let section = self.sections.elements.unwrap_or(&[0]);
        for element in ElementSectionReader::new(BinaryReader::new(section, 0))? {
            let element = element?;
            let segment = element_segment(element.clone())?;
            if let (Some(offset), ElementItems::Functions(items)) = (segment.offset, element.items)
            {
                for (index, function) in (offset..).zip(items) {
                    placed.push((index, function?));
                }
            }
        }
        Ok(placed)
    }

    /// {page} Initial memory.
    pub(super) fn initial_pages(&self) -> u64 {
        self.memories.first().map_or(0, |memory| memory.initial)
    }
}

impl<'a> Body<'a> {
    fn read(body: &FunctionBody<'a>, wasm: &'a [u8]) -> Result<Self, ActivationError> {
        let mut local_count = 0_u32;
        for local in body.get_locals_reader()? {
            local_count = local_count.saturating_add(local?.0);
        }
        let mut reader = body.get_operators_reader()?;
        let mut start = reader.original_position();
        let locals = &wasm[body.range().start..start];
        let mut ops = Vec::new();
        while !reader.eof() {
            let operator = reader.read()?;
            let end = reader.original_position();
            let op = Op {
                operator,
                source: Some(&wasm[start..end]),
            };
            op.check_encoding(start)?;
            ops.push(op);
            start = end;
        }
        Ok(Self {
            locals,
            local_count,
            ops,
        })
    }
}

impl Op<'_> {
    /// Holds an operator that the module has at `start` against what Nitro's parser, an older one, reads.
    fn check_encoding(&self, start: usize) -> Result<(), ActivationError> {
        match &self.operator {
            // One byte of operator, one of memory.
            Operator::MemorySize { .. } | Operator::MemoryGrow { .. }
                if self.source.is_some_and(|source| source.len() > 2) =>
            {
                let message = format!("zero byte expected (at offset {:#x})", start + 1);
                Err(ActivationError::Invalid(message))
            }
            Operator::BrTable { targets } => {
                ActivationError::limit("targets of a branch table", targets.len(), TARGETS_MAX)
            }
            _ => Ok(()),
        }
    }
}

/// Most targets of a branch table.
const TARGETS_MAX: u32 = 131_072;

/// Wasm 1.0 and what Stylus adds; floats may appear but not be computed with.
///
/// Several memories are refused apart: loads and stores may name the one that there is.
fn features(rules: &Rules) -> WasmFeatures {
    let mut features = WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::MULTI_MEMORY
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::FLOATS;
    features.set(WasmFeatures::MULTI_VALUE, rules.stylus_version < 3);
    features
}

fn element_segment(element: wasmparser::Element<'_>) -> Result<Segment, ActivationError> {
    let ElementItems::Functions(items) = element.items else {
        return Err(ActivationError::ElementItems);
    };
    let offset = match element.kind {
        ElementKind::Active { offset_expr, .. } => Some(offset(&offset_expr)?),
        _ => None,
    };
    Ok(Segment {
        offset,
        len: items.count(),
        encoded_len: element.range.len(),
    })
}

fn data_segment(data: wasmparser::Data<'_>) -> Result<Segment, ActivationError> {
    let offset = match data.kind {
        DataKind::Active { offset_expr, .. } => Some(offset(&offset_expr)?),
        DataKind::Passive => None,
    };
    Ok(Segment {
        offset,
        len: data.data.len() as u32,
        encoded_len: data.range.len(),
    })
}

fn offset(expression: &wasmparser::ConstExpr<'_>) -> Result<u32, ActivationError> {
    match constant(expression)? {
        Operator::I32Const { value } => Ok(value as u32),
        _ => Err(ActivationError::ConstantExpression),
    }
}

/// The one operator of a constant expression.
fn constant<'a>(expression: &wasmparser::ConstExpr<'a>) -> Result<Operator<'a>, ActivationError> {
    use Operator::{End, F32Const, F64Const, I32Const, I64Const};

    let mut reader = expression.get_operators_reader();
    let operator = reader.read()?;
    let is_constant = matches!(
        operator,
        I32Const { .. } | I64Const { .. } | F32Const { .. } | F64Const { .. }
    );
    match is_constant && matches!(reader.read()?, End) && reader.eof() {
        true => Ok(operator),
        false => Err(ActivationError::ConstantExpression),
    }
}
