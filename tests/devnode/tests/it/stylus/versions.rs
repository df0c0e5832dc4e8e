//! What each ArbOS version brought, and upgrades from one to another.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, Bytes, U256, address},
    providers::Provider,
    rpc::types::TransactionRequest,
    sol,
    sol_types::SolError,
};
use serde_json::json;
use stylus_devnode::{
    Config,
    stylus::{self, ArbosVersion, Rules},
};

use crate::{
    gas::measure::{Case, KEY, WORD, call, i32s},
    rig::{
        ARB_OWNER, ARB_WASM, ArbWasm, DEV, GAS, Kind, PROXY, Rig, compress, event, evm_proxy,
        via_evm, via_program,
    },
};

const ECHO: &str = include_str!("../wat/write-args.wat");
const ARB_WASM_CACHE: Address = Address::with_last_byte(0x72);

/// A program that only returns.
const IDLE: &str = r#"(module (memory (export "memory") 1 1)
    (func (export "user_entrypoint") (param i32) (result i32) (i32.const 0)))"#;

sol! {
    function scheduleArbOSUpgrade(uint64 version, uint64 timestamp) external;
    function cacheProgram(address program) external;
    function cacheCodehash(bytes32 codehash) external;
    function setWasmMaxSize(uint32 size) external;
    function setWasmPageLimit(uint16 limit) external;
    function maxStackDepth() external view returns (uint32);
    function activationGas() external view returns (uint64);
    function arbOSVersion() external view returns (uint256);
    function programVersion(address program) external view returns (uint16);
    error ProgramNeedsUpgrade(uint16 version, uint16 stylusVersion);
}

async fn at(arbos_version: u64) -> Rig {
    Rig::with(Config {
        arbos_version,
        ..Config::default()
    })
    .await
}

/// The words of a failing call with that much gas; none if it succeeds.
async fn failure(rig: &Rig, to: Address, gas: u64) -> Option<String> {
    let ask = json!([{ "to": to, "gas": U256::from(gas) }, "latest"]);
    let result: Result<Bytes, _> = rig.client.raw_request("eth_call".into(), ask).await;
    let error = result.err()?;
    Some(error.as_error_resp().unwrap().message.to_string())
}

async fn start(rig: &Rig, program: Address) -> (u64, u64) {
    let start = rig.arb_wasm(ArbWasm::programInitGasCall { program });
    let start = start.await.unwrap();
    (start.gas, start.gasWhenCached)
}

/// 30: `72 * 128 + init + cached` or `352 + cached`; 31: `69 * 128 + init`, and the latter always.
#[tokio::test]
async fn at_31_the_cached_price_is_charged_apart() {
    let wasm = wat::parse_str(IDLE).unwrap();
    let raw = |version| stylus::activate(&wasm, &Rules::new(ArbosVersion(version)), 128).unwrap();
    let (old, new) = (raw(30), raw(31));
    assert_eq!(old.init_cost, new.init_cost + new.cached_cost);
    let cached = 352 + u64::from(new.cached_cost);
    let cases = [
        (30, 72 * 128 + u64::from(old.init_cost)),
        (31, 69 * 128 + u64::from(new.init_cost) + cached),
    ];
    for (version, gas) in cases {
        let rig = at(version).await;
        let program = rig.program(IDLE).await;
        assert_eq!(start(&rig, program).await, (gas, cached), "ArbOS {version}");
        let used = rig.call(program, vec![]).await.gas_used;
        assert_eq!(used, 21_000 + gas + 1, "ArbOS {version}");
        // The way into the cache has another name since then.
        rig.own().await;
        let codehash = rig.code_hash(program).await;
        let is_old = !rig
            .refuses(ARB_WASM_CACHE, cacheCodehashCall { codehash })
            .await;
        let is_new = !rig
            .refuses(ARB_WASM_CACHE, cacheProgramCall { program })
            .await;
        assert_eq!((is_old, is_new), (version == 30, version == 31));
    }
}

/// `floor(wasm_len * 31,733 / 100,000)` µs at 28 gas.
#[tokio::test]
async fn at_32_activation_is_charged_per_byte() {
    let mut used = Vec::new();
    for version in [31, 32] {
        let rig = at(version).await;
        let program = rig.deploy(&compress(ECHO)).await;
        used.push(rig.activate(program).await.gas_used);
    }
    let len = wat::parse_str(ECHO).unwrap().len() as u64;
    assert_eq!(used[1] - used[0], len * 31_733 / 100_000 * 28);
}

