//! Fourth pass: growing memory is paid for.

use wasmparser::Operator;

use super::emit::{Meter, get, op, set};
use crate::stylus::module::Op;

/// Puts 4 operators in front of every `memory.grow`, which hand its page count to the host function
/// `pay_for_memory_grow`.
pub(super) fn pay<'a>(ops: Vec<Op<'a>>, pay_for_memory_grow: u32, meter: &Meter) -> Vec<Op<'a>> {
    let mut paid = Vec::with_capacity(ops.len());
    for op_ in ops {
        if matches!(op_.operator, Operator::MemoryGrow { .. }) {
            let call = op(Operator::Call {
                function_index: pay_for_memory_grow,
            });
            paid.extend([
                set(meter.scratch),
                get(meter.scratch),
                get(meter.scratch),
                call,
            ]);
        }
        paid.push(op_);
    }
    paid
}
