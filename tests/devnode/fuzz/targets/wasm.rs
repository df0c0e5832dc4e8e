//! No bytes make activation, compilation or a run panic, and runs are deterministic.

#![no_main]

use devnode_fuzz::program::{Case, exercise};

libfuzzer_sys::fuzz_target!(|case: Case| exercise(&case));
