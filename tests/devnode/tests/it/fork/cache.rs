//! What was read stays on disk, for the same block of the same chain only.

use std::path::{Path, PathBuf};

use alloy::{
    primitives::{Address, Bytes, U256},
    providers::Provider,
};
use serde_json::json;
use stylus_devnode::fork::{Reason, Settings};

use super::rig::{config, refusal, set_slot, settings, slot};
use crate::rig::Rig;

const ALICE: Address = Address::repeat_byte(0xa1);
const STORAGE: &str = include_str!("../wat/storage.wat");

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(files(&path)),
            path => found.push(path),
        }
    }
    found
}

#[tokio::test]
async fn a_fork_starts_again_without_its_upstream() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Rig::new().await;
    let program = upstream.program(STORAGE).await;
    let word = U256::from(7).to_be_bytes_vec();
    upstream.call(program, word.clone()).await;
    set_slot(&upstream, ALICE, 1, 5).await;
    upstream.rpc("evm_mine", json!([])).await;
    let head = upstream.client.get_block_number().await.unwrap();
    let again = Settings {
        block_number: Some(head),
        cache: Some(folder.path().into()),
        ..settings(&upstream.node.url())
    };

    let local = Rig::with(config(again.clone())).await;
    assert!(!local.node.fork().unwrap().is_offline);
    assert_eq!(local.view(program, vec![]).await, Bytes::from(word.clone()));
    // A local change is not what was read.
    set_slot(&local, ALICE, 1, 6).await;
    assert!(local.call(program, vec![1; 32]).await.status());
    local.node.shutdown().await.unwrap();
    let [file] = &files(folder.path())[..] else {
        panic!("one file");
    };
    upstream.node.shutdown().await.unwrap();

    let local = Rig::with(config(again.clone())).await;
    let fork = local.node.fork().unwrap();
    assert!(fork.is_offline && fork.block_number == head);
    assert_eq!(local.view(program, vec![]).await, Bytes::from(word));
    assert_eq!(slot(&local, ALICE, 1).await, U256::from(5));
    assert!(local.call(program, vec![1; 32]).await.status());
    // What was not read then cannot be read now.
    let (_, message) = local
        .rpc_error("eth_getStorageAt", json!([ALICE, "0x9", "latest"]))
        .await;
    assert!(message.contains("the connection failed"), "{message}");
    local.node.shutdown().await.unwrap();

    // A file that was cut is not believed.
    let bytes = std::fs::read(file).unwrap();
    std::fs::write(file, &bytes[..bytes.len() - 10]).unwrap();
    let error = refusal(again).await;
    assert!(matches!(error.reason, Reason::Connection(_)), "{error}");
}

#[tokio::test]
async fn a_chain_that_was_mined_anew_has_a_cache_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    for value in [5, 6] {
        let upstream = Rig::new().await;
        set_slot(&upstream, ALICE, 1, value).await;
        // Another time makes another block with the same number on a chain with the same id.
        upstream.rpc("evm_increaseTime", json!([value * 100])).await;
        upstream.rpc("evm_mine", json!([])).await;
        let settings = Settings {
            cache: Some(folder.path().into()),
            ..settings(&upstream.node.url())
        };
        let local = Rig::with(config(settings)).await;
        assert_eq!(slot(&local, ALICE, 1).await, U256::from(value));
        local.node.shutdown().await.unwrap();
    }
    assert_eq!(files(folder.path()).len(), 2);
}
