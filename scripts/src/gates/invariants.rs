//! Every invariant that the specification lists is named by the message of some assertion in a test.

use std::fs;
use std::path::Path;

use eyre::{Result, WrapErr};

use super::Check;
use crate::artifact::workspace_root;

/// One check per invariant of `contracts/docs/SPEC.md`.
///
/// - Errors: the specification or a test cannot be read.
pub(super) fn check() -> Result<Vec<Check>> {
    let root = workspace_root();
    let specification = fs::read_to_string(root.join("contracts/docs/SPEC.md"))?;
    let mut tests = String::new();
    collect(&root.join("tests/e2e/tests"), &mut tests)?;
    let named = specification
        .lines()
        .filter_map(|line| line.strip_prefix("| INV-")?.split_whitespace().next());
    Ok(named
        .map(|number| {
            let name = format!("INV-{number}");
            let count = tests.matches(&name).count();
            Check::new(
                format!("{name}: assertions that name it"),
                count.to_string(),
                ">= 1",
                count > 0,
            )
        })
        .collect())
}

fn collect(folder: &Path, into: &mut String) -> Result<()> {
    for entry in fs::read_dir(folder).wrap_err_with(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, into)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&fs::read_to_string(&path)?);
        }
    }
    Ok(())
}
