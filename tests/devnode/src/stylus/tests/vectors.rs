//! Every conformance vector agrees.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::stylus::{Compiler, vectors};

/// Vectors in `testdata/vectors`, and how many of them end otherwise under Stylus version 3.
const VECTORS: usize = 517;
const NEWER: usize = 12;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/vectors")
}

#[test]
fn all_vectors_agree() {
    let compiler = Compiler::new().unwrap();
    let (mut passed, mut newer) = (0, 0);
    let mut failures = Vec::new();
    for entry in fs::read_dir(directory()).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let report = vectors::run_file(&path, &compiler).unwrap();
            passed += report.passed;
            newer += report.newer;
            failures.extend(report.failures);
            assert!(report.warnings.is_empty(), "{:?}", report.warnings);
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    assert_eq!((passed, newer), (VECTORS, NEWER));
}

/// Cases of our own, in the same form.
#[test]
fn own_cases_agree() {
    let path = directory().with_file_name("cases").join("limits.json");
    let report = vectors::run_file(&path, &Compiler::new().unwrap()).unwrap();
    assert!(report.failures.is_empty(), "{:#?}", report.failures);
    assert_eq!(report.passed, 34);
}

/// A vector whose expectation is changed fails and says how.
#[test]
fn a_wrong_figure_is_noticed() {
    let text = fs::read_to_string(directory().join("trap.json")).unwrap();
    let mut vectors: serde_json::Value = serde_json::from_str(&text).unwrap();
    let run = &mut vectors[0]["expected"]["run"];
    let ink_used = run["ink_used"].as_u64().unwrap();
    run["ink_used"] = (ink_used + 1).into();
    vectors[1]["v3_differs"] = "from ArbOS 59 a page count above 65,535 is out of ink".into();
    vectors[2]["seed"] = 7.into();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("changed.json");
    fs::write(&path, serde_json::to_vec(&vectors).unwrap()).unwrap();
    let report = vectors::run_file(&path, &Compiler::new().unwrap()).unwrap();
    let [failure] = report.failures.as_slice() else {
        panic!("{:?}", report.failures);
    };
    let difference = format!("ink_used: expected {}, actual {ink_used}", ink_used + 1);
    assert!(failure.differences[0].ends_with(&difference), "{failure:?}");
    assert_eq!((report.newer, report.warnings.len()), (0, 1));
}
