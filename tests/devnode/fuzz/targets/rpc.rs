//! No sequence of requests makes the node panic, fail or fall apart.

#![no_main]

use devnode_fuzz::rpc::{Requests, exercise};

libfuzzer_sys::fuzz_target!(|requests: Requests| exercise(&requests));
