//! What an activation costs, and what it predicts starting the program to cost.
//!
//! Every term is a linear price in one property of the module, given as a fraction and rounded down.

use super::{ActivationError, ArbosVersion, Rules, module::Module};

/// {gas/us} Gas for the time that an activation is measured to take.
const GAS_PER_US: u64 = 28;

/// Costs stored with a program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Estimate {
    pub(super) init_cost: u16,
    pub(super) cached_cost: u16,
    /// {byte}
    pub(super) asm_bytes: u32,
}

impl Estimate {
    /// Predicts from the module's size; `globals` counts those that the rewriting adds.
    ///
    /// Errors: [`ActivationError::CostOverflow`].
    pub(super) fn new(
        module: &Module<'_>,
        globals: u32,
        rules: &Rules,
    ) -> Result<Self, ActivationError> {
        let functions = module.functions.len() as u64;
        let mut type_len = 0;
        for index in &module.functions {
            let ty = module.function_type(*index)?;
            type_len += (ty.params().len() + ty.results().len()) as u64;
        }
        let wasm_len = module.wasm_len as u64;
        let segments = module.data.iter().chain(&module.elements);
        let segments_len = segments
            .map(|segment| segment.encoded_len as u64)
            .sum::<u64>();

        let asm = 512_000
            + functions * 996_829 / 1_000
            + type_len * 11_416 / 1_000
            + wasm_len * 62_628 / 10_000;
        let cached = functions * 13_420 / 100_000
            + type_len * 89 / 100_000
            + wasm_len * 122 / 100_000
            + u64::from(globals) * 1_628 / 1_000
            + segments_len * 75_244 / 100_000
            + module.initial_pages() * 5;
        let mut init =
            functions * 8_252 / 1_000 + type_len * 1_059 / 1_000 + wasm_len * 1_286 / 10_000;
        if rules.stylus_version == 1 {
            init += cached;
        }
        let overflow = |what| move |_| ActivationError::CostOverflow(what);
        Ok(Self {
            init_cost: init.try_into().map_err(overflow("init cost"))?,
            cached_cost: cached.try_into().map_err(overflow("cached cost"))?,
            asm_bytes: asm.try_into().map_err(overflow("native code estimate"))?,
        })
    }
}

/// {gas} What the work of an activation costs, fixed prices and storage apart.
///
/// Charged in the order of the fields, each after the step that it pays for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActivationGas {
    /// For the program's length; from ArbOS 32 on.
    pub wasm_len: u64,
    /// For defined functions.
    pub functions: u64,
    /// For bytes of data segments.
    pub data: u64,
    /// For bytes of element segments.
    pub elements: u64,
    /// For pages of initial memory.
    pub pages: u64,
    /// For operators after rewriting.
    pub ops: u64,
}

impl ActivationGas {
    pub(super) fn new(module: &Module<'_>, ops: u64, rules: &Rules) -> Self {
        let gas = |us: u64| us.saturating_mul(GAS_PER_US);
        let data_len = module
            .data
            .iter()
            .map(|segment| u64::from(segment.len))
            .sum::<u64>();
        let elements_len = module
            .elements
            .iter()
            .map(|segment| segment.encoded_len as u64)
            .sum::<u64>();
        let wasm_len = match rules.since(ArbosVersion::STYLUS_CHARGING) {
            true => module.wasm_len as u64,
            false => 0,
        };
        Self {
            wasm_len: gas(wasm_len * 31_733 / 100_000),
            functions: gas(module.functions.len() as u64 * 17_263 / 100_000),
            data: gas(data_len * 17_376 / 100_000),
            elements: gas(elements_len * 17_376 / 100_000),
            pages: gas(module.initial_pages() * 2_217),
            ops: gas(ops * 535 / 1_000),
        }
    }

    /// All of it.
    pub fn total(&self) -> u64 {
        self.charges()
            .iter()
            .fold(0, |sum, gas| sum.saturating_add(*gas))
    }

    /// One charge after the other.
    pub fn charges(&self) -> [u64; 6] {
        [
            self.wasm_len,
            self.functions,
            self.data,
            self.elements,
            self.pages,
            self.ops,
        ]
    }
}
