//! Branch tables with more targets than the engine takes. What stands for them is not counted.

use std::borrow::Cow;

use wasm_encoder::{BlockType, Encode, Instruction};
use wasmparser::{BinaryReader, BrTable, FuncType, Operator, ValType};

use super::emit::{self, Meter, get, i32, op, set};
use crate::stylus::{
    ActivationError,
    module::{Module, Op},
};

/// Most targets of one table that the engine takes.
const TARGETS_MAX: usize = 65_520;

/// Whether one of the operators is a table that is too wide.
pub(super) fn is_in(ops: &[Op<'_>]) -> bool {
    let is_wide =
        |op: &Op<'_>| matches!(&op.operator, Operator::BrTable { targets } if is_wide(targets));
    ops.iter().any(is_wide)
}

fn is_wide(targets: &BrTable<'_>) -> bool {
    targets.len() as usize > TARGETS_MAX
}

/// Types of blocks through which values pass unchanged, behind the types of the module.
#[derive(Debug)]
pub(super) struct Passages {
    first: u32,
    values: Vec<Vec<ValType>>,
}

impl Passages {
    pub(super) fn behind(types: usize) -> Self {
        Self {
            first: types as u32,
            values: Vec::new(),
        }
    }

    /// Appends the bytes of a body, with several tables in place of a wide one.
    pub(super) fn write(
        &mut self,
        ops: &[Op<'_>],
        ty: &FuncType,
        module: &Module<'_>,
        meter: &Meter,
        out: &mut Vec<u8>,
    ) -> Result<(), ActivationError> {
        // What a branch to each open block takes along.
        let mut labels = vec![ty.results().to_vec()];
        for op in ops {
            match &op.operator {
                Operator::Block { blockty } | Operator::If { blockty } => {
                    labels.push(module.block_type(blockty)?.results().to_vec());
                }
                Operator::Loop { blockty } => {
                    labels.push(module.block_type(blockty)?.params().to_vec());
                }
                Operator::End => {
                    labels.pop();
                }
                Operator::BrTable { targets } if is_wide(targets) => {
                    let label = |depth: u32| labels.iter().rev().nth(depth as usize);
                    let taken = label(targets.default());
                    let depths = targets.targets().collect::<Result<Vec<_>, _>>()?;
                    if depths.into_iter().any(|depth| label(depth) != taken) {
                        // Only where nothing gets to may they take values of several types.
                        emit::write(&[emit::op(Operator::Unreachable)], out)?;
                        continue;
                    }
                    let block = self.passage(taken.map_or(&[], Vec::as_slice));
                    split(targets, block, meter, out)?;
                    continue;
                }
                _ => {}
            }
            emit::write(std::slice::from_ref(op), out)?;
        }
        Ok(())
    }

    /// The type of a block that takes and leaves these values.
    fn passage(&mut self, values: &[ValType]) -> BlockType {
        if values.is_empty() {
            return BlockType::Empty;
        }
        let known = self.values.iter().position(|known| known == values);
        let index = known.unwrap_or_else(|| {
            self.values.push(values.to_vec());
            self.values.len() - 1
        });
        BlockType::FunctionType(self.first + index as u32)
    }

    /// The type section with these types in it, if it changes.
    pub(super) fn types_behind<'a>(
        &self,
        section: Option<&'a [u8]>,
    ) -> Result<Option<Cow<'a, [u8]>>, ActivationError> {
        let Some(section) = section.filter(|_| !self.values.is_empty()) else {
            return Ok(section.map(Cow::Borrowed));
        };
        let mut own = BinaryReader::new(section, 0);
        let count = own.read_var_u32()?;
        let mut all = Vec::new();
        (count + self.values.len() as u32).encode(&mut all);
        all.extend_from_slice(&section[own.original_position()..]);
        for values in &self.values {
            let values: Vec<_> = values.iter().copied().map(encoded).collect();
            all.push(FUNCTION_TYPE);
            values.encode(&mut all);
            values.encode(&mut all);
        }
        Ok(Some(Cow::Owned(all)))
    }
}

/// In front of a function's type.
const FUNCTION_TYPE: u8 = 0x60;

/// Programs have numbers only.
fn encoded(ty: ValType) -> wasm_encoder::ValType {
    match ty {
        ValType::I64 => wasm_encoder::ValType::I64,
        ValType::F32 => wasm_encoder::ValType::F32,
        ValType::F64 => wasm_encoder::ValType::F64,
        _ => wasm_encoder::ValType::I32,
    }
}

/// One table after the other, each but the last in a block that is left at its end by what lies beyond it.
fn split(
    table: &BrTable<'_>,
    block: BlockType,
    meter: &Meter,
    out: &mut Vec<u8>,
) -> Result<(), ActivationError> {
    let targets: Vec<u32> = table.targets().collect::<Result<_, _>>()?;
    let chunks: Vec<_> = targets.chunks(TARGETS_MAX).collect();
    emit::write(&[set(meter.scratch)], out)?;
    for (n, chunk) in chunks.iter().enumerate() {
        let is_last = n + 1 == chunks.len();
        let first = (n * TARGETS_MAX) as i32;
        let index = [get(meter.scratch), i32(first), op(Operator::I32Sub)];
        if is_last {
            emit::write(&index, out)?;
            Instruction::BrTable((*chunk).into(), table.default()).encode(out);
        } else {
            Instruction::Block(block).encode(out);
            emit::write(&index, out)?;
            let outward: Vec<_> = chunk.iter().map(|depth| depth + 1).collect();
            Instruction::BrTable(outward.into(), 0).encode(out);
            Instruction::End.encode(out);
        }
    }
    Ok(())
}
