//! `callTracer`'s tree, with what geth's frames do not tell of programs.

use alloy_rpc_types_trace::geth::CallFrame;
use serde::Serialize;

use super::frames::{Frames, Seen, Vm};

/// A frame as geth has it, and which machine ran it.
///
/// A program's frame that failed tells why: in `error` where geth's words are of EVM code, in
/// `revertReason` where it trapped.
#[derive(Debug, Serialize)]
pub struct Frame {
    /// Geth's frame, without its calls.
    #[serde(flatten)]
    frame: CallFrame,
    /// The machine; none where no code ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    vm: Option<Vm>,
    /// The calls in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    calls: Vec<Frame>,
}

impl Frame {
    /// Joins geth's tree with what was seen. Both are in order of the frames' starts.
    pub(super) fn join(root: CallFrame, frames: &Frames) -> Self {
        Self::take(root, &mut frames.seen().iter())
    }

    fn take(mut frame: CallFrame, seen: &mut std::slice::Iter<'_, Seen>) -> Self {
        // Geth shows a self-destruct as a call, which is no frame.
        let noted = match frame.typ.as_str() {
            "SELFDESTRUCT" => None,
            _ => seen.next(),
        };
        if let Some(reason) = noted.and_then(|noted| noted.reason.clone()) {
            match frame.error.as_deref() {
                Some("execution reverted") => frame.revert_reason = Some(reason),
                Some(_) => frame.error = Some(reason),
                None => {}
            }
        }
        let calls = std::mem::take(&mut frame.calls);
        Self {
            vm: noted.and_then(|noted| noted.vm),
            calls: calls
                .into_iter()
                .map(|call| Self::take(call, seen))
                .collect(),
            frame,
        }
    }
}
