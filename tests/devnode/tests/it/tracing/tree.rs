//! `stylus-devnode trace`, as a program.

use std::{
    fs,
    process::{Command, Output},
};

use alloy::{
    primitives::{Address, B256, Bytes, U256, address},
    sol,
    sol_types::{SolCall, SolEvent},
};
use serde_json::{Value, json};

use super::scene::{Scene, batch, logged};
use crate::rig::{CACHE_MANAGER, FEE, Rig, compress, init_code};

const STYLUS_DEPLOYER: Address = address!("0xcEcba2F1DC234f70Dd89F2041029807F8D03A990");

sol! {
    event Heard(string words);
    function speak(address to, uint256[] amounts);
    function placeBid(address program) external payable;
    function deploy(bytes bytecode, bytes initData, uint256 initValue, bytes32 salt) external payable returns (address);
}

fn run(rig: &Rig, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stylus-devnode"))
        .args(["trace", "--rpc-url", &rig.node.url()])
        .args(args)
        .output()
        .unwrap()
}

fn text(rig: &Rig, args: &[&str]) -> String {
    let output = run(rig, args);
    let (out, err) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert!(output.status.success(), "{err}");
    assert!(!out.contains('\x1b'), "no colours off a terminal");
    out
}

#[tokio::test]
async fn the_tree_of_a_mixed_transaction() {
    let scene = Scene::new().await;
    let (hash, gas_used) = scene.send().await;
    let label = format!("keeper={}", scene.proxy);
    let tree = text(&scene.rig, &[&hash.to_string(), "--label", &label]);
    let lines: Vec<_> = tree.lines().collect();
    assert!(
        lines[0].starts_with(&format!("[{gas_used}] CALL evm {}", scene.batch)),
        "{tree}"
    );
    assert!(lines[1].starts_with("├─ ["), "{tree}");
    assert!(
        lines[1].contains(&format!("CALL wasm {} keeper::", scene.proxy)),
        "{tree}"
    );
    assert!(
        tree.contains("execution reverted: unreachable was executed in function"),
        "{tree}"
    );
    // `polly` is no error that anyone knows.
    assert!(
        tree.contains("FAILED: execution reverted: 0x706f6c6c79"),
        "{tree}"
    );
    assert!(
        tree.contains("CALL precompile") && tree.contains("ArbSys::arbBlockNumber()"),
        "{tree}"
    );
    assert!(
        tree.contains(&format!("emit [{}] 0x68656c6c6f", B256::repeat_byte(0xaa))),
        "{tree}"
    );
    assert_eq!(tree.matches("FAILED").count(), 2);
    assert!(!tree.contains("emit_log"));

    let calls = text(&scene.rig, &[&hash.to_string(), "--host-calls"]);
    assert!(
        calls.contains("│  │  ├─ user_entrypoint(0x00000020) -> 0x [0 ink]"),
        "{calls}"
    );
    assert_eq!(calls.matches("emit_log(0x00000001").count(), 2);
}

