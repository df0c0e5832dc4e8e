//! What differs between expected and actual figures.

use std::fmt::Debug;

use alloy_primitives::{Bytes, keccak256};

use super::{
    Activated,
    format::{ExpectedActivation, ExpectedLog, ExpectedRun, Words},
    mock::{Mock, State},
};
use crate::stylus::{Outcome, OutcomeKind};

/// A run and what it left behind.
#[derive(Debug)]
pub(super) struct Observed {
    pub(super) outcome: Outcome,
    /// {gas} Price of opening the initial pages.
    pub(super) footprint_gas: u64,
    /// {page} Open and ever, after the initial pages were opened.
    pub(super) pages_before: (u16, u16),
    pub(super) initial: State,
    pub(super) mock: Mock,
}

/// Collects what differs, under a label.
struct Differences<'a> {
    label: &'a str,
    found: Vec<String>,
}

impl Differences<'_> {
    fn check<T: PartialEq + Debug>(&mut self, field: &str, expected: T, actual: T) {
        if expected != actual {
            let label = self.label;
            self.found.push(format!(
                "{label}: {field}: expected {expected:?}, actual {actual:?}"
            ));
        }
    }

    fn check_given<T: PartialEq + Debug>(&mut self, field: &str, expected: Option<T>, actual: T) {
        if let Some(expected) = expected {
            self.check(field, expected, actual);
        }
    }
}

pub(super) fn activation(expected: &ExpectedActivation, actual: &Activated) -> Vec<String> {
    let mut differences = Differences {
        label: "activation",
        found: Vec::new(),
    };
    match actual {
        Ok(actual) if expected.ok => {
            differences.check_given("init_cost", expected.init_cost, actual.init_cost);
            differences.check_given("cached_cost", expected.cached_cost, actual.cached_cost);
            differences.check_given("asm_estimate", expected.asm_estimate, actual.asm_estimate);
            differences.check_given("footprint", expected.footprint, actual.footprint);
            let gas = actual.activation_gas.total();
            differences.check_given("activation_gas", expected.activation_gas, gas);
        }
        Ok(_) => {
            let class = expected.error_class.as_deref().unwrap_or("none given");
            differences
                .found
                .push(format!("activation: expected error {class}, actual ok"));
        }
        Err(error) if expected.ok => {
            differences
                .found
                .push(format!("activation: expected ok, actual error {error}"));
        }
        Err(_) => {}
    }
    differences.found
}

pub(super) fn run(label: &str, expected: &ExpectedRun, actual: &Observed) -> Vec<String> {
    let mut differences = Differences {
        label,
        found: Vec::new(),
    };
    let Observed {
        outcome,
        mock,
        initial,
        ..
    } = actual;

    differences.check("kind", expected.kind.as_str(), kind_name(outcome.kind));
    let ink_used = expected.ink_in.wrapping_sub(outcome.ink_left);
    differences.check("ink_used", expected.ink_used, ink_used);
    differences.check("gas_left", expected.gas_left, outcome.gas_left);
    let output = Bytes::copy_from_slice(&outcome.output);
    differences.check_given("output_len", expected.output_len, output.len());
    differences.check_given(
        "output_keccak256",
        expected.output_keccak256,
        keccak256(&output),
    );
    differences.check_given("output", expected.output.clone(), output);

    let words = |expected: &Option<Words>, initial: &Words| match expected {
        Some(words) => words.clone(),
        None => initial.clone(),
    };
    let storage = words(&expected.storage, &initial.storage);
    differences.check("storage", &storage, &mock.state.storage);
    let transient = words(&expected.transient, &initial.transient);
    differences.check("transient", &transient, &mock.state.transient);

    logs(&mut differences, &expected.logs, &mock.logs);
    differences.check("creates", expected.creates, mock.creates);
    let (open_before, ever_before) = actual.pages_before;
    differences.check(
        "pages_open",
        expected.pages_open.unwrap_or(open_before),
        mock.pages_open,
    );
    differences.check(
        "pages_ever",
        expected.pages_ever.unwrap_or(ever_before),
        mock.pages_ever,
    );
    differences.check_given(
        "footprint_gas",
        expected.footprint_gas,
        actual.footprint_gas,
    );
    differences.found
}

fn logs(
    differences: &mut Differences<'_>,
    expected: &[ExpectedLog],
    actual: &[(Vec<alloy_primitives::B256>, Bytes)],
) {
    differences.check("number of logs", expected.len(), actual.len());
    for (expected, (topics, data)) in expected.iter().zip(actual) {
        differences.check("log topics", &expected.topics, topics);
        differences.check_given("log data_len", expected.data_len, data.len());
        differences.check_given(
            "log data_keccak256",
            expected.data_keccak256,
            keccak256(data),
        );
        differences.check_given("log data", expected.data.as_ref(), data);
    }
}

fn kind_name(kind: OutcomeKind) -> &'static str {
    match kind {
        OutcomeKind::Success => "success",
        OutcomeKind::Revert => "revert",
        OutcomeKind::Failure => "failure",
        OutcomeKind::OutOfInk => "out_of_ink",
        OutcomeKind::OutOfStack => "out_of_stack",
    }
}
