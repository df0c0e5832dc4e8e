//! Seeing panics: the functions that a Rust panic goes through note their arguments.
//!
//! Only what is compiled for looking at a run gets this, and no price, depth or limit knows of it: the
//! operators are added behind all passes, and the globals behind the meter.

use wasmparser::{Operator, ValType};

use super::emit::{i32, op, set};
use crate::stylus::{
    demangled::demangled,
    module::{Module, Op},
};

/// A function of Rust's library that is on the way of a panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stylus) enum Seen {
    /// `panic_fmt(template, arguments, location)`, or `(&Arguments, location)` before Rust 1.93.
    PanicFmt,
    /// `rust_begin_unwind(&PanicInfo)`: the panic handler.
    Handler,
    /// `panic(text, length, location)`, and `Option::expect`'s failure, which has the same parameters.
    Text,
    /// `panic_bounds_check(index, length, location)`.
    Bounds,
    /// `Option::unwrap`'s failure: `(location)`.
    Unwrap,
}

/// Each function by its name, and how many parameters it may have, all i32.
const FUNCTIONS: [(&str, Seen, &[usize]); 7] = [
    ("core::panicking::panic_fmt", Seen::PanicFmt, &[2, 3]),
    ("rust_begin_unwind", Seen::Handler, &[1]),
    ("__rustc::rust_begin_unwind", Seen::Handler, &[1]),
    ("core::panicking::panic", Seen::Text, &[3]),
    ("core::option::expect_failed", Seen::Text, &[3]),
    ("core::panicking::panic_bounds_check", Seen::Bounds, &[3]),
    ("core::option::unwrap_failed", Seen::Unwrap, &[1]),
];

/// Most functions watched, whatever the names say.
const WATCHES_MAX: usize = 16;

/// {byte} Longest mangled name that is looked at.
const NAME_LEN_MAX: usize = 256;

/// A function of the module that notes its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::stylus) struct Watch {
    pub(in crate::stylus) seen: Seen,
    /// Number of parameters.
    pub(in crate::stylus) params: u32,
    function: u32,
    /// The first of its globals: whether it was called, then its arguments.
    global: u32,
}

impl Watch {
    /// The functions to be watched, with globals from `first_global` on.
    pub(in crate::stylus) fn find(module: &Module<'_>, first_global: u32) -> Vec<Self> {
        let mut global = first_global;
        let mut watches: Vec<Self> = Vec::new();
        for (function, name) in &module.function_names {
            if watches.len() == WATCHES_MAX {
                break;
            }
            // A function may have several names.
            let is_watched = watches.iter().any(|watch| watch.function == *function);
            if is_watched || name.len() > NAME_LEN_MAX {
                continue;
            }
            let Some(name) = demangled(name) else {
                continue;
            };
            let known = FUNCTIONS.iter().find(|(known, ..)| *known == name);
            let (Some((_, seen, counts)), Ok(signature)) = (known, module.signature(*function))
            else {
                continue;
            };
            let params = signature.params();
            let fits =
                counts.contains(&params.len()) && params.iter().all(|ty| *ty == ValType::I32);
            if fits {
                let watch = Self {
                    seen: *seen,
                    params: params.len() as u32,
                    function: *function,
                    global,
                };
                global += watch.globals();
                watches.push(watch);
            }
        }
        watches
    }

    /// How many globals it has.
    pub(super) fn globals(&self) -> u32 {
        1 + self.params
    }

    /// The globals with the names that they are exported under.
    pub(super) fn exports(&self) -> impl Iterator<Item = (String, u32)> + '_ {
        (0..self.globals()).map(|n| (self.export(n), self.global + n))
    }

    /// Name of a global: that of the call for 0, then those of the arguments.
    pub(in crate::stylus) fn export(&self, n: u32) -> String {
        format!("seen.{}.{n}", self.function)
    }

    /// Adds the operators to the function's body.
    pub(super) fn note<'a>(&self, ops: Vec<Op<'a>>) -> Vec<Op<'a>> {
        let mut noting = vec![i32(1), set(self.global)];
        for local_index in 0..self.params {
            noting.extend([
                op(Operator::LocalGet { local_index }),
                set(self.global + 1 + local_index),
            ]);
        }
        noting.extend(ops);
        noting
    }

    /// Whether this is the watch of a function.
    pub(super) fn is_of(&self, function: u32) -> bool {
        self.function == function
    }
}
