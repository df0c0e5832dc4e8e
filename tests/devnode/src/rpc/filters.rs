//! Filters that a client polls.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use alloy_primitives::{U256, map::HashMap};
use alloy_rpc_types_eth::Filter;
use jsonrpsee::{server::RegisterMethodError, types::Params};
use serde_json::value::RawValue;

use super::{
    Api,
    args::Args,
    error::RpcError,
    feed::{Feed, Topic},
    methods::{Methods, json, patiently},
    older::logs,
    subscribe::Ids,
};

/// How long a filter lives that nobody polls, as in geth.
const IDLE_MAX: Duration = Duration::from_secs(5 * 60);

/// Most filters at a time.
const FILTERS_MAX: usize = 1_024;

/// Most items after which an answer takes no further portion; the next poll has the rest.
const CHANGES_MAX: usize = 10_000;

type Method = fn(&Filters, &Api, &mut Args<'_>) -> Result<Box<RawValue>, RpcError>;

/// Registers the methods.
pub fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    let filters = Arc::new(Filters::default());
    let table: [(&'static str, Method); 6] = [
        ("eth_newFilter", |filters, api, args| {
            let filter: Filter = args.required()?;
            filters.add(Topic::Logs(filter.into()), api)
        }),
        ("eth_newBlockFilter", |filters, api, _| {
            filters.add(Topic::BlockHashes, api)
        }),
        ("eth_newPendingTransactionFilter", |filters, api, args| {
            let topic = match args.optional()?.unwrap_or(false) {
                true => Topic::Transactions,
                false => Topic::TransactionHashes,
            };
            filters.add(topic, api)
        }),
        ("eth_getFilterChanges", |filters, api, args| {
            json(filters.changes(args.required()?, api)?)
        }),
        ("eth_getFilterLogs", |filters, api, args| {
            filters.logs(args.required()?, api)
        }),
        ("eth_uninstallFilter", |filters, _, args| {
            json(filters.remove(args.required()?))
        }),
    ];
    for (name, method) in table {
        let filters = Arc::clone(&filters);
        methods
            .module()
            .register_async_method(name, move |params: Params<'static>, api, _| {
                let filters = Arc::clone(&filters);
                async move {
                    let shared = api.clone();
                    let run = move || method(&filters, &shared, &mut Args::new(&params));
                    patiently(&api, run).await
                }
            })?;
    }
    Ok(())
}

#[derive(Default)]
struct Filters {
    ids: Ids,
    entries: Mutex<HashMap<U256, Entry>>,
}

struct Entry {
    feed: Arc<Mutex<Feed>>,
    used: Instant,
}

impl Filters {
    fn add(&self, topic: Topic, api: &Api) -> Result<Box<RawValue>, RpcError> {
        let feed = Arc::new(Mutex::new(Feed::new(topic, api)?));
        let id = U256::from(self.ids.next());
        self.insert(id, feed, Instant::now())?;
        json(id)
    }

    fn insert(&self, id: U256, feed: Arc<Mutex<Feed>>, now: Instant) -> Result<(), RpcError> {
        let mut entries = lock(&self.entries);
        entries.retain(|_, entry| now.duration_since(entry.used) < IDLE_MAX);
        if entries.len() >= FILTERS_MAX {
            return Err(RpcError::TooManyFilters(FILTERS_MAX));
        }
        entries.insert(id, Entry { feed, used: now });
        Ok(())
    }

    /// The filter, whose life it prolongs.
    fn find(&self, id: U256, now: Instant) -> Result<Arc<Mutex<Feed>>, RpcError> {
        let mut entries = lock(&self.entries);
        let entry = entries
            .get_mut(&id)
            .filter(|entry| now.duration_since(entry.used) < IDLE_MAX)
            .ok_or(RpcError::NoFilter)?;
        entry.used = now;
        Ok(Arc::clone(&entry.feed))
    }

    fn remove(&self, id: U256) -> bool {
        lock(&self.entries).remove(&id).is_some()
    }

    fn changes(&self, id: U256, api: &Api) -> Result<Vec<Box<RawValue>>, RpcError> {
        let feed = self.find(id, Instant::now())?;
        let mut feed = lock(&feed);
        let mut changes = Vec::new();
        while changes.len() < CHANGES_MAX
            && let Some(items) = feed.next(api)?
        {
            changes.extend(items);
        }
        Ok(changes)
    }

    fn logs(&self, id: U256, api: &Api) -> Result<Box<RawValue>, RpcError> {
        let feed = self.find(id, Instant::now())?;
        let topic = lock(&feed).topic().clone();
        match topic {
            Topic::Logs(filter) => logs(api, &filter),
            _ => Err(RpcError::NoFilter),
        }
    }
}

/// A panic elsewhere leaves a filter as it was before.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{chain::Chain, config::Config};

    fn feed() -> Arc<Mutex<Feed>> {
        let chain = Chain::new(&Config::default()).unwrap();
        let api = Api::new(chain, None);
        Arc::new(Mutex::new(Feed::new(Topic::Heads, &api).unwrap()))
    }

    #[test]
    fn a_filter_lives_as_long_as_it_is_polled() {
        let (filters, start) = (Filters::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        filters.insert(U256::ONE, feed(), start).unwrap();
        assert!(filters.find(U256::ONE, at(299)).is_ok());
        assert!(filters.find(U256::ONE, at(598)).is_ok());
        let gone = filters.find(U256::ONE, at(898)).unwrap_err();
        assert_eq!(gone.to_string(), "filter not found");
    }

    #[test]
    fn idle_filters_make_room() {
        let (filters, start) = (Filters::default(), Instant::now());
        let feed = feed();
        for id in 0..FILTERS_MAX {
            let id = U256::from(id);
            filters.insert(id, Arc::clone(&feed), start).unwrap();
        }
        let full = filters.insert(U256::MAX, Arc::clone(&feed), start + Duration::from_secs(9));
        assert!(matches!(full, Err(RpcError::TooManyFilters(FILTERS_MAX))));
        filters.insert(U256::MAX, feed, start + IDLE_MAX).unwrap();
        assert_eq!(lock(&filters.entries).len(), 1);
    }
}
