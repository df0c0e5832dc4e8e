//! Every conformance vector agrees.

use std::{fs, path::Path};

use crate::stylus::{Compiler, vectors};

/// Vectors in `testdata/vectors`.
const VECTORS: usize = 517;

#[test]
fn all_vectors_agree() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/vectors");
    let compiler = Compiler::new().unwrap();
    let mut passed = 0;
    let mut failures = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let report = vectors::run_file(&path, &compiler).unwrap();
            passed += report.passed;
            failures.extend(report.failures);
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    assert_eq!(passed, VECTORS);
}
