//! Versions, settings, the program cache, fragments and memory over nested frames.

use alloy::{
    primitives::{Address, Bytes, U256, address},
    providers::Provider,
    sol,
    sol_types::SolCall,
};
use serde_json::json;
use stylus_devnode::Config;

use crate::rig::{
    ARB_OWNER, ARB_WASM, ArbWasm, CACHE_MANAGER, DEV, FEE, Kind, PROXY, Rig, compress, via_program,
};

const ECHO: &str = include_str!("../wat/write-args.wat");

const ARB_WASM_CACHE: Address = address!("0x0000000000000000000000000000000000000072");
const ARB_OWNER_PUBLIC: Address = address!("0x000000000000000000000000000000000000006b");

sol! {
    function addWasmCacheManager(address manager) external;
    function setInkPrice(uint32 price) external;
    function setWasmPageLimit(uint16 limit) external;
    function cacheProgram(address program) external;
    function evictCodehash(bytes32 codehash) external;
    function codehashIsCached(bytes32 codehash) external view returns (bool);
    function allCacheManagers() external view returns (address[] memory);
    function getAllChainOwners() external view returns (address[] memory);
    function getMaxStylusContractFragments() external view returns (uint8);
}

#[tokio::test]
async fn every_version_runs_programs_of_its_stylus() {
    for (arbos_version, stylus) in [
        (30, 1),
        (31, 2),
        (32, 2),
        (40, 2),
        (51, 2),
        (59, 3),
        (60, 3),
    ] {
        let rig = Rig::with(Config {
            arbos_version,
            ..Config::default()
        })
        .await;
        let echo = rig.program(ECHO).await;
        assert_eq!(
            rig.view(echo, vec![7]).await,
            Bytes::from(vec![7]),
            "ArbOS {arbos_version}"
        );
        let version = rig.arb_wasm(ArbWasm::stylusVersionCall {}).await.unwrap();
        assert_eq!(version, stylus, "ArbOS {arbos_version}");
    }
}

#[tokio::test]
async fn settings_are_the_owners() {
    let rig = Rig::new().await;
    let set = setInkPriceCall { price: 20_000 }.abi_encode();
    assert!(!rig.send(ARB_OWNER.into(), set.clone(), 0).await.status());
    rig.own().await;
    let owners = rig
        .view(ARB_OWNER_PUBLIC, getAllChainOwnersCall {}.abi_encode())
        .await;
    let owners = getAllChainOwnersCall::abi_decode_returns(&owners).unwrap();
    assert_eq!(owners, [DEV]);
    let receipt = rig.call(ARB_OWNER, set).await;
    // Owners pay for the transaction only: 21,000 and 4 + 2 bytes that are not zero of 36.
    assert_eq!(receipt.gas_used, 21_000 + 6 * 16 + 30 * 4);
    // Twice as much ink for the gas: a run costs half.
    let echo = rig.program(ECHO).await;
    assert!(rig.call(echo, vec![1]).await.status());
}

#[tokio::test]
async fn cached_programs_start_cheaply() {
    let rig = Rig::new().await;
    let echo = rig.program(ECHO).await;
    let codehash = rig.code_hash(echo).await;
    let start = rig
        .arb_wasm(ArbWasm::programInitGasCall { program: echo })
        .await
        .unwrap();
    let cache = cacheProgramCall { program: echo }.abi_encode();
    assert!(
        !rig.send(ARB_WASM_CACHE.into(), cache.clone(), 0)
            .await
            .status()
    );

    rig.own().await;
    let manager = addWasmCacheManagerCall { manager: DEV };
    rig.call(ARB_OWNER, manager.abi_encode()).await;
    let managers = rig
        .view(ARB_WASM_CACHE, allCacheManagersCall {}.abi_encode())
        .await;
    assert_eq!(
        allCacheManagersCall::abi_decode_returns(&managers).unwrap(),
        [CACHE_MANAGER, DEV]
    );

    let before = rig.call(echo, vec![1]).await.gas_used;
    rig.call(ARB_WASM_CACHE, cache).await;
    let is_cached = codehashIsCachedCall { codehash }.abi_encode();
    assert_eq!(rig.view(ARB_WASM_CACHE, is_cached.clone()).await[31], 1);
    let after = rig.call(echo, vec![1]).await.gas_used;
    assert_eq!(before - after, start.gas - start.gasWhenCached);

    rig.call(ARB_WASM_CACHE, evictCodehashCall { codehash }.abi_encode())
        .await;
    assert_eq!(rig.view(ARB_WASM_CACHE, is_cached).await[31], 0);
    assert_eq!(rig.call(echo, vec![1]).await.gas_used, before);
}

