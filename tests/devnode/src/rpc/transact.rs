//! Sending transactions.

use std::{sync::Arc, time::Duration};

use alloy_consensus::{
    TxEnvelope,
    transaction::{Recovered, SignerRecoverable},
};
use alloy_eips::eip2718::Decodable2718;
use alloy_primitives::{B256, Bytes};
use alloy_rpc_types_eth::TransactionRequest;
use jsonrpsee::{
    server::RegisterMethodError,
    types::{ErrorObjectOwned, Params},
};
use tokio::{
    sync::{oneshot, watch},
    time::{Instant, sleep, timeout_at},
};

use super::{
    Api,
    args::Args,
    arrivals::Arrival,
    error::RpcError,
    fill::{complete, signed},
    format::{self, ArbitrumReceipt},
    methods::{Methods, SharedApi, off_thread, patiently},
};
use crate::chain::{
    Chain,
    mining::{
        conditions::Conditions,
        send::TxError,
        submit::{Seen, Submitted},
    },
};

/// How long a transaction waits for the one before it: a second, as in Nitro's sequencer. Others get their
/// turn between its parts, so that a node which stands still finds what came meanwhile.
const NONCE_WAIT: Duration = Duration::from_millis(250);
const NONCE_WAITS: u32 = 4;

/// How long `eth_sendRawTransactionSync` waits for the receipt, and at most.
const RECEIPT_WAIT: Duration = Duration::from_secs(30);
const RECEIPT_WAIT_MAX: Duration = Duration::from_secs(600);

/// Registers the methods.
pub fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    let module = methods.module();
    module.register_async_method("eth_sendRawTransaction", |params, api, _| raw(params, api))?;
    module.register_async_method("eth_sendRawTransactionSync", |params, api, _| {
        sync(params, api)
    })?;
    module.register_async_method("eth_sendRawTransactionConditional", |params, api, _| {
        conditional(params, api)
    })?;
    module.register_async_method("eth_sendTransaction", |params, api, _| {
        unsigned(params, api, false)
    })?;
    module.register_async_method("eth_sendTransactionSync", |params, api, _| {
        unsigned_sync(params, api)
    })?;
    module.register_async_method("eth_sendUnsignedTransaction", |params, api, _| {
        unsigned(params, api, true)
    })?;
    Ok(())
}

async fn raw(params: Params<'static>, api: SharedApi) -> Result<B256, ErrorObjectOwned> {
    let arrival = api.arrivals.enter();
    let tx = off_thread(move || decode(&Args::new(&params).required()?)).await?;
    send(&api, arrival, None, move |_| Ok(tx.clone())).await
}

async fn conditional(params: Params<'static>, api: SharedApi) -> Result<B256, ErrorObjectOwned> {
    let arrival = api.arrivals.enter();
    let read = off_thread(move || {
        let mut args = Args::new(&params);
        let tx = decode(&args.required()?)?;
        Ok((tx, args.optional::<Conditions>()?))
    });
    let (tx, conditions) = read.await?;
    send(&api, arrival, conditions, move |_| Ok(tx.clone())).await
}

/// EIP-7966: sends, and returns the receipt. The time to wait is in milliseconds.
async fn sync(
    params: Params<'static>,
    api: SharedApi,
) -> Result<ArbitrumReceipt, ErrorObjectOwned> {
    let arrival = api.arrivals.enter();
    let read = off_thread(move || {
        let mut args = Args::new(&params);
        let tx = decode(&args.required()?)?;
        Ok((tx, args.optional_number()?))
    });
    let (tx, wait_ms) = read.await?;
    let patience = wait_ms.map_or(RECEIPT_WAIT, Duration::from_millis);
    let patience = patience.min(RECEIPT_WAIT_MAX);
    let heads = api.heads();
    let hash = send(&api, arrival, None, move |_| Ok(tx.clone())).await?;
    mined(api.clone(), heads, hash, patience).await
}

/// As [`unsigned`], and returns the receipt.
async fn unsigned_sync(
    params: Params<'static>,
    api: SharedApi,
) -> Result<ArbitrumReceipt, ErrorObjectOwned> {
    let heads = api.heads();
    let hash = unsigned(params, api.clone(), false).await?;
    mined(api, heads, hash, RECEIPT_WAIT).await
}

