//! What must hold of every build: the size and imports of the wasm, selectors, the direction of dependencies, and that
//! the specification's invariants are asserted.

mod dependencies;
mod invariants;
mod selectors;
mod wasm;

use eyre::Result;

use crate::artifact::Artifacts;

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was checked.
    pub subject: String,
    /// What was found.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
    /// Whether it is.
    pub passed: bool,
}

impl Check {
    fn new(
        subject: impl Into<String>,
        found: impl Into<String>,
        allowed: impl Into<String>,
        passed: bool,
    ) -> Self {
        Self {
            subject: subject.into(),
            found: found.into(),
            allowed: allowed.into(),
            passed,
        }
    }
}

/// Runs every gate.
///
/// - Errors: an artifact or `cargo metadata` cannot be read. A violation is a failed [`Check`], not an error.
pub fn run(artifacts: &Artifacts) -> Result<Vec<Check>> {
    let mut checks = wasm::check(artifacts)?;
    checks.extend(selectors::check());
    checks.extend(dependencies::check()?);
    checks.extend(invariants::check()?);
    Ok(checks)
}
