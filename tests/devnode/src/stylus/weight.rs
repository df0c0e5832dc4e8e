//! How hard a module is on the compiler.

use wasmparser::{BinaryReaderError, BlockType, FunctionBody, Operator, Parser, Payload};

/// Above this, choosing registers with care takes seconds, and minutes soon after.
const WEIGHT_MAX: u64 = 500_000;

/// Whether a module is to be compiled in time that grows with its length only.
///
/// Where paths join, every variable may come from either, and in nested loops all of them are alive in
/// each. A weight is `sum over joins of (variables + values that the join takes)`, a loop counting once
/// for each loop that it is in.
///
/// Errors: the module cannot be read.
pub(super) fn is_heavy(wasm: &[u8]) -> Result<bool, BinaryReaderError> {
    Ok(weight(wasm)? > WEIGHT_MAX)
}

fn weight(wasm: &[u8]) -> Result<u64, BinaryReaderError> {
    let mut arities: Vec<Arity> = Vec::new();
    let mut types = Vec::new().into_iter();
    let mut weight = 0_u64;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::TypeSection(reader) => {
                for ty in reader.into_iter_err_on_gc_types() {
                    let ty = ty?;
                    arities.push(Arity {
                        params: ty.params().len() as u64,
                        results: ty.results().len() as u64,
                    });
                }
            }
            Payload::FunctionSection(reader) => {
                let all: Vec<u32> = reader.into_iter().collect::<Result<_, _>>()?;
                types = all.into_iter();
            }
            Payload::CodeSectionEntry(body) => {
                let ty = types.next().map_or(usize::MAX, |ty| ty as usize);
                let own = arities.get(ty).copied().unwrap_or_default();
                let mut variables = own.params;
                for local in body.get_locals_reader()? {
                    variables += u64::from(local?.0);
                }
                let joins = Joins {
                    variables,
                    arities: &arities,
                    labels: vec![Label {
                        is_loop: false,
                        arity: own.results,
                    }],
                };
                weight = weight.saturating_add(joins.weight(&body)?);
            }
            _ => {}
        }
    }
    Ok(weight)
}

/// How many values a function or a block takes and leaves.
#[derive(Clone, Copy, Default)]
struct Arity {
    params: u64,
    results: u64,
}

/// A block that is open.
struct Label {
    is_loop: bool,
    /// How many values a branch to it takes along.
    arity: u64,
}

/// Where the paths of a function join.
struct Joins<'a> {
    variables: u64,
    arities: &'a [Arity],
    labels: Vec<Label>,
}

impl Joins<'_> {
    fn weight(mut self, body: &FunctionBody<'_>) -> Result<u64, BinaryReaderError> {
        let (mut weight, mut loops) = (0_u64, 0_u64);
        for operator in body.get_operators_reader()? {
            let joined = match operator? {
                Operator::Loop { blockty } => {
                    loops += 1;
                    let params = self.open(true, blockty);
                    loops.saturating_mul(self.variables.saturating_add(params))
                }
                Operator::Block { blockty } => {
                    self.open(false, blockty);
                    0
                }
                Operator::If { blockty } => {
                    let results = self.open(false, blockty);
                    self.variables.saturating_add(results)
                }
                Operator::Br { relative_depth } | Operator::BrIf { relative_depth } => {
                    self.branch(relative_depth)
                }
                Operator::BrTable { targets } => self.branch(targets.default()),
                Operator::End => {
                    let closed = self.labels.pop();
                    loops -= u64::from(closed.is_some_and(|label| label.is_loop));
                    0
                }
                _ => 0,
            };
            weight = weight.saturating_add(joined);
        }
        Ok(weight)
    }

    /// Opens a block and returns how many values a branch to it takes along.
    fn open(&mut self, is_loop: bool, ty: BlockType) -> u64 {
        let Arity { params, results } = match ty {
            BlockType::Empty => Arity::default(),
            BlockType::Type(_) => Arity {
                params: 0,
                results: 1,
            },
            BlockType::FuncType(index) => {
                let arity = self.arities.get(index as usize);
                arity.copied().unwrap_or_default()
            }
        };
        let arity = if is_loop { params } else { results };
        self.labels.push(Label { is_loop, arity });
        arity
    }

    fn branch(&self, depth: u32) -> u64 {
        let label = self.labels.iter().rev().nth(depth as usize);
        let arity = label.map_or(0, |label| label.arity);
        self.variables.saturating_add(arity)
    }
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
        let values = "(type $two (func (param i32 i32) (result i32 i32 i32)))
            (func (param i32 i32) (local.get 0) (local.get 1)
            (loop (type $two) (br 0)) (if (result i32) (i32.eqz) (then (br 0 (i32.const 1))) (else unreachable))
            drop drop drop)";
        assert_eq!(weight_of(values), (2 + 2) + (2 + 2) + (2 + 1) + (2 + 1));
        let nested = "(func) (func (param i32 i32) (loop (loop (loop)) (loop)) (loop))";
        assert_eq!(weight_of(nested), 2 * (1 + 2 + 3 + 2 + 1));
    }

    #[test]
    fn contracts_are_not_heavy() {
        let hasher = include_bytes!("../../testdata/vectors/programs/hasher.wasm");
        assert!(!is_heavy(hasher).unwrap());
    }
}
