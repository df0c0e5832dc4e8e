//! No bytes make activation panic, and what activates runs to an end.

use std::sync::LazyLock;

use proptest::{collection, prelude::*};

use super::{AMPLE_INK, Compiler, Run, Step, activate, entry, module, resume, rules, run};
use crate::stylus::OutcomeKind;

/// {ink} Enough for a few thousand blocks.
const LITTLE_INK: u64 = 20_000_000;

static COMPILER: LazyLock<Compiler> = LazyLock::new(|| Compiler::new().unwrap());

fn seed() -> Vec<u8> {
    let wat = module(
        r#"(import "vm_hooks" "read_args" (func $read (param i32)))
        (import "vm_hooks" "pay_for_memory_grow" (func $pay (param i32)))
        (type $t (func (param i32) (result i32)))
        (memory (export "memory") 1 3)
        (table 2 funcref)
        (global $g (mut i64) (i64.const 5))
        (data (i32.const 8) "some data")
        (elem (i32.const 0) $f $f)
        (func $f (type $t) (local i64)
            (memory.copy (i32.const 0) (i32.const 8) (local.get 0))
            (loop $l (local.set 1 (i64.mul (global.get $g) (i64.const 3)))
                (br_if $l (i64.eqz (local.get 1))))
            (i32.div_u (memory.grow (i32.const 1)) (local.get 0)))
        (func (export "user_entrypoint") (param i32) (result i32)
            (call $read (i32.const 100))
            (block (block (br_table 0 1 0 (local.get 0))) nop)
            (call_indirect (type $t) (local.get 0) (i32.const 1)))"#,
    );
    wat::parse_str(wat).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_programs_are_refused_or_run(
        changes in collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        input in collection::vec(any::<u8>(), 0..4),
    ) {
        let mut wasm = seed();
        for (index, byte) in changes {
            let at = index.index(wasm.len());
            wasm[at] = byte;
        }
        if let Ok(activation) = activate(&wasm, &rules(), 128) {
            let program = COMPILER.compile(&activation.instrumented).unwrap();
            let mut run = Run::start(&program, entry(&input, LITTLE_INK));
            let step = resume(&mut run, None).unwrap();
            prop_assert!(matches!(step, Step::Ask(_) | Step::Done(_)));
        }
    }
}

#[test]
fn the_seed_itself_runs() {
    let activation = activate(&seed(), &rules(), 128).unwrap();
    let program = Compiler::new()
        .unwrap()
        .compile(&activation.instrumented)
        .unwrap();
    let mut run = Run::start(&program, entry(&[1], AMPLE_INK));
    assert!(matches!(resume(&mut run, None), Ok(Step::Ask(_))));
}

/// 400 nested loops over 348 variables: some 6 KB of wasm, over which a careful compiler takes minutes.
#[test]
fn what_is_hard_to_compile_runs_all_the_same() {
    let (depth, variables) = (400, 348);
    let next = |n: usize| n % variables + 1;
    let changes: String = (1..=variables)
        .map(|n| {
            format!(
                "(local.set {n} (i32.add (local.get {n}) (local.get {})))",
                next(n)
            )
        })
        .collect();
    let wat = module(&format!(
        r#"MEMORY (func (export "user_entrypoint") (param i32) (result i32) (local {}) {} {changes} {}
            i32.const 0)"#,
        "i32 ".repeat(variables),
        "loop ".repeat(depth),
        "local.get 1 br_if 0 end ".repeat(depth),
    ));
    let outcome = run(&wat);
    let loops = 400 * (2_450 + 1) + 400 * (2_450 + 75 + 765) + 400 * (2_450 + 1);
    let ends = 2_450 + 1 + 1;
    let ink = loops + 348 * (75 + 75 + 70 + 210) + ends;
    assert_eq!(outcome.kind, OutcomeKind::Success);
    assert_eq!(AMPLE_INK - outcome.ink_left, ink);
}

/// 300 nested loops that hand on 600 values without a variable, which would take a careful compiler minutes too.
#[test]
fn what_hands_on_many_values_is_hard_to_compile_too() {
    let (depth, values) = (300, 600);
    let many = "i32 ".repeat(values);
    let wat = module(&format!(
        r#"MEMORY (type $many (func (param {many}) (result {many})))
            (func (export "user_entrypoint") (param i32) (result i32) {} {} {} {} i32.const 0)"#,
        "local.get 0 ".repeat(values),
        "loop (type $many) ".repeat(depth),
        "i32.const 0 br_if 0 end ".repeat(depth),
        "drop ".repeat(values),
    ));
    let start = std::time::Instant::now();
    assert_eq!(run(&wat).kind, OutcomeKind::Success);
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}
