//! A Rust program that panics, on a chain: what its callers get, and what a trace tells its author.

use std::{fs, process::Command};

use alloy::{
    primitives::{Address, Bytes},
    rpc::types::TransactionReceipt,
};
use serde_json::{Value, json};

use crate::rig::{GAS, Rig, compress_wasm, evm_proxy, via_evm};

/// With the names of its functions; `testdata/panics/panics.rs` is its source.
const WASM: &[u8] = include_bytes!("../../../testdata/panics/panics.wasm");

/// What some of its inputs make it say, by the source as it was compiled.
const PANICS: [(u8, &str); 5] = [
    (1, "panicked at src/lib.rs:13:14: a static message"),
    (
        3,
        "panicked at src/lib.rs:15:110: called `Result::unwrap()` on an `Err` value: \"bad\"",
    ),
    (
        4,
        "panicked at src/lib.rs:16:39: index out of bounds: the len is 3 but the index is 5",
    ),
    (6, "panicked at src/lib.rs:18:16: attempt to divide by zero"),
    (8, "panicked at src/lib.rs:20:86: the owner is set"),
];

/// A module without its custom sections, as it is deployed by default.
fn stripped(wasm: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (wasm[..8].to_vec(), &wasm[8..]);
    while let [id, after @ ..] = rest {
        let bytes = after.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
        let length = after[..bytes].iter().rev();
        let length = length.fold(0, |sum, byte| sum << 7 | usize::from(byte & 0x7f));
        let (section, next) = rest.split_at(1 + bytes + length);
        if *id != 0 {
            out.extend(section);
        }
        rest = next;
    }
    out
}

async fn deploy(rig: &Rig, wasm: &[u8]) -> Address {
    let program = rig.deploy(&compress_wasm(wasm)).await;
    assert!(rig.activate(program).await.status());
    program
}

async fn trace(rig: &Rig, receipt: &TransactionReceipt) -> Value {
    let options = json!({ "tracer": "callTracer" });
    let params = json!([receipt.transaction_hash, options]);
    rig.rpc("debug_traceTransaction", params).await
}

/// What `stylus-devnode trace` prints, and what it complains of.
fn tree(rig: &Rig, receipt: &TransactionReceipt, args: &[&str]) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_stylus-devnode"))
        .args(["trace", "--rpc-url", &rig.node.url()])
        .arg(receipt.transaction_hash.to_string())
        .args(args)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn callers_get_nothing_but_their_gas() {
    let rig = Rig::new().await;
    let program = deploy(&rig, WASM).await;
    let fine = rig.call(program, vec![0]).await;
    for (input, _) in PANICS {
        let (message, data) = rig.try_view(program, vec![input]).await.unwrap_err();
        assert_eq!(message, "execution reverted");
        assert_eq!(data, Bytes::new());
        // Panicking is a little work: the rest of the limit is not spent.
        let receipt = rig.send(program.into(), vec![input], 0).await;
        assert!(!receipt.status());
        assert!(receipt.gas_used < fine.gas_used + 10_000, "{receipt:?}");
        assert!(receipt.gas_used < GAS / 100);
    }
    // A contract that calls it goes on: it sees a failed call, no data, and most of its gas.
    let proxy = rig.deploy(&evm_proxy(0xF1)).await;
    let receipt = rig.send(proxy.into(), via_evm(program, &[1]), 0).await;
    assert!(!receipt.status());
    assert!(receipt.gas_used < GAS / 100);
    let (_, data) = rig
        .try_view(proxy, via_evm(program, &[1]))
        .await
        .unwrap_err();
    assert_eq!(data, Bytes::new());
}

#[tokio::test]
async fn a_trace_says_where_and_why_if_the_program_has_names() {
    let rig = Rig::new().await;
    let named = deploy(&rig, WASM).await;
    for (input, sentence) in PANICS {
        let receipt = rig.send(named.into(), vec![input], 0).await;
        let root = trace(&rig, &receipt).await;
        assert_eq!(root["error"], json!("execution reverted"));
        assert_eq!(root["revertReason"], json!(sentence));
        assert_eq!(root["output"], Value::Null);

        let (tree, _) = tree(&rig, &receipt, &[]);
        let expected = format!("FAILED: execution reverted: {sentence}");
        assert!(tree.contains(&expected), "{tree}");
    }

    // Without names there is still the place in the program.
    let bare = deploy(&rig, &stripped(WASM)).await;
    let receipt = rig.send(bare.into(), vec![1], 0).await;
    let root = trace(&rig, &receipt).await;
    let reason = root["revertReason"].as_str().unwrap();
    assert!(
        reason.starts_with("unreachable was executed in function "),
        "{reason}"
    );
}

