//! No method without a test.

use std::{fs, path::Path};

/// All tests but this one, as text.
fn tests(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => text += &tests(&path),
            false if path.ends_with("program/methods.rs") => {}
            false if path.extension().is_some_and(|end| end == "rs") => {
                text += &fs::read_to_string(path).unwrap();
            }
            false => {}
        }
    }
    text
}

#[test]
fn every_method_is_called_by_a_test() {
    let tests = tests(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it"));
    let names = stylus_devnode::rpc::table::names().unwrap();
    let untested: Vec<_> = names
        .values()
        .flatten()
        .filter(|name| !tests.contains(&format!("\"{name}\"")))
        .collect();
    assert!(untested.is_empty(), "in no test: {untested:?}");
}
