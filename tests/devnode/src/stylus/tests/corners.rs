//! Rules that hardly any program meets.

use alloy_primitives::Bytes;
use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, Function, FunctionSection, MemorySection, MemoryType,
    Module, TypeSection, ValType,
};

use super::{
    AMPLE_INK, ActivationError, Compiler, Outcome, Run, activate, entry, module, rules, run,
    run_answering, start,
};
use crate::stylus::{OutcomeKind, Reply, Request};

/// A program with these bytes as its entry point, and a page of memory.
fn raw(body: &[u8]) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32], [ValType::I32]);
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: Some(1),
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    exports.export("user_entrypoint", ExportKind::Func, 0);
    let mut function = Function::new([]);
    function.raw(body.iter().copied());
    let mut code = CodeSection::new();
    code.function(&function);
    let mut wasm = Module::new();
    wasm.section(&types)
        .section(&functions)
        .section(&memories)
        .section(&exports)
        .section(&code);
    wasm.finish()
}

/// `i32.store` of 9 at 0, then `i32.load` as status; the operators' immediates are given.
fn storing(store: &[u8], load: &[u8]) -> Vec<u8> {
    let parts: [&[u8]; 6] = [
        &[0x41, 0, 0x41, 9, 0x36],
        store,
        &[0x41, 0, 0x28],
        load,
        &[0x41, 9, 0x6b],
        &[0x0b],
    ];
    raw(&parts.concat())
}

fn ends(wasm: &[u8]) -> Result<Outcome, ActivationError> {
    let activation = activate(wasm, &rules(), 128)?;
    let program = Compiler::new()
        .unwrap()
        .compile(&activation.instrumented)
        .unwrap();
    let run = Run::start(&program, entry(&[], AMPLE_INK));
    Ok(run_answering(run, |request| panic!("{request:?}")))
}

/// Bit 6 of an alignment says that an index follows, which may be padded; nothing costs more for it.
#[test]
fn loads_and_stores_may_name_their_memory() {
    let plain = ends(&storing(&[2, 0], &[2, 0])).unwrap();
    assert_eq!(plain.kind, OutcomeKind::Success);
    for (store, load) in [
        (&[0x42, 0, 0][..], &[0x42, 0, 0][..]),
        (&[2, 0], &[0xc2, 0, 0x80, 0x80, 0, 0]),
        (&[0x42, 0x80, 0, 0x80, 0], &[0x40, 0, 0]),
    ] {
        let named = ends(&storing(store, load)).unwrap();
        assert_eq!(
            (named.kind, named.ink_left),
            (OutcomeKind::Success, plain.ink_left)
        );
    }
    for store in [&[0x42, 1, 0][..], &[0x43, 0, 0], &[0xc2, 1, 0, 0]] {
        let refused = ends(&storing(store, &[2, 0]));
        assert!(
            matches!(refused, Err(ActivationError::Invalid(_))),
            "{store:?}"
        );
    }
}

/// What came to wasm after the parser that Nitro has.
#[test]
fn newer_encodings_are_refused() {
    let importing = module(
        r#"(type $t (func (param i32)))
        (import "vm_hooks" "read_args" (func (type $t)))
        MEMORY (func (export "user_entrypoint") (param i32) (result i32) i32.const 0)"#,
    );
    let mut importing = wat::parse_str(importing).unwrap();
    assert!(activate(&importing, &rules(), 128).is_ok());
    // A function of exactly its type.
    let name = importing.windows(9).position(|at| at == b"read_args");
    importing[name.unwrap() + 9] = 0x20;
    let refused = activate(&importing, &rules(), 128);
    let unknown = ActivationError::ImportUnknown("vm_hooks".into(), "read_args".into());
    assert_eq!(refused, Err(unknown));
    // `memory.size` with its index in two bytes.
    let padded = raw(&[0x3f, 0x80, 0, 0x0b]);
    let Err(ActivationError::Invalid(message)) = activate(&padded, &rules(), 128) else {
        panic!("the padding was taken");
    };
    let at = padded.len() - 3;
    assert_eq!(message, format!("zero byte expected (at offset {at:#x})"));
    let two = module("MEMORY (memory 1 1)");
    let two = activate(&wat::parse_str(two).unwrap(), &rules(), 128);
    let message = "multi-memory: one is allowed".to_owned();
    assert_eq!(two, Err(ActivationError::Invalid(message)));
}

