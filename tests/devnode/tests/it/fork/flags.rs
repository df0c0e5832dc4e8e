//! The flags of fork mode, through the program.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use alloy::primitives::{Address, U256};
use serde_json::json;

use super::{
    proxy::{Mode, Proxy},
    rig::set_slot,
};
use crate::rig::{Rig, process::Process};

const ALICE: Address = Address::repeat_byte(0xa1);

/// Slot 1 of Alice is 1 after block 1 and 2 after block 2.
async fn upstream() -> Rig {
    let upstream = Rig::new().await;
    for value in 1..=2 {
        set_slot(&upstream, ALICE, 1, value).await;
        upstream.rpc("evm_mine", json!([])).await;
    }
    upstream
}

/// How the program ends that cannot start, and what it says.
fn refusal(flags: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_stylus-devnode"))
        .args(["--port", "0", "--no-module-cache"])
        .args(flags)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.stdout.is_empty());
    (output.status.code(), text)
}

/// As [`refusal`], of a fork of `url` that asks once.
fn no_fork(url: &str, flags: &[&str]) -> String {
    let fork = ["--fork-url", url, "--no-storage-caching"];
    let (code, text) = refusal(&[&fork, flags].concat());
    assert_eq!(code, Some(1), "{text}");
    text
}

fn start(url: &str, flags: &[&str]) -> Process {
    let fork = ["--fork-url", url, "--no-module-cache"];
    Process::start(&[&fork, flags].concat())
}

async fn value(process: &Process) -> U256 {
    let value = process.rpc("eth_getStorageAt", json!([ALICE, "0x1"])).await;
    serde_json::from_value(value).unwrap()
}

