//! `inspect`: a report on a program.

use std::{
    fmt::Write,
    io::{self, Read, Write as _},
    path::PathBuf,
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use alloy_primitives::{U256, utils::format_ether};
use clap::Args;
use eyre::{WrapErr, bail};
use serde_json::{Value, json};
use stylus_devnode::{
    arbos::pricer::DataPricer,
    config,
    stylus::{
        ArbosVersion, Rules,
        inspect::{Costs, Inspection, Parts, inspect as inspect_program},
    },
};

/// Say what a Stylus program is and costs, or why it would be rejected
///
/// Exit status: 0 accepted, 1 rejected, 2 not readable.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Wasm or its text form (.wat); - reads standard input
    file: PathBuf,
    /// ArbOS version whose rules apply
    #[arg(long, default_value_t = config::ARBOS_VERSION, value_parser = clap::value_parser!(u64).range(30..=61))]
    arbos_version: u64,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// With which every wasm begins.
const MAGIC: &[u8] = b"\0asm";

/// Exit status where there is nothing to accept or reject.
const UNREADABLE: u8 = 2;

/// Prints the report.
pub(super) fn inspect(flags: &Flags) -> ExitCode {
    report(flags).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(UNREADABLE)
    })
}

fn report(flags: &Flags) -> eyre::Result<ExitCode> {
    let name = flags.file.display();
    let mut bytes = Vec::new();
    match flags.file.as_os_str() == "-" {
        true => drop(io::stdin().read_to_end(&mut bytes)?),
        false => bytes = std::fs::read(&flags.file).wrap_err_with(|| name.to_string())?,
    }
    if !bytes.starts_with(MAGIC) && std::str::from_utf8(&bytes).is_err() {
        bail!("{name}: neither wasm, which begins with 00 61 73 6d, nor its text form");
    }
    let wasm = wat::parse_bytes(&bytes).wrap_err_with(|| name.to_string())?;
    let inspection = inspect_program(&wasm, &Rules::new(ArbosVersion(flags.arbos_version)));
    let text = match flags.json {
        true => format!("{}\n", json_report(&inspection, flags.arbos_version)),
        false => text_report(&inspection, flags.arbos_version)?,
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(match inspection.refusal {
        Some(_) => ExitCode::FAILURE,
        None => ExitCode::SUCCESS,
    })
}

/// {wei} For a program on a chain that has not activated others lately.
fn data_fee(costs: &Costs) -> U256 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    DataPricer::default().charge(costs.asm_estimate, now.map_or(0, |now| now.as_secs()))
}

fn json_report(inspection: &Inspection, arbos_version: u64) -> Value {
    let refusal = inspection.refusal.as_ref().map(|refusal| {
        let place = refusal.place.as_ref();
        json!({
            "reason": refusal.reason,
            "function": place.and_then(|place| place.function),
            "function_name": place.and_then(|place| place.name.clone()),
            "offset": place.and_then(|place| place.offset),
            "advice": refusal.advice,
        })
    });
    json!({
        "schema": "stylus-devnode.inspect/1",
        "accepted": refusal.is_none(),
        "refusal": refusal,
        "arbos_version": arbos_version,
        "stylus_version": inspection.stylus_version,
        "wasm_bytes": inspection.wasm_len,
        "wasm_bytes_max": inspection.wasm_len_max,
        "compressed_bytes": inspection.compressed_len,
        "compressed_bytes_max": inspection.compressed_len_max,
        "code_bytes": inspection.code_len(),
        "fragments": inspection.fragments,
        "parts": inspection.parts.as_ref().map(json_parts),
        "costs": inspection.costs.as_ref().map(json_costs),
    })
}

fn json_parts(parts: &Parts) -> Value {
    json!({
        "pages": parts.pages,
        "pages_max": parts.pages_max,
        "grows": parts.grows,
        "functions": parts.functions,
        "globals": parts.globals,
        "exports": parts.exports,
        "imports": parts.imports,
        "reentrancy_guard": parts.reentrancy_guard,
        "named_functions": parts.named_functions,
    })
}

fn json_costs(costs: &Costs) -> Value {
    let activation = &costs.activation;
    json!({
        "init_cost": costs.init_cost,
        "cached_cost": costs.cached_cost,
        "asm_estimate_bytes": costs.asm_estimate,
        "memory_gas": costs.memory_gas,
        "call_gas": costs.call_gas,
        "cached_call_gas": costs.cached_call_gas,
        "activation_gas": activation.total(),
        "activation_gas_parts": {
            "wasm_bytes": activation.wasm_len,
            "functions": activation.functions,
            "data": activation.data,
            "elements": activation.elements,
            "pages": activation.pages,
            "operators": activation.ops,
        },
        "activation_gas_total": costs.activation_total,
        "data_fee_wei": data_fee(costs).to_string(),
    })
}

fn text_report(inspection: &Inspection, arbos_version: u64) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    let out = &mut text;
    match &inspection.refusal {
        Some(refusal) => writeln!(out, "rejected: {refusal}\n")?,
        None => writeln!(
            out,
            "accepted for Stylus {} (ArbOS {arbos_version})\n",
            inspection.stylus_version
        )?,
    }
    let (len, max) = (inspection.wasm_len, inspection.wasm_len_max);
    writeln!(out, "wasm         {len} bytes of at most {max}")?;
    let (len, max) = (inspection.compressed_len, inspection.compressed_len_max);
    writeln!(out, "compressed   {len} bytes of at most {max}")?;
    let held = match inspection.fragments {
        0 => "one contract".into(),
        n => format!("a root and {n} fragments"),
    };
    writeln!(out, "deployed     {} bytes, {held}", inspection.code_len())?;
    if let Some(parts) = &inspection.parts {
        text_parts(out, parts)?;
    }
    if let Some(costs) = &inspection.costs {
        text_costs(out, costs)?;
    }
    Ok(text)
}

fn text_parts(out: &mut String, parts: &Parts) -> std::fmt::Result {
    let growth = match (parts.grows, parts.pages_max) {
        (false, _) => "fixed".into(),
        (true, None) => "can grow".into(),
        (true, Some(max)) => format!("can grow to {max}"),
    };
    writeln!(out, "memory       {} pages, {growth}", parts.pages)?;
    let (functions, globals, exports) = (parts.functions, parts.globals, parts.exports.len());
    let named = parts.named_functions;
    writeln!(
        out,
        "functions    {functions} defined, {named} with names; {globals} globals, {exports} exports"
    )?;
    let guard = if parts.reentrancy_guard { "yes" } else { "no" };
    writeln!(out, "re-entrancy  asks msg_reentrant: {guard}")?;
    writeln!(out, "imports      {}", parts.imports.join(" "))
}

fn text_costs(out: &mut String, costs: &Costs) -> std::fmt::Result {
    let (init, cached) = (costs.init_cost, costs.cached_cost);
    writeln!(
        out,
        "\nstored costs init {init}, cached {cached}, native code {} bytes",
        costs.asm_estimate
    )?;
    writeln!(
        out,
        "call         {} gas to start it, {} if a cache holds it, of that {} for memory",
        costs.call_gas, costs.cached_call_gas, costs.memory_gas
    )?;
    writeln!(
        out,
        "activation   {} gas, of that {} for this program's size",
        costs.activation_total,
        costs.activation.total()
    )?;
    let fee = data_fee(costs);
    writeln!(
        out,
        "data fee     {} ETH when no other program was activated lately",
        format_ether(fee)
    )
}