/// A table with `targets` targets, of which some lead elsewhere, by the length of the calldata less one.
/// `block` and `value` say what a branch takes along.
fn wide(targets: usize, block: &str, value: &str) -> Vec<u8> {
    let depth = |n: usize| match n {
        0 | 65_519 | 65_520 => "1",
        n if n == targets - 1 => "2",
        _ => "0",
    };
    let depths: Vec<_> = (0..targets).map(depth).collect();
    let fields = format!(
        r#"(import "vm_hooks" "write_result" (func $result (param i32 i32))) MEMORY
        (func (export "user_entrypoint") (param i32) (result i32) (local $way i32)
        (block $default {block} (block $last {block} (block $edge {block} (block $other {block}
            {value}
            (br_table {} 3 (i32.sub (local.get 0) (i32.const 1))))
        (local.set $way (i32.const 10)) (br $default))
        (local.set $way (i32.const 20)) (br $default))
        (local.set $way (i32.const 30)) (br $default))
        {} (local.set $way (i32.add (local.get $way)))
        (i32.store (i32.const 0) (local.get $way)) (call $result (i32.const 0) (i32.const 4)) (i32.const 0))"#,
        depths.join(" "),
        match value {
            "" => "i32.const 7",
            value if value.contains("i64") => "i32.wrap_i64 i32.add",
            _ => "",
        },
    );
    wat::parse_str(module(&fields)).unwrap()
}

/// In dead code a branch may take values of several types along, but not through one passage.
#[test]
fn wide_branch_tables_in_dead_code_are_never_reached() {
    let wat = format!(
        r#"(memory (export "memory") 1 1) (func (export "user_entrypoint") (param i32) (result i32)
        (if (result i32) (local.get 0) (then
            (block (result i32) (drop (block (result i64) unreachable (br_table {} 0))) (i32.const 1)))
            (else (i32.const 0))))"#,
        "1 ".repeat(65_521)
    );
    let wasm = wat::parse_str(format!("(module {wat})")).unwrap();
    let outcome = ends(&wasm).unwrap();
    assert_eq!(outcome.kind, OutcomeKind::Success);
}

/// The engine takes 65,520 targets at most, which no figure shows.
#[test]
fn wide_branch_tables_branch_and_cost_as_narrow_ones_do() {
    let shapes = [
        ("", ""),
        ("(result i32)", "i32.const 7"),
        ("(result i32 i64)", "i32.const 3 i64.const 4"),
    ];
    for (block, value) in shapes {
        let targets = 70_000;
        let wasm = wide(targets, block, value);
        let activation = activate(&wasm, &rules(), 128).unwrap();
        let program = Compiler::new()
            .unwrap()
            .compile(&activation.instrumented)
            .unwrap();
        let ways = [
            (0, 0),
            (1, 20),
            (2, 10),
            (65_519, 10),
            (65_520, 20),
            (65_521, 20),
            (65_522, 10),
            (69_999, 10),
            (70_000, 30),
            (70_001, 0),
        ];
        for (len, way) in ways {
            let run = Run::start(&program, entry(&vec![0; len], AMPLE_INK));
            let outcome = run_answering(run, |request| panic!("{request:?}"));
            let ink = AMPLE_INK - outcome.ink_left;
            let table = 2_400 + 325 * targets as u64;
            assert!((table..table + 70_000).contains(&ink), "{ink}");
            let output = (7_u32 + way).to_le_bytes().to_vec();
            assert_eq!(
                (outcome.kind, outcome.output),
                (OutcomeKind::Success, output),
                "{block}, {len}"
            );
        }
    }
    let refused = activate(&wide(131_073, "", ""), &rules(), 128);
    let too_many = ActivationError::TooMany {
        what: "targets of a branch table",
        count: 131_073,
        max: 131_072,
    };
    assert_eq!(refused, Err(too_many));
}