#[tokio::test]
async fn block_and_chain_are_as_asked_for() {
    let upstream = upstream().await;
    let url = upstream.node.url();
    let last = start(&url, &["--no-storage-caching"]);
    assert_eq!(value(&last).await, U256::from(2));
    let fork = &last.started["fork"];
    assert_eq!(fork["upstream"], json!(url));
    assert_eq!(fork["block_number"], json!(2));
    assert_eq!(fork["is_offline"], json!(false));

    let id = stylus_devnode::CHAIN_ID.to_string();
    let flags = ["--no-storage-caching", "--fork-block-number", "1"];
    let ids = ["--fork-chain-id", &id, "--chain-id", "777"];
    let first = start(&url, &[&flags[..], &ids[..]].concat());
    assert_eq!(value(&first).await, U256::ONE);
    assert_eq!(first.rpc("eth_blockNumber", json!([])).await, json!("0x1"));
    assert_eq!(first.rpc("eth_chainId", json!([])).await, json!("0x309"));
    assert_eq!(first.started["chain_id"], json!(777));
    assert_eq!(
        first.started["fork"]["chain_id"],
        json!(stylus_devnode::CHAIN_ID)
    );

    let text = no_fork(&url, &["--fork-chain-id", "5"]);
    assert!(
        text.contains("the upstream is chain 412346 and not 5"),
        "{text}"
    );
    let text = no_fork(&url, &["--fork-block-number", "3"]);
    assert!(
        text.contains("cannot read block 3 to fork: the upstream has no such block"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn patience_is_as_asked_for() {
    let upstream = upstream().await;
    let proxy = Proxy::before(upstream.node.url()).await;
    proxy.set(Mode::Drop);
    let started = Instant::now();
    let flags = ["--fork-retries", "2", "--fork-retry-backoff", "400"];
    let text = no_fork(&proxy.url, &flags);
    assert!(text.contains("the connection failed"), "{text}");
    assert!(text.contains("cannot read the chain id"), "{text}");
    assert_eq!(proxy.requests(), 3);
    // Half of a pause is left to chance, and the second is twice the first.
    assert!(started.elapsed() >= Duration::from_millis(600));

    proxy.set(Mode::TooMany("0", 1));
    let text = no_fork(&proxy.url, &["--fork-retries", "0"]);
    assert!(text.contains("lower --fork-rps"), "{text}");
    proxy.set(Mode::TooMany("0", 1));
    let flags = ["--fork-retries", "1", "--no-storage-caching"];
    assert_eq!(value(&start(&proxy.url, &flags)).await, U256::from(2));

    proxy.set(Mode::Delay(Duration::from_secs(60)));
    let started = Instant::now();
    let flags = ["--fork-retries", "0", "--fork-timeout", "300"];
    let text = no_fork(&proxy.url, &flags);
    assert!(text.contains("no answer within 300 ms"), "{text}");
    assert!(started.elapsed() < Duration::from_secs(20));
    proxy.set(Mode::Delay(Duration::from_millis(50)));
    let flags = ["--fork-timeout", "10000", "--no-storage-caching"];
    assert_eq!(value(&start(&proxy.url, &flags)).await, U256::from(2));
}

/// A start takes some forty reads, of which a second's worth comes at once; the next one waits.
#[tokio::test]
async fn the_rate_is_as_asked_for() {
    let upstream = upstream().await;
    let took = async |flags: &[&str]| {
        let started = Instant::now();
        let url = upstream.node.url();
        let process = start(&url, &[&["--no-storage-caching"], flags].concat());
        assert_eq!(value(&process).await, U256::from(2));
        started.elapsed()
    };
    let limited = took(&["--fork-rps", "10"]).await;
    assert!(limited > Duration::from_secs(2), "{limited:?}");
    let in_units = took(&["--compute-units-per-second", "170"]).await;
    assert!(in_units > Duration::from_secs(2), "{in_units:?}");
    for free in [&["--no-rate-limit"][..], &["--fork-rps", "0"], &[]] {
        // On a busy machine a start takes long, but not each.
        let mut tries = 0;
        while took(free).await >= limited {
            tries += 1;
            assert!(tries < 5, "{free:?} is not faster than {limited:?}");
        }
    }
}

fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let count = entries.map(|entry| match entry.path() {
        path if path.is_dir() => files(&path),
        _ => 1,
    });
    count.sum()
}

#[tokio::test]
async fn what_was_read_is_kept_where_asked_for() {
    let upstream = upstream().await;
    let (url, folder) = (upstream.node.url(), tempfile::tempdir().unwrap());
    let path = folder.path().to_str().unwrap();
    let at = ["--fork-block-number", "2", "--fork-retries", "0"];
    let end = |mut process: Process| {
        process.signal("-TERM");
        assert!(process.end().success());
    };
    let process = start(&url, &[&at[..], &["--no-storage-caching"]].concat());
    assert_eq!(value(&process).await, U256::from(2));
    end(process);
    assert_eq!(files(folder.path()), 0);
    let kept = [&at[..], &["--cache-path", path]].concat();
    let process = start(&url, &kept);
    assert_eq!(value(&process).await, U256::from(2));
    end(process);
    // A development chain commits to no state, so only an upstream that is down makes use of it.
    assert_eq!(files(folder.path()), 1);
    upstream.node.shutdown().await.unwrap();
    let process = start(&url, &kept);
    assert_eq!(value(&process).await, U256::from(2));
    assert_eq!(process.started["fork"]["is_offline"], json!(true));
    let text = no_fork(&url, &at);
    assert!(text.contains("the connection failed"), "{text}");
}

#[test]
fn wrong_flags_are_explained() {
    let url = ["--fork-url", "http://127.0.0.1:1"];
    for (flags, reason) in [
        (&["--fork-block-number", "1"][..], "--fork-url <URL>"),
        (&["--fork-chain-id", "1"], "--fork-url <URL>"),
        (&["--fork-retries", "1"], "--fork-url <URL>"),
        (&["--fork-retry-backoff", "1"], "--fork-url <URL>"),
        (&["--fork-timeout", "1"], "--fork-url <URL>"),
        (&["--fork-rps", "1"], "--fork-url <URL>"),
        (&["--no-rate-limit"], "--fork-url <URL>"),
        (&["--cache-path", "/tmp"], "--fork-url <URL>"),
        (&["--no-storage-caching"], "--fork-url <URL>"),
    ] {
        let (code, text) = refusal(flags);
        assert_eq!(code, Some(2), "{flags:?}: {text}");
        assert!(text.contains(reason), "{flags:?}: {text}");
    }
    for (flags, reason) in [
        (&["--fork-block-number", "last"][..], "invalid digit"),
        (&["--fork-chain-id", "-1"], "unexpected argument '-1'"),
        (&["--fork-retries", "many"], "invalid digit"),
        (&["--fork-timeout", "0"], "0 is not in 1.."),
        (&["--fork-rps", "x"], "invalid digit"),
        (
            &["--fork-rps", "1", "--no-rate-limit"],
            "cannot be used with",
        ),
        (
            &["--fork-rps", "1", "--compute-units-per-second", "1"],
            "cannot be used with",
        ),
        (
            &["--cache-path", "/tmp", "--no-storage-caching"],
            "cannot be used with",
        ),
    ] {
        let (code, text) = refusal(&[&url[..], flags].concat());
        assert_eq!(code, Some(2), "{flags:?}: {text}");
        assert!(text.contains(reason), "{flags:?}: {text}");
    }
    for (url, reason) in [
        (
            "ws://127.0.0.1:1/secret",
            "--fork-url: the upstream must be an http or https URL, not ws:",
        ),
        (
            "nonsense",
            "--fork-url: the upstream must be an http or https URL: relative",
        ),
        ("http://127.0.0.1:1/secret", "fork of http://127.0.0.1:1: "),
    ] {
        let text = no_fork(url, &["--fork-retries", "0"]);
        assert!(text.contains(reason), "{url}: {text}");
        // A path is often a key.
        assert!(!text.contains("secret"), "{text}");
    }
}
