//! Nitro's published ink figures of host calls, each measured in a real transaction.

use alloy::primitives::{Address, B256, U256, address};
use serde_json::json;

use crate::{
    gas::measure::{ADDRESS, Case, KEY, WORD, call, i32s},
    rig::{DEV, Rig},
};

/// An account that nothing else touches.
const COLD: Address = address!("0x00000000000000000000000000000000000c01d0");

#[tokio::test]
async fn accounts() {
    let rig = Rig::new().await;
    let case = |hook, signature, args: &[u32], address| Case {
        hook,
        signature,
        args: i32s(args),
        address,
        ..Case::default()
    };
    let two = "(param i32 i32)";
    let balance = case("account_balance", two, &[ADDRESS, 128], DEV);
    assert_eq!(balance.measure(&rig).await, 1_078_153);
    let hash = case("account_codehash", two, &[ADDRESS, 128], COLD);
    assert_eq!(hash.measure(&rig).await, 26_078_153);
    let size = case(
        "account_code_size",
        "(param i32) (result i32)",
        &[ADDRESS],
        COLD,
    );
    assert_eq!(size.measure(&rig).await, 33_068_073);
}

#[tokio::test]
async fn transient_storage() {
    let rig = Rig::new().await;
    for hook in ["transient_load_bytes32", "transient_store_bytes32"] {
        let case = Case {
            hook,
            signature: "(param i32 i32)",
            args: i32s(&[KEY, WORD]),
            ..Case::default()
        };
        assert_eq!(case.measure(&rig).await, 1_078_153, "{hook}");
    }
}

#[tokio::test]
async fn storage_loads() {
    let rig = Rig::new().await;
    let again = format!("(call $hook (i32.const {KEY}) (i32.const 128))");
    let flush = r#"(import "vm_hooks" "storage_flush_cache" (func $flush (param i32)))"#;
    let cases = [
        (String::new(), 21_068_480),
        (again.clone(), 18_480),
        (format!("{again} (call $flush (i32.const 1))"), 1_068_480),
    ];
    for (setup, ink) in cases {
        let case = Case {
            hook: "storage_load_bytes32",
            signature: "(param i32 i32)",
            args: i32s(&[KEY, 128]),
            imports: flush,
            setup,
            ..Case::default()
        };
        assert_eq!(case.measure(&rig).await, ink);
    }
}

#[tokio::test]
async fn storage_flushes() {
    let rig = Rig::new().await;
    let write = format!("(call $cache (i32.const {KEY}) (i32.const {WORD}))");
    let other = format!("(call $cache (i32.const {KEY}) (i32.const 40))");
    let cases = [
        ("zero to x", write.clone(), 1, 0, 221_068_073),
        ("x to y", write.clone(), 1, 2, 50_068_073),
        ("x to zero", write.clone(), 0, 2, 50_068_073),
        (
            "again",
            format!("{write} (call $hook (i32.const 0)) {other}"),
            1,
            0,
            1_068_073,
        ),
    ];
    for (name, setup, word, before, ink) in cases {
        let case = Case {
            hook: "storage_flush_cache",
            signature: "(param i32)",
            args: i32s(&[0]),
            imports: r#"(import "vm_hooks" "storage_cache_bytes32" (func $cache (param i32 i32)))"#,
            setup,
            word: U256::from(word) << 64,
            ..Case::default()
        };
        let program = rig.program(&case.wat()).await;
        let before = B256::from(U256::from(before));
        rig.rpc("anvil_setStorageAt", json!([program, "0x0", before]))
            .await;
        assert_eq!(case.measure_at(&rig, program).await, ink, "{name}");
    }
}

#[tokio::test]
async fn logs() {
    let rig = Rig::new().await;
    let cases = [
        (0, 0, 3_834_454),
        (0, 10, 4_634_454),
        (0, 100, 11_838_194),
        (1, 100, 15_589_954),
        (2, 100, 19_341_714),
        (3, 100, 23_093_474),
        (4, 100, 26_845_234),
    ];
    for (topics, data, ink) in cases {
        let case = Case {
            hook: "emit_log",
            signature: "(param i32 i32 i32)",
            args: i32s(&[0, 32 * topics + data, topics]),
            ..Case::default()
        };
        assert_eq!(
            case.measure(&rig).await,
            ink,
            "{topics} topics, {data} bytes"
        );
    }
}

