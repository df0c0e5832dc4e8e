//! The auction of places in the program cache.

use std::{path::Path, process::Command};

use alloy::{
    primitives::{Address, B256, U256, aliases::U192},
    providers::Provider,
    sol,
    sol_types::{SolCall, SolError},
};
use serde_json::{Value, json};

use crate::rig::{ArbWasm, CACHE_MANAGER, Rig, event};

const ECHO: &str = include_str!("../wat/write-args.wat");
const STORAGE: &str = include_str!("../wat/storage.wat");
const CONTEXT: &str = include_str!("../wat/context.wat");
const ARB_WASM_CACHE: Address = Address::with_last_byte(0x72);

sol! {
    #[derive(Debug)]
    interface Manager {
        struct Entry { bytes32 code; uint64 size; uint192 bid; }
        function placeBid(address program) external payable;
        function makeSpace(uint64 size) external payable returns (uint64 space);
        function getMinBid(address program) external view returns (uint192 min);
        function getMinBid(uint64 size) external view returns (uint192 min);
        function cacheSize() external view returns (uint64);
        function queueSize() external view returns (uint64);
        function decay() external view returns (uint64);
        function isPaused() external view returns (bool);
        function entries(uint256 index) external view returns (bytes32 code, uint64 size, uint192 bid);
        function getEntries() external view returns (Entry[] memory);
        function getSmallestEntries(uint256 count) external view returns (Entry[] memory);
        function setCacheSize(uint64 size) external;
        function setDecayRate(uint64 rate) external;
        function paused() external;
        function unpaused() external;
        function evictAll() external;
        function sweepFunds() external;
        event InsertBid(bytes32 indexed codehash, address program, uint192 bid, uint64 size);
        event DeleteBid(bytes32 indexed codehash, uint192 bid, uint64 size);
        error NotChainOwner(address sender);
        error AsmTooLarge(uint256 asm, uint256 queueSize, uint256 cacheSize);
        error AlreadyCached(bytes32 codehash);
        error BidTooSmall(uint192 bid, uint192 min);
        error BidsArePaused();
    }
    function codehashIsCached(bytes32 codehash) external view returns (bool);
}

/// The bid, or the error's data.
async fn bid(rig: &Rig, program: Address, value: u64) -> Result<Manager::InsertBid, Vec<u8>> {
    let call = Manager::placeBidCall { program }.abi_encode();
    let ask = json!([{ "from": crate::rig::DEV, "to": CACHE_MANAGER, "value": U256::from(value),
        "input": alloy::primitives::Bytes::from(call.clone()) }, "pending"]);
    let asked: Result<Value, _> = rig.client.raw_request("eth_call".into(), ask).await;
    let receipt = rig.send(CACHE_MANAGER.into(), call, value).await;
    match asked {
        Ok(_) => Ok(event(&receipt)),
        Err(error) => {
            assert!(!receipt.status());
            let error = error.as_error_resp().unwrap().clone();
            Err(error.as_revert_data().unwrap_or_default().to_vec())
        }
    }
}

impl Rig {
    async fn is_cached(&self, codehash: B256) -> bool {
        self.ask(ARB_WASM_CACHE, codehashIsCachedCall { codehash })
            .await
    }

    async fn manager<C: SolCall>(&self, call: C) {
        self.call(CACHE_MANAGER, call.abi_encode()).await;
    }
}

#[tokio::test]
async fn a_bid_makes_calls_cheaper() {
    let rig = Rig::new().await;
    let echo = rig.program(ECHO).await;
    let codehash = rig.code_hash(echo).await;
    let start = rig
        .arb_wasm(ArbWasm::programInitGasCall { program: echo })
        .await
        .unwrap();
    let size = rig.arb_wasm(ArbWasm::codehashAsmSizeCall { codehash });
    let size = u64::from(size.await.unwrap());
    assert_eq!(
        rig.ask(CACHE_MANAGER, Manager::cacheSizeCall {}).await,
        512 << 20
    );
    assert_eq!(rig.ask(CACHE_MANAGER, Manager::decayCall {}).await, 0);
    assert!(!rig.ask(CACHE_MANAGER, Manager::isPausedCall {}).await);
    let min = rig
        .ask(CACHE_MANAGER, Manager::getMinBid_0Call { program: echo })
        .await;
    assert_eq!(min, U192::ZERO);

    let before = rig.call(echo, vec![1]).await.gas_used;
    let placed = bid(&rig, echo, 3).await.unwrap();
    assert_eq!((placed.codehash, placed.program), (codehash, echo));
    assert_eq!((placed.bid, placed.size), (U192::from(3), size));
    assert!(rig.is_cached(codehash).await);
    // Not the start of a program that is not ready, but only of one that is.
    let after = rig.call(echo, vec![1]).await.gas_used;
    assert_eq!(before - after, start.gas - start.gasWhenCached);

    assert_eq!(
        rig.ask(CACHE_MANAGER, Manager::queueSizeCall {}).await,
        size
    );
    let entry = rig
        .ask(CACHE_MANAGER, Manager::entriesCall { index: U256::ZERO })
        .await;
    assert_eq!(
        (entry.code, entry.size, entry.bid),
        (codehash, size, U192::from(3))
    );
    let again = bid(&rig, echo, 9).await.unwrap_err();
    assert_eq!(again, Manager::AlreadyCached { codehash }.abi_encode());
    let inactive = rig.deploy(&crate::rig::compress(STORAGE)).await;
    let error = bid(&rig, inactive, 9).await.unwrap_err();
    assert_eq!(error, ArbWasm::ProgramNotActivated {}.abi_encode());
    // What was bid goes to the network fee account, which is the zero address here.
    rig.manager(Manager::sweepFundsCall {}).await;
    assert_eq!(
        rig.client.get_balance(CACHE_MANAGER).await.unwrap(),
        U256::ZERO
    );
}

