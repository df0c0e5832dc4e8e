//! Vectors that meet a rule which Stylus version 3 changed, under the newer rules.

use super::{Vector, observe};
use crate::stylus::{ArbosVersion, CompileError, Compiler, OutcomeKind, Rules, activate};

/// What a stated reason means for the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// The program is refused.
    Refused,
    /// Its runs are out of ink.
    OutOfInk,
}

impl Change {
    fn stated(reason: &str) -> Option<Self> {
        if reason.starts_with("multi-value is rejected") {
            Some(Self::Refused)
        } else if reason.contains("page count above 65,535 is out of ink") {
            Some(Self::OutOfInk)
        } else {
            None
        }
    }
}

/// Whether the newest ArbOS changes what it was marked for, and the differences between what the reason
/// says and what happens.
///
/// Runs that end before they meet the rule must give the figures that they always gave. Of a reason that
/// is not known nothing is asked but that the program is run.
pub(super) fn run_vector(
    vector: &Vector,
    reason: &str,
    wasm: &[u8],
    compiler: &Compiler,
) -> Result<(bool, Vec<String>), CompileError> {
    let arbos = ArbosVersion::LATEST;
    let rules = Rules::new(arbos);
    let label = |line: String| format!("ArbOS {}: {line}", arbos.0);
    let change = Change::stated(reason);
    let limit = vector.mock.page_limit.unwrap_or(rules.page_limit);
    let Ok(activation) = activate(wasm, &rules, limit) else {
        let differences = match change {
            Some(Change::OutOfInk) => vec![label("activation: expected ok, actual error".into())],
            _ => Vec::new(),
        };
        return Ok((true, differences));
    };
    if change == Some(Change::Refused) {
        let expected = super::run_vector(vector, wasm, arbos, compiler)?;
        return Ok((false, expected.into_iter().map(label).collect()));
    }
    let program = compiler.compile(&activation.instrumented)?;
    let (mut met, mut differences) = (false, Vec::new());
    for (index, expected) in vector.expected.runs().enumerate() {
        match observe(
            vector,
            &program,
            &rules,
            activation.footprint,
            expected.ink_in,
        ) {
            Ok(actual) if actual.outcome.kind == OutcomeKind::OutOfInk => {
                met |= expected.kind != "out_of_ink";
            }
            Ok(actual) if change == Some(Change::OutOfInk) => {
                let run = format!("run {index}, {} ink", expected.ink_in);
                differences.extend(
                    super::compare::run(&run, expected, &actual)
                        .into_iter()
                        .map(label),
                );
            }
            Ok(_) => {}
            Err(error) => differences.push(label(format!("run {index}: {error}"))),
        }
    }
    Ok((met, differences))
}
