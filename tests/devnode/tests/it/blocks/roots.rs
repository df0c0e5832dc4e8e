//! State roots: what a header says of the state is what proofs say.

use alloy::{
    consensus::constants::KECCAK_EMPTY,
    primitives::{Address, B256, Bytes, TxKind, U256},
    providers::{Provider, ProviderBuilder},
    sol,
};
use alloy_trie::EMPTY_ROOT_HASH;
use serde_json::{Value, json};
use stylus_devnode::{Config, config::Mining};

use crate::rig::{DEV, Rig, anvil::Anvil, proofs::verify};

const ALICE: Address = Address::repeat_byte(0xa1);
const NOBODY: Address = Address::repeat_byte(0x0b);
/// Of which a test sets the storage only.
const EDITED: Address = Address::repeat_byte(0xed);
const ARBOS: Address = stylus_devnode::arbos::slots::ARBOS;

const STORAGE: &str = include_str!("../wat/storage.wat");
/// Sets the slot in the first word of its input to the second word.
const SETTER: [u8; 7] = [0x60, 0x20, 0x35, 0x5f, 0x35, 0x55, 0x00];
/// Init code that sets slot 1 to 7 and is destroyed.
const SHORT_LIVED: [u8; 7] = [0x60, 0x07, 0x60, 0x01, 0x55, 0x33, 0xff];

sol! {
    function scheduleArbOSUpgrade(uint64 version, uint64 timestamp) external;
}

fn word(value: u64) -> B256 {
    U256::from(value).into()
}

fn pair(slot: u64, value: u64) -> Vec<u8> {
    [word(slot), word(value)].concat()
}

async fn root(rig: &Rig, block: impl serde::Serialize) -> B256 {
    let block = rig.rpc("eth_getBlockByNumber", json!([block, false])).await;
    serde_json::from_value(block["stateRoot"].clone()).unwrap()
}

async fn head(rig: &Rig) -> u64 {
    rig.client.get_block_number().await.unwrap()
}

/// Every block proves what calls say of its state: these accounts and their first slots.
async fn check(rig: &Rig, accounts: &[Address]) -> Vec<B256> {
    let mut roots = Vec::new();
    for number in 0..=head(rig).await {
        let root = root(rig, U256::from(number)).await;
        for address in accounts {
            let keys = (0..4).map(word).collect();
            let proof = rig.client.get_proof(*address, keys).number(number);
            let proof = proof.await.unwrap();
            verify(&proof, root);
            let balance = rig.client.get_balance(*address).number(number);
            assert_eq!(
                proof.balance,
                balance.await.unwrap(),
                "{address} at {number}"
            );
            for (slot, proof) in (0..).zip(&proof.storage_proof) {
                let slot = rig.client.get_storage_at(*address, U256::from(slot));
                assert_eq!(proof.value, slot.number(number).await.unwrap());
            }
        }
        roots.push(root);
    }
    roots
}

async fn mine(rig: &Rig) {
    rig.rpc("evm_mine", json!([])).await;
}

async fn edit(rig: &Rig, address: Address, slot: u64, value: u64) {
    let params = json!([address, word(slot), word(value)]);
    rig.rpc("anvil_setStorageAt", params).await;
}

/// Programs, contracts, one that is destroyed where it is created, edits, and an ArbOS upgrade.
async fn story() -> (Rig, Vec<Address>) {
    let rig = Rig::with(Config {
        arbos_version: 51,
        ..Config::default()
    })
    .await;
    rig.own().await;
    let program = rig.program(STORAGE).await;
    let setter = rig.deploy(&SETTER).await;
    rig.call(program, word(5)).await;
    for slot in 0..3 {
        rig.call(setter, pair(slot, slot + 1)).await;
    }
    rig.call(setter, pair(1, 0)).await;
    let gone = rig.send(TxKind::Create, SHORT_LIVED, 9).await;
    rig.send(ALICE.into(), vec![], 17).await;
    edit(&rig, EDITED, 2, 3).await;
    edit(&rig, setter, 3, 4).await;
    rig.rpc("anvil_setBalance", json!([ALICE, "0x0"])).await;
    mine(&rig).await;
    edit(&rig, EDITED, 2, 0).await;
    rig.set(scheduleArbOSUpgradeCall {
        version: 61,
        timestamp: 0,
    })
    .await;
    rig.call(setter, pair(0, 9)).await;
    let gone = gone.contract_address.unwrap();
    let accounts = vec![DEV, ALICE, NOBODY, EDITED, ARBOS, program, setter, gone];
    (rig, accounts)
}

#[tokio::test]
async fn every_block_proves_its_state() {
    let (rig, accounts) = story().await;
    let roots = check(&rig, &accounts).await;
    assert!(roots.windows(2).all(|two| two[0] != two[1]), "{roots:?}");
    // An account that has nothing but storage is one, and is gone with it.
    let at = async |number| {
        let proof = rig.client.get_proof(EDITED, vec![]).number(number);
        let proof = proof.await.unwrap();
        assert_eq!(proof.code_hash, KECCAK_EMPTY);
        proof.storage_hash
    };
    let head = head(&rig).await;
    assert_ne!(at(head - 2).await, EMPTY_ROOT_HASH);
    assert_eq!(at(head).await, EMPTY_ROOT_HASH);
}

