//! A figure and its target.

use eyre::{OptionExt, Result};
use serde::Serialize;

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// Our value is at most this.
    AtMost(f64),
    /// Our value is at least this many times the other's.
    RatioAtLeast(f64),
    /// Our value is at most this many times the other's.
    RatioAtMost(f64),
    /// Only to explain the others.
    None,
}

/// One figure of ours beside another's.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What was measured.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Median of ours.
    pub ours: f64,
    /// Whose the other value is.
    pub beside: &'static str,
    /// Median of the other's.
    pub theirs: f64,
    /// `ours / theirs`.
    pub ratio: f64,
    /// What must hold, in words; none if the figure only explains others.
    pub target: Option<String>,
    /// Whether it holds.
    pub met: Option<bool>,
    /// How it was measured, and what else bounds it.
    pub note: String,
}

impl Figure {
    /// A figure from rounds in turn.
    ///
    /// - Errors: no rounds.
    pub fn of(
        (name, unit): (&'static str, &'static str),
        ours: Vec<f64>,
        (beside, theirs): (&'static str, Vec<f64>),
        target: Target,
        note: impl Into<String>,
    ) -> Result<Self> {
        let (ours, theirs) = (median(ours)?, median(theirs)?);
        let ratio = ours / theirs;
        let (words, met) = match target {
            Target::AtMost(most) => (Some(format!("at most {most} {unit}")), Some(ours <= most)),
            Target::RatioAtLeast(least) => (
                Some(format!("ratio at least {least}")),
                Some(ratio >= least),
            ),
            Target::RatioAtMost(most) => {
                (Some(format!("ratio at most {most}")), Some(ratio <= most))
            }
            Target::None => (None, None),
        };
        Ok(Self {
            name,
            unit,
            ours,
            beside,
            theirs,
            ratio,
            target: words,
            met,
            note: note.into(),
        })
    }
}

/// The middle one; the upper of two.
///
/// - Errors: none at all.
pub fn median(mut values: Vec<f64>) -> Result<f64> {
    values.sort_by(f64::total_cmp);
    values
        .get(values.len() / 2)
        .copied()
        .ok_or_eyre("nothing was measured")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_met_at_its_bound_and_missed_beyond() {
        let met = |ours, target| {
            let theirs = ("anvil", vec![10.0]);
            let figure = Figure::of(("rate", "1/s"), vec![ours], theirs, target, "").unwrap();
            figure.met
        };
        assert_eq!(met(10.0, Target::RatioAtLeast(1.0)), Some(true));
        assert_eq!(met(9.9, Target::RatioAtLeast(1.0)), Some(false));
        assert_eq!(met(20.0, Target::RatioAtMost(2.0)), Some(true));
        assert_eq!(met(20.1, Target::RatioAtMost(2.0)), Some(false));
        assert_eq!(met(3.0, Target::AtMost(3.0)), Some(true));
        assert_eq!(met(3.1, Target::AtMost(3.0)), Some(false));
        assert_eq!(met(3.1, Target::None), None);
        assert!(median(Vec::new()).is_err());
    }
}
