//! `vectors`, as a program of its own.

use std::{
    path::Path,
    process::{Command, Output},
};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/vectors");

fn run(directory: &Path, files: &[&str]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_vectors"))
        .args(files)
        .current_dir(directory)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// Paths are relative to where it is run; programs' files to the vectors' file.
#[test]
fn the_last_line_counts() {
    let parent = Path::new(VECTORS).parent().unwrap();
    let (status, out, _) = run(parent, &["vectors/contract.json", "vectors/trap.json"]);
    assert_eq!((status, out.as_str()), (Some(0), "37 passed, 0 failed\n"));
    let (status, out, _) = run(Path::new(VECTORS), &["memory.json"]);
    assert_eq!(status, Some(0));
    assert!(
        out.ends_with("under Stylus version 3, as they state\n24 passed, 0 failed\n"),
        "{out}"
    );
}

/// A vector that cannot be run is one failure, and those behind it are run all the same.
#[test]
fn a_broken_vector_fails_alone() {
    let directory = tempfile::tempdir().unwrap();
    let vector = r#"{"name": "a/b", "calldata": "", "expected": {"activation": {"ok": false}}"#;
    let vectors = format!(
        r#"[{vector}}},
            {vector}, "wasm_file": "gone.wasm"}},
            {vector}, "wasm_hex": "", "mock": {{"callvalue": 1}}}},
            {vector}, "wasm_hex": "0"}},
            7,
            {vector}, "wasm_hex": ""}}]"#
    );
    std::fs::write(directory.path().join("some.json"), vectors).unwrap();
    let (status, out, _) = run(directory.path(), &["some.json"]);
    assert_eq!(status, Some(1));
    let expected = [
        "a/b\n  neither wasm_hex nor wasm_file\n",
        "a/b\n  gone.wasm: No such file",
        "a/b\n  not understood: unknown field `callvalue`",
        "a/b\n  not understood: odd number of digits\n",
        "some.json, vector 4\n  not understood: invalid type: integer `7`",
    ];
    for text in expected {
        assert!(out.contains(text), "{text}: {out}");
    }
    assert!(out.ends_with("\n1 passed, 5 failed\n"), "{out}");
}

/// The other files are run all the same.
#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("text.json"), "no vectors").unwrap();
    let trap = format!("{VECTORS}/trap.json");
    let cases = [
        ("none.json", "error: none.json: No such file"),
        ("text.json", "error: text.json: expected ident"),
    ];
    for (file, message) in cases {
        let (status, out, errors) = run(directory.path(), &[file, &trap]);
        assert_eq!((status, out.as_str()), (Some(2), "9 passed, 0 failed\n"));
        assert!(errors.starts_with(message), "{errors}");
    }
}