#[tokio::test]
async fn those_who_bid_least_go_first() {
    let rig = Rig::new().await;
    let no = Manager::NotChainOwner {
        sender: crate::rig::DEV,
    }
    .abi_encode();
    let set = Manager::setCacheSizeCall { size: 1_100_000 };
    let (_, data) = rig
        .try_view(CACHE_MANAGER, set.abi_encode())
        .await
        .unwrap_err();
    assert_eq!(data[..], no);
    rig.own().await;
    // Room for two programs of about 515,000 bytes.
    rig.manager(set).await;
    let mut programs = Vec::new();
    for wat in [ECHO, STORAGE, CONTEXT] {
        let program = rig.program(wat).await;
        programs.push((program, rig.code_hash(program).await));
    }
    let [first, second, third] = programs[..] else {
        panic!("three programs")
    };
    bid(&rig, first.0, 7).await.unwrap();
    bid(&rig, second.0, 5).await.unwrap();
    let min = rig
        .ask(CACHE_MANAGER, Manager::getMinBid_0Call { program: third.0 })
        .await;
    assert_eq!(min, U192::from(5));
    // Nearly all of it: both would have to go.
    let min = rig
        .ask(CACHE_MANAGER, Manager::getMinBid_1Call { size: 1_000_000 })
        .await;
    assert_eq!(min, U192::from(7));
    let error = bid(&rig, third.0, 4).await.unwrap_err();
    let (small, least) = (U192::from(4), U192::from(5));
    assert_eq!(
        error,
        Manager::BidTooSmall {
            bid: small,
            min: least
        }
        .abi_encode()
    );
    bid(&rig, third.0, 6).await.unwrap();
    assert!(rig.is_cached(first.1).await && rig.is_cached(third.1).await);
    assert!(!rig.is_cached(second.1).await);
    let smallest = Manager::getSmallestEntriesCall {
        count: U256::from(9),
    };
    let smallest = rig.ask(CACHE_MANAGER, smallest).await;
    let codes: Vec<_> = smallest.iter().map(|entry| entry.code).collect();
    assert_eq!(codes, [third.1, first.1]);
    assert_eq!(
        rig.ask(CACHE_MANAGER, Manager::getEntriesCall {})
            .await
            .len(),
        2
    );
    let size = Manager::getMinBid_1Call { size: 1_100_001 };
    let (_, data) = rig
        .try_view(CACHE_MANAGER, size.abi_encode())
        .await
        .unwrap_err();
    assert!(Manager::AsmTooLarge::abi_decode(&data).is_ok());

    rig.manager(Manager::pausedCall {}).await;
    let error = bid(&rig, second.0, 9).await.unwrap_err();
    assert_eq!(error, Manager::BidsArePaused {}.abi_encode());
    rig.manager(Manager::unpausedCall {}).await;
    rig.manager(Manager::evictAllCall {}).await;
    assert_eq!(rig.ask(CACHE_MANAGER, Manager::queueSizeCall {}).await, 0);
    assert!(!rig.is_cached(first.1).await && !rig.is_cached(third.1).await);
}

/// At 10 wei/s a bid of 1,005 is worth 5 after 100 seconds.
#[tokio::test]
async fn bids_lose_value_with_time() {
    let rig = Rig::owner().await;
    rig.manager(Manager::setDecayRateCall { rate: 10 }).await;
    rig.manager(Manager::setCacheSizeCall { size: 600_000 })
        .await;
    let (old, new) = (rig.program(ECHO).await, rig.program(STORAGE).await);
    bid(&rig, old, 1_005).await.unwrap();
    let placed = rig
        .client
        .get_block(alloy::eips::BlockId::latest())
        .await
        .unwrap()
        .unwrap();
    rig.rpc(
        "evm_setNextBlockTimestamp",
        json!([placed.header.timestamp + 100]),
    )
    .await;
    rig.rpc("evm_mine", json!([])).await;
    let ask = json!([{ "to": CACHE_MANAGER, "input": alloy::primitives::Bytes::from(
        Manager::getMinBid_0Call { program: new }.abi_encode()) }, "latest"]);
    let min: U256 = serde_json::from_value(rig.rpc("eth_call", ask).await).unwrap();
    assert_eq!(min, U256::from(5));
    bid(&rig, new, 6).await.unwrap();
    assert!(!rig.is_cached(rig.code_hash(old).await).await);
}

/// The committed code is what the committed source compiles to.
#[test]
fn the_code_is_the_sources() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = tempfile::tempdir().unwrap();
    let forge = root.join("../../scripts/npm/node_modules/.bin/forge");
    let status = Command::new(forge)
        .args(["build", "--quiet", "--out"])
        .arg(out.path())
        .arg("--cache-path")
        .arg(out.path().join("cache"))
        .current_dir(root.join("solidity"))
        .status()
        .expect("forge of npm: run ./scripts/setup");
    assert!(status.success());
    let artifact = out.path().join("CacheManager.sol/CacheManager.json");
    let artifact: Value = serde_json::from_slice(&std::fs::read(artifact).unwrap()).unwrap();
    let compiled = artifact["deployedBytecode"]["object"].as_str().unwrap();
    let committed = include_str!("../../../data/cache-manager.hex").trim();
    assert_eq!(compiled, format!("0x{committed}"));
}