/// A build with names tells as much of a program that was deployed without them, in fragments too.
#[tokio::test]
async fn a_local_build_has_the_names_that_the_program_lacks() {
    let rig = Rig::new().await;
    let build = tempfile::NamedTempFile::with_suffix(".wasm").unwrap();
    fs::write(build.path(), WASM).unwrap();
    let code = compress_wasm(&stripped(WASM));
    let whole = rig.deploy(&code).await;
    assert!(rig.activate(whole).await.status());
    let (head, tail) = code[4..].split_at(code.len() / 2);
    let mut root = vec![0xEF, 0xF0, 2, 0];
    root.extend((stripped(WASM).len() as u32).to_be_bytes());
    for part in [head, tail] {
        let fragment = [&[0xEF, 0xF0, 1][..], part].concat();
        root.extend(rig.deploy(&fragment).await);
    }
    let in_parts = rig.deploy(&root).await;
    assert!(rig.activate(in_parts).await.status());

    for program in [whole, in_parts] {
        let wasm = format!("{program}={}", build.path().display());
        for (input, sentence) in PANICS {
            let receipt = rig.send(program.into(), vec![input], 0).await;
            let (nameless, _) = tree(&rig, &receipt, &[]);
            let function = "FAILED: execution reverted: unreachable was executed in function ";
            assert!(nameless.contains(function), "{nameless}");
            let (named, error) = tree(&rig, &receipt, &["--wasm", &wasm]);
            let expected = format!("FAILED: execution reverted: {sentence}");
            assert!(named.contains(&expected), "{named}{error}");
            // Nothing else differs, and nothing of it stays.
            let gas = |tree: &str| tree.split_once(']').unwrap().0.to_owned();
            assert_eq!(gas(&named), gas(&nameless));
            assert_eq!(tree(&rig, &receipt, &[]).0, nameless);
        }
    }
}

/// Names of other code would lie.
#[tokio::test]
async fn only_a_build_of_the_program_gives_it_names() {
    let rig = Rig::new().await;
    let program = deploy(&rig, &stripped(WASM)).await;
    let contract = rig.deploy(&[0x00]).await;
    let receipt = rig.send(program.into(), vec![1], 0).await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    // The same but for one constant.
    let mut other = WASM.to_vec();
    let position = other
        .windows(7)
        .position(|part| part == b"a stati")
        .unwrap();
    other[position] = b'b';
    let (build, other) = (file("build.wasm", WASM), file("other.wasm", &other));
    let bare = file("bare.wasm", &stripped(WASM));
    let text = file("text.wat", b"(module");
    let nobody = Address::repeat_byte(9);
    for (wasm, complaint) in [
        (format!("{program}={other}"), "the data sections differ"),
        (
            format!("{program}={bare}"),
            "it names no functions: build it with strip = false",
        ),
        (format!("{program}={text}"), "text.wat"),
        (format!("{program}=/nowhere.wasm"), "/nowhere.wasm"),
        (format!("{contract}={build}"), "not a Stylus program"),
        (format!("{nobody}={build}"), "no code"),
        (build.clone(), "not ADDRESS=FILE"),
    ] {
        let (tree, error) = tree(&rig, &receipt, &["--wasm", &wasm]);
        assert_eq!(tree, "", "{wasm}");
        assert!(
            error.starts_with("error: ") && error.contains(complaint),
            "{error}"
        );
    }
    // The node does not take just anything either.
    for names in [
        json!({ program.to_string(): "0x01c80100" }),
        json!(5),
        json!({ "x": "0x" }),
    ] {
        let config = json!({ "tracer": "callTracer", "tracerConfig": { "names": names } });
        let params = json!([receipt.transaction_hash, config]);
        let (code, message) = rig.rpc_error("debug_traceTransaction", params).await;
        assert_eq!(code, -32602, "{message}");
        assert!(message.contains("names: "), "{message}");
    }
}
