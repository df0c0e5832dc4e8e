//! The program's flags, each by what it does.

use std::{
    net::{IpAddr, TcpListener, TcpStream, UdpSocket},
    process::Stdio,
};

use serde_json::{Value, json};
use stylus_devnode::DEV_ACCOUNT;

use crate::rig::process::{Process, ask, command, files, refusal, terminate, text, until};

const ECHO: &str = include_str!("../wat/write-args.wat");

/// A payment to nobody in particular.
fn payment() -> Value {
    json!([{ "from": DEV_ACCOUNT, "to": DEV_ACCOUNT, "value": "0x1" }])
}

/// Addresses of this machine other than 127.0.0.1: that towards the network, and on Linux all of 127/8.
fn other_addresses() -> Vec<IpAddr> {
    let outward = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        // Nothing is sent.
        socket.connect("198.51.100.1:9")?;
        Ok(socket.local_addr()?.ip())
    });
    let mut addresses: Vec<_> = outward.into_iter().collect();
    if cfg!(target_os = "linux") {
        addresses.push([127, 0, 0, 2].into());
    }
    assert!(!addresses.is_empty());
    addresses
}

#[tokio::test]
async fn it_listens_where_it_is_told_and_by_default_on_this_machine_only() {
    let port = |process: &Process| u16::try_from(process.started["port"].as_u64().unwrap());
    let usual = Process::start(&[]);
    let usual_port = port(&usual).unwrap();
    assert_ne!(usual_port, 0);
    assert_eq!(usual.url(), format!("http://127.0.0.1:{usual_port}"));
    assert_eq!(usual.rpc("eth_blockNumber", json!([])).await, json!("0x0"));
    let open = Process::start(&["--host", "0.0.0.0"]);
    let open_port = port(&open).unwrap();
    assert_ne!(open_port, usual_port);
    for address in other_addresses() {
        let refused = TcpStream::connect((address, usual_port));
        assert!(refused.is_err(), "{address} reaches {}", usual.url());
        let url = format!("http://{address}:{open_port}");
        assert_eq!(
            ask(&url, "eth_chainId", json!([])).await,
            Ok(json!("0x64aba"))
        );
    }

    if TcpListener::bind("[::1]:0").is_err() {
        // No IPv6 on this machine: it is an error, and no other address is taken instead.
        let (ended_well, error) = refusal(&["--port", "0", "--host", "::1"]);
        assert!(!ended_well && error.contains("cannot listen on [::1]:0"));
        return;
    }
    let newer = Process::start(&["--host", "::1"]);
    let port = port(&newer).unwrap();
    assert_eq!(newer.url(), format!("http://[::1]:{port}"));
    assert_eq!(newer.rpc("eth_chainId", json!([])).await, json!("0x64aba"));
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

/// Without --json the start is told as text, with --silent not at all.
#[tokio::test]
async fn it_tells_as_much_as_it_is_told_to() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let number = port.local_addr().unwrap().port().to_string();
    let (ended_well, error) = refusal(&["--port", &number]);
    assert!(!ended_well && error.contains("cannot listen on 127.0.0.1:"));
    drop(port);

    let url = format!("http://127.0.0.1:{number}");
    for flag in [None, Some("--silent"), Some("--json")] {
        let mut node = command();
        node.args(["--port", &number]).args(flag);
        let mut child = node
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        until("it answers", async || {
            ask(&url, "eth_chainId", json!([])).await.is_ok()
        })
        .await;
        // It ends after it has told what it has to tell.
        terminate(&child);
        assert!(child.wait().unwrap().success());
        let (out, log) = (text(child.stdout.take()), text(child.stderr.take()));
        assert_eq!(log, "", "{flag:?}");
        match flag {
            None => {
                assert!(
                    out.ends_with(&format!("\nlistening on {url}\n")),
                    "{flag:?}: {out}"
                );
                assert!(out.contains(&DEV_ACCOUNT.to_string()), "{out}");
            }
            Some("--silent") => assert_eq!(out, ""),
            _ => {
                let started: Value = serde_json::from_str(&out).unwrap();
                assert_eq!(started["schema"], "stylus-devnode.started/1");
                assert_eq!(started["url"], json!(url));
                assert_eq!(started["chain_id"], 412_346);
                assert_eq!(started["arbos_version"], 61);
                assert_eq!(started["accounts"].as_array().unwrap().len(), 11);
            }
        }
    }
}

