//! Which tracer a request wants, and how.

use std::{cell::Cell, collections::BTreeMap, fmt::Display, rc::Rc, sync::Arc, time::Duration};

use alloy_primitives::{Address, Bytes, map::AddressHashMap};
use alloy_rpc_types_trace::geth::{
    GethDebugBuiltInTracerType, GethDebugTracerType, GethDebugTracingOptions,
};

use super::TraceError;
use crate::{
    evm::deadline::Deadline,
    stylus::{names::Names, trace::Recording},
};

/// The tracers, by the names that requests use. No name is the struct logger.
pub const NAMES: [&str; 9] = [
    "callTracer",
    "prestateTracer",
    "flatCallTracer",
    "4byteTracer",
    "muxTracer",
    "noopTracer",
    "erc7562Tracer",
    "stateGasTracer",
    STYLUS,
];

const STYLUS: &str = "stylusTracer";

/// What the script of `cargo stylus trace` has, and no other tracer: a hook for host calls and the
/// names that it gives to calls of EVM code.
const STYLUS_SCRIPT: [&str; 2] = ["hostio", "evm_delegate_call_contract"];

/// Who makes the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// revm-inspectors, in geth's forms.
    Geth,
    /// revm-inspectors, in Parity's forms.
    Parity,
    /// Host calls of programs.
    Stylus,
}

/// A request's options, understood. Clones share what the request may use: the time, and the size.
#[derive(Clone, Debug)]
pub struct Options {
    pub(super) kind: Kind,
    pub(super) geth: GethDebugTracingOptions,
    pub(crate) deadline: Deadline,
    /// {byte} What the request's traces take so far.
    pub(super) spent: Rc<Cell<u64>>,
    /// What programs may tell.
    pub(super) recording: Recording,
    /// What functions of programs are called, by where their code lies.
    pub(super) names: Arc<AddressHashMap<Names>>,
}

impl Options {
    /// Reads what a request says, whose time begins now and is at most `timeout_max`.
    ///
    /// Scripts are not run; that of `cargo stylus trace` is `stylusTracer` in another form.
    ///
    /// # Errors
    /// [`TraceError::Unknown`], [`TraceError::Config`] for a timeout that is not a duration, and names that
    /// cannot be read.
    pub fn new(mut geth: GethDebugTracingOptions, deadline: Deadline) -> Result<Self, TraceError> {
        let deadline =
            match &geth.timeout {
                Some(text) => deadline.within(duration(text).ok_or_else(|| {
                    TraceError::Config(format!("timeout '{text}' is no duration"))
                })?),
                None => deadline,
            };
        let mut kind = Kind::Geth;
        if let Some(GethDebugTracerType::JsTracer(name)) = &geth.tracer
            && !name.is_empty()
        {
            if name != STYLUS && !STYLUS_SCRIPT.iter().all(|part| name.contains(part)) {
                let name = name.chars().take(40).collect();
                return Err(TraceError::Unknown { name });
            }
            kind = Kind::Stylus;
            geth.tracer = Some(GethDebugBuiltInTracerType::NoopTracer.into());
        }
        Ok(Self {
            names: take_names(&mut geth)?.into(),
            kind,
            geth,
            ..Self::parity(deadline)
        })
    }

    /// Parity's traces, for a request whose time begins now and is `timeout`.
    pub fn parity(deadline: Deadline) -> Self {
        Self {
            kind: Kind::Parity,
            geth: GethDebugTracingOptions::default(),
            deadline,
            spent: Rc::default(),
            recording: Recording::default(),
            names: Arc::default(),
        }
    }

    /// {byte} What the request's traces take so far.
    pub fn spent(&self) -> u64 {
        self.spent.get()
    }

    /// The same for a part of the request, before which its traces take `spent` {byte}.
    pub fn having_spent(&self, spent: u64) -> Self {
        Self {
            spent: Rc::new(Cell::new(spent)),
            ..self.clone()
        }
    }

    /// Fails once the request's time is over.
    ///
    /// # Errors
    /// [`TraceError::Aborted`]
    pub fn check_time(&self) -> Result<(), TraceError> {
        Ok(self.deadline.check()?)
    }
}

/// The names of functions that any tracer takes: in `tracerConfig`, the `name` section of a build by the
/// address of the program.
fn take_names(geth: &mut GethDebugTracingOptions) -> Result<AddressHashMap<Names>, TraceError> {
    let config = geth.tracer_config.0.as_object_mut();
    let Some(names) = config.and_then(|config| config.remove("names")) else {
        return Ok(AddressHashMap::default());
    };
    let wrong = |error: &dyn Display| TraceError::Config(format!("names: {error}"));
    let sections: BTreeMap<Address, Bytes> =
        serde_json::from_value(names).map_err(|error| wrong(&error))?;
    sections
        .into_iter()
        .map(|(program, section)| {
            let names = Names::new(section).map_err(|error| wrong(&error))?;
            Ok((program, names))
        })
        .collect()
}

/// The names in one line.
pub(super) fn names() -> String {
    NAMES.join(", ")
}

/// A Go duration of one unit, such as `5s`, `1.5m` or `250ms`.
fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| c.is_ascii_alphabetic() || c == 'µ')?;
    let (number, unit) = text.split_at(unit);
    let scale_s = match unit {
        "ns" => 1e-9,
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * scale_s).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fork::Stop;

    #[test]
    fn durations_are_gos() {
        assert_eq!(duration("5s"), Some(Duration::from_secs(5)));
        assert_eq!(duration("1.5m"), Some(Duration::from_secs(90)));
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        for wrong in ["", "5", "s", "-1s", "1d", "inf s", "1e400h"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn unknown_tracers_are_refused_with_the_names_of_the_others() {
        let options = |name: &str| {
            let tracer = GethDebugTracerType::JsTracer(name.into());
            let options = GethDebugTracingOptions::default().with_tracer(tracer);
            Options::new(
                options,
                Deadline::after(Duration::from_secs(1), Stop::default()),
            )
        };
        let script = r#"{ "hostio": function() { "evm_delegate_call_contract" } }"#;
        assert_eq!(options(script).unwrap().kind, Kind::Stylus);
        assert_eq!(options(STYLUS).unwrap().kind, Kind::Stylus);
        assert_eq!(options("").unwrap().kind, Kind::Geth);
        let error = options("{ step: function() {} }").unwrap_err().to_string();
        assert!(
            error.contains("'{ step") && error.contains("callTracer"),
            "{error}"
        );
    }
}
