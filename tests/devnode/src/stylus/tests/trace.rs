//! Host calls are recorded as tools read them.

use alloy_primitives::{Address, B256, Bytes};

use super::{AMPLE_INK, entry, module, resume, start};
use crate::stylus::{
    FlushOutcome, Outcome, OutcomeKind, Reply, Request, Step,
    trace::{HostCalls, Recording},
};

/// A word at 32, an address at 64, a pointer to write to at 96, scratch at 128.
const DATA: &str = r#"MEMORY
    (data (i32.const 63) "\02")
    (data (i32.const 64) "\aa\aa\aa\aa\aa\aa\aa\aa\aa\aa\aa\aa\aa\aa\aa\aa\aa\aa\aa\aa")"#;

const IMPORTS: &str = r#"
    (import "vm_hooks" "read_args" (func $read_args (param i32)))
    (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
    (import "vm_hooks" "exit_early" (func $exit_early (param i32)))
    (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
    (import "vm_hooks" "storage_cache_bytes32" (func $cache (param i32 i32)))
    (import "vm_hooks" "storage_flush_cache" (func $flush (param i32)))
    (import "vm_hooks" "transient_load_bytes32" (func $tload (param i32 i32)))
    (import "vm_hooks" "transient_store_bytes32" (func $tstore (param i32 i32)))
    (import "vm_hooks" "call_contract" (func $call (param i32 i32 i32 i32 i64 i32) (result i32)))
    (import "vm_hooks" "delegate_call_contract" (func $delegate (param i32 i32 i32 i64 i32) (result i32)))
    (import "vm_hooks" "create1" (func $create1 (param i32 i32 i32 i32 i32)))
    (import "vm_hooks" "create2" (func $create2 (param i32 i32 i32 i32 i32 i32)))
    (import "vm_hooks" "read_return_data" (func $return_data (param i32 i32 i32) (result i32)))
    (import "vm_hooks" "return_data_size" (func $return_size (result i32)))
    (import "vm_hooks" "emit_log" (func $log (param i32 i32 i32)))
    (import "vm_hooks" "account_balance" (func $balance (param i32 i32)))
    (import "vm_hooks" "account_code" (func $code (param i32 i32 i32 i32) (result i32)))
    (import "vm_hooks" "account_code_size" (func $code_size (param i32) (result i32)))
    (import "vm_hooks" "block_number" (func $number (result i64)))
    (import "vm_hooks" "msg_reentrant" (func $reentrant (result i32)))
    (import "vm_hooks" "msg_value" (func $value (param i32)))
    (import "vm_hooks" "tx_origin" (func $origin (param i32)))
    (import "vm_hooks" "math_pow" (func $pow (param i32 i32)))
    (import "vm_hooks" "math_mul_mod" (func $mul_mod (param i32 i32 i32)))
    (import "vm_hooks" "native_keccak256" (func $keccak (param i32 i32 i32)))
    (import "vm_hooks" "pay_for_memory_grow" (func $grow (param i32)))"#;

fn program(body: &str) -> String {
    module(&format!(
        r#"{IMPORTS} {DATA}
        (func (export "user_entrypoint") (param i32) (result i32) {body} i32.const 3)"#
    ))
}

fn recorded(body: &str, recording: Recording, ink: u64) -> (Outcome, HostCalls) {
    let mut entry = entry(&[7, 8], ink);
    entry.recording = Some(recording);
    let mut run = start(&program(body), entry);
    let mut step = resume(&mut run, None).unwrap();
    loop {
        match step {
            Step::Ask(request) => {
                let next = run.calls_recorded();
                step = resume(&mut run, Some(answer(request))).unwrap();
                assert!(run.calls_recorded() >= next);
            }
            Step::Pause => unreachable!("resume goes on"),
            Step::Done(outcome) => return (outcome, run.take_calls()),
        }
    }
}

fn answer(request: Request) -> Reply {
    match request {
        Request::Call { .. } => Reply::Call {
            success: false,
            return_data: Bytes::from_static(b"xyz"),
            gas: 5,
        },
        Request::Create { .. } => Reply::Create {
            address: Some(Address::repeat_byte(0xcc)),
            return_data: Bytes::new(),
            gas: 32_000,
        },
        Request::AccountCode { .. } => Reply::Code {
            code: Bytes::from_static(b"code"),
            gas: 100,
        },
        Request::StorageFlush { .. } => Reply::Flush {
            outcome: FlushOutcome::Written,
            gas: 100,
        },
        Request::Log { .. } | Request::TransientStore { .. } => Reply::Done { gas: 0 },
        _ => Reply::Value {
            value: B256::with_last_byte(9),
            gas: 100,
        },
    }
}

/// Name, call, parts of arguments and of results.
type Case<'a> = (&'a str, &'a str, Vec<&'a [u8]>, Vec<&'a [u8]>);

/// One call of every shape, with the bytes that cargo-stylus takes apart.
#[test]
fn calls_have_the_bytes_that_tools_read() {
    let (word2, word9) = (B256::with_last_byte(2), B256::with_last_byte(9));
    let account = Address::repeat_byte(0xaa);
    let created = Address::repeat_byte(0xcc);
    let four = B256::with_last_byte(4);
    let empty_hash = alloy_primitives::keccak256([0]);
    let max = u64::MAX.to_be_bytes();
    let cases: Vec<Case<'_>> = vec![
        (
            "read_args",
            "(call $read_args (i32.const 128))",
            vec![],
            vec![&[7, 8]],
        ),
        (
            "write_result",
            "(call $write_result (i32.const 62) (i32.const 3))",
            vec![&[0, 2, 0xaa]],
            vec![],
        ),
        (
            "storage_load_bytes32",
            "(call $load (i32.const 32) (i32.const 128))",
            vec![&word2[..]],
            vec![&word9[..]],
        ),
        (
            "storage_cache_bytes32",
            "(call $cache (i32.const 32) (i32.const 32))",
            vec![&word2[..], &word2[..]],
            vec![],
        ),
        (
            "storage_flush_cache",
            "(call $flush (i32.const 256))",
            vec![&[1]],
            vec![],
        ),
        (
            "transient_load_bytes32",
            "(call $tload (i32.const 32) (i32.const 128))",
            vec![&word2[..]],
            vec![&word9[..]],
        ),
        (
            "transient_store_bytes32",
            "(call $tstore (i32.const 32) (i32.const 32))",
            vec![&word2[..], &word2[..]],
            vec![],
        ),
        (
            "call_contract",
            "(drop (call $call (i32.const 64) (i32.const 63) (i32.const 1) (i32.const 32) (i64.const -1) (i32.const 96)))",
            vec![&account[..], &max, &word2[..], &[2]],
            vec![&[0, 0, 0, 3, 2]],
        ),
        (
            "delegate_call_contract",
            "(drop (call $delegate (i32.const 64) (i32.const 63) (i32.const 1) (i64.const 258) (i32.const 96)))",
            vec![&account[..], &[0, 0, 0, 0, 0, 0, 1, 2], &[2]],
            vec![&[0, 0, 0, 3, 2]],
        ),
        (
            "read_return_data",
            "(drop (call $return_data (i32.const 128) (i32.const 1) (i32.const 9)))",
            vec![&[0, 0, 0, 1, 0, 0, 0, 9]],
            vec![b"yz"],
        ),
        (
            "return_data_size",
            "(drop (call $return_size))",
            vec![],
            vec![&[0, 0, 0, 3]],
        ),
        (
            "create1",
            "(call $create1 (i32.const 62) (i32.const 3) (i32.const 32) (i32.const 128) (i32.const 96))",
            vec![&word2[..], &[0, 2, 0xaa]],
            vec![&created[..], &[0; 4]],
        ),
        (
            "create2",
            "(call $create2 (i32.const 62) (i32.const 3) (i32.const 32) (i32.const 32) (i32.const 128) (i32.const 96))",
            vec![&word2[..], &word2[..], &[0, 2, 0xaa]],
            vec![&created[..], &[0; 4]],
        ),
        (
            "emit_log",
            "(call $log (i32.const 32) (i32.const 33) (i32.const 1))",
            vec![&[0, 0, 0, 1], &word2[..], &[0xaa]],
            vec![],
        ),
        (
            "account_balance",
            "(call $balance (i32.const 64) (i32.const 128))",
            vec![&account[..]],
            vec![&word9[..]],
        ),
        (
            "account_code",
            "(drop (call $code (i32.const 64) (i32.const 1) (i32.const 2) (i32.const 128)))",
            vec![&account[..], &[0, 0, 0, 1, 0, 0, 0, 2]],
            vec![b"od"],
        ),
        (
            "account_code_size",
            "(drop (call $code_size (i32.const 64)))",
            vec![&account[..]],
            vec![&[0, 0, 0, 4]],
        ),
        (
            "block_number",
            "(drop (call $number))",
            vec![],
            vec![&[0; 8]],
        ),
        (
            "msg_reentrant",
            "(drop (call $reentrant))",
            vec![],
            vec![&[0; 4]],
        ),
        (
            "msg_value",
            "(call $value (i32.const 128))",
            vec![],
            vec![&[0; 32]],
        ),
        (
            "tx_origin",
            "(call $origin (i32.const 128))",
            vec![],
            vec![&[0; 20]],
        ),
        (
            "native_keccak256",
            "(call $keccak (i32.const 62) (i32.const 1) (i32.const 128))",
            vec![&[0]],
            vec![&empty_hash[..]],
        ),
        (
            "pay_for_memory_grow",
            "(call $grow (i32.const 0))",
            vec![&[0, 0]],
            vec![],
        ),
        (
            "math_mul_mod",
            "(call $mul_mod (i32.const 320) (i32.const 320) (i32.const 32))",
            vec![&[0; 32], &[0; 32], &word2[..]],
            vec![&[0; 32]],
        ),
        // Operand and result share a place.
        (
            "math_pow",
            "(call $pow (i32.const 32) (i32.const 32))",
            vec![&word2[..], &word2[..]],
            vec![&four[..]],
        ),
    ];
    let body: Vec<_> = cases.iter().map(|(_, call, ..)| *call).collect();
    let (outcome, recorded) = recorded(&body.join("\n"), Recording::default(), AMPLE_INK);

    let (first, rest) = recorded.calls.split_first().unwrap();
    assert_eq!(
        (first.name, first.args.as_slice()),
        ("user_entrypoint", &[0, 0, 0, 2][..])
    );
    assert_eq!((first.start_ink, first.end_ink), (AMPLE_INK, AMPLE_INK));
    let (last, rest) = rest.split_last().unwrap();
    assert_eq!(
        (last.name, last.outs.as_slice()),
        ("user_returned", &[0, 0, 0, 3][..])
    );
    assert_eq!(last.end_ink, outcome.ink_left);
    assert_eq!((rest.len(), recorded.missing), (cases.len(), 0));
    for (call, (name, _, args, outs)) in rest.iter().zip(&cases) {
        assert_eq!(call.name, *name);
        assert_eq!(
            (&call.args, &call.outs),
            (&args.concat(), &outs.concat()),
            "{name}"
        );
    }
    for pair in recorded.calls.windows(2) {
        assert!(pair[0].end_ink >= pair[1].start_ink && pair[1].start_ink >= pair[1].end_ink);
    }
    // Its whole price lies between the two figures.
    assert_eq!(rest[0].start_ink - rest[0].end_ink, 8_400 + 5_040);
}

#[test]
fn records_survive_every_end() {
    let names = |(outcome, recorded): (Outcome, HostCalls)| {
        let names: Vec<_> = recorded.calls.iter().map(|call| call.name).collect();
        (outcome.kind, names)
    };
    let before = "(drop (call $number))";
    let run = |then: &str, ink| {
        names(recorded(
            &format!("{before} {then}"),
            Recording::default(),
            ink,
        ))
    };
    let seen = ["user_entrypoint", "block_number"];
    let ends = [
        ("unreachable", AMPLE_INK, OutcomeKind::Failure),
        // The failing call itself is not recorded.
        (
            "(call $read_args (i32.const -1))",
            AMPLE_INK,
            OutcomeKind::Failure,
        ),
        ("(loop (br 0))", 1_000_000, OutcomeKind::OutOfInk),
    ];
    for (then, ink, kind) in ends {
        assert_eq!(run(then, ink), (kind, seen.to_vec()), "{then}");
    }
    let (kind, names) = run("(call $exit_early (i32.const 0))", AMPLE_INK);
    assert_eq!(kind, OutcomeKind::Success);
    assert_eq!(names[2..], ["exit_early", "user_returned"]);
}

/// One allowance for all runs that share it; what came after it was used up is counted.
#[test]
fn records_are_bounded() {
    let body = "(drop (call $number)) (drop (call $number))";
    let recording = Recording::new(6, 1_000);
    let (_, first) = recorded(body, recording.clone(), AMPLE_INK);
    assert_eq!((first.calls.len(), first.missing), (4, 0));
    let (_, second) = recorded(body, recording, AMPLE_INK);
    assert_eq!((second.calls.len(), second.missing), (2, 2));

    // 4 bytes of the entry, 8 of the first number; the next 8 do not fit, nor does anything after.
    let (_, cut) = recorded(body, Recording::new(100, 19), AMPLE_INK);
    assert_eq!((cut.calls.len(), cut.missing), (2, 2));
}

#[test]
fn nothing_is_recorded_unasked() {
    let mut run = start(&program("(drop (call $number))"), entry(&[], AMPLE_INK));
    assert!(matches!(resume(&mut run, None), Ok(Step::Done(_))));
    assert_eq!(run.calls_recorded(), 0);
    assert_eq!(run.take_calls(), HostCalls::default());
}
