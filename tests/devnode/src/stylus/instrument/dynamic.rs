//! Second pass: `memory.fill` and `memory.copy` pay by length.

use wasmparser::Operator;

use super::{
    emit::{Meter, get, i64, op, set},
    prices::BULK_BYTE_INK,
};
use crate::stylus::module::Op;

/// Puts 17 operators in front of every bulk operator: `ink_left -= 100 * length`, stop on underflow.
///
/// The length lies on top of the stack, and is put back.
pub(super) fn meter<'a>(ops: Vec<Op<'a>>, meter: &Meter) -> Vec<Op<'a>> {
    let mut metered = Vec::with_capacity(ops.len());
    for op in ops {
        if matches!(
            op.operator,
            Operator::MemoryFill { .. } | Operator::MemoryCopy { .. }
        ) {
            metered.extend(charge(meter));
        }
        metered.push(op);
    }
    metered
}

/// The ink from before stays on the stack to be compared with the ink after: a larger one has wrapped.
fn charge<'a>(meter: &Meter) -> impl Iterator<Item = Op<'a>> + use<'a> {
    let pay = [
        set(meter.scratch),
        get(meter.ink_left),
        get(meter.ink_left),
        get(meter.scratch),
        op(Operator::I64ExtendI32U),
        i64(BULK_BYTE_INK),
        op(Operator::I64Mul),
        op(Operator::I64Sub),
        set(meter.ink_left),
        get(meter.ink_left),
        op(Operator::I64LtU),
    ];
    pay.into_iter()
        .chain(meter.stop_if())
        .chain([get(meter.scratch)])
}
