//! The direction of dependencies between the crates of the workspace, as `cargo metadata` states it.
//!
//! What counts is what ships: normal and build dependencies. Tests may use what they like.

use std::process::Command;

use eyre::{Result, WrapErr, ensure};
use serde::Deserialize;

use super::Check;
use crate::artifact::workspace_root;

/// What a crate may depend on.
struct Rule {
    package: &'static str,
    /// Crates of this workspace.
    inside: Allowed,
    /// Crates of others.
    outside: Allowed,
}

enum Allowed {
    Any,
    Only(&'static [&'static str]),
}
use Allowed::{Any, Only};

const CONTRACT: Allowed = Only(&[
    "alloy-primitives",
    "alloy-sol-types",
    "rclite",
    "ruint",
    "stylus-core",
    "stylus-sdk",
]);

const RULES: [Rule; 10] = [
    Rule {
        package: "gimbal-core",
        inside: Only(&[]),
        outside: Only(&["alloy-primitives", "ruint"]),
    },
    Rule {
        package: "gimbal-vault",
        inside: Only(&["gimbal-core"]),
        outside: CONTRACT,
    },
    Rule {
        package: "gimbal-engine",
        inside: Only(&["gimbal-core"]),
        outside: CONTRACT,
    },
    Rule {
        package: "gimbal-adapter",
        inside: Only(&["gimbal-core"]),
        outside: CONTRACT,
    },
    Rule {
        package: "gimbal-abi",
        inside: Only(&[]),
        outside: Only(&["alloy", "serde"]),
    },
    Rule {
        package: "gimbal-lab",
        inside: Only(&["gimbal-core"]),
        outside: Any,
    },
    Rule {
        package: "gimbal-keeper",
        inside: Only(&["gimbal-core", "gimbal-abi", "gimbal-lab"]),
        outside: Any,
    },
    Rule {
        package: "stylus-devnode",
        inside: Only(&[]),
        outside: Any,
    },
    Rule {
        package: "gimbal-scripts",
        inside: Any,
        outside: Any,
    },
    Rule {
        package: "gimbal-e2e",
        inside: Any,
        outside: Any,
    },
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `null` for a normal dependency, else `dev` or `build`.
    kind: Option<String>,
}

pub(super) fn check() -> Result<Vec<Check>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(workspace_root())
        .output()
        .wrap_err("cargo metadata")?;
    ensure!(
        output.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).wrap_err("answer of cargo metadata")?;
    Ok(judge(&metadata))
}

fn judge(metadata: &Metadata) -> Vec<Check> {
    let members: Vec<&str> = metadata.packages.iter().map(|p| p.name.as_str()).collect();
    metadata
        .packages
        .iter()
        .map(|package| judge_one(package, &members))
        .collect()
}

fn judge_one(package: &Package, members: &[&str]) -> Check {
    let subject = format!("{}: dependencies", package.name);
    let Some(rule) = RULES.iter().find(|rule| rule.package == package.name) else {
        return Check::new(
            subject,
            "a crate without a rule",
            "a rule in gates/dependencies.rs",
            false,
        );
    };
    let allowed = |name: &str| {
        let list = if members.contains(&name) {
            &rule.inside
        } else {
            &rule.outside
        };
        matches!(list, Any) || matches!(list, Only(names) if names.contains(&name))
    };
    let ships = package
        .dependencies
        .iter()
        .filter(|d| d.kind.as_deref() != Some("dev"));
    let wrong: Vec<&str> = ships
        .map(|d| d.name.as_str())
        .filter(|name| !allowed(name))
        .collect();
    let inside = match rule.inside {
        Any => "any".to_owned(),
        Only([]) => "no crate of the workspace".to_owned(),
        Only(names) => names.join(", "),
    };
    let found = if wrong.is_empty() {
        "as allowed".to_owned()
    } else {
        wrong.join(", ")
    };
    Check::new(subject, found, inside, wrong.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(package: &str, dependency: &str, kind: Option<&str>) -> bool {
        let member = |name: &str| Package {
            name: name.into(),
            dependencies: vec![],
        };
        let dependencies = vec![Dependency {
            name: dependency.into(),
            kind: kind.map(Into::into),
        }];
        let packages = vec![
            Package {
                name: package.into(),
                dependencies,
            },
            member("gimbal-scripts"),
            member("stylus-devnode"),
            member("gimbal-core"),
        ];
        judge(&Metadata { packages })[0].passed
    }

    #[test]
    fn what_ships_never_depends_on_tests() {
        assert!(!workspace("gimbal-keeper", "stylus-devnode", None));
        assert!(!workspace("gimbal-keeper", "gimbal-scripts", Some("build")));
        assert!(workspace("gimbal-keeper", "stylus-devnode", Some("dev")));
        assert!(workspace("gimbal-keeper", "tokio", None));
    }

    #[test]
    fn contracts_know_core_and_the_sdk_alone() {
        assert!(workspace("gimbal-vault", "gimbal-core", None));
        assert!(!workspace("gimbal-vault", "tokio", None));
        assert!(!workspace("gimbal-core", "alloy-sol-types", None));
    }

    #[test]
    fn a_crate_without_a_rule_is_refused() {
        assert!(!workspace("gimbal-new", "tokio", None));
    }
}
