//! Wasm modules: random ones, and bytes that were one.

use std::sync::{LazyLock, OnceLock};

use arbitrary::{Arbitrary, Result, Unstructured};
use stylus_devnode::stylus::{
    ArbosVersion, Compiler, Outcome, OutcomeKind, Rules, activate, vectors,
};
use wasm_smith::{Config, Module};

/// {ink} Enough for some thousand blocks.
const INK: u64 = 30_000_000;

static COMPILER: LazyLock<Compiler> = LazyLock::new(|| Compiler::new().expect("a compiler"));

/// A module and what it is called with.
///
/// `version and kind (1 byte) | n (1 byte) | calldata (n bytes) | the rest`, which is the module itself if the first
/// byte is below 128, else what a random module is made of. So a wasm file behind two bytes is a good seed.
#[derive(Debug)]
pub struct Case {
    wasm: Vec<u8>,
    calldata: Vec<u8>,
    arbos: ArbosVersion,
}

impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        Self::arbitrary_take_rest(Unstructured::new(input.bytes(input.len())?))
    }

    fn arbitrary_take_rest(mut input: Unstructured<'a>) -> Result<Self> {
        const VERSIONS: [u64; 7] = [61, 59, 51, 40, 32, 31, 30];
        let head = input.bytes(2)?;
        let (kind, len) = (head[0], usize::from(head[1]));
        let calldata = input.bytes(len.min(input.len()))?.to_vec();
        let wasm = match kind < 128 {
            true => input.take_rest().to_vec(),
            false => Module::new(config(), &mut input)?.to_bytes(),
        };
        let arbos = ArbosVersion(VERSIONS[usize::from(kind) % VERSIONS.len()]);
        Ok(Self {
            wasm,
            calldata,
            arbos,
        })
    }
}

/// Modules that are programs but for what activation has to find.
fn config() -> Config {
    static SHAPE: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();
    let (imports, exports) = SHAPE.get_or_init(|| {
        let imports = wat::parse_str(include_str!("imports.wat")).expect("imports");
        let exports = wat::parse_str(
            r#"(module (memory (export "memory") 1 2)
                (func (export "user_entrypoint") (param i32) (result i32) unreachable))"#,
        );
        (imports, exports.expect("exports"))
    });
    Config {
        available_imports: Some(imports.clone()),
        exports: Some(exports.clone()),
        allow_start_export: false,
        allow_floats: false,
        bulk_memory_enabled: true,
        multi_value_enabled: false,
        reference_types_enabled: false,
        simd_enabled: false,
        relaxed_simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        exceptions_enabled: false,
        gc_enabled: false,
        extended_const_enabled: false,
        max_data_segments: 8,
        max_instructions: 300,
        max_tables: 1,
        max_table_elements: 100,
        table_max_size_required: true,
        max_memories: 1,
        min_memories: 1,
        ..Config::default()
    }
}

/// Activates the module and, if it is a program, compiles and runs it twice: both runs must end alike and within their
/// ink.
pub fn exercise(case: &Case) {
    let rules = Rules::new(case.arbos);
    let Ok(activation) = activate(&case.wasm, &rules, rules.page_limit) else {
        return;
    };
    let program = COMPILER
        .compile(&activation.instrumented)
        .unwrap_or_else(|error| panic!("activated, but not compiled: {error}"));
    let run = || -> Outcome {
        vectors::run(&program, &rules, activation.footprint, &case.calldata, INK)
            .unwrap_or_else(|error| panic!("the engine failed: {error}"))
    };
    let first = run();
    assert_eq!(first, run(), "the same run twice");
    assert!(first.ink_left <= INK);
    assert!(first.kind != OutcomeKind::OutOfInk || first.ink_left == 0);
    assert!(first.gas_left <= first.ink_left / u64::from(rules.ink_price));
}
