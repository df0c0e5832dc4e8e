//! `gimbal deploy`

use super::args::{Deploy, Global};
use super::{confirm, context, output};
use crate::amount::{percent, units};
use crate::config::ConfigError;
use crate::deploy::{Deployment, Program, Programs, SystemSpec, deploy_system};
use crate::error::Error;
use crate::rpc::Chain;
use crate::send::Sender;
use alloy::primitives::U256;

pub(super) async fn run(global: &Global, verb: &Deploy) -> eyre::Result<u8> {
    if global.config.is_none() {
        return Err(Error::Config(ConfigError::Missing("--config".into())).into());
    }
    let config = context::config(global)?;
    let programs = Programs::read(&verb.artifacts).map_err(Error::from)?;
    let chain = context::chain(global, &config)?;
    let sender = context::sender(&verb.key, &config, &chain)?;
    let chain_id = context::same_chain(&chain, config.chain_id).await?;
    let spec = config.system(&chain, sender.address()).await?;
    let done = match &verb.out {
        Some(path) if path.exists() => Deployment::read(path).map_err(Error::from)?,
        _ => Deployment::new(chain_id),
    };
    let plan = plan(&chain, &sender, &spec, &programs, chain_id).await?;
    if verb.dry_run {
        output::say(&plan);
        return Ok(0);
    }
    confirm::confirm(&plan, verb.yes)?;
    let deployment = deploy_system(&sender, &spec, &programs, done, |done| match &verb.out {
        Some(path) => done.save(path),
        None => Ok(()),
    })
    .await?;
    if let Some(path) = &verb.out {
        deployment.save(path)?;
    }
    if global.json {
        output::json(&deployment)?;
    } else {
        output::text(&render(&deployment))?;
    }
    Ok(0)
}

async fn plan(
    chain: &Chain,
    sender: &Sender,
    spec: &SystemSpec,
    programs: &Programs,
    chain_id: u64,
) -> Result<String, Error> {
    let balance = chain.balance(sender.address()).await?;
    let size = |program: &Program| format!("{} {} bytes of code", program.name, program.code.len());
    let mut lines = vec![
        format!(
            "deploy {:?} ({}) to chain {chain_id} at {}",
            spec.name,
            spec.symbol,
            chain.endpoint()
        ),
        format!(
            "owner and payer {}, balance {} ETH",
            sender.address(),
            units(balance, 18, 6)
        ),
        format!(
            "programs: {}, {}, {}",
            size(&programs.vault),
            size(&programs.engine),
            size(&programs.adapter)
        ),
    ];
    for (i, asset) in spec.assets.iter().enumerate() {
        let (engine, role) = (
            &asset.engine,
            if i == spec.reference {
                " (reference)"
            } else {
                ""
            },
        );
        lines.push(format!(
            "asset {i}{role}: {} target {} band {} bps",
            engine.token,
            percent(U256::from(engine.target)),
            engine.band
        ));
    }
    lines.push(match &spec.genesis {
        Some(genesis) => format!(
            "seed: {} shares for {:?} (base units)",
            units(genesis.shares, 18, 4),
            genesis.amounts
        ),
        None => "no seed: the vault will wait for genesis".into(),
    });
    Ok(lines.join("\n"))
}

fn render(deployment: &Deployment) -> String {
    let address = |address: Option<alloy::primitives::Address>| {
        address.map_or_else(|| "-".into(), |a| a.to_string())
    };
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY);
    table.set_header(["step", "gas", "transaction"]);
    for step in &deployment.steps {
        table.add_row([
            step.step.clone(),
            step.gas_used.to_string(),
            step.tx.to_string(),
        ]);
    }
    format!(
        "vault   {}\nengine  {}\nadapter {}\n{table}\ngas     {}",
        address(deployment.vault),
        address(deployment.engine),
        address(deployment.adapter),
        deployment.gas_used()
    )
}
