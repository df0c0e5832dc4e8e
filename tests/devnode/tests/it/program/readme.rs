//! What the README repeats is what it repeats it from. `UPDATE_README=1` writes it anew.

use std::{fs, path::Path, process::Command};

use crate::rig::{Rig, compress_wasm, evm_proxy, via_evm};

/// The list of divergences in the crate's documentation.
pub(crate) fn divergences() -> String {
    let docs = include_str!("../../../src/lib.rs").lines();
    let lines = docs.map_while(|line| Some(line.strip_prefix("//!")?.trim_start_matches(' ')));
    let mut list = String::new();
    for line in lines
        .skip_while(|line| *line != "# Known divergences from Nitro")
        .skip(1)
    {
        match line {
            "" => {}
            item if item.starts_with("- ") => list += &format!("{item}\n"),
            more => list += &format!("  {more}\n"),
        }
    }
    list
}

fn help() -> String {
    let mut node = Command::new(env!("CARGO_BIN_EXE_stylus-devnode"));
    let output = node.arg("--help").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let lines: Vec<_> = std::str::from_utf8(&output.stdout)
        .unwrap()
        .lines()
        .map(str::trim_end)
        .collect();
    block(None, &lines.join("\n"))
}

/// A fenced block, with the command that printed it.
fn block(command: Option<&str>, text: &str) -> String {
    let command = command.map(|command| format!("$ {command}\n"));
    let text = text.trim_end();
    format!("```text\n{}{text}\n```\n", command.unwrap_or_default())
}

fn printed(arguments: &[&str]) -> String {
    let mut node = Command::new(env!("CARGO_BIN_EXE_stylus-devnode"));
    let output = node.args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn inspect() -> String {
    let file = "testdata/panics/panics.wasm";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let report = printed(&["inspect", path.to_str().unwrap()]);
    block(Some(&format!("stylus-devnode inspect {file}")), &report)
}

/// EVM code calls a program that panics.
async fn trace() -> String {
    let rig = Rig::new().await;
    let wasm = include_bytes!("../../../testdata/panics/panics.wasm");
    let program = rig.deploy(&compress_wasm(wasm)).await;
    assert!(rig.activate(program).await.status());
    let caller = rig.deploy(&evm_proxy(0xF1)).await;
    let receipt = rig.send(caller.into(), via_evm(program, &[8]), 0).await;
    let labels = [format!("market={caller}"), format!("vault={program}")];
    let hash = receipt.transaction_hash.to_string();
    let (url, [market, vault]) = (rig.node.url(), &labels);
    let tree = printed(&[
        "trace",
        "--rpc-url",
        &url,
        &hash,
        "--label",
        market,
        "--label",
        vault,
    ]);
    let command = "stylus-devnode trace $TX --label market=$MARKET --label vault=$VAULT";
    block(Some(command), &tree)
}

#[tokio::test]
async fn the_readme_repeats_what_is_so() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let mut expected = readme.clone();
    let methods = tokio::task::spawn_blocking(stylus_devnode::rpc::table::markdown);
    for (name, content) in [
        ("trace", trace().await),
        ("inspect", inspect()),
        ("flags", help()),
        ("methods", methods.await.unwrap().unwrap()),
        ("divergences", divergences()),
    ] {
        let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
        let (before, rest) = expected.split_once(&start).unwrap();
        let (_, after) = rest.split_once(&end).unwrap();
        expected = format!("{before}{start}{content}{end}{after}");
    }
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, &expected).unwrap();
    } else {
        assert!(
            readme == expected,
            "stale: run with UPDATE_README=1\n{expected}"
        );
    }
}

#[tokio::test]
async fn the_namespaces_are_those_of_the_methods() {
    let rig = Rig::new().await;
    let spaces = rig.rpc("rpc_modules", serde_json::json!([])).await;
    let spaces: Vec<_> = spaces.as_object().unwrap().keys().cloned().collect();
    let table = tokio::task::spawn_blocking(stylus_devnode::rpc::table::names);
    let names = table.await.unwrap().unwrap();
    assert_eq!(spaces, names.into_keys().collect::<Vec<_>>());
}

#[test]
fn the_methods_are_printed_on_request() {
    let mut node = Command::new(env!("CARGO_BIN_EXE_stylus-devnode"));
    let output = node.arg("methods").output().unwrap();
    let table = stylus_devnode::rpc::table::markdown().unwrap();
    assert!(output.status.success());
    assert_eq!(std::str::from_utf8(&output.stdout).unwrap(), table);
}
