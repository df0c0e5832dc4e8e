//! Sending transactions.

use std::time::Duration;

use alloy_consensus::{
    SignableTransaction, TxEnvelope,
    transaction::{Recovered, SignerRecoverable},
};
use alloy_eips::eip2718::Decodable2718;
use alloy_primitives::{Address, B256, Bytes, Signature, U256};
use alloy_rpc_types_eth::TransactionRequest;
use jsonrpsee::{
    server::RegisterMethodError,
    types::{ErrorObjectOwned, Params},
};
use tokio::time::{Instant, timeout_at};

use super::{
    args::Args,
    error::RpcError,
    methods::{Methods, SharedApi, off_thread},
};
use crate::chain::{Chain, send::TxError, simulate::Call};

/// How long a transaction waits for the one before it, as in Nitro's sequencer.
const NONCE_WAIT: Duration = Duration::from_secs(1);

/// Registers the methods.
pub fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    let module = methods.module();
    module.register_async_method("eth_sendRawTransaction", |params, api, _| raw(params, api))?;
    module.register_async_method("eth_sendTransaction", |params, api, _| {
        unsigned(params, api)
    })?;
    Ok(())
}

async fn raw(params: Params<'static>, api: SharedApi) -> Result<B256, ErrorObjectOwned> {
    let tx = off_thread(move || decode(&Args::new(&params).required()?)).await?;
    send(tx, api).await
}

async fn unsigned(params: Params<'static>, api: SharedApi) -> Result<B256, ErrorObjectOwned> {
    let filler = api.clone();
    let tx = off_thread(move || {
        let request = Args::new(&params).required()?;
        complete(&filler.read(), request)
    })
    .await?;
    send(tx, api).await
}

/// A nonce that is too high may be of a transaction that overtook its predecessor.
async fn send(tx: Recovered<TxEnvelope>, api: SharedApi) -> Result<B256, ErrorObjectOwned> {
    let deadline = Instant::now() + NONCE_WAIT;
    let mut heads = api.heads();
    loop {
        heads.mark_unchanged();
        let (again, chain) = (tx.clone(), api.clone());
        let sent = off_thread(move || {
            let mut locked = chain.write();
            let sent = locked.send(again);
            let number = locked.head().header.number;
            drop(locked);
            match sent {
                Ok(hash) => {
                    chain.accept(hash);
                    chain.announce(number);
                    Ok(Ok(hash))
                }
                Err(error @ TxError::NonceTooHigh { .. }) => Ok(Err(error)),
                Err(error) => Err(error.into()),
            }
        });
        match sent.await? {
            Ok(hash) => return Ok(hash),
            Err(error) => {
                if timeout_at(deadline, heads.changed()).await.is_err() {
                    return Err(RpcError::from(error).into());
                }
            }
        }
    }
}

fn decode(bytes: &Bytes) -> Result<Recovered<TxEnvelope>, RpcError> {
    let tx = TxEnvelope::decode_2718_exact(bytes)
        .map_err(|error| RpcError::BadArguments(format!("rlp: {error}")))?;
    let signer = tx.recover_signer().map_err(|error| {
        RpcError::BadArguments(format!("invalid transaction v, r, s values: {error}"))
    })?;
    Ok(Recovered::new_unchecked(tx, signer))
}

/// Fills in what the sender left out; the account must be unlocked.
fn complete(
    chain: &Chain,
    mut request: TransactionRequest,
) -> Result<Recovered<TxEnvelope>, RpcError> {
    let from = request.from.unwrap_or_default();
    if !chain.is_unlocked(&from) {
        return Err(RpcError::UnknownAccount);
    }
    if request.gas.is_none() {
        let call = Call {
            request: request.clone(),
            ..Call::default()
        };
        request.gas = Some(chain.estimate(call)?);
    }
    if request.nonce.is_none() {
        request.nonce = Some(chain.latest().account(&from)?.unwrap_or_default().nonce);
    }
    if request.gas_price.is_none() {
        let price = u128::from(chain.base_fee()?);
        request.max_fee_per_gas.get_or_insert(price);
        request.max_priority_fee_per_gas.get_or_insert(0);
    }
    request.chain_id.get_or_insert(chain.chain_id());
    request.to.get_or_insert(alloy_primitives::TxKind::Create);
    let tx = request.build_consensus_tx().map_err(|error| {
        RpcError::BadArguments(format!("incomplete transaction: {}", error.error))
    })?;
    let tx = tx.into_signed(placeholder(from)).into();
    Ok(Recovered::new_unchecked(tx, from))
}

/// No signature, but one that keeps equal transactions of two senders apart.
fn placeholder(from: Address) -> Signature {
    Signature::new(from.into_word().into(), U256::ONE, false)
}
