//! Accounts: balance, code, storage, nonce.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U64, U256};
use jsonrpsee::server::RegisterMethodError;

use super::{args::Args, error::RpcError, methods::Methods};
use crate::{
    chain::{Chain, state::view::View},
    fork::StateError,
};

/// Most slots that one request may ask for: each may be a read of an upstream.
const SLOTS_MAX: usize = 1_024;

/// Registers the methods.
pub fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    methods.read(&["eth_accounts", "eth_requestAccounts"], |chain, _| {
        Ok(chain.wallet.accounts.clone())
    })?;
    methods.read(&["eth_getBalance"], balance)?;
    methods.read(&["eth_getCode"], code)?;
    methods.read(&["eth_getStorageAt"], storage)?;
    methods.read(&["eth_getStorageValues"], storage_values)?;
    methods.read(&["eth_getTransactionCount"], nonce)
}

fn balance(chain: &Chain, args: &mut Args<'_>) -> Result<U256, RpcError> {
    let address: Address = args.required()?;
    Ok(view(chain, args)?
        .account(&address)?
        .unwrap_or_default()
        .balance)
}

fn code(chain: &Chain, args: &mut Args<'_>) -> Result<Bytes, RpcError> {
    let address: Address = args.required()?;
    Ok(view(chain, args)?.code_of(&address)?.original_bytes())
}

fn storage(chain: &Chain, args: &mut Args<'_>) -> Result<B256, RpcError> {
    let address: Address = args.required()?;
    let slot: U256 = args.required()?;
    Ok(view(chain, args)?.slot(&address, &slot)?.into())
}

/// Slots of several accounts in one answer.
fn storage_values(
    chain: &Chain,
    args: &mut Args<'_>,
) -> Result<BTreeMap<Address, Vec<B256>>, RpcError> {
    let asked: BTreeMap<Address, Vec<U256>> = args.required()?;
    let count: usize = asked.values().map(Vec::len).sum();
    if count > SLOTS_MAX {
        let message = format!("more than {SLOTS_MAX} slots in one request");
        return Err(RpcError::BadArguments(message));
    }
    let view = view(chain, args)?;
    let of_account = |(address, slots): (Address, Vec<U256>)| {
        let values = slots.iter().map(|slot| view.slot(&address, slot));
        let values = values.map(|value| Ok(B256::from(value?)));
        Ok((address, values.collect::<Result<_, StateError>>()?))
    };
    asked.into_iter().map(of_account).collect()
}

fn nonce(chain: &Chain, args: &mut Args<'_>) -> Result<U64, RpcError> {
    let address: Address = args.required()?;
    let block = args.block()?;
    if block.is_pending() {
        return Ok(U64::from(chain.pending_nonce(&address)?));
    }
    Ok(U64::from(
        chain
            .state_at(chain.moment(block)?)?
            .account(&address)?
            .unwrap_or_default()
            .nonce,
    ))
}

/// The state at the block that the next argument names.
pub(super) fn view<'a>(chain: &'a Chain, args: &mut Args<'_>) -> Result<View<'a>, RpcError> {
    Ok(chain.state_at(chain.moment(args.block()?)?)?)
}
