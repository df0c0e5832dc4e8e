//! What a call costs in time when the program was called before, beside the same call of EVM code.
//!
//! `cargo bench -p stylus-devnode --bench calls`

use std::{convert::Infallible, hint::black_box};

use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256, map::B256HashMap};
use alloy_rpc_types_eth::{TransactionRequest, state::AccountOverride};
use divan::Bencher;
use stylus_devnode::{
    Config,
    arbos::{self, program::Program},
    chain::{Chain, calls::call::Call},
    stylus::{
        Compiler, Entry, EvmData, Reply, Request, Rules, Run, Step, activate, code::compress,
    },
};

fn main() {
    divan::main();
}

/// Returns slot 0, after a look at the calldata and the caller.
const WAT: &str = r#"(module
    (import "vm_hooks" "read_args" (func $read_args (param i32)))
    (import "vm_hooks" "msg_sender" (func $msg_sender (param i32)))
    (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
    (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
    (memory (export "memory") 1 1)
    (func (export "user_entrypoint") (param i32) (result i32)
        (call $read_args (i32.const 128))
        (call $msg_sender (i32.const 96))
        (call $load (i32.const 0) (i32.const 32))
        (call $write_result (i32.const 32) (i32.const 32))
        i32.const 0))"#;

/// The same: `CALLDATACOPY`, `CALLER`, `SLOAD`, `MSTORE`, `RETURN`.
const EVM: [u8; 20] = hex!("60046000600037335060005460005260206000f3");

const CALLEE: Address = Address::repeat_byte(0xca);

fn call(code: Vec<u8>) -> (Chain, Call) {
    let wasm = wat::parse_str(WAT).unwrap();
    let activation = activate(&wasm, &Rules::default(), 128).unwrap();
    let chain = Chain::new(&Config::default()).unwrap();
    let now = chain.head().header.timestamp;
    let program = Program {
        version: 3,
        init_cost: activation.init_cost,
        cached_cost: activation.cached_cost,
        footprint: activation.footprint,
        activated_at_h: arbos::program::hours(now),
        asm_estimate_kib: 1,
        cached: false,
    };
    let slot = arbos::program::slot(keccak256(&code));
    let words = [(B256::from(slot), B256::from(program.pack()))];
    let state = [
        (CALLEE, AccountOverride::default().with_code(code)),
        (
            arbos::slots::ARBOS,
            AccountOverride::default()
                .with_state_diff(words.into_iter().collect::<B256HashMap<_>>()),
        ),
    ];
    let request = TransactionRequest {
        to: Some(CALLEE.into()),
        input: Bytes::from_static(&[1, 2, 3, 4]).into(),
        ..Default::default()
    };
    let call = Call {
        request,
        state: Some(state.into_iter().collect()),
        ..Call::default()
    };
    (chain, call)
}

fn measure(bencher: Bencher<'_, '_>, code: Vec<u8>) {
    let (chain, call) = call(code);
    assert_eq!(chain.call(call.clone()).unwrap(), Bytes::from(vec![0; 32]));
    bencher
        .with_inputs(|| call.clone())
        .bench_values(|call| chain.call(call));
}

#[divan::bench]
fn call_of_evm_code(bencher: Bencher<'_, '_>) {
    measure(bencher, EVM.to_vec());
}

#[divan::bench]
fn call_of_a_program(bencher: Bencher<'_, '_>) {
    let wasm = wat::parse_str(WAT).unwrap();
    measure(
        bencher,
        [&[0xEF, 0xF0, 0, 0][..], &compress(&wasm).unwrap()].concat(),
    );
}

/// The program alone, without an EVM around it.
#[divan::bench]
fn run_of_a_program(bencher: Bencher<'_, '_>) {
    let compiler = Compiler::new().unwrap();
    let wasm = || Ok::<_, Infallible>(wat::parse_str(WAT).unwrap());
    let program = compiler.load(B256::ZERO, &Rules::default(), wasm).unwrap();
    bencher.bench(|| {
        let entry = Entry {
            calldata: Bytes::from_static(&[1, 2, 3, 4]),
            ink: 1_000_000_000_000,
            data: EvmData::default(),
            rules: Rules::default(),
            recording: None,
        };
        let mut run = Run::start(&program, entry);
        let mut reply = None;
        loop {
            match run.resume(reply.take()).unwrap() {
                Step::Ask(request) => {
                    assert!(matches!(request, Request::StorageLoad { .. }));
                    let value = U256::ZERO.into();
                    reply = Some(Reply::Value { value, gas: 2_100 });
                }
                Step::Pause => {}
                Step::Done(outcome) => break black_box(outcome),
            }
        }
    });
}

/// Dear work for little ink: how long a call of 50,000,000 gas can take at most.
mod longest {
    use super::*;

    const GAS: u64 = 1_000_000;

    fn spend(bencher: Bencher<'_, '_>, pages: u32, before: &str, body: &str) {
        let wat = format!(
            r#"(module
            (import "vm_hooks" "native_keccak256" (func $keccak (param i32 i32 i32)))
            (import "vm_hooks" "math_pow" (func $pow (param i32 i32)))
            (memory (export "memory") {pages} {pages})
            (func (export "user_entrypoint") (param i32) (result i32) (local $a i32) (local $n i64)
                {before}
                (loop {body} (br 0)) i32.const 0))"#
        );
        let compiler = Compiler::new().unwrap();
        let wasm = || Ok::<_, Infallible>(wat::parse_str(&wat).unwrap());
        let program = compiler.load(B256::ZERO, &Rules::default(), wasm).unwrap();
        bencher.bench(|| {
            let entry = Entry {
                calldata: Bytes::new(),
                ink: GAS * 10_000,
                data: EvmData::default(),
                rules: Rules::default(),
                recording: None,
            };
            let mut run = Run::start(&program, entry);
            loop {
                match run.resume(None).unwrap() {
                    Step::Pause => {}
                    end => break black_box(end),
                }
            }
        });
    }

    #[divan::bench]
    fn empty_loop_1m_gas(bencher: Bencher<'_, '_>) {
        spend(bencher, 1, "", "");
    }

    #[divan::bench]
    fn division_1m_gas(bencher: Bencher<'_, '_>) {
        let step =
            "(local.set $n (i64.div_u (i64.const -1) (i64.or (local.get $n) (i64.const 1))))";
        spend(bencher, 1, "", &step.repeat(50));
    }

    /// Each load's address depends on the one before, all over 8 MiB.
    #[divan::bench]
    fn scattered_loads_1m_gas(bencher: Bencher<'_, '_>) {
        let step = "(local.set $a (i32.and (i32.add (i32.load (local.get $a)) \
            (i32.mul (local.get $a) (i32.const 1664525))) (i32.const 0x7ffffc)))";
        spend(
            bencher,
            128,
            "(local.set $a (i32.const 1013904))",
            &step.repeat(50),
        );
    }

    #[divan::bench]
    fn fill_1m_gas(bencher: Bencher<'_, '_>) {
        spend(
            bencher,
            128,
            "",
            "(memory.fill (i32.const 0) (i32.const 1) (i32.const 0x7ffff0))",
        );
    }

    #[divan::bench]
    fn keccak_1m_gas(bencher: Bencher<'_, '_>) {
        spend(
            bencher,
            1,
            "",
            "(call $keccak (i32.const 0) (i32.const 60000) (i32.const 0))",
        );
    }

    #[divan::bench]
    fn power_1m_gas(bencher: Bencher<'_, '_>) {
        let fill = "(memory.fill (i32.const 0) (i32.const -1) (i32.const 64))";
        spend(bencher, 1, fill, "(call $pow (i32.const 0) (i32.const 32))");
    }
}
