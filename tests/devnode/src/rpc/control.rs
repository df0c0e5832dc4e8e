//! Methods of test nodes: time, snapshots, edits, impersonation, dumps.
//!
//! Names follow anvil; hardhat's are accepted too.

use alloy_primitives::{Address, B256, Bytes, U256};
use jsonrpsee::{
    server::RegisterMethodError,
    types::{ErrorObjectOwned, Params},
};
use revm::state::Bytecode;

use super::{
    args::Args,
    error::RpcError,
    methods::{Methods, SharedApi, off_thread},
};
use crate::{
    chain::{Chain, state::account::Basic},
    config,
};

/// {byte} Largest dump that an answer holds, and a request that loads it: both are in hex.
const DUMP_MAX: usize = config::BODY_MAX as usize / 2 - 1_024;

/// Registers the methods.
pub fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    methods.write(&["evm_snapshot", "anvil_snapshot"], |chain, _| {
        Ok(U256::from(chain.snapshot()))
    })?;
    methods.write(&["evm_revert", "anvil_revert"], |chain, args| {
        Ok(chain.revert(args.number()?))
    })?;
    methods.write(&["evm_increaseTime", "anvil_increaseTime"], increase_time)?;
    methods.write(
        &["evm_setNextBlockTimestamp", "anvil_setNextBlockTimestamp"],
        set_next_time,
    )?;
    methods.write(&["evm_setTime", "anvil_setTime"], set_time)?;
    methods.write(&["anvil_setBlockTimestampInterval"], |chain, args| {
        chain.clock.set_interval(Some(args.number()?));
        Ok(())
    })?;
    methods.write(&["anvil_removeBlockTimestampInterval"], |chain, _| {
        chain.clock.set_interval(None);
        Ok(true)
    })?;
    methods.write(
        &[
            "anvil_setBalance",
            "hardhat_setBalance",
            "tenderly_setBalance",
        ],
        set_balance,
    )?;
    methods.write(
        &[
            "anvil_addBalance",
            "hardhat_addBalance",
            "tenderly_addBalance",
        ],
        |chain, args| {
            let (address, more): (_, U256) = (args.required()?, args.required()?);
            edit(chain, address, |basic| {
                basic.balance = basic.balance.saturating_add(more)
            })
        },
    )?;
    methods.write(&["anvil_setCode", "hardhat_setCode"], set_code)?;
    methods.write(&["anvil_setStorageAt", "hardhat_setStorageAt"], set_storage)?;
    methods.write(
        &["anvil_setNonce", "hardhat_setNonce", "evm_setAccountNonce"],
        set_nonce,
    )?;
    methods.write(
        &["anvil_impersonateAccount", "hardhat_impersonateAccount"],
        |chain, args| {
            chain.impersonated.insert(args.required()?);
            Ok(())
        },
    )?;
    methods.write(
        &[
            "anvil_stopImpersonatingAccount",
            "hardhat_stopImpersonatingAccount",
        ],
        |chain, args| {
            chain.impersonated.remove(&args.required::<Address>()?);
            Ok(())
        },
    )?;
    methods.write(
        &[
            "anvil_autoImpersonateAccount",
            "hardhat_autoImpersonateAccount",
        ],
        |chain, args| {
            chain.impersonate_all = args.required()?;
            Ok(())
        },
    )?;
    methods.write(&["anvil_loadState", "hardhat_loadState"], |chain, args| {
        chain.load_any(&args.required::<Bytes>()?)?;
        Ok(true)
    })?;
    for name in ["anvil_dumpState", "hardhat_dumpState"] {
        methods
            .module()
            .register_async_method(name, |_: Params<'static>, api, _| dump(api))?;
    }
    Ok(())
}

/// Also writes the state file, if the node has one.
async fn dump(api: SharedApi) -> Result<Bytes, ErrorObjectOwned> {
    off_thread(move || {
        api.save()?;
        Ok(Bytes::from(api.read().dump_within(DUMP_MAX)?))
    })
    .await
}

/// {s} The whole shift of the clock so far.
fn increase_time(chain: &mut Chain, args: &mut Args<'_>) -> Result<i64, RpcError> {
    chain.clock.increase(args.number()?);
    Ok(chain.clock.offset_s)
}

fn set_next_time(chain: &mut Chain, args: &mut Args<'_>) -> Result<(), RpcError> {
    let next = not_past(chain, args.number()?)?;
    chain.clock.set_next(next);
    Ok(())
}

fn set_time(chain: &mut Chain, args: &mut Args<'_>) -> Result<i64, RpcError> {
    let now = not_past(chain, args.number()?)?;
    chain.clock.set(now);
    Ok(chain.clock.offset_s)
}

/// Blocks never go back in time: an earlier clock would only stand still until it caught up.
pub(super) fn not_past(chain: &Chain, time: u64) -> Result<u64, RpcError> {
    let last = chain.head().header.timestamp;
    if time < last {
        return Err(RpcError::BadArguments(format!(
            "timestamp {time} is lower than the last block's, {last}"
        )));
    }
    Ok(time)
}

fn set_balance(chain: &mut Chain, args: &mut Args<'_>) -> Result<(), RpcError> {
    let (address, balance) = (args.required()?, args.required()?);
    edit(chain, address, |basic| basic.balance = balance)
}

fn set_nonce(chain: &mut Chain, args: &mut Args<'_>) -> Result<(), RpcError> {
    let (address, nonce) = (args.required()?, args.number()?);
    edit(chain, address, |basic| basic.nonce = nonce)
}

fn edit(
    chain: &mut Chain,
    address: Address,
    change: impl FnOnce(&mut Basic),
) -> Result<(), RpcError> {
    let mut basic = chain.state.basic(&address)?.unwrap_or_default();
    change(&mut basic);
    Ok(chain.state.set_basic(address, Some(basic))?)
}

fn set_code(chain: &mut Chain, args: &mut Args<'_>) -> Result<(), RpcError> {
    let (address, code) = (args.required()?, args.required::<Bytes>()?);
    let code = Bytecode::new_raw_checked(code)
        .map_err(|error| RpcError::BadArguments(error.to_string()))?;
    Ok(chain.state.set_code(address, code)?)
}

fn set_storage(chain: &mut Chain, args: &mut Args<'_>) -> Result<bool, RpcError> {
    let (address, slot): (Address, U256) = (args.required()?, args.required()?);
    let value: B256 = args.required()?;
    chain.state.set_slot(address, slot, value.into())?;
    Ok(true)
}