/// A program in two fragments: the root names them, activation reads them.
#[tokio::test]
async fn programs_can_lie_in_fragments() {
    let rig = Rig::new().await;
    let wasm_len = wat::parse_str(ECHO).unwrap().len() as u32;
    let code = compress(ECHO);
    let (head, tail) = code[4..].split_at(40);
    let mut root = vec![0xEF, 0xF0, 0x02, 0x00];
    root.extend(wasm_len.to_be_bytes());
    for part in [head, tail] {
        let fragment = rig.deploy(&[&[0xEF, 0xF0, 0x01][..], part].concat()).await;
        root.extend(fragment);
        // A fragment is no program, and code that EVM cannot run.
        let activation = rig.activate(fragment).await;
        assert!(!activation.status());
        assert!(!rig.send(fragment.into(), vec![], 0).await.status());
    }
    let classic = rig.deploy(&code).await;
    let classic = rig.activate(classic).await.gas_used;
    let program = rig.deploy(&root).await;
    let receipt = rig.activate(program).await;
    assert!(receipt.status(), "{receipt:?}");
    // Two cold accounts and three gas per word of their code. The addresses in the calldata differ in
    // their zero bytes, by 12 gas each.
    let words = |len: usize| (len as u64 + 3).div_ceil(32);
    let reading = 2 * 2_600 + 3 * (words(head.len()) + words(tail.len()));
    let extra = receipt.gas_used - classic;
    assert!(
        extra.abs_diff(reading) % 12 == 0 && extra.abs_diff(reading) < 60,
        "{extra} {reading}"
    );
    assert_eq!(rig.view(program, vec![5, 6]).await, Bytes::from(vec![5, 6]));
    let most = rig
        .view(
            ARB_OWNER_PUBLIC,
            getMaxStylusContractFragmentsCall {}.abi_encode(),
        )
        .await;
    assert_eq!(most[31], 4);
}

/// Pages of all programs on the stack count together against the limit, and are closed again.
#[tokio::test]
async fn pages_add_up_over_nested_frames() {
    let rig = Rig::new().await;
    let (proxy, echo) = (rig.program(PROXY).await, rig.program(ECHO).await);
    rig.own().await;
    rig.call(ARB_OWNER, setWasmPageLimitCall { limit: 2 }.abi_encode())
        .await;
    let two = via_program(Kind::Call, echo, 0, &[1]);
    rig.call(proxy, two.clone()).await;
    // Three programs of one page each: the innermost cannot start.
    let three = via_program(Kind::Call, proxy, 0, &two);
    assert!(!rig.send(proxy.into(), three.clone(), 0).await.status());
    rig.call(ARB_OWNER, setWasmPageLimitCall { limit: 3 }.abi_encode())
        .await;
    rig.call(proxy, three).await;
}

/// The third page is the first that is not free: 1,000, and nothing for the ramp, which is 1 from 0
/// to 5 pages.
#[tokio::test]
async fn open_pages_are_paid_for() {
    let rig = Rig::new().await;
    let wat = ECHO.replace(
        "(memory (export \"memory\") 1 1)",
        "(memory (export \"memory\") 2 2)",
    );
    let (proxy, small, large) = (
        rig.program(PROXY).await,
        rig.program(ECHO).await,
        rig.program(&wat).await,
    );
    let mut gas = Vec::new();
    for program in [small, large] {
        let start = rig
            .arb_wasm(ArbWasm::programInitGasCall { program })
            .await
            .unwrap();
        let input = via_program(Kind::Call, program, 0, &[1]);
        let zeros = program.iter().filter(|byte| **byte == 0).count() as u64;
        gas.push(rig.call(proxy, input).await.gas_used - start.gas + 12 * zeros);
    }
    assert_eq!(gas[1] - gas[0], 1_000);
}

#[tokio::test]
async fn the_value_of_an_activation_comes_back_to_a_contract() {
    let rig = Rig::new().await;
    let proxy = rig.deploy(&crate::rig::evm_proxy(0xF1)).await;
    let program = rig.deploy(&compress(ECHO)).await;
    let input = ArbWasm::activateProgramCall { program }.abi_encode();
    let input = crate::rig::via_evm(ARB_WASM, &input);
    let receipt = rig.send(proxy.into(), input, FEE).await;
    assert!(receipt.status(), "{receipt:?}");
    let fee = crate::rig::event::<ArbWasm::ProgramActivated>(&receipt).dataFee;
    assert_eq!(
        rig.client.get_balance(proxy).await.unwrap(),
        U256::from(FEE) - fee
    );
}

/// A root names its fragments by address: after a revert the same root may be another program.
#[tokio::test]
async fn equal_roots_with_other_fragments_are_other_programs() {
    let rig = Rig::new().await;
    let says = |text: &str| {
        format!(
            r#"(module (import "vm_hooks" "write_result" (func $write (param i32 i32)))
                (memory (export "memory") 1 1) (data (i32.const 0) "{text}")
                (func (export "user_entrypoint") (param i32) (result i32)
                    (call $write (i32.const 0) (i32.const 4)) i32.const 0))"#
        )
    };
    let (root, fragment) = (Address::repeat_byte(0x0a), Address::repeat_byte(0x0b));
    for text in ["aaaa", "bbbb"] {
        let snapshot = rig.rpc("evm_snapshot", json!([])).await;
        let wasm_len = wat::parse_str(says(text)).unwrap().len() as u32;
        let code = compress(&says(text));
        let part = Bytes::from([&[0xEF, 0xF0, 0x01][..], &code[4..]].concat());
        rig.rpc("anvil_setCode", json!([fragment, part])).await;
        let head = [&[0xEF, 0xF0, 0x02, 0x00][..], &wasm_len.to_be_bytes()].concat();
        let names = Bytes::from([&head, fragment.as_slice()].concat());
        rig.rpc("anvil_setCode", json!([root, names])).await;
        let call = ArbWasm::activateProgramCall { program: root }.abi_encode();
        let tx = json!([{ "from": DEV, "to": ARB_WASM, "input": Bytes::from(call),
            "value": U256::from(FEE) }]);
        rig.rpc("eth_sendTransaction", tx).await;
        assert_eq!(
            rig.view(root, vec![]).await,
            Bytes::from(text.as_bytes().to_vec())
        );
        rig.rpc("evm_revert", json!([snapshot])).await;
    }
}
