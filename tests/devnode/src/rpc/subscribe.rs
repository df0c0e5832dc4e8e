//! `eth_subscribe` over WebSocket.
//!
//! A subscription reads the chain at the pace of its client; nothing is buffered for it beyond the
//! connection's bounded queue. A client that takes nothing for `PATIENCE` loses its
//! subscription, and reads so when it wakes up.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alloy_rpc_types_eth::{Filter, FilterBlockOption};
use jsonrpsee::{
    core::{SubscriptionError, traits::IdProvider},
    server::{
        PendingSubscriptionSink, RegisterMethodError, SendTimeoutError, SubscriptionMessage,
        SubscriptionSink,
    },
    types::{ErrorObjectOwned, Params, SubscriptionId},
};
use serde_json::value::RawValue;

use super::{
    args::Args,
    error::RpcError,
    feed::{Feed, Topic},
    methods::{Methods, SharedApi, json, off_thread},
};

/// How long a client may take nothing before its subscription ends.
const PATIENCE: Duration = Duration::from_secs(60);

/// Registers the methods.
pub fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    methods.module().register_subscription(
        "eth_subscribe",
        "eth_subscription",
        "eth_unsubscribe",
        |params, pending, api, _| subscribe(params, pending, api, PATIENCE),
    )?;
    Ok(())
}

/// Ids as clients expect them: hex text, never the same twice.
#[derive(Debug)]
pub struct Ids(AtomicU64);

impl Default for Ids {
    /// Starts at the time, so that ids of an earlier run mean nothing in this one.
    fn default() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let start = since.map_or(1, |since| since.as_nanos());
        Self(AtomicU64::new(u64::try_from(start).unwrap_or(1)))
    }
}

impl Ids {
    /// The next id.
    pub fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

impl IdProvider for Ids {
    fn next_id(&self) -> SubscriptionId<'static> {
        format!("{:#x}", self.next()).into()
    }
}

/// What `eth_subscribe` asks for.
enum Subject {
    Feed(Topic),
    Syncing,
}

async fn subscribe(
    params: Params<'static>,
    pending: PendingSubscriptionSink,
    api: SharedApi,
    patience: Duration,
) -> Result<(), SubscriptionError> {
    let subject = match subject(&mut Args::new(&params)) {
        Ok(subject) => subject,
        Err(error) => {
            pending.reject(ErrorObjectOwned::from(error)).await;
            return Ok(());
        }
    };
    let topic = match subject {
        Subject::Feed(topic) => topic,
        Subject::Syncing => return not_syncing(pending, patience).await,
    };
    // Before the client knows its id, so that it misses nothing that comes after the answer.
    let heads = api.heads();
    let reader = api.clone();
    let feed = match off_thread(move || Feed::new(topic, &reader)).await {
        Ok(feed) => feed,
        Err(error) => {
            pending.reject(error).await;
            return Ok(());
        }
    };
    match pending.accept().await {
        Ok(sink) => follow(sink, api, heads, feed, patience).await,
        // Nobody is there any more.
        Err(_) => Ok(()),
    }
}

fn subject(args: &mut Args<'_>) -> Result<Subject, RpcError> {
    let kind: String = args.required()?;
    Ok(match kind.as_str() {
        "newHeads" => Subject::Feed(Topic::Heads),
        "logs" => {
            let filter: Filter = args.optional()?.unwrap_or_default();
            if let FilterBlockOption::AtBlockHash(_) = filter.block_option {
                let reason = "a subscription to logs cannot have a blockHash";
                return Err(RpcError::BadArguments(reason.into()));
            }
            Subject::Feed(Topic::Logs(filter.into()))
        }
        "newPendingTransactions" => Subject::Feed(match args.optional()?.unwrap_or(false) {
            true => Topic::Transactions,
            false => Topic::TransactionHashes,
        }),
        "syncing" => Subject::Syncing,
        other => {
            return Err(RpcError::BadArguments(format!(
                "no \"{other}\" subscription: newHeads, logs, newPendingTransactions or syncing"
            )));
        }
    })
}

/// The chain is never behind: one `false`, then nothing.
async fn not_syncing(
    pending: PendingSubscriptionSink,
    patience: Duration,
) -> Result<(), SubscriptionError> {
    let Ok(sink) = pending.accept().await else {
        return Ok(());
    };
    deliver(&sink, vec![json(false)?], patience).await?;
    sink.closed().await;
    Ok(())
}

async fn follow(
    sink: SubscriptionSink,
    api: SharedApi,
    mut heads: tokio::sync::watch::Receiver<u64>,
    mut feed: Feed,
    patience: Duration,
) -> Result<(), SubscriptionError> {
    loop {
        heads.mark_unchanged();
        loop {
            let reader = api.clone();
            let portion = off_thread(move || Ok((feed.next(&reader)?, feed))).await;
            let (items, after) = portion.map_err(|error| error.message().to_owned())?;
            feed = after;
            match items {
                Some(items) => deliver(&sink, items, patience).await?,
                None => break,
            }
            if sink.is_closed() {
                return Ok(());
            }
        }
        tokio::select! {
            changed = heads.changed() => if changed.is_err() { return Ok(()) },
            () = sink.closed() => return Ok(()),
        }
    }
}

/// A client that went away is no error.
async fn deliver(
    sink: &SubscriptionSink,
    items: Vec<Box<RawValue>>,
    patience: Duration,
) -> Result<(), SubscriptionError> {
    for item in items {
        match sink
            .send_timeout(SubscriptionMessage::from(item), patience)
            .await
        {
            Ok(()) => {}
            Err(SendTimeoutError::Closed(_)) => return Ok(()),
            Err(SendTimeoutError::Timeout(_)) => {
                let waited = patience.as_secs_f32();
                return Err(
                    format!("the client took nothing for {waited} s: subscribe again").into(),
                );
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jsonrpsee::RpcModule;
    use serde_json::{Value, json};

    use super::*;
    use crate::{chain::Chain, config::Config, rpc::Api};

    #[tokio::test]
    async fn a_client_that_takes_nothing_for_long_loses_its_subscription() {
        let chain = Chain::new(&Config::default()).unwrap();
        let api = Arc::new(Api::new(chain, None));
        let mut module = RpcModule::new(Arc::clone(&api));
        let patience = Duration::from_millis(20);
        module
            .register_subscription("sub", "item", "unsub", move |params, pending, api, _| {
                subscribe(params, pending, api, patience)
            })
            .unwrap();
        let mut heads = module.subscribe("sub", ["newHeads"], 2).await.unwrap();
        for _ in 0..10 {
            api.write().unwrap().mine().unwrap();
        }
        api.publish(&api.read());
        tokio::time::sleep(100 * patience).await;
        // Two had room; then comes the error, which ends it.
        for number in 1..3_u64 {
            let (head, _) = heads.next::<Value>().await.unwrap().unwrap();
            assert_eq!(head["number"], json!(format!("{number:#x}")));
        }
        assert!(heads.next::<Value>().await.is_none());
    }
}
