//! What each operator costs and does to the operand stack.

use wasmparser::Operator;

/// {ink} Price of entering a basic block, on top of its operators.
pub(super) const BLOCK_INK: u64 = 2_450;

/// {ink/byte} Price of `memory.fill` and `memory.copy` on top of the operator's.
pub(super) const BULK_BYTE_INK: i64 = 100;

/// {ink} Price of what may appear in a program but never run.
pub(super) const NEVER: u64 = u64::MAX;

const BR_TABLE_TARGET_INK: u64 = 325;

/// {ink} `call_indirect` pays this for each parameter of its type, on top.
pub(super) const INDIRECT_PARAM_INK: u64 = 650;

/// An operator's price and net effect on the operand stack.
///
/// Of operators whose effect depends on a type (blocks, `if`, calls) and of those that restore a height
/// (`else`, `end`) the effect is 0 here; `call_indirect` is priced without its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpInfo {
    /// {ink}
    pub(super) ink: u64,
    /// {word}
    pub(super) stack: i32,
}

/// Describes an operator, or `None` if programs may not contain it.
pub(crate) fn describe(operator: &Operator<'_>) -> Option<OpInfo> {
    use Operator::*;

    let (ink, stack) =
        match operator {
            Unreachable | Return | Nop | Block { .. } | Loop { .. } | Else | End => (1, 0),
            I32Const { .. } | I64Const { .. } => (1, 1),
            Br { .. } | If { .. } => (765, 0),
            BrIf { .. } => (765, -1),
            BrTable { targets } => (2_400 + BR_TABLE_TARGET_INK * u64::from(targets.len()), -1),
            Call { .. } => (3_800, 0),
            CallIndirect { .. } => (13_610, 0),
            Drop => (9, -1),
            Select => (1_250, -2),
            LocalGet { .. } => (75, 1),
            LocalTee { .. } => (75, 0),
            LocalSet { .. } => (210, -1),
            GlobalGet { .. } => (225, 1),
            GlobalSet { .. } => (575, -1),

            I32Load { .. }
            | I32Load8S { .. }
            | I32Load8U { .. }
            | I32Load16S { .. }
            | I32Load16U { .. } => (670, 0),
            I64Load { .. }
            | I64Load8S { .. }
            | I64Load8U { .. }
            | I64Load16S { .. }
            | I64Load16U { .. }
            | I64Load32S { .. }
            | I64Load32U { .. } => (680, 0),
            I32Store { .. } | I32Store8 { .. } | I32Store16 { .. } => (825, -2),
            I64Store { .. } | I64Store8 { .. } | I64Store16 { .. } | I64Store32 { .. } => (950, -2),
            MemorySize { .. } => (3_000, 1),
            MemoryGrow { .. } => (8_050, 0),
            MemoryCopy { .. } | MemoryFill { .. } => (950, -3),

            I32Eqz => (170, 0),
            I32Eq | I32Ne | I32LtS | I32LtU | I32GtS | I32GtU | I32LeS | I32LeU | I32GeS
            | I32GeU => (170, -1),
            I64Eqz => (225, 0),
            I64Eq | I64Ne | I64LtS | I64LtU | I64GtS | I64GtU | I64LeS | I64LeU | I64GeS
            | I64GeU => (225, -1),
            I32Clz | I32Ctz | I64Clz | I64Ctz => (210, 0),
            I32Popcnt => (2_650, 0),
            I64Popcnt => (6_000, 0),
            I32Add | I32Sub | I32And | I32Or | I32Xor | I32Shl | I32ShrS | I32ShrU | I32Rotl
            | I32Rotr => (70, -1),
            I64Add | I64Sub | I64And | I64Or | I64Xor | I64Shl | I64ShrS | I64ShrU | I64Rotl
            | I64Rotr => (100, -1),
            I32Mul | I64Mul => (160, -1),
            I32DivS | I32DivU | I32RemS | I32RemU => (1_120, -1),
            I64DivS | I64DivU | I64RemS | I64RemU => (1_270, -1),
            I32WrapI64 | I64ExtendI32S | I64ExtendI32U | I32Extend8S | I32Extend16S
            | I64Extend8S | I64Extend16S | I64Extend32S => (100, 0),

            F32Const { .. } | F64Const { .. } => (NEVER, 1),
            F32Load { .. }
            | F64Load { .. }
            | I32ReinterpretF32
            | I64ReinterpretF64
            | F32ReinterpretI32
            | F64ReinterpretI64 => (NEVER, 0),
            F32Store { .. } | F64Store { .. } => (NEVER, -2),
            _ => return None,
        };
    Some(OpInfo { ink, stack })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_may_appear_but_not_compute() {
        assert_eq!(
            describe(&Operator::F32ReinterpretI32),
            Some(OpInfo {
                ink: NEVER,
                stack: 0
            })
        );
        for operator in [
            Operator::F64Add,
            Operator::F32Copysign,
            Operator::F32DemoteF64,
            Operator::I32TruncSatF32S,
            Operator::MemoryInit {
                data_index: 0,
                mem: 0,
            },
            Operator::TableCopy {
                dst_table: 0,
                src_table: 0,
            },
        ] {
            assert_eq!(describe(&operator), None);
        }
    }
}
