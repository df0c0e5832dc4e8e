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

#[test]
fn what_cannot_be_run_is_an_error_and_no_count() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    let vector = r#"{"name": "a/b", "calldata": "", "expected": {"activation": {"ok": true}}"#;
    write("text.json", "no vectors");
    write("empty.json", &format!("[{vector}}}]"));
    write(
        "gone.json",
        &format!(r#"[{vector}, "wasm_file": "gone.wasm"}}]"#),
    );
    write(
        "field.json",
        &format!(r#"[{vector}, "wasm_hex": "", "mock": {{"callvalue": 1}}}}]"#),
    );
    let cases = [
        ("none.json", "none.json: No such file"),
        ("text.json", "text.json: expected ident"),
        ("empty.json", "a/b: neither wasm_hex nor wasm_file"),
        ("gone.json", "gone.wasm: No such file"),
        ("field.json", "unknown field `callvalue`"),
    ];
    for (file, message) in cases {
        let (status, out, errors) = run(directory.path(), &[file]);
        assert_eq!((status, out.as_str()), (Some(2), ""), "{file}");
        assert!(
            errors.starts_with("error: ") && errors.contains(message),
            "{errors}"
        );
    }
}
