//! How hard a module is on the compiler.

use wasmparser::{BinaryReaderError, FunctionBody, Operator, Parser, Payload};

/// Above this, choosing registers with care takes seconds, and minutes soon after.
const WEIGHT_MAX: u64 = 500_000;

/// Whether a module is to be compiled in time that grows with its length only.
///
/// Where paths join, every variable may come from either, and in nested loops all of them are alive in
/// each. A weight is `sum over functions of variables * joins`, a loop counting once for each loop that
/// it is in.
///
/// Errors: the module cannot be read.
pub(super) fn is_heavy(wasm: &[u8]) -> Result<bool, BinaryReaderError> {
    Ok(weight(wasm)? > WEIGHT_MAX)
}

fn weight(wasm: &[u8]) -> Result<u64, BinaryReaderError> {
    let mut params: Vec<u64> = Vec::new();
    let mut types = Vec::new().into_iter();
    let mut weight = 0_u64;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::TypeSection(reader) => {
                for ty in reader.into_iter_err_on_gc_types() {
                    params.push(ty?.params().len() as u64);
                }
            }
            Payload::FunctionSection(reader) => {
                let all: Vec<u32> = reader.into_iter().collect::<Result<_, _>>()?;
                types = all.into_iter();
            }
            Payload::CodeSectionEntry(body) => {
                let ty = types.next().map_or(usize::MAX, |ty| ty as usize);
                let mut variables = params.get(ty).copied().unwrap_or(0);
                for local in body.get_locals_reader()? {
                    variables += u64::from(local?.0);
                }
                weight = weight.saturating_add(variables.saturating_mul(joins(&body)?));
            }
            _ => {}
        }
    }
    Ok(weight)
}

fn joins(body: &FunctionBody<'_>) -> Result<u64, BinaryReaderError> {
    let (mut joins, mut loops) = (0, 0);
    let mut blocks = Vec::new();
    for operator in body.get_operators_reader()? {
        match operator? {
            Operator::Loop { .. } => {
                loops += 1;
                joins += loops;
                blocks.push(true);
            }
            Operator::Block { .. } => blocks.push(false),
            Operator::If { .. } => {
                joins += 1;
                blocks.push(false);
            }
            Operator::Br { .. } | Operator::BrIf { .. } | Operator::BrTable { .. } => joins += 1,
            Operator::End => loops -= u64::from(blocks.pop() == Some(true)),
            _ => {}
        }
    }
    Ok(joins)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight_of(fields: &str) -> u64 {
        weight(&wat::parse_str(format!("(module {fields})")).unwrap()).unwrap()
    }

    #[test]
    fn variables_weigh_where_paths_join() {
        assert_eq!(weight_of("(func (param i32) (local i64 i64))"), 0);
        let branches = "(func (param i32) (local i64 i64)
            (block (br_if 0 (local.get 0)) (br 0)) (if (local.get 0) (then nop)))";
        assert_eq!(weight_of(branches), 3 * 3);
        let nested = "(func) (func (param i32 i32) (loop (loop (loop)) (loop)) (loop))";
        assert_eq!(weight_of(nested), 2 * (1 + 2 + 3 + 2 + 1));
    }

    #[test]
    fn contracts_are_not_heavy() {
        let hasher = include_bytes!("../../testdata/vectors/programs/hasher.wasm");
        assert!(!is_heavy(hasher).unwrap());
    }
}
