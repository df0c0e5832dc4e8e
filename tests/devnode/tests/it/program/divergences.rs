//! The list of divergences in the crate's documentation, each with a probe that it is still so.
//!
//! Who implements one removes its entry there and its line in [`PROBES`].

use std::{fs, future::Future, path::Path, pin::Pin};

use alloy::{
    primitives::{Address, B256, TxKind},
    providers::Provider,
    sol,
    sol_types::SolCall,
};
use serde_json::json;
use stylus_devnode::Config;

use crate::{
    program::readme::divergences,
    rig::{ARB_DEBUG, DEV, Rig, compress},
};

sol! {
    interface Owner {
        function becomeChainOwner() external;
        function scheduleArbOSUpgrade(uint64 version, uint64 timestamp) external;
        function arbOSVersion() external view returns (uint256);
    }
}

type Probe = fn(Rig) -> Pin<Box<dyn Future<Output = bool>>>;

/// How an entry begins, and whether it still holds.
const PROBES: &[(&str, Probe)] = &[
    ("Blocks lack Nitro's start-block transaction", |rig| {
        Box::pin(no_start_block(rig))
    }),
    ("No trie is kept", |rig| Box::pin(no_state_root(rig))),
    ("The base fee does not rise", |rig| {
        Box::pin(flat_base_fee(rig))
    }),
    ("There is no L1", |rig| Box::pin(no_l1(rig))),
    ("A program's module hash is another hash", |_| {
        Box::pin(async { own_module_hash() })
    }),
    ("Programs compressed with Nitro's own dictionary", |rig| {
        Box::pin(no_dictionary(rig))
    }),
    ("Precompiles ArbBLS and ArbNativeTokenManager", |rig| {
        Box::pin(no_calls(rig))
    }),
    ("Gas of ArbInfo, ArbAddressTable", |_| {
        Box::pin(async { no_vectors_of("ArbInfo") })
    }),
    (
        "An ArbOS upgrade that is scheduled to a version above 61",
        |rig| Box::pin(no_upgrade(rig)),
    ),
];

async fn no_start_block(rig: Rig) -> bool {
    rig.send(DEV.into(), vec![], 1).await;
    let block = rig
        .rpc("eth_getBlockByNumber", json!(["latest", true]))
        .await;
    block["transactions"].as_array().unwrap().len() == 1
}

async fn no_state_root(rig: Rig) -> bool {
    rig.send(DEV.into(), vec![], 1).await;
    let block = rig
        .rpc("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    block["stateRoot"] == json!(B256::ZERO)
}

/// {gas} 120 million in a moment are far above what Nitro takes without a higher price.
async fn flat_base_fee(rig: Rig) -> bool {
    let before = rig.client.get_gas_price().await.unwrap();
    let burner = rig.deploy(&[0x5b, 0x60, 0x00, 0x56]).await;
    for _ in 0..6 {
        assert!(!rig.send(burner.into(), vec![], 0).await.status());
    }
    rig.rpc("evm_mine", json!([])).await;
    rig.client.get_gas_price().await.unwrap() == before
}

/// `block.number` is the L1's.
async fn no_l1(rig: Rig) -> bool {
    rig.rpc("anvil_mine", json!([3])).await;
    let code = json!({ "code": "0x4360005260206000f3" });
    let target = Address::repeat_byte(1).to_string();
    let call = json!([{ "to": target }, "latest", { target.clone(): code }]);
    rig.rpc("eth_call", call).await == json!(B256::ZERO)
}

fn own_module_hash() -> bool {
    let activation = include_str!("../../../src/precompiles/arb_wasm_activate.rs");
    activation.contains("keccak256(&activation.instrumented)")
}

/// A stream that uses nothing of the dictionary would be readable with it.
async fn no_dictionary(rig: Rig) -> bool {
    let mut code = compress(include_str!("../wat/proxy.wat"));
    code[3] = 1;
    let address = rig.deploy(&code).await;
    !rig.activate(address).await.status()
}

async fn no_calls(rig: Rig) -> bool {
    let mut refused = true;
    for precompile in [0x67, 0x73] {
        let call = rig
            .try_view(Address::with_last_byte(precompile), vec![1, 2, 3, 4])
            .await;
        refused &= call.is_err() || call.unwrap().is_empty();
    }
    refused
}

/// Nothing recorded on Nitro tells of it.
fn no_vectors_of(name: &str) -> bool {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/vectors");
    let files = fs::read_dir(data)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.is_file()).collect();
    assert!(!files.is_empty());
    let tells = |path| {
        fs::read(path).is_ok_and(|text| {
            text.windows(name.len())
                .any(|window| window == name.as_bytes())
        })
    };
    !files.into_iter().any(tells)
}

async fn no_upgrade(rig: Rig) -> bool {
    let sys = Address::with_last_byte(0x64);
    let owner = Address::with_last_byte(0x70);
    let version = async || rig.view(sys, Owner::arbOSVersionCall {}.abi_encode()).await;
    let before = version().await;
    let own = Owner::becomeChainOwnerCall {}.abi_encode();
    rig.call(ARB_DEBUG, own).await;
    let schedule = Owner::scheduleArbOSUpgradeCall {
        version: 62,
        timestamp: 0,
    };
    rig.call(owner, schedule.abi_encode()).await;
    rig.send(TxKind::Call(DEV), vec![], 0).await;
    version().await == before
}

#[tokio::test]
async fn the_list_names_what_still_diverges_and_nothing_else() {
    let list = divergences();
    let entries: Vec<_> = list
        .lines()
        .filter_map(|line| line.strip_prefix("- "))
        .collect();
    for entry in &entries {
        let probes = PROBES.iter().filter(|(key, _)| entry.starts_with(key));
        assert_eq!(probes.count(), 1, "probes of: {entry}");
    }
    assert_eq!(entries.len(), PROBES.len(), "a probe has no entry");
    for (key, probe) in PROBES {
        let config = Config {
            arbos_version: 60,
            ..Config::default()
        };
        assert!(
            probe(Rig::with(config).await).await,
            "this is implemented now: {key}"
        );
    }
}
