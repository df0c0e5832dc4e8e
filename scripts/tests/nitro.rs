//! `scripts/devnode --nitro` without Docker: what it refuses, and its preparation of a bare chain, for which a stand-in
//! for `docker` starts the embedded node.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use alloy::primitives::{Address, Bytes, U256, address};
use alloy::providers::Provider;
use alloy::sol;
use eyre::{OptionExt, Result, ensure};
use gimbal_scripts::artifact::workspace_root;
use gimbal_scripts::chain::{Chain, dev_account};
use serde_json::Value;
use stylus_devnode::{Config, spawn};

const FACTORY: Address = address!("4e59b44847b379578588920ca78fbf26c0b4956c");
const CACHE_MANAGER: Address = address!("2F8Bd4EaB69764c105aDd7dE7CB0402557a44E6f");
const STYLUS_DEPLOYER: Address = address!("cEcba2F1DC234f70Dd89F2041029807F8D03A990");
const ARB_OWNER: Address = address!("0000000000000000000000000000000000000070");
const ARB_DEBUG: Address = address!("00000000000000000000000000000000000000ff");

sol! {
    function becomeChainOwner() external;
    function removeWasmCacheManager(address manager) external;
}

/// Bytes of code of each once it is there.
const CONTRACTS: [(Address, usize); 3] = [
    (FACTORY, 69),
    (CACHE_MANAGER, 7_452),
    (STYLUS_DEPLOYER, 2_269),
];
/// From before fragments, so that the upgrade is part of the preparation.
const OLD_ARBOS: u64 = 51;

fn script() -> Command {
    let mut command = Command::new(workspace_root().join("scripts/devnode"));
    command.arg("--nitro").stdin(Stdio::null());
    command
}

fn refusal(mut command: Command) -> Result<(Option<i32>, String)> {
    let output = command.output()?;
    ensure!(output.stdout.is_empty());
    Ok((output.status.code(), String::from_utf8(output.stderr)?))
}

/// A folder with a program `docker` that runs `body`.
fn docker(folder: &Path, body: &str) -> Result<String> {
    let program = folder.join("docker");
    fs::write(&program, format!("#!/usr/bin/env bash\n{body}\n"))?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    let path = std::env::var("PATH")?;
    Ok(format!("{}:{path}", folder.display()))
}

#[test]
fn it_says_what_is_missing_or_wrong() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for tool in ["bash", "dirname", "cat", "env"] {
        let found = std::env::split_paths(&std::env::var_os("PATH").ok_or_eyre("no PATH")?)
            .map(|place| place.join(tool))
            .find(|path| path.exists());
        symlink(found.ok_or_eyre(tool)?, folder.path().join(tool))?;
    }
    let mut none = script();
    none.env("PATH", folder.path());
    let (code, told) = refusal(none)?;
    assert_eq!(code, Some(3));
    ensure!(
        told.contains("`docker` is not on the PATH: install Docker"),
        "{told}"
    );

    let mut silent = script();
    silent.env("PATH", docker(folder.path(), "exit 1")?);
    let (code, told) = refusal(silent)?;
    assert_eq!(code, Some(3));
    ensure!(
        told.starts_with("error: Docker's daemon does not answer"),
        "{told}"
    );

    for (wrong, words) in [
        (
            &["--port", "0"][..],
            "--port needs a number from 1 to 65535",
        ),
        (&["--port"], "--port needs a number from 1 to 65535"),
        (&["--state", "file"], "not \"--state\""),
    ] {
        let mut command = script();
        command.args(wrong);
        let (code, told) = refusal(command)?;
        assert_eq!(code, Some(2), "{wrong:?}");
        ensure!(told.contains(words), "{told}");
    }
    Ok(())
}

/// A chain as Nitro's `--dev` leaves it: none of the contracts that Stylus authors expect.
async fn bare(folder: &Path) -> Result<PathBuf> {
    let file = folder.join("state");
    let config = Config {
        state: Some(file.clone()),
        arbos_version: OLD_ARBOS,
        ..Config::default()
    };
    let node = spawn(config).await?;
    let chain = Chain::connect(&node.url()).await?;
    for (contract, _) in CONTRACTS {
        chain
            .rpc::<Value, _>("anvil_setCode", (contract, Bytes::new()))
            .await?;
        chain
            .rpc::<Value, _>("anvil_setNonce", (contract, U256::ZERO))
            .await?;
        ensure!(chain.provider().get_code_at(contract).await?.is_empty());
    }
    let owner = dev_account()?;
    chain
        .send(&owner, ARB_DEBUG, &becomeChainOwnerCall {})
        .await?;
    let removal = removeWasmCacheManagerCall {
        manager: CACHE_MANAGER,
    };
    chain.send(&owner, ARB_OWNER, &removal).await?;
    node.shutdown().await?;
    Ok(file)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_prepares_a_bare_chain_and_stops_it_on_ctrl_c() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let state = bare(folder.path()).await?;
    let node = Path::new(env!("CARGO_BIN_EXE_demo")).with_file_name("stylus-devnode");
    ensure!(
        node.exists(),
        "run ./scripts/setup first: no {}",
        node.display()
    );
    let pid = folder.path().join("pid");
    let path = docker(
        folder.path(),
        &format!(
            r#"case "$1" in
    info) ;;
    stop) kill "$(cat "{pid}")" ;;
    run)
        while [ "$1" != -p ]; do shift; done
        port="${{2#127.0.0.1:}}"
        echo "$$" >"{pid}"
        exec "{node}" --silent --port "${{port%:8547}}" --arbos-version {OLD_ARBOS} --state "{state}" ;;
    *) exit 1 ;;
esac"#,
            pid = pid.display(),
            node = node.display(),
            state = state.display(),
        ),
    )?;
    let port = std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port();
    let words = folder.path().join("words");
    let mut run = script()
        .args(["--json", "--port", &port.to_string()])
        .env("PATH", path)
        .stdout(Stdio::piped())
        .stderr(fs::File::create(&words)?)
        .spawn()?;
    let mut first = String::new();
    BufReader::new(run.stdout.take().ok_or_eyre("no stdout")?).read_line(&mut first)?;
    let told = fs::read_to_string(&words)?;
    let ready: Value = serde_json::from_str(&first).map_err(|_| eyre::eyre!("{told}"))?;
    assert_eq!(ready["url"], format!("http://127.0.0.1:{port}"));
    let steps: Vec<&str> = told
        .lines()
        .filter_map(|line| line.strip_prefix("nitro: "))
        .collect();
    assert_eq!(
        steps,
        [
            "become chain owner",
            "L1 price 0",
            "ArbOS 60",
            "ether for the maker of the CREATE2 factory",
            "publish the CREATE2 factory",
            "create the CacheManager",
            "register the CacheManager",
            "create the StylusDeployer",
        ]
    );
    let chain = Chain::connect(&format!("http://127.0.0.1:{port}")).await?;
    for (contract, size) in CONTRACTS {
        assert_eq!(
            chain.provider().get_code_at(contract).await?.len(),
            size,
            "{contract}"
        );
    }

    let interrupt = Command::new("kill")
        .args(["-INT", &run.id().to_string()])
        .status()?;
    ensure!(interrupt.success());
    assert_eq!(run.wait()?.code(), Some(130));
    let gone = chain.provider().get_block_number().await;
    ensure!(gone.is_err(), "the node outlived the script");
    Ok(())
}
