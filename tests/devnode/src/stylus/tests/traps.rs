//! Where and why programs stop.

use std::{convert::Infallible, sync::LazyLock};

use alloy_primitives::keccak256;

use super::{AMPLE_INK, entry, rules, run_answering};
use crate::stylus::{Compiler, Outcome, OutcomeKind, Reply, Run, TrapKind};

/// Runs a program that asks nothing, compiled for seeing or not.
fn run(wasm: &[u8], input: &[u8], seeing: bool) -> Outcome {
    static COMPILER: LazyLock<Compiler> = LazyLock::new(|| Compiler::new().unwrap());
    let code_hash = keccak256(wasm);
    let wasm = || Ok::<_, Infallible>(wasm.to_vec());
    let program = match seeing {
        true => COMPILER.load_seeing(code_hash, &rules(), wasm),
        false => COMPILER.load(code_hash, &rules(), wasm),
    };
    let run = Run::start(&program.unwrap(), entry(input, AMPLE_INK));
    run_answering(run, |_| Reply::Done { gas: 0 })
}

/// Line and column as in `panics.rs` when it was compiled; two lines were put in front since.
#[test]
fn rust_panics_say_where_and_why() {
    const WASM: &[u8] = include_bytes!("../../../testdata/panics/panics.wasm");
    let panics = [
        "13:14: a static message",
        "14:86: called `Option::unwrap()` on a `None` value",
        "15:110: called `Result::unwrap()` on an `Err` value: \"bad\"",
        "16:39: index out of bounds: the len is 3 but the index is 5",
        "17:14: number 5 is very odd",
        "18:16: attempt to divide by zero",
        "19:16: assertion `left == right` failed: lengths differ\n  left: 1\n right: 2",
        "20:86: the owner is set",
        "",
        "22:15: internal error: entered unreachable code",
        "23:59: range start index 4294967295 out of range for slice of length 1",
        "24:14: not yet implemented",
    ];
    assert_eq!(run(WASM, &[0], true).trap, None);
    for (input, panic) in (1..).zip(panics) {
        let (plain, seeing) = (run(WASM, &[input], false), run(WASM, &[input], true));
        assert_eq!(seeing.kind, OutcomeKind::Failure);
        assert_eq!((plain.kind, plain.ink_left), (seeing.kind, seeing.ink_left));
        let (plain, seeing) = (plain.trap.unwrap(), seeing.trap.unwrap());
        assert_eq!((&plain.kind, plain.panic), (&TrapKind::Unreachable, None));
        assert_eq!(plain.functions, seeing.functions);
        assert!(
            seeing
                .functions
                .ends_with(&["boom::dispatch".into(), "user_entrypoint".into()])
        );
        let sentence = match panic {
            // `abort` is no panic.
            "" => "unreachable was executed in boom::dispatch".to_owned(),
            panic => format!("panicked at src/lib.rs:{panic}"),
        };
        assert_eq!(seeing.to_string(), sentence);
    }
}

/// `panic_fmt` of compilers before 1.93: the message is a list of pieces, behind a pointer.
#[test]
fn older_compilers_are_read() {
    let text = |location: u32| {
        let wat = format!(
            r#"(module (memory (export "memory") 1 1)
            (data (i32.const 16) "total  of ")
            (data (i32.const 32) "src/main.rs")
            (data (i32.const 64) "\20\00\00\00\0b\00\00\00\07\00\00\00\09\00\00\00")
            (data (i32.const 96) "\10\00\00\00\06\00\00\00\16\00\00\00\04\00\00\00")
            (data (i32.const 128) "\60\00\00\00\02\00\00\00\a0\00\00\00\02\00\00\00")
            (data (i32.const 160) "\c0\00\00\00\01\00\00\00\c0\00\00\00\05\00\00\00")
            (data (i32.const 192) "\fe\ff\ff\ff")
            (table 2 funcref) (elem (i32.const 1) $"core::fmt::num::imp::<impl core::fmt::Display for i32>::fmt")
            (func $"core::fmt::num::imp::<impl core::fmt::Display for i32>::fmt"
                (param i32 i32) (result i32) i32.const 0)
            (func $"core::panicking::panic_fmt" (param i32 i32) unreachable)
            (func (export "user_entrypoint") (param i32) (result i32)
                (call 1 (i32.const 128) (i32.const {location})) i32.const 0))"#
        );
        run(&wat::parse_str(&wat).unwrap(), &[], true)
            .trap
            .unwrap()
            .to_string()
    };
    assert_eq!(
        text(64),
        "panicked at src/main.rs:7:9: total -2 of \u{2026}"
    );
    // Nothing that does not look like a place is one.
    for location in [0, 68, 65_530, u32::MAX] {
        assert_eq!(text(location), "panicked: total -2 of \u{2026}");
    }
}

