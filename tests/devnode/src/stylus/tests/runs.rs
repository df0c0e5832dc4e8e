//! How runs are driven.

use alloy_primitives::{Address, B256, Bytes, U256};

use super::{AMPLE_INK, activate_wat, entry, module, resume, run_answering, start};
use crate::stylus::{
    CallKind, Compiler, FlushOutcome, OutcomeKind, Reply, Request, Run, RunError, Step,
};

/// Loads slot 0, whatever comes of it.
fn loading() -> String {
    module(
        r#"(import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
        (import "vm_hooks" "write_result" (func $result (param i32 i32)))
        MEMORY
        (func (export "user_entrypoint") (param i32) (result i32)
            (call $load (i32.const 0) (i32.const 32))
            (call $load (i32.const 0) (i32.const 64))
            (call $result (i32.const 64) (i32.const 32))
            local.get 0)"#,
    )
}

#[test]
fn a_slot_is_asked_for_once() {
    let value = B256::with_last_byte(9);
    let mut asked = Vec::new();
    let outcome = run_answering(start(&loading(), entry(&[], AMPLE_INK)), |request| {
        asked.push(request);
        Reply::Value { value, gas: 2_100 }
    });
    assert_eq!(asked, [Request::StorageLoad { key: B256::ZERO }]);
    assert_eq!(
        (outcome.kind, outcome.output),
        (OutcomeKind::Success, value.to_vec())
    );
}

#[test]
fn status_decides_between_success_and_revert() {
    let reply = |_| Reply::Value {
        value: B256::ZERO,
        gas: 100,
    };
    let outcome = run_answering(start(&loading(), entry(&[1], AMPLE_INK)), reply);
    assert_eq!(
        (outcome.kind, outcome.output.len()),
        (OutcomeKind::Revert, 32)
    );
}

#[test]
fn gas_of_a_reply_is_bought() {
    let reply = |_| Reply::Value {
        value: B256::ZERO,
        gas: u64::MAX,
    };
    let outcome = run_answering(start(&loading(), entry(&[], AMPLE_INK)), reply);
    assert_eq!((outcome.kind, outcome.ink_left), (OutcomeKind::OutOfInk, 0));
    assert!(outcome.output.is_empty());
}

#[test]
fn refusal_fails_with_gas_kept() {
    let outcome = run_answering(start(&loading(), entry(&[], AMPLE_INK)), |_| Reply::Refused);
    assert_eq!(outcome.kind, OutcomeKind::Failure);
    assert!(outcome.gas_left > 999_900);
}

#[test]
fn misuse_is_an_error_and_ends_the_run() {
    let mut run = start(&loading(), entry(&[], AMPLE_INK));
    assert!(matches!(
        resume(&mut run, Some(Reply::Refused)),
        Err(RunError::Misused)
    ));
    assert!(matches!(resume(&mut run, None), Err(RunError::Misused)));

    let mut run = start(&loading(), entry(&[], AMPLE_INK));
    assert!(matches!(resume(&mut run, None), Ok(Step::Ask(_))));
    let mismatch = resume(&mut run, Some(Reply::Done { gas: 0 }));
    assert!(matches!(mismatch, Err(RunError::ReplyMismatch)));

    let mut run = start(&loading(), entry(&[], 1));
    assert!(matches!(resume(&mut run, None), Ok(Step::Done(_))));
    assert!(matches!(resume(&mut run, None), Err(RunError::Misused)));
}

/// 600 runs wait for each other, as nested calls do, end in any order, and can be dropped.
#[test]
fn runs_nest_without_nesting_the_host_stack() {
    let compiler = Compiler::new().unwrap();
    let activation = activate_wat(&loading()).unwrap();
    let program = compiler.compile(&activation.instrumented).unwrap();
    let mut waiting = Vec::new();
    for _ in 0..600 {
        let mut run = Run::start(&program, entry(&[], AMPLE_INK));
        assert!(matches!(resume(&mut run, None), Ok(Step::Ask(_))));
        waiting.push(run);
    }
    waiting.truncate(500);
    waiting.swap(0, 499);
    for mut run in waiting {
        let step = resume(
            &mut run,
            Some(Reply::Value {
                value: B256::ZERO,
                gas: 100,
            }),
        )
        .unwrap();
        assert!(matches!(step, Step::Done(outcome) if outcome.kind == OutcomeKind::Success));
    }
}

