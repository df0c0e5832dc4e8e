//! `gimbal status`

use super::args::{Global, Status};
use super::{HALTED, OUT_OF_BAND, context, output};
use crate::snapshot::Mode;
use crate::status;

pub(super) async fn run(global: &Global, verb: &Status) -> eyre::Result<u8> {
    let config = context::config(global)?;
    let chain = context::chain(global, &config)?;
    context::same_chain(&chain, config.chain_id).await?;
    let addresses = context::addresses(global, &config, &chain).await?;
    let report = status::read(&chain, addresses, &config.policy(), verb.keeper).await?;
    if global.json {
        output::json(&report)?;
    } else {
        output::text(&report.render())?;
    }
    Ok(match (verb.exit_code, report.mode, report.in_band) {
        (true, Mode::Halted | Mode::Killed, _) => HALTED,
        (true, Mode::Active, Some(false)) => OUT_OF_BAND,
        _ => 0,
    })
}
