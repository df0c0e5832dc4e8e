//! The README's quick start, as it is written, in a copy of the example's folder.

use std::{
    env, fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::json;

use crate::rig::{anvil, process::Process};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The first block of shell after a mark.
fn shell(readme: &str, mark: &str) -> String {
    let (_, after) = readme.split_once(mark).unwrap();
    let (_, block) = after.split_once("```sh\n").unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

/// All files of a project, but what was built there.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry
            .map(|entry| (entry.path(), entry.file_name()))
            .unwrap();
        match path.is_dir() {
            true if name == "target" => {}
            true => copy(&path, &to.join(name)),
            false => {
                fs::copy(&path, to.join(name)).unwrap();
            }
        }
    }
}

/// Programs under the names by which the README calls them, before all others.
fn path(folder: &Path) -> String {
    let node = Path::new(env!("CARGO_BIN_EXE_stylus-devnode"));
    for (name, program) in [("stylus-devnode", node), ("cast", &anvil::foundry("cast"))] {
        symlink(program, folder.join(name)).unwrap();
    }
    let stylus = root().join("target/tools/bin/cargo-stylus");
    assert!(stylus.exists(), "run scripts/setup first");
    // cargo would tell its commands to build with itself, which may lack the target.
    let (wasm, cargo) = (root().join("scripts/wasm-cargo"), env!("CARGO"));
    let (stylus, wasm) = (stylus.display(), wasm.display());
    let launcher = format!(
        "#!/bin/sh\n[ \"$1\" = stylus ] && CARGO={wasm} exec {stylus} \"$@\"\nexec {cargo} \"$@\"\n"
    );
    let file = folder.join("cargo");
    fs::write(&file, launcher).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", folder.display(), env::var("PATH").unwrap())
}

#[tokio::test]
async fn the_quick_start_works_as_written() {
    let readme = fs::read_to_string(root().join("tests/devnode/README.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (project, programs) = (folder.path().join("project"), folder.path().join("bin"));
    copy(&root().join("tests/devnode/example"), &project);
    fs::create_dir(&programs).unwrap();

    let node = Process::start(&["--no-module-cache"]);
    let port = node.started["port"].to_string();
    let script = shell(&readme, "<!-- quick-start -->").replace("8547", &port);
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", &script])
        .current_dir(&project)
        .env("PATH", path(&programs))
        // Where set-up has built all that the example needs.
        .env("CARGO_TARGET_DIR", root().join("target/example"));
    let output = tokio::task::spawn_blocking(move || bash.output());
    let output = output.await.unwrap().unwrap();
    let (out, log) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}\n{log}");
    for printed in ["\n1000000", "\ntrue\n", "CALL wasm", "token::transfer("] {
        assert!(out.contains(printed), "no {printed:?} in: {out}\n{log}");
    }

    // balanceOf(BOB), where Bob is the first account of the mnemonic.
    let token = fs::read_to_string(project.join("deploy.txt")).unwrap();
    let (_, token) = token.split_once("deployed code at address: ").unwrap();
    let start = token.find("0x").unwrap();
    let token = &token[start..start + 42];
    let bob = stylus_devnode::TEST_ACCOUNTS[0];
    let input = format!("0x70a08231{}", alloy::hex::encode(bob.into_word()));
    let call = json!([{ "to": token, "input": input }]);
    let balance = node.rpc("eth_call", call).await;
    assert_eq!(balance, json!(format!("0x{:064x}", 7)));

    // What was built beside it has the names that cargo-stylus took out.
    let block = node.rpc("eth_getBlockByNumber", json!(["latest", false]));
    let tx = block.await["transactions"][0].clone();
    let built = "target/example/wasm32-unknown-unknown/release/devnode_example.wasm";
    let trace = Command::new(env!("CARGO_BIN_EXE_stylus-devnode"))
        .args(["trace", tx.as_str().unwrap()])
        .args(["--rpc-url", &format!("http://127.0.0.1:{port}")])
        .args([
            "--wasm",
            &format!("{token}={}", root().join(built).display()),
        ])
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&trace.stderr);
    assert!(trace.status.success(), "{error}");
}