/// A flush costs 20,000 + 2,100 gas beside its 68,073 ink, which the program did not pay before; and a
/// load asked for 59,673 gas to be there instead of as much ink.
#[tokio::test]
async fn at_32_storage_is_really_paid_for() {
    let flush = Case {
        hook: "storage_flush_cache",
        signature: "(param i32)",
        args: i32s(&[0]),
        imports: r#"(import "vm_hooks" "storage_cache_bytes32" (func $cache (param i32 i32)))"#,
        setup: format!("(call $cache (i32.const {KEY}) (i32.const {WORD}))"),
        word: U256::from(1),
        ..Case::default()
    };
    let load = Case {
        hook: "storage_load_bytes32",
        signature: "(param i32 i32)",
        args: i32s(&[KEY, 128]),
        ..Case::default()
    };
    for (version, ink) in [(31, 68_073), (32, 221_068_073)] {
        let rig = at(version).await;
        assert_eq!(flush.measure(&rig).await, ink, "ArbOS {version}");
        let loads = rig.program(&load.wat()).await;
        let (start, _) = start(&rig, loads).await;
        let poor = failure(&rig, loads, 21_000 + start + 30_000).await;
        assert_eq!(poor.is_some(), version == 31, "ArbOS {version}");
        assert_eq!(failure(&rig, loads, 21_000 + start + 80_000).await, None);
    }
}

/// The size limit can be set, and `0x0b` is Prague's first BLS precompile, which refuses empty input.
#[tokio::test]
async fn at_40_sizes_are_settings_and_prague_is_there() {
    for version in [32, 40] {
        let rig = at(version).await;
        rig.own().await;
        let set = setWasmMaxSizeCall { size: 100 };
        assert_eq!(rig.refuses(ARB_OWNER, set.clone()).await, version == 32);
        let bls = rig.try_view(Address::with_last_byte(0x0b), vec![]).await;
        assert_eq!(bls.is_err(), version == 40);
        if version == 40 {
            rig.set(set).await;
            // The program has more than 100 bytes.
            let program = rig.deploy(&compress(ECHO)).await;
            assert!(!rig.activate(program).await.status());
        }
    }
}

/// The stack limit falls to 22,000 words, and Osaka's CLZ is there. A transaction uses 32M gas, before as
/// the limit of the block and beside its intrinsic gas.
#[tokio::test]
async fn at_50_stacks_are_bounded() {
    for (version, depth) in [(40, 262_144), (50, 22_000), (51, 22_000)] {
        let rig = at(version).await;
        assert_eq!(rig.ask(ARB_WASM, maxStackDepthCall {}).await, depth);
        let spin = rig.deploy(&[0x5b, 0x60, 0x00, 0x56]).await;
        let tx = TransactionRequest::default()
            .with_to(spin)
            .with_gas_limit(40_000_000);
        let receipt = rig.client.send_transaction(tx).await.unwrap();
        let used = receipt.get_receipt().await.unwrap().gas_used;
        let start = if version < 50 { 21_000 } else { 0 };
        assert_eq!(used, start + 32_000_000, "ArbOS {version}");
        // PUSH0 CLZ PUSH0 MSTORE PUSH1 32 PUSH0 RETURN.
        let clz = rig
            .deploy(&[0x5f, 0x1e, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3])
            .await;
        assert_eq!(rig.try_view(clz, vec![]).await.is_ok(), version >= 50);
    }
}

/// A flush that cannot be paid takes all gas: since ArbOS 50 by name, since 32 because its budget of one
/// gas more than there is was bought. Before, it only reverted.
#[tokio::test]
async fn at_50_a_flush_without_gas_is_out_of_gas() {
    let wat = include_str!("../wat/storage.wat");
    let out = "out of gas";
    for (version, words) in [(31, "execution reverted"), (40, out), (50, out)] {
        let rig = at(version).await;
        let storage = rig.program(wat).await;
        let (start, _) = start(&rig, storage).await;
        let word = Bytes::from(U256::MAX.to_be_bytes::<32>());
        // Enough for the sentry of 2,300, not for the 22,100 of the write.
        let gas = 21_000 + 32 * 16 + start + 15_000;
        let ask = json!([{ "to": storage, "input": word, "gas": U256::from(gas) }, "latest"]);
        let (_, message) = rig.rpc_error("eth_call", ask).await;
        assert_eq!(message, words, "ArbOS {version}");
    }
}

