//! The steps of a deployment, each of which looks first whether it is done.

use alloy::primitives::{Address, U256};
use alloy::sol_types::{SolCall, SolValue};
use gimbal_abi::token::IERC20;
use gimbal_abi::{IEngine, IVault};

use super::spec::padded;
use super::{Deployment, Program, Programs, SystemSpec, create};
use crate::error::Error;
use crate::send::{Action, Sender};

/// Builds `spec` with `sender` as the owner, going on from `done`. `saved` sees the record after every transaction, so
/// that an interrupted deployment can be resumed.
///
/// Order: vault, adapter, engine; engine and venue registered with the vault, venue with the engine; keepers; quotas;
/// the seed.
///
/// # Errors
///
/// [`Error::Config`] before anything is sent, otherwise that of the failed step.
pub async fn deploy_system(
    sender: &Sender,
    spec: &SystemSpec,
    programs: &Programs,
    done: Deployment,
    saved: impl FnMut(&Deployment) -> Result<(), Error>,
) -> Result<Deployment, Error> {
    spec.check()?;
    let chain_id = sender.chain().chain_id().await?;
    if done.chain_id != chain_id {
        return Err(Error::WrongChain {
            endpoint: sender.chain().endpoint().to_string(),
            got: chain_id,
            want: done.chain_id,
        });
    }
    let mut work = Work {
        sender,
        done,
        saved,
    };
    let (vault, adapter, engine) = programs_of(&mut work, spec, programs).await?;
    wire(&mut work, spec, vault, adapter, engine).await?;
    seed(&mut work, spec, vault).await?;
    Ok(work.done)
}

struct Work<'a, F> {
    sender: &'a Sender,
    done: Deployment,
    saved: F,
}

impl<F: FnMut(&Deployment) -> Result<(), Error>> Work<'_, F> {
    async fn view<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return, Error> {
        let seen = self.sender.chain().view(to, call).await;
        seen.map_err(|error| Error::of_call(C::SIGNATURE, error))
    }

    async fn send(&mut self, step: String, to: Address, call: &impl SolCall) -> Result<(), Error> {
        let receipt = self.sender.send(&Action::new(&step, to, call)).await?;
        self.done.log(step, &receipt);
        (self.saved)(&self.done)
    }

    /// The recorded address if there is code at it, else a new program.
    async fn program(
        &mut self,
        program: &Program,
        recorded: Option<Address>,
        arguments: Vec<u8>,
        keep: fn(&mut Deployment, Address),
    ) -> Result<Address, Error> {
        if let Some(address) = recorded {
            if !self.sender.chain().code(address).await?.is_empty() {
                return Ok(address);
            }
            let name = program.name;
            return Err(Error::Mismatch(format!(
                "there is no code at {address}, the recorded {name}: the record is of another chain state"
            )));
        }
        let (address, receipts) = create(self.sender, program, &arguments).await?;
        keep(&mut self.done, address);
        for (i, receipt) in receipts.iter().enumerate() {
            let whole = i + 1 == receipts.len();
            let part = if whole {
                String::new()
            } else {
                format!(" fragment {i}")
            };
            self.done
                .log(format!("deploy {}{part}", program.name), receipt);
        }
        (self.saved)(&self.done)?;
        Ok(address)
    }
}

async fn programs_of<F: FnMut(&Deployment) -> Result<(), Error>>(
    work: &mut Work<'_, F>,
    spec: &SystemSpec,
    programs: &Programs,
) -> Result<(Address, Address, Address), Error> {
    let owner = work.sender.address();
    let arguments = (
        owner,
        spec.guardian,
        spec.tokens(),
        padded(&spec.name),
        padded(&spec.symbol),
    );
    let recorded = work.done.vault;
    let vault = work
        .program(
            &programs.vault,
            recorded,
            arguments.abi_encode_params(),
            |done, at| done.vault = Some(at),
        )
        .await?;

    let arguments = (spec.factory, vault);
    let recorded = work.done.adapter;
    let adapter = work
        .program(
            &programs.adapter,
            recorded,
            arguments.abi_encode_params(),
            |done, at| done.adapter = Some(at),
        )
        .await?;

    let assets: Vec<IEngine::Asset> = spec
        .assets
        .iter()
        .map(|asset| asset.engine.clone())
        .collect();
    let arguments = (
        vault,
        spec.sequencer_feed,
        U256::from(spec.reference),
        assets,
        spec.limits.clone(),
    );
    let recorded = work.done.engine;
    let engine = work
        .program(
            &programs.engine,
            recorded,
            arguments.abi_encode_params(),
            |done, at| done.engine = Some(at),
        )
        .await?;
    Ok((vault, adapter, engine))
}

async fn wire<F: FnMut(&Deployment) -> Result<(), Error>>(
    work: &mut Work<'_, F>,
    spec: &SystemSpec,
    vault: Address,
    adapter: Address,
    engine: Address,
) -> Result<(), Error> {
    if work.view(vault, &IVault::engineCall {}).await? != engine {
        work.send(
            "vault.setEngine".into(),
            vault,
            &IVault::setEngineCall { engine },
        )
        .await?;
    }
    if !work
        .view(vault, &IVault::isVenueCall { venue: adapter })
        .await?
    {
        let call = IVault::setVenueCall {
            venue: adapter,
            allowed: true,
        };
        work.send("vault.setVenue".into(), vault, &call).await?;
    }
    if !work
        .view(engine, &IEngine::venuesCall {})
        .await?
        .contains(&adapter)
    {
        work.send(
            "engine.addVenue".into(),
            engine,
            &IEngine::addVenueCall { venue: adapter },
        )
        .await?;
    }
    for keeper in &spec.keepers {
        if !work
            .view(engine, &IEngine::isKeeperCall { account: *keeper })
            .await?
        {
            let call = IEngine::setKeeperCall {
                keeper: *keeper,
                allowed: true,
            };
            work.send(format!("engine.setKeeper {keeper}"), engine, &call)
                .await?;
        }
    }
    for asset in &spec.assets {
        let (token, Some(bps)) = (asset.engine.token, asset.quota_bps) else {
            continue;
        };
        // {D18} = {bps} * {D18/bps}
        let wanted = U256::from(bps) * U256::from(100_000_000_000_000_u64);
        if work
            .view(vault, &IVault::quotaCall { asset: token })
            .await?
            .cap
            != wanted
        {
            let call = IVault::setQuotaCall {
                asset: token,
                outBps: bps,
            };
            work.send(format!("vault.setQuota {token}"), vault, &call)
                .await?;
        }
    }
    Ok(())
}

async fn seed<F: FnMut(&Deployment) -> Result<(), Error>>(
    work: &mut Work<'_, F>,
    spec: &SystemSpec,
    vault: Address,
) -> Result<(), Error> {
    let Some(genesis) = &spec.genesis else {
        return Ok(());
    };
    if !work
        .view(vault, &IVault::totalSupplyCall {})
        .await?
        .is_zero()
    {
        return Ok(());
    }
    let owner = work.sender.address();
    for (token, amount) in spec.tokens().into_iter().zip(&genesis.amounts) {
        let allowed = work
            .view(
                token,
                &IERC20::allowanceCall {
                    owner,
                    spender: vault,
                },
            )
            .await?;
        if allowed < *amount {
            let call = IERC20::approveCall {
                spender: vault,
                value: *amount,
            };
            work.send(format!("approve {token}"), token, &call).await?;
        }
    }
    let call = IVault::genesisCall {
        amounts: genesis.amounts.clone(),
        shares: genesis.shares,
    };
    work.send("vault.genesis".into(), vault, &call).await
}