/// Names from ABIs in every form in which they come.
#[tokio::test]
async fn abis_give_names() {
    let scene = Scene::new().await;
    let abi = json!([
        {"type": "event", "name": "Heard", "anonymous": false, "inputs": [
            {"name": "words", "type": "string", "indexed": false}]},
        {"type": "function", "name": "speak", "stateMutability": "view", "outputs": [], "inputs": [
            {"name": "to", "type": "address"}, {"name": "amounts", "type": "uint256[]"}]},
        {"type": "error", "name": "Deaf", "inputs": [{"name": "ear", "type": "uint8"}]},
    ]);
    let heard = Heard {
        words: "hello".into(),
    }
    .encode_data();
    let speak = speakCall {
        to: Address::with_last_byte(0x71),
        amounts: vec![U256::from(5); 2],
    };
    // Deaf(3), by the one that reverts with its input.
    let deaf = [
        &alloy::primitives::keccak256("Deaf(uint8)")[..4],
        &super::scene::word(3),
    ]
    .concat();
    let input = batch(&[
        (
            scene.logger,
            [Heard::SIGNATURE_HASH.as_slice(), &heard].concat(),
        ),
        (scene.logger, logged(1, b"other")),
        (scene.storage, speak.abi_encode()),
        (scene.parrot, deaf),
    ]);
    let receipt = scene.rig.call(scene.batch, input).await;
    let hash = receipt.transaction_hash.to_string();
    let folder = tempfile::tempdir().unwrap();
    let exported = format!("======= <stdin>:IVoice =======\nContract JSON ABI\n{abi}\n");
    for content in [abi.to_string(), json!({"abi": abi}).to_string(), exported] {
        let path = folder.path().join("Voice.json");
        fs::write(&path, content).unwrap();
        for path in [path.as_path(), folder.path()] {
            let tree = text(&scene.rig, &[&hash, "--abi", path.to_str().unwrap()]);
            assert!(tree.contains(r#"emit Heard(words: "hello")"#), "{tree}");
            assert!(
                tree.contains("Voice::speak(to: ArbWasm, amounts: [5, 5])"),
                "{tree}"
            );
            assert!(
                tree.contains("FAILED: execution reverted: Deaf(ear: 3)"),
                "{tree}"
            );
        }
    }
    let json: Value = serde_json::from_str(&text(&scene.rig, &[&hash, "--json"])).unwrap();
    assert_eq!(json["schema"], json!("stylus-devnode.trace/1"));
    assert_eq!(json["root"]["vm"], json!("evm"));
    assert_eq!(json["root"]["success"], json!(true));
    assert_eq!(json["root"]["inside"][0]["vm"], json!("wasm"));
}

/// What every chain has is named, without an ABI.
#[tokio::test]
async fn the_usual_contracts_have_names() {
    let rig = Rig::new().await;
    let program = compress(include_str!("../wat/storage.wat"));
    let deploy = deployCall {
        bytecode: init_code(&program).into(),
        initData: Bytes::from([0; 32]),
        initValue: U256::ZERO,
        salt: B256::repeat_byte(1),
    };
    let receipt = rig
        .send(STYLUS_DEPLOYER.into(), deploy.abi_encode(), FEE)
        .await;
    let created = receipt.logs().last().unwrap().inner.data.data.clone();
    let created = Address::from_word(B256::from_slice(&created));
    let tree = text(&rig, &[&receipt.transaction_hash.to_string()]);
    for part in [
        "StylusDeployer::deploy(bytecode: 0x".into(),
        "ArbWasm::codehashVersion(codehash: 0x".into(),
        format!("emit ContractDeployed(deployedContract: {created})"),
    ] {
        assert!(tree.contains(&part), "no {part} in {tree}");
    }
    let bid = placeBidCall { program: created };
    let receipt = rig.call(CACHE_MANAGER, bid.abi_encode()).await;
    let tree = text(&rig, &[&receipt.transaction_hash.to_string()]);
    for part in [
        format!("CacheManager::placeBid(program: {created})"),
        "ArbWasmCache::cacheProgram(".into(),
        "emit InsertBid(codehash: 0x".into(),
    ] {
        assert!(tree.contains(&part), "no {part} in {tree}");
    }
}

#[tokio::test]
async fn a_node_that_is_not_there_is_told_with_its_reason() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", port.local_addr().unwrap());
    drop(port);
    let output = Command::new(env!("CARGO_BIN_EXE_stylus-devnode"))
        .args(["trace", "--rpc-url", &url, &B256::ZERO.to_string()])
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.starts_with(&format!("error: {url}: ")) && error.contains("onnection refused"),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_wrong_is_one_line_and_status_1() {
    let scene = Scene::new().await;
    let none = B256::ZERO.to_string();
    let broken = tempfile::NamedTempFile::with_suffix(".json").unwrap();
    fs::write(broken.path(), "{}").unwrap();
    for (args, words) in [
        (vec![none.as_str()], "transaction not found"),
        (
            vec![none.as_str(), "--abi", broken.path().to_str().unwrap()],
            "no ABI in it",
        ),
        (
            vec![none.as_str(), "--abi", "/nowhere.json"],
            "/nowhere.json",
        ),
    ] {
        let output = run(&scene.rig, &args);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(
            error.starts_with("error: ") && error.contains(words),
            "{error}"
        );
        assert_eq!(Bytes::from(output.stdout), Bytes::new());
    }
}
