//! Operators that the passes add, and writing operators out.

use wasm_encoder::{BlockType, Encode, Instruction};
use wasmparser::Operator;

use crate::stylus::{ActivationError, module::Op};

/// Indices of the globals that the passes add behind the module's own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meter {
    /// i64 {ink}
    pub(super) ink_left: u32,
    /// i32, 0 until the ink is used up
    pub(super) ink_status: u32,
    /// i32, of no meaning between two operators
    pub(super) scratch: u32,
    /// i32 {word}
    pub(super) stack_left: u32,
}

impl Meter {
    /// How many globals there are.
    pub(super) const GLOBALS: u32 = 4;

    pub(super) fn behind(globals: u32) -> Self {
        Self {
            ink_left: globals,
            ink_status: globals + 1,
            scratch: globals + 2,
            stack_left: globals + 3,
        }
    }

    /// Stops the program with its ink used up, if the condition on the stack holds. 5 operators.
    pub(super) fn stop_if<'a>(&self) -> [Op<'a>; 5] {
        let block = Operator::If {
            blockty: wasmparser::BlockType::Empty,
        };
        [
            op(block),
            i32(1),
            set(self.ink_status),
            op(Operator::Unreachable),
            op(Operator::End),
        ]
    }
}

pub(super) fn op<'a>(operator: Operator<'a>) -> Op<'a> {
    Op {
        operator,
        source: None,
    }
}

pub(super) fn get<'a>(global_index: u32) -> Op<'a> {
    op(Operator::GlobalGet { global_index })
}

pub(super) fn set<'a>(global_index: u32) -> Op<'a> {
    op(Operator::GlobalSet { global_index })
}

pub(super) fn i32<'a>(value: i32) -> Op<'a> {
    op(Operator::I32Const { value })
}

pub(super) fn i64<'a>(value: i64) -> Op<'a> {
    op(Operator::I64Const { value })
}

/// Appends the operators' bytes.
pub(super) fn write(ops: &[Op<'_>], out: &mut Vec<u8>) -> Result<(), ActivationError> {
    for op in ops {
        match op.source {
            Some(bytes) => out.extend_from_slice(bytes),
            None => instruction(&op.operator)?.encode(out),
        }
    }
    Ok(())
}

fn instruction(operator: &Operator<'_>) -> Result<Instruction<'static>, ActivationError> {
    Ok(match operator {
        Operator::Call { function_index } => Instruction::Call(*function_index),
        Operator::End => Instruction::End,
        Operator::GlobalGet { global_index } => Instruction::GlobalGet(*global_index),
        Operator::GlobalSet { global_index } => Instruction::GlobalSet(*global_index),
        Operator::I32Add => Instruction::I32Add,
        Operator::I32Const { value } => Instruction::I32Const(*value),
        Operator::I32LeU => Instruction::I32LeU,
        Operator::I32Sub => Instruction::I32Sub,
        Operator::I64Const { value } => Instruction::I64Const(*value),
        Operator::I64ExtendI32U => Instruction::I64ExtendI32U,
        Operator::I64LtU => Instruction::I64LtU,
        Operator::I64Mul => Instruction::I64Mul,
        Operator::I64Sub => Instruction::I64Sub,
        Operator::If { .. } => Instruction::If(BlockType::Empty),
        Operator::LocalGet { local_index } => Instruction::LocalGet(*local_index),
        Operator::Return => Instruction::Return,
        Operator::Unreachable => Instruction::Unreachable,
        other => return Err(ActivationError::Operation(format!("{other:?}"))),
    })
}
