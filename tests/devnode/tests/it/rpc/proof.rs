//! Proofs, checked as a light client would and against anvil's.

use alloy::{
    primitives::{Address, B256, KECCAK256_EMPTY, U256, keccak256},
    providers::{Provider, ProviderBuilder},
    rpc::types::EIP1186AccountProofResponse as Proof,
};
use alloy_trie::EMPTY_ROOT_HASH;
use serde_json::{Value, json};

use crate::rig::{DEV, Rig, anvil::Anvil, proofs::verify};

const CONTRACT: Address = Address::repeat_byte(0xc0);
const NOBODY: Address = Address::repeat_byte(0x0b);

/// What both nodes store under [`CONTRACT`].
fn slots() -> impl Iterator<Item = (B256, B256)> {
    let word = |value: u64| B256::from(U256::from(value));
    (1..40).map(move |slot| (word(slot), word(slot * 1_000_003)))
}

async fn prove(client: &impl Provider, address: Address, keys: Vec<B256>) -> Proof {
    client.get_proof(address, keys).await.unwrap()
}

/// Checks a proof against the root that it names.
fn check(proof: &Proof) -> B256 {
    let root = keccak256(&proof.account_proof[0]);
    verify(proof, root);
    root
}

async fn fill(client: &impl Provider) {
    let code = json!([CONTRACT, "0x6001600255"]);
    let set = client.raw_request::<_, Value>("anvil_setCode".into(), code);
    set.await.unwrap();
    for (slot, value) in slots() {
        let params = json!([CONTRACT, slot, value]);
        let set = client.raw_request::<_, Value>("anvil_setStorageAt".into(), params);
        set.await.unwrap();
    }
}

#[tokio::test]
async fn accounts_and_slots_are_proven_and_so_is_their_absence() {
    let rig = Rig::new().await;
    fill(&rig.client).await;
    let (there, zero): (Vec<_>, _) = (slots().map(|(slot, _)| slot).collect(), B256::ZERO);
    let contract = prove(&rig.client, CONTRACT, [there, vec![zero]].concat()).await;
    let root = check(&contract);
    assert_eq!(contract.storage_proof.len(), 40);
    for ((slot, value), proof) in slots().zip(&contract.storage_proof) {
        assert_eq!((proof.key.as_b256(), proof.value), (slot, value.into()));
    }
    assert_eq!(contract.storage_proof[39].value, U256::ZERO);

    // All proofs of one state have one root.
    let dev = prove(&rig.client, DEV, vec![zero]).await;
    assert_eq!(check(&dev), root);
    assert_eq!(dev.balance, rig.client.get_balance(DEV).await.unwrap());
    assert_eq!(dev.storage_hash, EMPTY_ROOT_HASH);
    let nobody = prove(&rig.client, NOBODY, vec![zero]).await;
    assert_eq!(check(&nobody), root);
    assert_eq!(nobody.code_hash, KECCAK256_EMPTY);

    let account = rig.client.get_account(CONTRACT).await.unwrap();
    assert_eq!(account.storage_root, contract.storage_hash);
    let info = rig.client.get_account_info(CONTRACT).await.unwrap();
    assert_eq!(info.code_hash(), contract.code_hash);
}

#[tokio::test]
async fn a_proof_is_of_the_block_asked_for() {
    let rig = Rig::new().await;
    let set = |slot: u64, value: u64| {
        let word = |number| B256::from(U256::from(number));
        rig.rpc(
            "anvil_setStorageAt",
            json!([CONTRACT, word(slot), word(value)]),
        )
    };
    set(1, 10).await;
    set(2, 20).await;
    rig.rpc("evm_mine", json!([])).await;
    let keys = vec![U256::from(1).into(), U256::from(2).into()];
    let first = prove(&rig.client, CONTRACT, keys.clone()).await;
    set(1, 11).await;
    set(2, 0).await;
    rig.rpc("anvil_setBalance", json!([CONTRACT, "0x7"])).await;
    rig.rpc("evm_mine", json!([])).await;
    let then = rig.client.get_proof(CONTRACT, keys.clone()).number(1);
    assert_eq!(then.await.unwrap(), first);
    let now = prove(&rig.client, CONTRACT, keys).await;
    assert_ne!(check(&now), check(&first));
    let values = |proof: &Proof| -> Vec<U256> {
        proof.storage_proof.iter().map(|slot| slot.value).collect()
    };
    assert_eq!(values(&first), [U256::from(10), U256::from(20)]);
    assert_eq!(values(&now), [U256::from(11), U256::ZERO]);
}

#[tokio::test]
async fn keys_come_back_as_they_were_asked_for_and_are_bounded() {
    let rig = Rig::new().await;
    let proof = rig.rpc("eth_getProof", json!([DEV, ["0x1", B256::ZERO], "latest"]));
    let proof = proof.await;
    assert_eq!(proof["storageProof"][0]["key"], "0x1");
    assert_eq!(proof["storageProof"][1]["key"], json!(B256::ZERO));
    assert_eq!(proof["storageProof"][0]["proof"], json!([]));
    let many = json!([DEV, vec!["0x1"; 1_025], "latest"]);
    let (code, message) = rig.rpc_error("eth_getProof", many).await;
    assert_eq!(code, -32602);
    assert_eq!(
        message,
        "invalid params: too many slots: 1025 of at most 1024"
    );
}

#[tokio::test]
async fn the_same_storage_has_anvils_proofs() {
    let rig = Rig::new().await;
    let process = Anvil::start(&[]);
    let anvil = ProviderBuilder::new().connect_http(process.url.parse().unwrap());
    fill(&rig.client).await;
    fill(&anvil).await;
    let keys: Vec<_> = (0..50_u64).map(|slot| U256::from(slot).into()).collect();
    let ours = prove(&rig.client, CONTRACT, keys.clone()).await;
    let theirs = prove(&anvil, CONTRACT, keys).await;
    assert_ne!(ours.storage_hash, EMPTY_ROOT_HASH);
    let account = Proof {
        // The accounts around it are others.
        account_proof: ours.account_proof.clone(),
        ..theirs
    };
    assert_eq!(ours, account);
}
