//! Printing and measuring, on debug chains. All of it is free.

use std::fmt::Display;

use wasmtime::{Caller, Linker};

use super::signature::{CONSOLE, DEBUG};
use crate::stylus::host::{Failed, Host, HostState};

/// Target of what programs print.
const TARGET: &str = "stylus::console";

/// Defines the modules `console` and `debug`.
pub(super) fn link(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    let log_txt = |caller: Caller<'_, HostState>, ptr: u32, len: u32| -> wasmtime::Result<()> {
        let failed = |error| Failed {
            function: "log_txt",
            error,
        };
        let mut host = Host::new(caller).map_err(failed)?;
        let text = host.read(ptr, len).map_err(failed)?.to_vec();
        print(&host, String::from_utf8_lossy(&text));
        host.record("console_log_text", &[&text], &[]);
        Ok(())
    };
    linker.func_wrap(CONSOLE, "log_txt", log_txt)?;
    linker.func_wrap(CONSOLE, "log_i32", log::<u32>)?;
    linker.func_wrap(CONSOLE, "log_i64", log::<u64>)?;
    linker.func_wrap(CONSOLE, "log_f32", log::<f32>)?;
    linker.func_wrap(CONSOLE, "log_f64", log::<f64>)?;
    linker.func_wrap(CONSOLE, "tee_i32", tee::<u32>)?;
    linker.func_wrap(CONSOLE, "tee_i64", tee::<u64>)?;
    linker.func_wrap(CONSOLE, "tee_f32", tee::<f32>)?;
    linker.func_wrap(CONSOLE, "tee_f64", tee::<f64>)?;
    for name in ["null_host", "start_benchmark", "end_benchmark"] {
        linker.func_wrap(DEBUG, name, || {})?;
    }
    Ok(())
}

/// To the node's log, with the acting account.
fn print(host: &Host<'_>, value: impl Display) {
    let contract = host.state().data.contract_address;
    tracing::info!(target: TARGET, %contract, "{value}");
}

fn log<N: Display>(caller: Caller<'_, HostState>, value: N) -> wasmtime::Result<()> {
    let mut host = Host::new(caller).map_err(|error| Failed {
        function: "console",
        error,
    })?;
    print(&host, &value);
    if host.is_recorded() {
        host.record("console_log", &[value.to_string().as_bytes()], &[]);
    }
    Ok(())
}

fn tee<N: Display + Copy>(caller: Caller<'_, HostState>, value: N) -> wasmtime::Result<N> {
    log(caller, value)?;
    Ok(value)
}
