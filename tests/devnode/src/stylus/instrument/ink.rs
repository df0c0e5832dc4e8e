//! First pass: every basic block pays for its operators when it is entered.

use wasmparser::Operator;

use super::{
    emit::{Meter, get, i64, op, set},
    prices::{BLOCK_INK, INDIRECT_PARAM_INK, describe},
};
use crate::stylus::{
    ActivationError,
    module::{Module, Op},
};

/// Puts 12 operators in front of every basic block: stop if `ink_left < cost`, else subtract it.
///
/// A block ends with an operator after which control may go elsewhere or arrive from elsewhere, but
/// `block` and `unreachable` do not end one. `cost = 2,450 + sum of prices`, saturating.
///
/// Errors: [`ActivationError::Operation`].
pub(super) fn meter<'a>(
    ops: Vec<Op<'a>>,
    module: &Module<'_>,
    meter: &Meter,
) -> Result<Vec<Op<'a>>, ActivationError> {
    let mut metered = Vec::with_capacity(ops.len() * 2);
    let mut block = Vec::new();
    let mut cost = BLOCK_INK;
    for op in ops {
        cost = cost.saturating_add(price(&op.operator, module)?);
        let ends = ends_block(&op.operator);
        block.push(op);
        if ends {
            metered.extend(charge(cost, meter));
            metered.append(&mut block);
            cost = BLOCK_INK;
        }
    }
    Ok(metered)
}

fn price(operator: &Operator<'_>, module: &Module<'_>) -> Result<u64, ActivationError> {
    let unknown = || ActivationError::Operation(format!("{operator:?}"));
    let ink = describe(operator).ok_or_else(unknown)?.ink;
    match operator {
        Operator::CallIndirect { type_index, .. } => {
            let params = module.function_type(*type_index)?.params().len() as u64;
            Ok(ink + INDIRECT_PARAM_INK * params)
        }
        _ => Ok(ink),
    }
}

fn ends_block(operator: &Operator<'_>) -> bool {
    use Operator::*;

    matches!(
        operator,
        End | Else
            | Return
            | Loop { .. }
            | Br { .. }
            | BrIf { .. }
            | BrTable { .. }
            | If { .. }
            | Call { .. }
            | CallIndirect { .. }
    )
}

fn charge<'a>(cost: u64, meter: &Meter) -> impl Iterator<Item = Op<'a>> + use<'a> {
    let cost = cost as i64;
    let check = [get(meter.ink_left), i64(cost), op(Operator::I64LtU)];
    let pay = [
        get(meter.ink_left),
        i64(cost),
        op(Operator::I64Sub),
        set(meter.ink_left),
    ];
    check.into_iter().chain(meter.stop_if()).chain(pay)
}
