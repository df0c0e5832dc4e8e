//! The command: exit codes, what is printed where, and what never is.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::world::{KEEPER, KEY, USDC, VAULT, World};

struct Bench {
    dir: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn key(&self) -> PathBuf {
        self.file("key", KEY, 0o600)
    }

    fn config(&self, url: &str) -> PathBuf {
        let text = format!(
            "chain_id = 412346\nrpc_url = \"{url}\"\n[addresses]\nvault = \"{VAULT}\"\n[keeper]\npoll = \"1s\"\n"
        );
        self.file("gimbal.toml", &text, 0o644)
    }
}

/// The command with an empty environment, so that the tester's own does not matter.
fn gimbal(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gimbal"));
    command
        .args(args)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(args: &[&str]) -> (i32, String, String) {
    shown(gimbal(args).output().unwrap())
}

fn shown(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap_or(-1),
        text(output.stdout),
        text(output.stderr),
    )
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn usage_errors_are_2() {
    for args in [
        &[][..],
        &["fly"],
        &["status", "--fast"],
        &["deposit"],
        &["redeem", "--shares", "many"],
    ] {
        let (code, stdout, stderr) = run(args);
        assert_eq!((code, stdout.as_str()), (2, ""), "{args:?}: {stderr}");
    }
    assert_eq!(run(&["--help"]).0, 0);
    assert_eq!(run(&["--version"]).0, 0);
}

#[test]
fn a_private_key_is_not_an_argument() {
    let (code, _, stderr) = run(&["once", "--private-key", KEY]);
    assert_eq!(code, 2);
    assert!(stderr.contains("--private-key"));
}

#[test]
fn configuration_errors_are_3_and_name_the_place() {
    let bench = Bench::new();
    let missing = run(&["status", "--config", "/nonexistent.toml"]);
    assert_eq!(missing.0, 3);
    assert!(missing.2.contains("/nonexistent.toml"));

    let typo = bench.file("typo.toml", "chain_id = 1\nrpc_ulr = \"http://x\"\n", 0o644);
    let (code, _, stderr) = run(&["status", "--config", path(&typo)]);
    assert_eq!(code, 3);
    assert!(
        stderr.contains("rpc_ulr") && stderr.contains("line 2"),
        "{stderr}"
    );

    let (code, _, stderr) = run(&["status"]);
    assert_eq!(code, 3);
    assert!(stderr.contains("--rpc-url"), "{stderr}");
    assert_eq!(run(&["status", "--rpc-url", "ws://node"]).0, 3);
    assert_eq!(run(&["deploy", "--artifacts", "/nonexistent"]).0, 3);
}

#[test]
fn keys_are_checked_and_never_shown() {
    let bench = Bench::new();
    let (node, _world) = World::in_band().serve();
    let config = bench.config(&node.url);
    let once = ["once", "--config", path(&config)];

    let (code, _, stderr) = run(&once);
    assert_eq!(code, 3);
    assert!(stderr.contains("GIMBAL_PRIVATE_KEY"), "{stderr}");

    let exposed = bench.file("exposed", KEY, 0o644);
    let (code, stdout, stderr) = run(&[&once[..], &["--key-file", path(&exposed)]].concat());
    assert_eq!(code, 3);
    assert!(stderr.contains("chmod 600"), "{stderr}");
    assert!(!format!("{stdout}{stderr}").contains(&KEY[..16]));

    let broken = bench.file("broken", &KEY[..60], 0o600);
    let (code, stdout, stderr) = run(&[&once[..], &["--key-file", path(&broken)]].concat());
    assert_eq!(code, 3);
    assert!(!format!("{stdout}{stderr}").contains(&KEY[..16]));

    let mut command = gimbal(&[&once[..], &["--verbose"]].concat());
    let (code, stdout, stderr) = shown(command.env("GIMBAL_PRIVATE_KEY", KEY).output().unwrap());
    assert_eq!(code, 0, "{stderr}");
    assert!(!format!("{stdout}{stderr}").contains(&KEY[..16]));
}

#[test]
fn a_node_that_is_gone_is_4_and_one_of_another_chain_is_3() {
    let bench = Bench::new();
    let config = bench.config("http://127.0.0.1:1/v2/APIKEY");
    let (code, _, stderr) = run(&["status", "--config", path(&config)]);
    assert_eq!(code, 4);
    assert!(
        stderr.contains("http://127.0.0.1:1") && !stderr.contains("APIKEY"),
        "{stderr}"
    );

    let (node, _world) = World::in_band().serve();
    let config = bench.file(
        "other.toml",
        &format!("chain_id = 1\nrpc_url = \"{}\"\n", node.url),
        0o644,
    );
    let (code, _, stderr) = run(&["status", "--config", path(&config)]);
    assert_eq!(code, 3);
    assert!(stderr.contains("412346"), "{stderr}");
}

/// Libraries log whole URLs, and `RUST_LOG` may ask for it by any name.
#[test]
fn no_log_level_shows_the_secrets_of_a_url() {
    let bench = Bench::new();
    let (node, _world) = World::in_band().serve();
    let config = bench.config(&format!("{}/v2/APIKEY", node.url));
    for level in [
        "trace",
        "alloy_transport_http=trace,hyper_util=trace,reqwest=trace",
        "trace,alloy_transport_http::reqwest_transport=trace",
        "[ReqwestTransport]=trace",
    ] {
        let mut command = gimbal(&["status", "--config", path(&config)]);
        let (code, _, stderr) = shown(command.env("RUST_LOG", level).output().unwrap());
        assert_eq!(code, 0, "{stderr}");
        assert!(!stderr.contains("APIKEY"), "{level}: {stderr}");
    }
}

#[test]
fn status_is_a_table_or_a_document() {
    let bench = Bench::new();
    let (node, world) = World::out_of_band().serve();
    let config = bench.config(&node.url);
    let status = ["status", "--config", path(&config)];

    let (code, stdout, stderr) = run(&status);
    assert_eq!(code, 0, "{stderr}");
    for part in ["WETH", "54.00 %", "ACTIVE", "400 bps", "rebalance: sell"] {
        assert!(stdout.contains(part), "{part}: {stdout}");
    }
    let (code, stdout, _) = run(&[&status[..], &["--json", "--exit-code"]].concat());
    assert_eq!(code, 10);
    let document: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(document["schema"], "gimbal.status/1");
    assert_eq!(document["nav"], "500000000000000000000000");
    assert_eq!(document["drift_bps"], 400);
    assert_eq!(document["assets"][1]["weight"], "540000000000000000");
    assert_eq!(document["mode"], "active");

    world.lock().unwrap().mode = 1;
    assert_eq!(run(&[&status[..], &["--exit-code"]].concat()).0, 7);
    assert_eq!(run(&status).0, 0);
}

/// A disk that is full, a reader that has left: no panic, and a failure that says why.
#[test]
fn a_result_that_cannot_be_written_is_a_failure_with_words() {
    let bench = Bench::new();
    let (node, _world) = World::in_band().serve();
    let config = bench.config(&node.url);
    let nowhere = Bench::new();
    let gone = nowhere.config("http://127.0.0.1:1");
    for format in [&["--json"][..], &[]] {
        let arguments = [&["status", "--config", path(&config)], format].concat();
        let mut command = gimbal(&arguments);
        let full = fs::File::create("/dev/full").unwrap();
        let (code, _, stderr) = shown(command.stdout(full).output().unwrap());
        assert_eq!(code, 1, "{stderr}");
        let words = "gimbal: the result cannot be written to stdout: No space left on device";
        assert!(stderr.contains(words), "{stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }

    let closed = |arguments: &[&str]| {
        let mut command = gimbal(arguments);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        shown(command.stdout(writer).output().unwrap())
    };
    let (code, _, stderr) = closed(&["status", "--json", "--config", path(&config)]);
    assert_eq!(code, 1, "{stderr}");
    assert!(
        stderr.contains("cannot be written to stdout: Broken pipe"),
        "{stderr}"
    );
    // `gimbal status | head -1` is no failure.
    assert_eq!(closed(&["status", "--config", path(&config)]).0, 0);

    // A failure keeps its code, whether or not its document can be written, and whoever hears it.
    let (code, _, stderr) = closed(&["status", "--json", "--rpc-url", "http://127.0.0.1:1"]);
    assert_eq!((code, stderr.contains("panicked")), (4, false), "{stderr}");
    let mut deaf = gimbal(&["status", "--config", path(&gone)]);
    let full = fs::File::create("/dev/full").unwrap();
    assert_eq!(deaf.stderr(full).status().unwrap().code(), Some(4));
}

#[test]
fn once_reports_what_it_did() {
    let bench = Bench::new();
    let (node, world) = World::out_of_band().serve();
    let (config, key) = (bench.config(&node.url), bench.key());
    let once = [
        "once",
        "--config",
        path(&config),
        "--key-file",
        path(&key),
        "--json",
    ];

    let keeper = KEEPER.to_string();
    let (code, stdout, stderr) = run(&[
        "once",
        "--config",
        path(&config),
        "--dry-run",
        "--keeper",
        &keeper,
    ]);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stdout.contains("sell") && stdout.contains("nothing was sent"),
        "{stdout}"
    );
    assert_eq!(world.lock().unwrap().sent.len(), 0);

    let (code, stdout, stderr) = run(&once);
    assert_eq!(code, 0, "{stderr}");
    let document: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(document["outcome"], "rebalanced");
    assert_eq!(document["drift_bps_before"], 400);
    let hash = document["tx"].as_str().unwrap();
    let signed = stderr.find("signed").unwrap();
    assert!(
        stderr[signed..].contains(hash),
        "the hash is logged when it is signed: {stderr}"
    );

    world.lock().unwrap().mode = 2;
    assert_eq!(run(&once).0, 7);
}

#[test]
fn a_refusal_is_5_and_has_its_name() {
    use alloy::sol_types::SolError as _;
    let bench = Bench::new();
    let data = gimbal_abi::IEngine::ThinPool {
        index: alloy::primitives::U256::ONE,
        liquidity: alloy::primitives::U256::from(9),
    };
    let (node, world) = World {
        rebalance: crate::world::Rebalance::Reverts(data.abi_encode().into()),
        ..World::out_of_band()
    }
    .serve();
    let (config, key) = (bench.config(&node.url), bench.key());
    let (code, stdout, stderr) = run(&[
        "once",
        "--config",
        path(&config),
        "--key-file",
        path(&key),
        "--json",
    ]);
    assert_eq!(code, 5);
    assert!(
        stderr.contains("ThinPool(index: 1, liquidity: 9)"),
        "{stderr}"
    );
    let document: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(document["revert"]["name"], "ThinPool");
    assert_eq!(world.lock().unwrap().sent.len(), 0);
}

#[test]
fn spending_needs_consent() {
    let bench = Bench::new();
    let (node, world) = World::in_band().serve();
    let (config, key) = (bench.config(&node.url), bench.key());
    let deposit = [
        "deposit",
        "--config",
        path(&config),
        "--key-file",
        path(&key),
        "--shares",
        "1.5",
    ];
    let (code, stdout, stderr) = run(&deposit);
    assert_eq!((code, stdout.as_str()), (3, ""));
    assert!(
        stderr.contains("--yes") && stderr.contains("mint 1.5"),
        "{stderr}"
    );
    assert_eq!(run(&[&deposit[..], &["--dry-run"]].concat()).0, 0);
    assert_eq!(world.lock().unwrap().sent.len(), 0);

    let unknown = [
        "redeem",
        "--config",
        path(&config),
        "--key-file",
        path(&key),
        "--shares",
        "1",
        "--skip",
        "DAI",
    ];
    let (code, _, stderr) = run(&unknown);
    assert_eq!(code, 3);
    assert!(stderr.contains("DAI"), "{stderr} {USDC}");
}

#[test]
fn a_deposit_that_cannot_succeed_costs_no_approval() {
    let bench = Bench::new();
    let (node, world) = World::in_band().serve();
    let (config, key) = (bench.config(&node.url), bench.key());
    let deposit = [
        "deposit",
        "--config",
        path(&config),
        "--key-file",
        path(&key),
        "--shares",
        "1.5",
        "--yes",
    ];
    let (code, _, stderr) = run(&deposit);
    assert_eq!(code, 1);
    assert!(stderr.contains("it holds 0 of"), "{stderr}");

    world.lock().unwrap().mode = 2;
    let (code, _, stderr) = run(&deposit);
    assert_eq!(code, 5);
    assert!(stderr.contains("WrongMode(mode: 2)"), "{stderr}");
    assert_eq!(world.lock().unwrap().sent.len(), 0);
}

#[test]
fn signals_end_the_loop_with_their_codes() {
    let bench = Bench::new();
    let (node, _world) = World::in_band().serve();
    let (config, key) = (bench.config(&node.url), bench.key());
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let before = node.posts();
        let child = gimbal(&["run", "--config", path(&config), "--key-file", path(&key)])
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while node.posts() < before + 8 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        let sent = Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        let (got, _, stderr) = shown(child.wait_with_output().unwrap());
        assert_eq!(got, code, "{stderr}");
        assert!(stderr.contains("stopped"), "{stderr}");
    }
}

#[test]
fn run_waits_for_a_node_that_is_down() {
    let bench = Bench::new();
    let (config, key) = (bench.config("http://127.0.0.1:1"), bench.key());
    let child = gimbal(&["run", "--config", path(&config), "--key-file", path(&key)])
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(800));
    Command::new("kill")
        .args(["-s", "TERM", &child.id().to_string()])
        .status()
        .unwrap();
    let (code, _, stderr) = shown(child.wait_with_output().unwrap());
    assert_eq!(code, 143, "{stderr}");
    assert!(stderr.contains("cannot reach"), "{stderr}");
}