/// The receipt, once there is one. `heads` followed the chain before the transaction was sent.
async fn mined(
    api: SharedApi,
    mut heads: watch::Receiver<u64>,
    hash: B256,
    patience: Duration,
) -> Result<ArbitrumReceipt, ErrorObjectOwned> {
    let deadline = Instant::now() + patience;
    loop {
        heads.mark_unchanged();
        let shared = api.clone();
        let receipt = off_thread(move || {
            let chain = shared.read();
            match chain.transaction(&hash) {
                Some((block, mined)) => Ok(Some(format::receipt(block, mined))),
                None if chain.pool.get(&hash).is_none() => Err(TxError::Dropped.into()),
                None => Ok(None),
            }
        });
        if let Some(receipt) = receipt.await? {
            return Ok(receipt);
        }
        if timeout_at(deadline, heads.changed()).await.is_err() {
            return Err(RpcError::NoReceipt { hash, patience }.into());
        }
    }
}

/// With `anyone` the sender may be any account, as if it were impersonated.
async fn unsigned(
    params: Params<'static>,
    api: SharedApi,
    anyone: bool,
) -> Result<B256, ErrorObjectOwned> {
    let arrival = api.arrivals.enter();
    let filler = api.clone();
    let request = patiently(&api, move || {
        let request: TransactionRequest = Args::new(&params).required()?;
        filler.look(|chain| {
            if !anyone && !chain.is_unlocked(&request.from.unwrap_or_default()) {
                return Err(RpcError::UnknownAccount);
            }
            complete(chain, request.clone())
        })
    });
    let request = request.await?;
    let make = move |chain: &Chain| signed(chain, request.clone());
    send(&api, arrival, None, make).await
}

/// Takes a transaction that is made under the chain's lock, so that no other takes its nonce.
async fn send(
    api: &SharedApi,
    arrival: Arrival,
    conditions: Option<Conditions>,
    make: impl Fn(&Chain) -> Result<Recovered<TxEnvelope>, RpcError> + Send + 'static,
) -> Result<B256, ErrorObjectOwned> {
    let shared = api.clone();
    let conditions = conditions.map(Arc::new);
    let submitted = patiently(api, move || {
        // On its way until this is done, whether its client still waits for that or not.
        let _arrival = &arrival;
        let (hash, sender, submitted) = shared.change(|chain| {
            let tx = make(chain)?;
            let (hash, sender) = (*tx.tx_hash(), tx.signer());
            let submitted = chain.submit(tx, conditions.clone())?;
            if let Submitted::Taken(hash) = submitted {
                shared.accept(hash);
            }
            Ok((hash, sender, submitted))
        })?;
        // It is taken, whatever becomes of those that waited for it.
        if let Submitted::Taken(_) = submitted
            && let Err(error) = shared.change(|chain| Ok(chain.catch_up(&sender)?))
        {
            tracing::warn!(%sender, %error, "transactions of the pool could not be mined");
        }
        Ok((hash, submitted))
    });
    match submitted.await? {
        (hash, Submitted::Taken(_)) => Ok(hash),
        // It is given up in time, whether its client still waits for that or not.
        (hash, Submitted::Waiting { fate, seen }) => {
            let waiting = tokio::spawn(wait(api.clone(), hash, fate, seen));
            waiting
                .await
                .unwrap_or_else(|_| Err(RpcError::from(TxError::Dropped).into()))
        }
    }
}

/// A nonce that is too high may be of a transaction that overtook its predecessor. It has time as
/// long as its sender does something, or one that came in before is on its way.
async fn wait(
    api: SharedApi,
    hash: B256,
    mut fate: oneshot::Receiver<Result<B256, TxError>>,
    mut seen: Seen,
) -> Result<B256, ErrorObjectOwned> {
    loop {
        tokio::select! {
            biased;
            told = &mut fate => {
                let told = told.unwrap_or(Err(TxError::Dropped));
                return Ok(told.inspect(|hash| api.accept(*hash)).map_err(RpcError::from)?);
            }
            () = quiet(&api) => {}
        }
        let shared = api.clone();
        let (error, now) = patiently(&api, move || {
            let error = shared.change(|chain| Ok(chain.give_up(&hash, &mut seen)?))?;
            Ok((error, seen))
        })
        .await?;
        if let Some(error) = error {
            return Err(RpcError::from(error).into());
        }
        seen = now;
    }
}

/// Waits for a second, and for what had come in by then.
async fn quiet(api: &Api) {
    for _ in 0..NONCE_WAITS {
        sleep(NONCE_WAIT).await;
    }
    let next = api.arrivals.next();
    while !api.arrivals.all_taken(next) {
        sleep(NONCE_WAIT).await;
    }
}

pub(super) fn decode(bytes: &Bytes) -> Result<Recovered<TxEnvelope>, RpcError> {
    let tx = TxEnvelope::decode_2718_exact(bytes)
        .map_err(|error| RpcError::BadArguments(format!("rlp: {error}")))?;
    let signer = tx.recover_signer().map_err(|error| {
        RpcError::BadArguments(format!("invalid transaction v, r, s values: {error}"))
    })?;
    Ok(Recovered::new_unchecked(tx, signer))
}
