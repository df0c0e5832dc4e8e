//! Third pass: every call takes its frame from a fixed number of words.

use wasmparser::{BlockType, FuncType, Operator};

use super::{
    emit::{Meter, get, i32, op, set},
    prices::describe,
};
use crate::stylus::{
    ActivationError,
    module::{Module, Op},
};

/// {word} What a frame takes besides operands and declared locals.
const FRAME_WORDS: u32 = 4;
/// {word}
const FRAME_WORDS_MAX: u32 = 10_240;
/// {word}
const OPERANDS_MAX: u32 = 4_096;

/// Puts 12 operators in front of the body, which stop with `stack_left = 0` unless
/// `stack_left > frame`, and 4 in front of every `return` and of the final `end`, which give the frame
/// back.
///
/// `frame = worst operand depth + declared locals + 4`. A body left by a branch to its own label gives
/// nothing back: programs can tell, so that is part of the rules.
///
/// Errors: [`ActivationError::TooMany`], [`ActivationError::Operation`].
pub(super) fn check<'a>(
    mut ops: Vec<Op<'a>>,
    local_count: u32,
    module: &Module<'_>,
    meter: &Meter,
) -> Result<Vec<Op<'a>>, ActivationError> {
    let operands = worst_depth(&ops, module)?;
    ActivationError::limit("operands", operands, OPERANDS_MAX)?;
    let frame = operands
        .saturating_add(local_count)
        .saturating_add(FRAME_WORDS);
    ActivationError::limit("words of a frame", frame, FRAME_WORDS_MAX)?;

    let last = ops.pop();
    ops.push(op(Operator::Return));
    ops.extend(last);

    let mut checked = Vec::with_capacity(ops.len() + 24);
    checked.extend(take(frame, meter));
    for op in ops {
        if matches!(op.operator, Operator::Return) {
            checked.extend(give_back(frame, meter));
        }
        checked.push(op);
    }
    Ok(checked)
}

fn take(frame: u32, meter: &Meter) -> [Op<'static>; 12] {
    let frame = i32(frame as i32);
    let stack_left = || get(meter.stack_left);
    [
        stack_left(),
        frame.clone(),
        op(Operator::I32LeU),
        op(Operator::If {
            blockty: BlockType::Empty,
        }),
        i32(0),
        set(meter.stack_left),
        op(Operator::Unreachable),
        op(Operator::End),
        stack_left(),
        frame,
        op(Operator::I32Sub),
        set(meter.stack_left),
    ]
}

fn give_back(frame: u32, meter: &Meter) -> [Op<'static>; 4] {
    let stack_left = meter.stack_left;
    [
        get(stack_left),
        i32(frame as i32),
        op(Operator::I32Add),
        set(stack_left),
    ]
}

/// {word} The highest operand stack that one scan from first to last operator meets.
///
/// The scan follows no branches: code that cannot be reached counts, and a pop of more than there is
/// leaves an empty stack.
fn worst_depth(ops: &[Op<'_>], module: &Module<'_>) -> Result<u32, ActivationError> {
    let mut scan = Scan {
        scopes: vec![0],
        ..Scan::default()
    };
    for op in ops {
        scan.step(&op.operator, module)?;
    }
    Ok(scan.worst)
}

#[derive(Debug, Default)]
struct Scan {
    height: u32,
    worst: u32,
    /// Height at which each open block leaves the stack.
    scopes: Vec<u32>,
}

impl Scan {
    fn step(
        &mut self,
        operator: &Operator<'_>,
        module: &Module<'_>,
    ) -> Result<(), ActivationError> {
        match operator {
            Operator::Block { blockty } | Operator::Loop { blockty } => {
                self.open(blockty, module)?;
            }
            Operator::If { blockty } => {
                self.pop(1);
                self.open(blockty, module)?;
            }
            Operator::Else => self.height = self.scopes.last().copied().unwrap_or(0),
            Operator::End => self.height = self.scopes.pop().unwrap_or(0),
            Operator::Call { function_index } => self.apply(module.signature(*function_index)?),
            Operator::CallIndirect { type_index, .. } => {
                self.apply(module.function_type(*type_index)?);
                self.pop(1);
            }
            other => {
                let unknown = || ActivationError::Operation(format!("{other:?}"));
                match describe(other).ok_or_else(unknown)?.stack {
                    effect @ 0.. => self.push(effect.unsigned_abs()),
                    effect => self.pop(effect.unsigned_abs()),
                }
            }
        }
        Ok(())
    }

    fn open(&mut self, ty: &BlockType, module: &Module<'_>) -> Result<(), ActivationError> {
        match ty {
            BlockType::Empty => {}
            BlockType::Type(_) => self.push(1),
            BlockType::FuncType(index) => self.apply(module.function_type(*index)?),
        }
        self.scopes.push(self.height);
        Ok(())
    }

    fn apply(&mut self, ty: &FuncType) {
        self.push(ty.results().len() as u32);
        self.pop(ty.params().len() as u32);
    }

    fn push(&mut self, words: u32) {
        self.height = self.height.saturating_add(words);
        self.worst = self.worst.max(self.height);
    }

    fn pop(&mut self, words: u32) {
        self.height = self.height.saturating_sub(words);
    }
}
