//! The Stylus VM, without any EVM in it.
//!
//! A program on chain is brotli-compressed wasm behind a prefix ([`code`]). Activating it
//! ([`activate`]) validates the wasm, rewrites it so that it meters itself, and predicts what starting
//! it costs. A [`Compiler`] turns the rewritten wasm into a [`Program`], and a [`Run`] executes that.
//!
//! A run never calls out. Where it needs the EVM it stops with a [`Request`] and goes on when it is
//! resumed with the [`Reply`]; so nested calls do not nest host stacks, and the EVM around it keeps its
//! frames where it likes. One that computes for long pauses, so that it can be ended:
//!
//! ```text
//! let mut step = run.resume(None)?;
//! loop {
//!     match step {
//!         Step::Ask(request) => step = run.resume(Some(answer(request)))?,
//!         Step::Pause => step = run.resume(None)?,
//!         Step::Done(outcome) => return outcome,
//!     }
//! }
//! ```
//!
//! | module | owns |
//! |---|---|
//! | [`rules`] | version gates and stored parameters |
//! | [`code`] | prefixes, fragments, compression |
//! | `module`, `validate` | reading wasm, and what programs may hold |
//! | `instrument` | the four rewriting passes and the operators' prices |
//! | `estimate`, `activate` | predicted costs, gas of an activation, and the whole of it |
//! | `program`, `kept`, `engine`, `weight` | compiling, what is kept of that, the engines' configuration, and which one is for what |
//! | [`entry`], `run`, `end` | what a run starts and ends with, driving it, and how it ended |
//! | [`request`], `mailbox` | questions to the EVM, their answers, and how they pass |
//! | `host`, `hostio`, `cache` | meter and memory access, the host functions, the storage cache |
//! | `pricing`, [`memory`] | ink of host functions, gas of memory pages |
//! | [`inspect`], `refusal` | what a program is and will cost, or why it is refused |
//! | [`trace`] | records of host calls |
//! | [`names`] | names of functions that a program was deployed without |
//! | `trap`, `panic` | where and why a program stopped, and what Rust panics say |
//! | [`vectors`] | running conformance vectors against a small made-up EVM |

mod activate;
mod cache;
pub mod code;
mod demangled;
mod end;
mod engine;
pub mod entry;
mod estimate;
mod host;
mod hostio;
pub mod inspect;
mod instrument;
mod kept;
mod mailbox;
pub mod memory;
mod module;
pub mod names;
mod panic;
mod pricing;
mod program;
mod refusal;
pub mod request;
pub mod rules;
mod run;
#[cfg(test)]
mod tests;
pub mod trace;
mod trap;
mod validate;
pub mod vectors;
mod weight;

pub use activate::{Activation, ActivationError, activate};
pub use entry::{Entry, EvmData, Outcome, OutcomeKind};
pub use estimate::ActivationGas;
pub use panic::{Panic, Place};
pub use program::{CompileError, Compiler, LoadError, Program, Work};
pub use request::{CallKind, CreateKind, FlushOutcome, Reply, Request};
pub use rules::{ArbosVersion, Rules};
pub use run::{Run, RunError, Step};
pub use trap::{TrapKind, TrapReport};