#[test]
fn calls_carry_gas_value_and_data_and_keep_the_return_data() {
    let wat = module(
        r#"(import "vm_hooks" "call_contract"
            (func $call (param i32 i32 i32 i32 i64 i32) (result i32)))
        (import "vm_hooks" "read_return_data" (func $read (param i32 i32 i32) (result i32)))
        (import "vm_hooks" "write_result" (func $result (param i32 i32)))
        MEMORY
        (data (i32.const 19) "\07") (data (i32.const 63) "\05") (data (i32.const 64) "abc")
        (func (export "user_entrypoint") (param i32) (result i32) (local $status i32)
            (local.set $status (call $call (i32.const 0) (i32.const 64) (i32.const 3)
                (i32.const 32) (i64.const -1) (i32.const 100)))
            (drop (call $read (i32.const 104) (i32.const 1) (i32.const 9)))
            (call $result (i32.const 100) (i32.const 8))
            local.get $status)"#,
    );
    let outcome = run_answering(start(&wat, entry(&[], AMPLE_INK)), |request| {
        let Request::Call {
            kind,
            to,
            value,
            data,
            gas_left,
            gas_req,
        } = request
        else {
            panic!("{request:?}");
        };
        assert_eq!((kind, to[19], value), (CallKind::Call, 7, U256::from(5)));
        assert_eq!((data, gas_req), (Bytes::from_static(b"abc"), gas_left));
        Reply::Call {
            success: false,
            return_data: Bytes::from_static(b"xyz"),
            gas: 40,
        }
    });
    assert_eq!(outcome.kind, OutcomeKind::Revert);
    assert_eq!(outcome.output, [3, 0, 0, 0, b'y', b'z', 0, 0]);
}

#[test]
fn running_out_of_gas_in_a_flush_is_out_of_ink() {
    let wat = module(
        r#"(import "vm_hooks" "storage_cache_bytes32" (func $set (param i32 i32)))
        (import "vm_hooks" "storage_flush_cache" (func $flush (param i32)))
        MEMORY
        (func (export "user_entrypoint") (param i32) (result i32)
            (call $set (i32.const 0) (i32.const 0))
            (call $flush (i32.const 0))
            i32.const 0)"#,
    );
    let reply = |request| match request {
        Request::StorageFlush {
            entries,
            gas_budget,
        } => {
            assert_eq!(entries, [(B256::ZERO, B256::ZERO)]);
            Reply::Flush {
                outcome: FlushOutcome::OutOfGas,
                gas: gas_budget,
            }
        }
        other => panic!("{other:?}"),
    };
    let outcome = run_answering(start(&wat, entry(&[], AMPLE_INK)), reply);
    assert_eq!(outcome.kind, OutcomeKind::OutOfInk);
}

#[test]
fn creation_writes_the_address_and_the_length_of_the_revert_data() {
    let wat = module(
        r#"(import "vm_hooks" "create1" (func $create (param i32 i32 i32 i32 i32)))
        (import "vm_hooks" "write_result" (func $result (param i32 i32)))
        MEMORY
        (func (export "user_entrypoint") (param i32) (result i32)
            (call $create (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 64) (i32.const 84))
            (call $result (i32.const 64) (i32.const 24))
            i32.const 0)"#,
    );
    let address = Address::repeat_byte(0xab);
    for (created, revert_data) in [(Some(address), vec![]), (None, vec![1, 2])] {
        let return_data = Bytes::from(revert_data);
        let outcome = run_answering(start(&wat, entry(&[], AMPLE_INK)), |_| Reply::Create {
            address: created,
            return_data: return_data.clone(),
            gas: 32_000,
        });
        assert_eq!(outcome.output[..20], created.unwrap_or_default()[..]);
        assert_eq!(
            outcome.output[20..],
            (return_data.len() as u32).to_le_bytes()
        );
    }
}

/// A program that computes for long pauses, which changes nothing; and it can be dropped then.
#[test]
fn long_computations_pause() {
    let wat = module(
        r#"MEMORY (func (export "user_entrypoint") (param i32) (result i32)
            (loop $again (br $again)) i32.const 0)"#,
    );
    let mut run = start(&wat, entry(&[], 100 * AMPLE_INK));
    let mut pauses = 0;
    let outcome = loop {
        match run.resume(None).unwrap() {
            Step::Pause => pauses += 1,
            Step::Done(outcome) => break outcome,
            Step::Ask(request) => panic!("{request:?}"),
        }
    };
    assert!(pauses > 0);
    assert_eq!((outcome.kind, outcome.ink_left), (OutcomeKind::OutOfInk, 0));

    let mut run = start(&wat, entry(&[], u64::MAX));
    assert!(matches!(run.resume(None), Ok(Step::Pause)));
    assert!(matches!(run.resume(None), Ok(Step::Pause)));
    assert!(matches!(
        run.resume(Some(Reply::Refused)),
        Err(RunError::Misused)
    ));
}