#[tokio::test]
async fn compiled_programs_are_kept_where_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let named = path("named").display().to_string();
    // Where a user's cache is.
    let home = path("home").display().to_string();
    let environment = [("XDG_CACHE_HOME", home.as_str()), ("HOME", home.as_str())];
    let start = |flags: &[&str]| Process::start_with(flags, &environment);

    let mut none = start(&["--no-module-cache"]);
    none.program(ECHO).await;
    none.signal("-TERM");
    assert!(none.end().success());
    assert_eq!(files(folder.path()), 0);

    let told = start(&["--module-cache", &named]);
    told.program(ECHO).await;
    until("compiled programs in the named folder", async || {
        files(&path("named")) > 0
    })
    .await;
    assert_eq!(files(&path("home")), 0);

    let usual = start(&[]);
    usual.program(ECHO).await;
    until("compiled programs in the user's cache", async || {
        files(&path("home")) > 0
    })
    .await;
}

#[tokio::test]
async fn the_chain_is_what_the_flags_make_it() {
    let flags = "--timestamp 1700000000 --chain-id 31337 --arbos-version 40 --balance 3";
    let flags: Vec<_> = flags.split(' ').collect();
    let node = Process::start(&flags);
    assert_eq!(node.started["chain_id"], 31_337);
    assert_eq!(node.started["arbos_version"], 40);
    assert_eq!(node.rpc("eth_chainId", json!([])).await, json!("0x7a69"));
    let genesis = node
        .rpc("eth_getBlockByNumber", json!(["0x0", false]))
        .await;
    assert_eq!(genesis["timestamp"], json!("0x6553f100"));
    // arbOSVersion(), which adds 55.
    let call =
        json!([{ "to": "0x0000000000000000000000000000000000000064", "input": "0x051038f2" }]);
    let version = node.rpc("eth_call", call).await;
    assert!(version.as_str().unwrap().ends_with("5f"), "{version}");
    for account in node.started["accounts"].as_array().unwrap() {
        let balance = node.rpc("eth_getBalance", json!([account])).await;
        assert_eq!(balance, json!("0x29a2241af62c0000"), "{account}");
    }
}

/// As anvil's users write them.
#[tokio::test]
async fn anvils_spellings_are_taken() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let number = port.local_addr().unwrap().port().to_string();
    drop(port);
    let flags = [
        "--port",
        &number,
        "--host",
        "localhost",
        "-a",
        "2",
        "-b",
        "3",
    ];
    let node = Process::start(&flags);
    assert_eq!(node.url(), format!("http://127.0.0.1:{number}"));
    assert_eq!(node.started["accounts"].as_array().unwrap().len(), 3);
    let interval = node.rpc("anvil_getIntervalMining", json!([])).await;
    assert_eq!(interval, json!(3));
    let (ended_well, error) = refusal(&["-p", &number, "--no-mine"]);
    let taken = format!("cannot listen on 127.0.0.1:{number}: ");
    assert!(!ended_well && error.contains(&taken), "{error}");
    assert_eq!(error.matches("(os error").count(), 1, "{error}");
    let (ended_well, error) = refusal(&["-p", &number, "-q", "-m", "not words"]);
    assert!(!ended_well && error.contains("BIP-39"), "{error}");
}

#[tokio::test]
async fn blocks_are_made_when_it_is_told() {
    let manual = Process::start(&["--no-mining"]);
    let hash = manual.rpc("eth_sendTransaction", payment()).await;
    assert_eq!(manual.rpc("eth_blockNumber", json!([])).await, json!("0x0"));
    manual.rpc("evm_mine", json!([])).await;
    let receipt = manual.rpc("eth_getTransactionReceipt", json!([hash]));
    assert_eq!(receipt.await["blockNumber"], json!("0x1"));

    let timed = Process::start(&["--block-time", "1.5"]);
    let interval = timed.rpc("anvil_getIntervalMining", json!([])).await;
    assert_eq!(interval, json!(1.5));
    let hash = timed.rpc("eth_sendTransaction", payment()).await;
    let receipt = || timed.rpc("eth_getTransactionReceipt", json!([hash]));
    assert_eq!(receipt().await, Value::Null);
    until("its block", async || !receipt().await.is_null()).await;
    // Empty ones too.
    until("an empty block", async || {
        let count = timed.rpc("eth_getBlockTransactionCountByNumber", json!(["latest"]));
        count.await == json!("0x0")
    })
    .await;
}