/// Messages may hold each other, 63 times on each of six levels: what is read of them all is bounded.
#[test]
fn a_message_that_holds_itself_ends() {
    let value = |n: u32| {
        format!(
            r#"(data (i32.const {}) "\20\00\00\00\00\00\00\00")"#,
            64 + 8 * n
        )
    };
    let values: String = (0..63).map(value).collect();
    let wat = format!(
        r#"(module (memory (export "memory") 1 1) {values}
        (data (i32.const 32) "\00\10\00\00\40\00\00\00")
        (data (i32.const 4096) "{}\00")
        (table 1 funcref) (elem (i32.const 0) $"<core::fmt::Arguments as core::fmt::Display>::fmt")
        (func $"<core::fmt::Arguments as core::fmt::Display>::fmt"
            (param i32 i32) (result i32) i32.const 0)
        (func $"core::panicking::panic_fmt" (param i32 i32 i32) unreachable)
        (func (export "user_entrypoint") (param i32) (result i32)
            (call 1 (i32.const 4096) (i32.const 64) (i32.const 0)) i32.const 0))"#,
        r"\c0".repeat(63)
    );
    let trap = run(&wat::parse_str(&wat).unwrap(), &[], true).trap.unwrap();
    let message = trap.panic.unwrap().message.unwrap();
    assert!(message.len() < 1 << 16, "{} bytes", message.len());
    assert!(message.starts_with('\u{2026}'), "{message}");
}

/// Names can say anything.
#[test]
fn what_is_not_a_panic_is_not_reported_as_one() {
    let wat = r#"(module (memory (export "memory") 1 1)
        (func $"core::panicking::panic_fmt" (param i64 i32))
        (func $"core::panicking::panic" (param i32 i32 i32))
        (func $rust_begin_unwind (param i32))
        (func (export "user_entrypoint") (param i32) (result i32)
            (call 0 (i64.const 0) (i32.const 0))
            (call 1 (i32.const -1) (i32.const -1) (i32.const -1))
            (call 2 (i32.const 65532))
            unreachable))"#;
    let trap = run(&wat::parse_str(wat).unwrap(), &[], true).trap.unwrap();
    assert_eq!((trap.kind, trap.panic), (TrapKind::Unreachable, None));
}

#[test]
fn every_way_to_stop_has_its_sentence() {
    let stopped = |imports: &str, body: &str| {
        let wat = format!(
            r#"(module {imports} (memory (export "memory") 1 1) (table 2 funcref)
            (elem (i32.const 0) 0) (type $t (func))
            (func (export "user_entrypoint") (param i32) (result i32) {body} i32.const 0))"#
        );
        run(&wat::parse_str(&wat).unwrap(), &[], false)
            .trap
            .unwrap()
            .to_string()
    };
    let cases = [
        ("unreachable", "unreachable was executed in function 0"),
        (
            "(drop (i32.load (i32.const -1)))",
            "memory access out of bounds in function 0",
        ),
        (
            "(drop (i32.div_u (local.get 0) (i32.const 0)))",
            "division by zero in function 0",
        ),
        (
            "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))",
            "integer overflow in a division in function 0",
        ),
        (
            "(call_indirect (type $t) (i32.const 9))",
            "table access out of bounds in function 0",
        ),
        (
            "(call_indirect (type $t) (i32.const 1))",
            "indirect call to an empty table entry in function 0",
        ),
        (
            "(call_indirect (type $t) (i32.const 0))",
            "indirect call to a function of another type in function 0",
        ),
        ("(loop (br 0))", "out of ink in function 0"),
    ];
    for (body, sentence) in cases {
        assert_eq!(stopped("", body), sentence);
    }
    let recursion = "(drop (call 0 (i32.const 0)))";
    assert_eq!(stopped("", recursion), "out of stack in function 0");
    let import = r#"(import "vm_hooks" "write_result" (func (param i32 i32)))"#;
    let body = "(call 0 (i32.const -1) (i32.const 9))";
    assert_eq!(
        stopped(import, body),
        "write_result: pointer out of bounds in function 1"
    );
}