/// Calls a host function with a pointer to where the memory ends, and with one to what is behind that.
fn at_the_end(import: &str, call: &str) -> [OutcomeKind; 2] {
    ["65536", "65537"].map(|pointer| {
        let wat = module(&format!(
            r#"(import "vm_hooks" "call_contract"
                (func $call (param i32 i32 i32 i32 i64 i32) (result i32)))
            (import "vm_hooks" {import})
            MEMORY
            (func (export "user_entrypoint") (param i32) (result i32)
                (drop (call $call (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                    (i64.const 0) (i32.const 64)))
                {}
                i32.const 0)"#,
            call.replace("PTR", &format!("(i32.const {pointer})")),
        ));
        let run = start(&wat, entry(&[], AMPLE_INK));
        let outcome = run_answering(run, |request| match request {
            Request::Call { .. } => Reply::Call {
                success: true,
                return_data: Bytes::from_static(&[1; 100]),
                gas: 0,
            },
            Request::Create { .. } => Reply::Create {
                address: None,
                return_data: Bytes::new(),
                gas: 0,
            },
            Request::AccountCode { .. } => Reply::Code {
                code: Bytes::new(),
                gas: 0,
            },
            _ => Reply::Done { gas: 0 },
        });
        outcome.kind
    })
}

/// No bytes at all can be read and written where the memory ends, and not behind that. What is left of
/// return data says first whether there is something to write.
#[test]
fn nothing_is_read_and_written_up_to_the_end() {
    use OutcomeKind::{Failure, Success};

    let cases = [
        (r#""read_args" (func $f (param i32))"#, "(call $f PTR)"),
        (
            r#""write_result" (func $f (param i32 i32))"#,
            "(call $f PTR (i32.const 0))",
        ),
        (
            r#""native_keccak256" (func $f (param i32 i32 i32))"#,
            "(call $f PTR (i32.const 0) (i32.const 0))",
        ),
        (
            r#""emit_log" (func $f (param i32 i32 i32))"#,
            "(call $f PTR (i32.const 0) (i32.const 0))",
        ),
        (
            r#""static_call_contract" (func $f (param i32 i32 i32 i64 i32) (result i32))"#,
            "(drop (call $f (i32.const 0) PTR (i32.const 0) (i64.const 0) (i32.const 0)))",
        ),
        (
            r#""create1" (func $f (param i32 i32 i32 i32 i32))"#,
            "(call $f PTR (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 32))",
        ),
        (
            r#""account_code" (func $f (param i32 i32 i32 i32) (result i32))"#,
            "(drop (call $f (i32.const 0) (i32.const 0) (i32.const 9) PTR))",
        ),
    ];
    for (import, call) in cases {
        assert_eq!(at_the_end(import, call), [Success, Failure], "{import}");
    }
    let import = r#""read_return_data" (func $f (param i32 i32 i32) (result i32))"#;
    let read = |offset: u32, size: u32| {
        let call = format!("(drop (call $f PTR (i32.const {offset}) (i32.const {size})))");
        at_the_end(import, &call)
    };
    assert_eq!(read(0, 0), [Success, Success]);
    assert_eq!(read(100, 7), [Success, Success]);
    assert_eq!(read(99, 7), [Failure, Failure]);
}

/// Before Stylus 3 only the low 16 bits of a page count are paid for: none of 65,536. No memory grows by that
/// many, not even from nothing.
#[test]
fn pages_that_are_not_paid_for_are_not_had() {
    for limits in ["0", "0 65535", "0 65536"] {
        let outcome = run(&format!(
            r#"(module (import "vm_hooks" "pay_for_memory_grow" (func $pay (param i32)))
            (import "vm_hooks" "write_result" (func $result (param i32 i32)))
            (memory (export "memory") {limits})
            (func (export "user_entrypoint") (param i32) (result i32)
                (i32.eq (memory.grow (i32.const 65536)) (i32.const -1))
                (if (then (if (i32.eqz (memory.size)) (then unreachable))))
                (i32.const 0)))"#
        ));
        // The grow was refused and the memory is as small as before.
        let ink = AMPLE_INK - outcome.ink_left;
        assert_eq!(
            (outcome.kind, ink),
            (OutcomeKind::Failure, 11_437 + 8_400 + 6_385 + 2_452),
            "{limits}"
        );
    }
}

/// `msg_reentrant` says what it is given; a node gives it 0 or 1.
#[test]
fn the_reentrancy_word_is_handed_over_as_it_is() {
    let wat = module(
        r#"(import "vm_hooks" "msg_reentrant" (func $reentrant (result i32)))
        MEMORY
        (func (export "user_entrypoint") (param i32) (result i32)
            (i32.ne (call $reentrant) (i32.const 3)))"#,
    );
    let mut entry = entry(&[], AMPLE_INK);
    entry.data.reentrant = 3;
    let outcome = run_answering(start(&wat, entry), |request| panic!("{request:?}"));
    assert_eq!(outcome.kind, OutcomeKind::Success);
}
