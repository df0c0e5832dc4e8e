//! `stylusTracer`: the host calls of a transaction's programs, frames nested where they were called.
//!
//! What an EVM frame calls has an `evm_` name and no ink. cargo-stylus reads this form; for the
//! bytes of each call see [`crate::stylus::trace`].

use alloy_primitives::{Address, Bytes};
use serde::Serialize;

use super::{
    TraceError,
    frames::{Event, Frames, Seen},
};
use crate::stylus::trace::HostCall;

/// Host calls that call, and so have a frame even where none was made.
const CALLS: [&str; 3] = [
    "call_contract",
    "delegate_call_contract",
    "static_call_contract",
];

/// One host call, or one call of an EVM frame.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    name: &'static str,
    args: Bytes,
    outs: Bytes,
    start_ink: u64,
    end_ink: u64,
    #[serde(flatten)]
    frame: Option<Nested>,
}

/// What a call led to.
#[derive(Debug, Serialize)]
struct Nested {
    address: Address,
    steps: Vec<Step>,
}

impl Frames {
    /// The steps of the first frame.
    ///
    /// # Errors
    /// [`TraceError::TooLarge`] if host calls are missing.
    pub(super) fn into_steps(self) -> Result<Vec<Step>, TraceError> {
        if self.missing > 0 {
            return Err(TraceError::TooLarge);
        }
        // Frames come before those that they call: made from the last to the first, the frames
        // that one calls are there when it is made.
        let mut made: Vec<Option<Nested>> = Vec::new();
        made.resize_with(self.seen.len(), || None);
        for (index, seen) in self.seen.into_iter().enumerate().rev() {
            let nested = nest(seen, &mut made);
            if let Some(place) = made.get_mut(index) {
                *place = Some(nested);
            }
        }
        let root = made.first_mut().and_then(Option::take);
        Ok(root.map_or_else(Vec::new, |root| root.steps))
    }
}

fn nest(seen: Seen, made: &mut [Option<Nested>]) -> Nested {
    let mut take = |index: usize| made.get_mut(index).and_then(Option::take);
    let steps = seen.events.into_iter().map(|event| match event {
        Event::Host(call, frame) => Step::host(call, frame.and_then(&mut take)),
        Event::Frame(name, index) => Step::evm(name, take(index)),
        Event::Destroyed(heir) => Step::evm(
            "evm_self_destruct",
            Some(Nested {
                address: heir,
                steps: Vec::new(),
            }),
        ),
    });
    Nested {
        steps: steps.collect(),
        address: seen.address.unwrap_or_default(),
    }
}

impl Step {
    fn host(call: HostCall, frame: Option<Nested>) -> Self {
        let frame = frame.or_else(|| {
            let address = call.args.get(..20).filter(|_| CALLS.contains(&call.name))?;
            Some(Nested {
                address: Address::from_slice(address),
                steps: Vec::new(),
            })
        });
        Self {
            name: call.name,
            args: call.args.into(),
            outs: call.outs.into(),
            start_ink: call.start_ink,
            end_ink: call.end_ink,
            frame,
        }
    }

    fn evm(name: &'static str, frame: Option<Nested>) -> Self {
        Self {
            name,
            args: Bytes::new(),
            outs: Bytes::new(),
            start_ink: 0,
            end_ink: 0,
            frame,
        }
    }
}