#[tokio::test]
async fn results_and_arguments() {
    let rig = Rig::new().await;
    for (len, ink) in [(4, 13_440), (36, 13_560), (100, 15_480)] {
        let case = Case {
            hook: "read_args",
            signature: "(param i32)",
            args: i32s(&[1024]),
            input: vec![1; len],
            ..Case::default()
        };
        assert_eq!(case.measure(&rig).await, ink, "{len} bytes of input");
    }
    for (len, ink) in [(0, 41_162), (64, 44_682)] {
        let case = Case {
            hook: "write_result",
            signature: "(param i32 i32)",
            args: i32s(&[0, len]),
            ..Case::default()
        };
        assert_eq!(case.measure(&rig).await, ink, "{len} bytes of output");
    }
}

#[tokio::test]
async fn return_data() {
    let rig = Rig::new().await;
    for (len, ink) in [
        (10, 73_113),
        (100, 75_153),
        (1_000, 102_153),
        (10_000, 372_153),
    ] {
        let case = Case {
            hook: "read_return_data",
            signature: "(param i32 i32 i32) (result i32)",
            args: i32s(&[1024, 0, len]),
            imports: r#"(import "vm_hooks" "static_call_contract"
                (func $static (param i32 i32 i32 i64 i32) (result i32)))"#,
            setup: format!(
                "(drop (call $static (i32.const {ADDRESS}) (i32.const 1024) (i32.const {len})
                    (i64.const -1) (i32.const 0)))"
            ),
            // The identity precompile returns its input.
            address: Address::with_last_byte(4),
            ..Case::default()
        };
        assert_eq!(case.measure(&rig).await, ink, "{len} bytes");
    }
}

#[tokio::test]
async fn arithmetic_and_hashes() {
    let rig = Rig::new().await;
    let maths = [
        ("math_div", "(param i32 i32)", vec![128, WORD], 43_520),
        ("math_mod", "(param i32 i32)", vec![128, WORD], 43_520),
        (
            "math_add_mod",
            "(param i32 i32 i32)",
            vec![128, WORD, WORD],
            49_560,
        ),
        (
            "math_mul_mod",
            "(param i32 i32 i32)",
            vec![128, WORD, WORD],
            52_660,
        ),
        (
            "native_keccak256",
            "(param i32 i32 i32)",
            vec![0, 10, 128],
            121_800,
        ),
        (
            "native_keccak256",
            "(param i32 i32 i32)",
            vec![0, 100, 128],
            163_800,
        ),
        (
            "native_keccak256",
            "(param i32 i32 i32)",
            vec![0, 1_000, 128],
            751_800,
        ),
    ];
    for (hook, signature, args, ink) in maths {
        let args = i32s(&args);
        let case = Case {
            hook,
            signature,
            args,
            word: U256::from(7),
            ..Case::default()
        };
        assert_eq!(case.measure(&rig).await, ink, "{hook}");
    }
    for (bytes, ink) in [(1, 61_520), (2, 79_020), (10, 219_020), (32, 604_020)] {
        let case = Case {
            hook: "math_pow",
            signature: "(param i32 i32)",
            args: i32s(&[128, WORD]),
            word: U256::ONE << (8 * bytes - 1),
            ..Case::default()
        };
        assert_eq!(case.measure(&rig).await, ink, "exponent of {bytes} bytes");
    }
}

#[tokio::test]
async fn memory_pages() {
    let rig = Rig::new().await;
    for (pages, ink) in [(100, 9_320_660_000), (0, 8_400)] {
        let case = Case {
            hook: "pay_for_memory_grow",
            signature: "(param i32)",
            args: i32s(&[pages]),
            ..Case::default()
        };
        assert_eq!(case.measure(&rig).await, ink, "{pages} pages");
    }
}