/// Stylus version 3: no functions with two results; pages of nested programs count against the limit;
/// activations have a price of their own.
#[tokio::test]
async fn at_59_stylus_has_version_3() {
    let two = r#"(module (memory (export "memory") 1 1)
        (func $two (result i32 i32) (i32.const 0) (i32.const 1))
        (func (export "user_entrypoint") (param i32) (result i32) (call $two) (drop)))"#;
    for version in [51, 59] {
        let rig = at(version).await;
        rig.own().await;
        let program = rig.deploy(&compress(two)).await;
        assert_eq!(rig.activate(program).await.status(), version == 51);
        assert_eq!(
            rig.refuses(ARB_WASM, activationGasCall {}).await,
            version == 51
        );
        let (proxy, echo) = (rig.program(PROXY).await, rig.program(ECHO).await);
        rig.set(setWasmPageLimitCall { limit: 1 }).await;
        let nested = via_program(Kind::Call, echo, 0, &[1]);
        let receipt = rig.send(proxy.into(), nested, 0).await;
        assert_eq!(receipt.status(), version == 51);
    }
}

/// Roots and fragments can be created, programs may have 256 KiB, and the recent cache works.
#[tokio::test]
async fn at_60_programs_have_fragments_and_256_kib() {
    for version in [59, 60, 61] {
        let rig = at(version).await;
        for kind in [1, 2] {
            let code = [&[0xEF, 0xF0, kind][..], &[0; 25]].concat();
            let init = crate::rig::init_code(&code);
            let receipt = rig.send(alloy::primitives::TxKind::Create, init, 0).await;
            assert_eq!(
                receipt.status(),
                version >= 60,
                "ArbOS {version}, kind {kind}"
            );
        }
        let large = padded(&wat::parse_str(IDLE).unwrap(), 200 << 10);
        let program = rig.deploy(&crate::rig::compress_wasm(&large)).await;
        assert_eq!(rig.activate(program).await.status(), version >= 60);

        let callee = rig.program(IDLE).await;
        let (gas, cached) = start(&rig, callee).await;
        let case = call("call", callee, 0);
        let args: String = case.args.iter().map(|arg| format!("({arg})")).collect();
        let case = Case {
            setup: format!("(drop (call $hook {args}))"),
            ..case
        };
        let second = if version >= 60 { cached } else { gas };
        let ink = case.measure(&rig).await;
        assert_eq!(
            ink,
            115_955 + 10_000 * (100 + second + 1),
            "ArbOS {version}"
        );
    }
}

/// A module of `len` bytes, by a custom section.
fn padded(wasm: &[u8], len: usize) -> Vec<u8> {
    let payload = len - wasm.len() - 4;
    let mut wasm = wasm.to_vec();
    // Section 0, its length in three bytes, an empty name.
    wasm.push(0);
    let size = payload as u32;
    wasm.extend([
        size as u8 | 0x80,
        (size >> 7) as u8 | 0x80,
        (size >> 14) as u8,
    ]);
    wasm.resize(len, 0);
    wasm
}

/// 256 KiB to the byte.
#[tokio::test]
async fn programs_are_bounded_to_the_byte() {
    let rig = Rig::new().await;
    let wasm = wat::parse_str(IDLE).unwrap();
    for (len, fits) in [(256 << 10, true), ((256 << 10) + 1, false)] {
        let program = rig
            .deploy(&crate::rig::compress_wasm(&padded(&wasm, len)))
            .await;
        let receipt = rig.activate(program).await;
        assert_eq!(receipt.status(), fits, "{len} bytes");
        // Code that is too long reverts, and does not take the gas.
        assert!(receipt.gas_used < GAS);
    }
}

