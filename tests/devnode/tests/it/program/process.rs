//! The program: accounts, state files, and how it ends.

use std::{net::TcpListener, path::Path, process::Stdio, time::Duration};

use alloy::providers::{Provider, ProviderBuilder, WsConnect};
use serde_json::{Value, json};

use crate::rig::process::{Process, ask, command, refusal, terminate, text, until};

fn blocks(state: &Path) -> usize {
    let state: Value = serde_json::from_slice(&std::fs::read(state).unwrap()).unwrap();
    state["blocks"].as_array().unwrap().len()
}

#[tokio::test]
async fn accounts_come_from_a_mnemonic() {
    let usual = Process::start(&["--accounts", "12", "--balance", "3"]);
    let accounts = usual.rpc("eth_accounts", json!([])).await;
    assert_eq!(accounts, usual.started["accounts"]);
    let accounts = accounts.as_array().unwrap();
    assert_eq!(accounts.len(), 13);
    assert_eq!(
        accounts[12].as_str().unwrap().to_lowercase(),
        "0x71be63f3384f5fb98995898a86b02fb2426c5788"
    );
    let keys = usual.started["private_keys"].as_array().unwrap();
    assert_eq!(
        keys[1],
        json!("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
    );
    let balance = usual.rpc("eth_getBalance", json!([accounts[12]])).await;
    assert_eq!(balance, json!("0x29a2241af62c0000"));

    let words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    let environment = [("STYLUS_DEVNODE_MNEMONIC", words)];
    let own = Process::start_with(&["--accounts", "1"], &environment);
    let account = "0x58a57ed9d8d624cbd12e2c467d34787555bb1b25";
    assert_eq!(own.started["accounts"][1], json!(account));
    assert_eq!(own.started["private_keys"][1], Value::Null);
    assert_eq!(own.started["wallet"]["mnemonic"], Value::Null);
    let signature = own.rpc("eth_sign", json!([account, "0x00"])).await;
    assert_eq!(signature.as_str().unwrap().len(), 2 + 130);
    let shown = Process::start_with(&["--accounts", "1", "--show-keys"], &environment);
    assert!(shown.started["private_keys"][1].is_string());
    // The flag says the same, and wins.
    let flag = ["--accounts", "1", "--mnemonic", words];
    let other = [("STYLUS_DEVNODE_MNEMONIC", "not read")];
    let flagged = Process::start_with(&flag, &other);
    assert_eq!(flagged.started["accounts"], own.started["accounts"]);
    let none = Process::start(&["--accounts", "0"]);
    assert_eq!(
        none.rpc("eth_accounts", json!([])).await,
        json!([stylus_devnode::DEV_ACCOUNT])
    );
}

#[test]
fn wrong_flags_are_explained() {
    for (flags, reason) in [
        (&["--mnemonic", "test test"][..], "not a BIP-39 mnemonic"),
        (&["--accounts", "1001"], "1001 is not in 0..=1000"),
        (&["--block-time", "0"], "must be from 0.001"),
        (&["--block-time", "1", "--no-mining"], "cannot be used with"),
        (&["--state-interval", "1"], "--state <FILE>"),
        (&["--arbos-version", "29"], "29 is not in 30..=61"),
        (&["--arbos-version", "62"], "62 is not in 30..=61"),
        (&["--host", "example.org"], "not an IP address"),
        (&["--verbose", "--silent"], "cannot be used with"),
        (
            &["--module-cache", "x", "--no-module-cache"],
            "cannot be used with",
        ),
    ] {
        let (ended_well, text) = refusal(flags);
        assert!(!ended_well && text.contains(reason), "{text}");
    }
}

/// As a process group and its parent both pass one on: `timeout` and npm do. The chain is not lost.
#[test]
fn a_signal_that_comes_twice_writes_the_state() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..4 {
        let state = folder.path().join(round.to_string());
        let mut process = Process::start(&["--state", state.to_str().unwrap()]);
        process.signal("-TERM");
        process.signal("-TERM");
        assert!(process.end().success());
        assert_eq!(blocks(&state), 1);
    }
}

/// At the start, since at the end the chain would be lost.
/// Here it waits for an upstream that never answers.
#[test]
fn a_signal_ends_a_node_that_starts() {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", upstream.local_addr().unwrap());
    let mut child = command()
        .args(["--port", "0", "--fork-url", &url])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let asked = upstream.accept().unwrap();
    terminate(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    drop(asked);
}

#[test]
fn a_state_file_that_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("file"), "").unwrap();
    for state in [path(""), path("none/state.json"), path("file/state.json")] {
        let (ended_well, text) = refusal(&["--port", "0", "--state", &state]);
        let start = format!("error: {state}: state file: ");
        assert!(!ended_well && text.starts_with(&start), "{text}");
        // Each cause is told once.
        let cause = text.strip_prefix(&start).unwrap().trim();
        assert_eq!(text.matches(cause).count(), 1, "{text}");
    }
}

/// With blocks being made and a client connected, each signal writes the state.
#[tokio::test]
async fn signals_write_the_state() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["-INT", "-TERM"] {
        let state = folder.path().join(name);
        let flags = ["--block-time", "0.05", "--state", state.to_str().unwrap()];
        let mut process = Process::start(&flags);
        let socket = WsConnect::new(process.started["ws_url"].as_str().unwrap());
        let client = ProviderBuilder::new().connect_ws(socket).await.unwrap();
        while client.get_block_number().await.unwrap() < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        process.signal(name);
        assert!(process.end().success(), "{name}");
        assert!(blocks(&state) > 3);
        drop(client);
    }
}

#[tokio::test]
async fn the_state_is_written_at_intervals() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let flags = ["--state", state.to_str().unwrap(), "--state-interval", "1"];
    let mut process = Process::start(&flags);
    process.rpc("anvil_mine", json!([4])).await;
    until("the state is written", async || state.exists()).await;
    // Whatever happens to the process now.
    process.child.kill().unwrap();
    process.end();
    assert_eq!(blocks(&state), 5);
    let again = Process::start(&flags[..2]);
    assert_eq!(again.rpc("eth_blockNumber", json!([])).await, json!("0x4"));
}

/// A folder for compiled programs that is a file: the node warns of it on stderr, and runs all the same.
#[tokio::test]
async fn the_log_goes_to_stderr_unless_silenced() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let folder = file.path().to_str().unwrap();
    for (silent, is_logged) in [(None, true), (Some("--silent"), false)] {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port().to_string();
        drop(free);
        let mut command = command();
        command.args(["--port", &port, "--module-cache", folder]);
        let mut child = command
            .args(silent)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let url = format!("http://127.0.0.1:{port}");
        let asks = async || ask(&url, "eth_chainId", json!([])).await.is_ok();
        until("it has started", asks).await;
        terminate(&child);
        let status = child.wait().unwrap();
        assert!(status.success(), "{status}");
        let log = text(child.stderr.take());
        let warned = log.contains("WARN") && log.contains("compiled programs are not kept on disk");
        assert_eq!(warned, is_logged, "{log}");
        assert!(is_logged || log.is_empty(), "{log}");
    }
}
