//! Published figures that need no EVM.

use super::{AMPLE_INK, activate_wat, entry, module, run, run_answering, start};
use crate::stylus::{OutcomeKind, Reply, Request};

fn ink_used(outcome: &super::Outcome) -> u64 {
    AMPLE_INK - outcome.ink_left
}

/// Frames of 8 words below one of 6: `6,251 + 2,749 * 6,396` ink.
#[test]
fn endless_recursion_runs_out_of_stack() {
    let outcome = run(&module(
        r#"MEMORY
        (func $f (param i32) (local i32 i32)
            (call $f (i32.add (local.get 0) (i32.const 1))))
        (func (export "user_entrypoint") (param i32) (result i32)
            (call $f (i32.const 1)) i32.const 0)"#,
    ));
    assert_eq!(outcome.kind, OutcomeKind::OutOfStack);
    assert_eq!(ink_used(&outcome), 17_588_855);
    assert_eq!(outcome.gas_left, 0);
}

/// Leaving by a branch to the function's label keeps the frame: 3,700 calls use the stack up.
#[test]
fn branching_out_of_a_function_leaks_its_frame() {
    let outcome = run(&module(
        r#"MEMORY (func $f (br_if 0 (i32.const 1)))
        (func (export "user_entrypoint") (param i32) (result i32)
            (loop $again (call $f) (br $again)) i32.const 0)"#,
    ));
    assert_eq!(outcome.kind, OutcomeKind::OutOfStack);
}

#[test]
fn unreachable_fails_and_keeps_its_gas() {
    let outcome = run(&module(
        r#"MEMORY (func (export "user_entrypoint") (param i32) (result i32) unreachable)"#,
    ));
    assert_eq!(outcome.kind, OutcomeKind::Failure);
    assert_eq!(ink_used(&outcome), 2_452);
    assert_eq!(outcome.gas_left, 999_999);
}

#[test]
fn floats_activate_but_never_run() {
    let body = |op: &str| {
        module(&format!(
            r#"MEMORY (func (export "user_entrypoint") (param i32) (result i32)
                (drop {op}) i32.const 0)"#
        ))
    };
    assert_eq!(run(&body("(f64.const 1)")).kind, OutcomeKind::OutOfInk);
    assert!(activate_wat(&body("(f64.add (f64.const 1) (f64.const 1))")).is_err());
}

/// One call of a host function between two readings of the ink.
fn host_ink(import: &str, call: &str, answer: impl FnMut(Request) -> Reply) -> u64 {
    const READING: u64 = 8_400;
    // The call ends a block, and so does each reading.
    let wat = module(&format!(
        r#"(import "vm_hooks" "evm_ink_left" (func $ink (result i64)))
        (import "vm_hooks" "write_result" (func $result (param i32 i32)))
        (import "vm_hooks" {import})
        MEMORY
        (func (export "user_entrypoint") (param i32) (result i32)
            (i64.store (i32.const 1000) (call $ink))
            {call}
            (i64.store (i32.const 1008) (call $ink))
            (call $result (i32.const 1000) (i32.const 16))
            i32.const 0)"#
    ));
    let outcome = run_answering(start(&wat, entry(&[7; 100], AMPLE_INK)), answer);
    assert_eq!(outcome.kind, OutcomeKind::Success);
    let reading = |at: usize| u64::from_le_bytes(outcome.output[at..at + 8].try_into().unwrap());
    reading(0) - reading(8) - READING
}

/// {ink} What surrounds the call: two blocks and the operators in them.
fn around(import: &str) -> u64 {
    let results = import.matches("(result i32)").count() as u64;
    let params = import.matches("i32").count() as u64 - results;
    let first = 2_450 + 950 + params + 3_800;
    let second = 2_450 + 9 * results + 1 + 3_800;
    first + second
}

/// Prices that Nitro's own tests publish.
#[test]
fn host_functions_cost_what_nitro_publishes() {
    let value = |gas| {
        move |_: Request| Reply::Value {
            value: Default::default(),
            gas,
        }
    };
    let cases: [(&str, &str, u64, u64); 10] = [
        (
            r#""transient_load_bytes32" (func $f (param i32 i32))"#,
            "(call $f (i32.const 0) (i32.const 32))",
            0,
            1_078_153,
        ),
        (
            r#""account_balance" (func $f (param i32 i32))"#,
            "(call $f (i32.const 0) (i32.const 32))",
            100,
            1_078_153,
        ),
        (
            r#""account_codehash" (func $f (param i32 i32))"#,
            "(call $f (i32.const 0) (i32.const 32))",
            2_600,
            26_078_153,
        ),
        (
            r#""storage_load_bytes32" (func $f (param i32 i32))"#,
            "(call $f (i32.const 0) (i32.const 32))",
            2_100,
            21_068_480,
        ),
        (
            r#""math_div" (func $f (param i32 i32))"#,
            "(call $f (i32.const 0) (i32.const 32))",
            0,
            43_520,
        ),
        (
            r#""math_mul_mod" (func $f (param i32 i32 i32))"#,
            "(call $f (i32.const 0) (i32.const 32) (i32.const 64))",
            0,
            52_660,
        ),
        (
            r#""native_keccak256" (func $f (param i32 i32 i32))"#,
            "(call $f (i32.const 0) (i32.const 1000) (i32.const 0))",
            0,
            751_800,
        ),
        (
            r#""read_args" (func $f (param i32))"#,
            "(call $f (i32.const 0))",
            0,
            15_480,
        ),
        (
            r#""pay_for_memory_grow" (func $f (param i32))"#,
            "(call $f (i32.const 0))",
            0,
            8_400,
        ),
        (
            r#""return_data_size" (func $f (result i32))"#,
            "(drop (call $f))",
            0,
            8_400,
        ),
    ];
    for (import, call, gas, expected) in cases {
        let ink = host_ink(import, call, value(gas)) - around(import);
        assert_eq!(ink, expected, "{import}");
    }
}

#[test]
fn logs_cost_what_nitro_publishes() {
    let import = r#""emit_log" (func $f (param i32 i32 i32))"#;
    let cases = [
        (0, 0, 3_834_454),
        (10, 0, 4_634_454),
        (100, 0, 11_838_194),
        (100, 1, 15_589_954),
        (100, 4, 26_845_234),
    ];
    for (data, topics, expected) in cases {
        let len = data + 32 * topics;
        let call = format!("(call $f (i32.const 0) (i32.const {len}) (i32.const {topics}))");
        let ink = host_ink(import, &call, |_| Reply::Done { gas: 0 }) - around(import);
        assert_eq!(ink, expected, "{topics} topics, {data} bytes");
    }
}