/// A new Stylus version makes every program unusable until it is activated again.
#[tokio::test]
async fn an_upgrade_asks_for_new_activations() {
    let rig = at(51).await;
    rig.own().await;
    let echo = rig.program(ECHO).await;
    rig.call(echo, vec![1]).await;
    let now = rig
        .client
        .get_block(alloy::eips::BlockId::latest())
        .await
        .unwrap()
        .unwrap();
    let timestamp = now.header.timestamp + 1_000;
    rig.set(scheduleArbOSUpgradeCall {
        version: 61,
        timestamp,
    })
    .await;
    rig.call(echo, vec![1]).await;
    let sys = Address::with_last_byte(0x64);
    assert_eq!(rig.ask(sys, arbOSVersionCall {}).await, U256::from(55 + 51));

    rig.rpc("evm_increaseTime", json!([1_000])).await;
    // The pending block would be the first after it, and the last one is not.
    let version = Bytes::from(alloy::sol_types::SolCall::abi_encode(&arbOSVersionCall {}));
    for (moment, is) in [("latest", 55 + 51), ("pending", 55 + 61)] {
        let ask = json!([{ "to": sys, "data": version }, moment]);
        let word: U256 = serde_json::from_value(rig.rpc("eth_call", ask).await).unwrap();
        assert_eq!(word, U256::from(is), "{moment}");
    }
    let ask = json!([{ "to": echo, "data": "0x01" }, "pending"]);
    let (_, message) = rig.rpc_error("eth_estimateGas", ask).await;
    assert!(message.contains("program needs upgrade"), "{message}");
    // The first block at that time upgrades before its transaction.
    let receipt = rig.send(echo.into(), vec![1], 0).await;
    assert!(!receipt.status());
    assert_eq!(receipt.gas_used, GAS);
    assert_eq!(rig.ask(sys, arbOSVersionCall {}).await, U256::from(55 + 61));
    let (message, _) = rig.try_view(echo, vec![1]).await.unwrap_err();
    assert_eq!(message, "program needs upgrade: version 2, chain has 3");
    let version = programVersionCall { program: echo };
    let (_, data) = rig
        .try_view(ARB_WASM, alloy::sol_types::SolCall::abi_encode(&version))
        .await
        .unwrap_err();
    let error = ProgramNeedsUpgrade::abi_decode(&data).unwrap();
    assert_eq!((error.version, error.stylusVersion), (2, 3));
    let activated: ArbWasm::ProgramActivated = event(&rig.activate(echo).await);
    assert_eq!(activated.version, 3);
    rig.call(echo, vec![1]).await;
    // Osaka came with it: CLZ.
    let clz = rig.deploy(&[0x5f, 0x1e, 0x00]).await;
    rig.call(clz, vec![]).await;
    let block = rig
        .rpc("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    assert!(
        block["mixHash"]
            .as_str()
            .unwrap()
            .ends_with("3d0000000000000000"),
        "{block}"
    );
}

/// What is told of the rules is told of those in force: P256VERIFY came with Osaka, and precompiles are
/// on no access list. The limit of a transaction came too.
#[tokio::test]
async fn an_upgrade_brings_the_rules_of_its_hardfork() {
    let rig = at(31).await;
    rig.own().await;
    let proxy = rig.deploy(&evm_proxy(0xF1)).await;
    let p256 = address!("0x0000000000000000000000000000000000000100");
    let rules = async || {
        let info = rig.rpc("anvil_nodeInfo", json!([])).await;
        let call = json!([{ "to": proxy, "data": Bytes::from(via_evm(p256, &[])) }]);
        let listed = rig.rpc("eth_createAccessList", call).await;
        (info["hardFork"].clone(), listed["accessList"].clone())
    };
    let listed = json!([{ "address": p256, "storageKeys": [] }]);
    assert_eq!(rules().await, (json!("cancun"), listed));
    let (version, timestamp) = (51, 0);
    rig.set(scheduleArbOSUpgradeCall { version, timestamp })
        .await;
    let spin = rig.deploy(&[0x5b, 0x5f, 0x56]).await;
    assert_eq!(rules().await, (json!("osaka"), json!([])));
    let spin = json!([{ "from": DEV, "to": spin, "gas": U256::from(40_000_000) }]);
    let hash = rig.rpc("eth_sendTransaction", spin).await;
    let receipt = rig.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["gasUsed"], json!(U256::from(32_000_000)));
}