#[tokio::test]
async fn roots_go_back_with_the_state() {
    let (rig, accounts) = story().await;
    let setter = accounts[6];
    let before = check(&rig, &accounts).await;
    let snapshot = rig.rpc("evm_snapshot", json!([])).await;
    edit(&rig, setter, 1, 8).await;
    rig.call(setter, pair(2, 0)).await;
    rig.send(ALICE.into(), vec![], 1).await;
    let after = check(&rig, &accounts).await;
    assert_eq!(after[..before.len()], before);
    rig.rpc("evm_revert", json!([snapshot])).await;
    assert_eq!(check(&rig, &accounts).await, before);

    rig.rpc("anvil_rollback", json!([2])).await;
    assert_eq!(check(&rig, &accounts).await, before[..before.len() - 2]);
    rig.call_anew(setter, pair(3, 3)).await;
    rig.call_anew(setter, pair(2, 0)).await;
    let replaced = check(&rig, &accounts).await;
    let other = json!({ "from": DEV, "to": ALICE, "value": "0x10" });
    rig.rpc("anvil_reorg", json!([2, [[other, 1]]])).await;
    let reorganised = check(&rig, &accounts).await;
    assert_eq!(reorganised.len(), replaced.len());
    assert_ne!(reorganised.last(), replaced.last());
}

#[tokio::test]
async fn a_dumped_chain_goes_on_proving() {
    let (from, accounts) = story().await;
    let setter = accounts[6];
    let roots = check(&from, &accounts).await;
    let to = Rig::new().await;
    to.send(ALICE.into(), vec![], 3).await;
    let dump = from.rpc("anvil_dumpState", json!([])).await;
    to.rpc("anvil_loadState", json!([dump])).await;
    assert_eq!(check(&to, &accounts).await, roots);
    // What is sent to both leaves both with the same state.
    for rig in [&from, &to] {
        rig.rpc("evm_setNextBlockTimestamp", json!([4_000_000_000_u64]))
            .await;
        rig.call_anew(setter, pair(0, 0)).await;
    }
    let went_on = check(&to, &accounts).await;
    assert_eq!(went_on.len(), roots.len() + 1);
    assert_eq!(check(&from, &accounts).await, went_on);
}

/// The block to come, and blocks that are made up, have the roots that they would have.
#[tokio::test]
async fn blocks_that_are_not_made_have_roots_too() {
    let rig = Rig::with(Config {
        mining: Mining::Manual,
        ..Config::default()
    })
    .await;
    let send = json!([{ "from": DEV, "to": ALICE, "value": "0x5" }]);
    rig.rpc("eth_sendTransaction", send).await;
    rig.rpc("evm_setNextBlockTimestamp", json!([4_000_000_000_u64]))
        .await;
    let pending = root(&rig, "pending").await;
    for address in [DEV, ALICE, NOBODY] {
        let proof = rig.client.get_proof(address, vec![]).pending();
        verify(&proof.await.unwrap(), pending);
    }
    mine(&rig).await;
    assert_eq!(root(&rig, "latest").await, pending);

    let slots = json!({ word(1).to_string(): word(7) });
    let state =
        json!({ EDITED.to_string(): { "state": slots }, NOBODY.to_string(): { "balance": "0x7" } });
    let payload = json!({ "blockStateCalls": [{ "stateOverrides": state }] });
    let made_up = rig.rpc("eth_simulateV1", json!([payload, "latest"])).await;
    edit(&rig, EDITED, 1, 7).await;
    rig.rpc("anvil_setBalance", json!([NOBODY, "0x7"])).await;
    let time = serde_json::from_value::<U256>(made_up[0]["timestamp"].clone()).unwrap();
    rig.rpc("evm_setNextBlockTimestamp", json!([time])).await;
    mine(&rig).await;
    assert_eq!(made_up[0]["stateRoot"], json!(root(&rig, "latest").await));
}

/// anvil has the same root for the same accounts. Its later hardforks bring contracts that it fills.
#[tokio::test]
async fn the_same_state_has_anvils_root() {
    let (rig, _) = story().await;
    let process = Anvil::start(&["--hardfork", "cancun"]);
    let anvil = ProviderBuilder::new().connect_http(process.url.parse().unwrap());
    let there = async |method: &'static str, params: Value| -> Value {
        anvil.raw_request(method.into(), params).await.unwrap()
    };
    let dump: Bytes = serde_json::from_value(rig.rpc("anvil_dumpState", json!([])).await).unwrap();
    let dump: Value = serde_json::from_slice(&dump).unwrap();
    for account in dump["accounts"].as_array().unwrap() {
        let (address, basic) = (&account["address"], &account["basic"]);
        if !basic.is_object() {
            continue;
        }
        let code = rig.rpc("eth_getCode", json!([address, "latest"])).await;
        there("anvil_setCode", json!([address, code])).await;
        there("anvil_setBalance", json!([address, basic["balance"]])).await;
        let nonce = U256::from(basic["nonce"].as_u64().unwrap());
        there("anvil_setNonce", json!([address, nonce])).await;
        for (slot, value) in account["storage"].as_object().unwrap() {
            let words = [slot, value.as_str().unwrap()]
                .map(|word| B256::from(word.parse::<U256>().unwrap()));
            there("anvil_setStorageAt", json!([address, words[0], words[1]])).await;
        }
    }
    there("evm_mine", json!([])).await;
    let block = there("eth_getBlockByNumber", json!(["latest", false])).await;
    assert_eq!(block["stateRoot"], json!(root(&rig, "latest").await));
}
