//! Printing and measuring, on debug chains. All of it is free.

use std::fmt::Display;

use wasmtime::{Caller, Linker};

use super::signature::{CONSOLE, DEBUG};
use crate::stylus::host::{Host, HostState};

/// Target of what programs print.
const TARGET: &str = "stylus::console";

/// Defines the modules `console` and `debug`.
pub(super) fn link(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    let log_txt = |caller: Caller<'_, HostState>, ptr: u32, len: u32| -> wasmtime::Result<()> {
        let host = Host::new(caller)?;
        print(String::from_utf8_lossy(host.read(ptr, len)?));
        Ok(())
    };
    linker.func_wrap(CONSOLE, "log_txt", log_txt)?;
    linker.func_wrap(CONSOLE, "log_i32", |value: u32| print(value))?;
    linker.func_wrap(CONSOLE, "log_i64", |value: u64| print(value))?;
    linker.func_wrap(CONSOLE, "log_f32", |value: f32| print(value))?;
    linker.func_wrap(CONSOLE, "log_f64", |value: f64| print(value))?;
    linker.func_wrap(CONSOLE, "tee_i32", tee::<u32>)?;
    linker.func_wrap(CONSOLE, "tee_i64", tee::<u64>)?;
    linker.func_wrap(CONSOLE, "tee_f32", tee::<f32>)?;
    linker.func_wrap(CONSOLE, "tee_f64", tee::<f64>)?;
    for name in ["null_host", "start_benchmark", "end_benchmark"] {
        linker.func_wrap(DEBUG, name, || {})?;
    }
    Ok(())
}

fn print(value: impl Display) {
    tracing::info!(target: TARGET, "{value}");
}

fn tee<N: Display + Copy>(value: N) -> N {
    print(value);
    value
}
