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
use tokio::{sync::oneshot, time::timeout};

use super::{
    args::Args,
    error::RpcError,
    methods::{Methods, SharedApi, off_thread},
};
use crate::chain::{Chain, mining::Submitted, send::TxError, simulate::Call};

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
    send(api, move |_| Ok(tx)).await
}

async fn unsigned(params: Params<'static>, api: SharedApi) -> Result<B256, ErrorObjectOwned> {
    let filler = api.clone();
    let request = off_thread(move || {
        let request = Args::new(&params).required()?;
        complete(&filler.read(), request)
    });
    let request = request.await?;
    send(api, move |chain| build(chain, request)).await
}

/// Takes a transaction that is made under the chain's lock, so that no other takes its nonce.
async fn send(
    api: SharedApi,
    make: impl FnOnce(&Chain) -> Result<Recovered<TxEnvelope>, RpcError> + Send + 'static,
) -> Result<B256, ErrorObjectOwned> {
    let shared = api.clone();
    let submitted = off_thread(move || {
        let mut chain = shared.write();
        let tx = make(&chain)?;
        let hash = *tx.tx_hash();
        let submitted = chain.submit(tx)?;
        if let Submitted::Taken(hash) = submitted {
            shared.accept(hash);
        }
        shared.publish(&chain);
        Ok((hash, submitted))
    });
    match submitted.await? {
        (hash, Submitted::Taken(_)) => Ok(hash),
        (hash, Submitted::Waiting { fate, nonce }) => wait(api, hash, fate, nonce).await,
    }
}

/// A nonce that is too high may be of a transaction that overtook its predecessor. It has time as
/// long as the sender's nonce moves.
async fn wait(
    api: SharedApi,
    hash: B256,
    mut fate: oneshot::Receiver<Result<B256, TxError>>,
    mut nonce: u64,
) -> Result<B256, ErrorObjectOwned> {
    loop {
        match timeout(NONCE_WAIT, &mut fate).await {
            Ok(Ok(Ok(hash))) => {
                api.accept(hash);
                return Ok(hash);
            }
            Ok(Ok(Err(error))) => return Err(RpcError::from(error).into()),
            Ok(Err(_)) => return Err(RpcError::from(TxError::Dropped).into()),
            Err(_) => {}
        }
        let shared = api.clone();
        let (error, seen) = off_thread(move || {
            let error = shared.write().give_up(&hash, &mut nonce)?;
            Ok((error, nonce))
        })
        .await?;
        if let Some(error) = error {
            return Err(RpcError::from(error).into());
        }
        nonce = seen;
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

/// Fills in what the sender left out, but for the nonce; the account must be unlocked.
fn complete(
    chain: &Chain,
    mut request: TransactionRequest,
) -> Result<TransactionRequest, RpcError> {
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
    if request.gas_price.is_none() {
        let price = u128::from(chain.base_fee()?);
        request.max_fee_per_gas.get_or_insert(price);
        request.max_priority_fee_per_gas.get_or_insert(0);
    }
    request.chain_id.get_or_insert(chain.chain_id());
    request.to.get_or_insert(alloy_primitives::TxKind::Create);
    Ok(request)
}

/// Gives a complete request its nonce and what stands for a signature.
fn build(
    chain: &Chain,
    mut request: TransactionRequest,
) -> Result<Recovered<TxEnvelope>, RpcError> {
    let from = request.from.unwrap_or_default();
    if request.nonce.is_none() {
        request.nonce = Some(chain.pending_nonce(&from)?);
    }
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