/// 83,193 + 2 * (16,381 + 55 * 4) + 10,000 * (100 + 3 for copying the argument).
#[tokio::test]
async fn calls_to_a_precompile() {
    let rig = Rig::new().await;
    let selector = &alloy::primitives::keccak256("burnArbGas(uint256)")[..4];
    let store = format!(
        "(i32.store (i32.const 1024) (i32.const {}))",
        i32::from_le_bytes(selector.try_into().unwrap())
    );
    for kind in ["call", "delegate", "static"] {
        let case = Case {
            setup: store.clone(),
            ..call(kind, Address::with_last_byte(0x69), 36)
        };
        assert_eq!(case.measure(&rig).await, 1_146_395, "{kind}");
    }
}

/// 83,193 + 2 * 16,381 + 10,000 * (2,600 cold + 221 for the callee), and 9,000 for value. The
/// stipend that the callee does not use comes back.
#[tokio::test]
async fn calls_to_a_cold_contract() {
    let rig = Rig::new().await;
    let callee = rig.deploy(&[0x5b; 221]).await;
    let case = call("call", callee, 4);
    assert_eq!(case.measure(&rig).await, 28_325_955);

    let case = Case {
        word: U256::from(1_000),
        ..call("call", callee, 4)
    };
    let program = rig.program(&case.wat()).await;
    rig.rpc("anvil_setBalance", json!([program, "0x3e8"])).await;
    assert_eq!(case.measure_at(&rig, program).await, 118_325_955);
}

/// 83,193 + 2 * 16,381 + 10,000 * (2,600 cold + the program's start + 7 for its run, rounded up).
#[tokio::test]
async fn calls_to_a_cold_program() {
    let rig = Rig::new().await;
    let callee = rig.program(include_str!("../wat/write-args.wat")).await;
    let start = rig
        .arb_wasm(crate::rig::ArbWasm::programInitGasCall { program: callee })
        .await
        .unwrap();
    let host = 83_193 + 2 * 16_381;
    let first = call("call", callee, 4);
    assert_eq!(
        first.measure(&rig).await,
        host + 10_000 * (2_600 + start.gas + 7)
    );

    // The second call in a block finds account and program warm.
    let setup = format!(
        "(drop (call $hook {}))",
        first
            .args
            .iter()
            .map(|arg| format!("({arg})"))
            .collect::<String>()
    );
    let second = Case {
        setup,
        ..call("call", callee, 4)
    };
    assert_eq!(
        second.measure(&rig).await,
        host + 10_000 * (100 + start.gasWhenCached + 7)
    );
}

/// What a reverted frame warmed is cold again; what another frame warmed stays warm.
#[tokio::test]
async fn warmth_is_shared_between_frames() {
    let rig = Rig::new().await;
    // BALANCE of the address in the input, then return or revert.
    let look = |end: u8| vec![0x60, 0x00, 0x35, 0x31, 0x60, 0x00, 0x60, 0x00, end];
    for (end, ink) in [(0xf3, 1_078_153), (0xfd, 26_078_153)] {
        let looker = rig.deploy(&look(end)).await;
        let limbs = looker.into_array();
        // The looker's address goes to 2048, the cold address as a word to 1024.
        let mut setup = String::new();
        for (at, byte) in limbs.iter().enumerate() {
            setup += &format!("(i32.store8 (i32.const {}) (i32.const {byte}))", 2048 + at);
        }
        for (at, byte) in COLD.into_word().iter().enumerate() {
            setup += &format!("(i32.store8 (i32.const {}) (i32.const {byte}))", 1024 + at);
        }
        setup += "(drop (call $static (i32.const 2048) (i32.const 1024) (i32.const 32)
            (i64.const -1) (i32.const 128)))";
        let case = Case {
            hook: "account_codehash",
            signature: "(param i32 i32)",
            args: i32s(&[ADDRESS, 128]),
            imports: r#"(import "vm_hooks" "static_call_contract"
                (func $static (param i32 i32 i32 i64 i32) (result i32)))"#,
            setup,
            address: COLD,
            ..Case::default()
        };
        assert_eq!(case.measure(&rig).await, ink);
    }
}
