//! The state of the upstream after one block, read piece by piece and remembered.
//!
//! Every read names the block by its hash (EIP-1898). An upstream that was reorganised, or became
//! another chain, therefore answers with an error, and never with another block's state.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use alloy_primitives::{Address, B256, Bytes, U64, U256};
use serde_json::{Value, json};

use super::{
    client::Stop,
    disk::{self, Saved},
    head::Head,
    memory::{Account, Memory},
    settings::Settings,
    upstream::Upstream,
};
use crate::errands::{
    self,
    error::{Reason, StateError},
};

/// Accounts whose reads go in one batch.
const BATCH: usize = 16;

/// How often what was read is written to disk.
const SAVE_EVERY: Duration = Duration::from_secs(15);

/// One block's state.
#[derive(Debug)]
pub struct Pin {
    upstream: Arc<Upstream>,
    head: Head,
    memory: Mutex<Memory>,
    file: Option<PathBuf>,
    is_dirty: AtomicBool,
    is_offline: bool,
}

fn hash_name(number: u64) -> String {
    format!("the hash of L1 block {number}")
}

impl Pin {
    /// Connects to an upstream and takes the block that the settings name.
    ///
    /// If the upstream cannot be reached, and the block's number is given, what an earlier fork of
    /// the block left on disk is used.
    ///
    /// # Errors
    /// Every [`StateError`].
    pub fn open(settings: Settings, stop: Stop) -> Result<Arc<Self>, StateError> {
        let connected = Upstream::connect(settings.clone(), stop.clone());
        let pin = match connected {
            Ok(upstream) => Self::online(upstream)?,
            Err(error) => Self::from_disk(settings, stop, error)?,
        };
        let pin = Arc::new(pin);
        if pin.file.is_some() {
            let weak = Arc::downgrade(&pin);
            let save = move || weak.upgrade().map(|pin| pin.save()).is_some();
            pin.upstream.client().every(SAVE_EVERY, save);
        }
        Ok(pin)
    }

    fn online(upstream: Upstream) -> Result<Self, StateError> {
        let head = upstream.first()?;
        let folder = upstream.settings().cache.as_deref();
        let file = folder.map(|folder| disk::path(folder, upstream.chain_id(), &head));
        let saved = file
            .as_deref()
            // The hash of a block without a state root says nothing of the state.
            .filter(|_| head.commits_to_state())
            .and_then(disk::read)
            .filter(|saved| saved.head.hash == head.hash && saved.chain_id == upstream.chain_id());
        Ok(Self {
            upstream: Arc::new(upstream),
            head,
            memory: Mutex::new(saved.map(|saved| saved.memory).unwrap_or_default()),
            file,
            is_dirty: AtomicBool::new(false),
            is_offline: false,
        })
    }

    fn from_disk(settings: Settings, stop: Stop, error: StateError) -> Result<Self, StateError> {
        let number = settings.block_number.filter(|_| error.is_passing());
        let saved = number.and_then(|number| disk::find(&settings, number));
        let Some(saved) = saved else {
            return Err(error);
        };
        tracing::warn!(%error, "the upstream is down; its state comes from the cache");
        let folder = settings.cache.as_deref();
        let file = folder.map(|folder| disk::path(folder, saved.chain_id, &saved.head));
        Ok(Self {
            upstream: Arc::new(Upstream::offline(settings, stop, saved.chain_id)?),
            head: saved.head,
            memory: Mutex::new(saved.memory),
            file,
            is_dirty: AtomicBool::new(false),
            is_offline: true,
        })
    }

    /// The state after an older block of the same upstream, if it has that block.
    pub fn older(&self, number: u64) -> Result<Option<Arc<Self>>, StateError> {
        let what = format!("block {number}");
        let call = ("eth_getBlockByNumber", json!([U64::from(number), false]));
        let block = self.upstream.ask(&self.head, &what, call)?;
        if block.is_null() {
            return Ok(None);
        }
        let head = self.upstream.head(&what, &block)?;
        self.upstream.check_number(&what, number, &head)?;
        Ok(Some(Arc::new(Self {
            upstream: Arc::clone(&self.upstream),
            head,
            memory: Mutex::default(),
            file: None,
            is_dirty: AtomicBool::new(false),
            is_offline: self.is_offline,
        })))
    }

    /// The chain that the block is of.
    pub fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// The block.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Whether the upstream was down at the start.
    pub fn is_offline(&self) -> bool {
        self.is_offline
    }

    /// An error of a read.
    pub fn error(&self, what: &str, reason: Reason) -> StateError {
        self.upstream.client().error(what, reason)
    }

    /// One that knows these balances and slots, and has no upstream to ask.
    #[cfg(test)]
    pub fn holding(balances: &[(Address, U256)], slots: &[(Address, U256, U256)]) -> Arc<Self> {
        let mut memory = Memory::default();
        for (address, balance) in balances {
            memory.put_account(*address, *balance, 0, Bytes::new());
        }
        for (address, slot, value) in slots {
            memory.put_slot(*address, *slot, *value);
        }
        let settings = Settings::new("http://localhost:1").unwrap();
        let upstream = Upstream::offline(settings, Stop::default(), 1).unwrap();
        Arc::new(Self {
            upstream: Arc::new(upstream),
            head: Head {
                header: Default::default(),
                hash: B256::ZERO,
                l1_number: None,
            },
            memory: Mutex::new(memory),
            file: None,
            is_dirty: AtomicBool::new(false),
            is_offline: true,
        })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings something into memory with `fetch`: at once, or before the next attempt of whoever must
    /// not wait now.
    ///
    /// # Errors
    /// Those of `fetch`; [`Reason::PutOff`] where it waits.
    pub fn obtain(
        self: &Arc<Self>,
        what: &str,
        fetch: impl FnOnce(&Arc<Self>) -> Result<(), StateError> + 'static,
    ) -> Result<(), StateError> {
        if !errands::puts_off() {
            return fetch(self);
        }
        let pin = Arc::clone(self);
        let put_off = self.error(what, Reason::PutOff);
        Err(errands::put_off(put_off, move || fetch(&pin)))
    }

    /// An account, if it exists.
    pub fn account(self: &Arc<Self>, address: &Address) -> Result<Option<Account>, StateError> {
        let known = |memory: &Memory| memory.accounts.get(address).copied();
        let mut account = known(&self.memory());
        if account.is_none() {
            let address = *address;
            let what = self.account_name(&address);
            self.obtain(&what, move |pin| pin.fetch(&[address]))?;
            account = known(&self.memory());
        }
        Ok(account.filter(|account| !account.is_empty()))
    }

    fn account_name(&self, address: &Address) -> String {
        format!("account {address} at block {}", self.head.header.number)
    }

    /// The code of an account that was read.
    pub fn code(&self, hash: &B256) -> Option<Bytes> {
        self.memory().codes.get(hash).cloned()
    }

    /// Reads accounts that will be needed, in few requests.
    pub fn prefetch(&self, addresses: &[Address]) -> Result<(), StateError> {
        let memory = self.memory();
        let missing: Vec<_> = addresses
            .iter()
            .filter(|address| !memory.accounts.contains_key(*address))
            .copied()
            .collect();
        drop(memory);
        missing
            .chunks(BATCH)
            .try_for_each(|chunk| self.fetch(chunk))
    }

    /// Reads accounts, all or none of which are remembered.
    fn fetch(&self, addresses: &[Address]) -> Result<(), StateError> {
        let what = match addresses {
            [address] => self.account_name(address),
            _ => format!("accounts at block {}", self.head.header.number),
        };
        let block = self.id();
        let methods = ["eth_getBalance", "eth_getTransactionCount", "eth_getCode"];
        let calls = addresses
            .iter()
            .flat_map(|address| methods.map(|method| (method, json!([address, block]))));
        let results = self.upstream.client().read(calls.collect());
        let results =
            results.map_err(|failure| self.upstream.failed(&self.head, &what, failure))?;
        let mut read = Vec::with_capacity(addresses.len());
        for (address, results) in addresses.iter().zip(results.chunks(methods.len())) {
            let [balance, nonce, code] = results else {
                continue;
            };
            let balance: U256 = self.upstream.parse(&what, balance.clone())?;
            let nonce: U64 = self.upstream.parse(&what, nonce.clone())?;
            let code: Bytes = self.upstream.parse(&what, code.clone())?;
            read.push((*address, balance, nonce.to(), code));
        }
        let mut memory = self.memory();
        for (address, balance, nonce, code) in read {
            memory.put_account(address, balance, nonce, code);
        }
        self.is_dirty.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// The value of a storage slot.
    pub fn slot(self: &Arc<Self>, address: &Address, slot: &U256) -> Result<U256, StateError> {
        if let Some(value) = self.memory().slot(address, slot) {
            return Ok(value);
        }
        let (address, slot) = (*address, *slot);
        let what = self.slot_name(&address, &slot);
        self.obtain(&what, move |pin| pin.fetch_slots(address, &[slot]))?;
        Ok(self.memory().slot(&address, &slot).unwrap_or_default())
    }

    fn slot_name(&self, address: &Address, slot: &U256) -> String {
        let number = self.head.header.number;
        format!("slot {slot:#x} of {address} at block {number}")
    }

    /// Reads slots of an account that will be needed, in few requests.
    ///
    /// # Errors
    /// Every [`StateError`].
    pub fn prefetch_slots(&self, address: Address, slots: &[U256]) -> Result<(), StateError> {
        let memory = self.memory();
        let unknown = |slot: &&U256| memory.slot(&address, slot).is_none();
        let missing: Vec<_> = slots.iter().filter(unknown).copied().collect();
        drop(memory);
        missing
            .chunks(BATCH)
            .try_for_each(|chunk| self.fetch_slots(address, chunk))
    }

    /// Reads slots of an account, all or none of which are remembered.
    fn fetch_slots(&self, address: Address, slots: &[U256]) -> Result<(), StateError> {
        let what = match slots {
            [slot] => self.slot_name(&address, slot),
            _ => format!("slots of {address} at block {}", self.head.header.number),
        };
        let block = self.id();
        let call = |slot| ("eth_getStorageAt", json!([address, slot, block]));
        let results = self
            .upstream
            .client()
            .read(slots.iter().map(call).collect());
        let results =
            results.map_err(|failure| self.upstream.failed(&self.head, &what, failure))?;
        let values = results
            .into_iter()
            .map(|value| self.upstream.parse::<U256>(&what, value));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        let mut memory = self.memory();
        for (slot, value) in slots.iter().zip(values) {
            memory.put_slot(address, *slot, value);
        }
        self.is_dirty.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// The hash of a block; none for one after this one.
    ///
    /// # Errors
    /// Every [`StateError`]; [`Reason::NoBlock`] if the upstream does not keep the block.
    pub fn block_hash(self: &Arc<Self>, number: u64) -> Result<Option<B256>, StateError> {
        if number >= self.head.header.number {
            return Ok((number == self.head.header.number).then_some(self.head.hash));
        }
        let known = |memory: &Memory| memory.hashes.get(&number).copied();
        if let Some(hash) = known(&self.memory()) {
            return Ok(Some(hash));
        }
        let what = format!("the hash of block {number}");
        self.obtain(&what, move |pin| pin.fetch_hash(number))?;
        Ok(known(&self.memory()))
    }

    /// What `BLOCKHASH` of a number is in this block.
    pub fn seen_hash(self: &Arc<Self>, number: u64) -> Result<B256, StateError> {
        let known = |memory: &Memory| memory.seen.get(&number).copied();
        if let Some(hash) = known(&self.memory()) {
            return Ok(hash);
        }
        self.obtain(&hash_name(number), move |pin| pin.fetch_seen(number))?;
        Ok(known(&self.memory()).unwrap_or_default())
    }

    fn fetch_seen(&self, number: u64) -> Result<(), StateError> {
        let what = hash_name(number);
        // PUSH8 number, BLOCKHASH, and returns it; as init code, it needs no account.
        let code = [
            &[0x67][..],
            &number.to_be_bytes(),
            &[0x40, 0x60, 0, 0x52, 0x60, 32, 0x60, 0, 0xf3],
        ];
        let call = json!([{ "data": Bytes::from(code.concat()) }, self.id()]);
        let read = self.upstream.client().read_one(("eth_call", call));
        let hash = read.map_err(|failure| self.upstream.failed(&self.head, &what, failure))?;
        let hash: B256 = self.upstream.parse(&what, hash)?;
        self.memory().seen.insert(number, hash);
        self.is_dirty.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn fetch_hash(&self, number: u64) -> Result<(), StateError> {
        let Some(older) = self.older(number)? else {
            return Err(self.error(&format!("block {number}"), Reason::NoBlock));
        };
        self.memory().hashes.insert(number, older.head.hash);
        self.is_dirty.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// The upstream's own answer to a request about what happened up to this block.
    pub fn ask(&self, method: &'static str, params: Value) -> Result<Value, StateError> {
        let what = format!("{method} {params}");
        let what: String = what.chars().take(200).collect();
        if !errands::may_wait() {
            return Err(self.error(&what, Reason::PutOff));
        }
        self.upstream.ask(&self.head, &what, (method, params))
    }

    fn id(&self) -> Value {
        json!({ "blockHash": self.head.hash })
    }

    /// Writes what was read since the last time to disk. What cannot be written is read again.
    pub fn save(&self) {
        let Some(file) = &self.file else {
            return;
        };
        if !self.is_dirty.swap(false, Ordering::Relaxed) {
            return;
        }
        let saved = Saved {
            chain_id: self.upstream.chain_id(),
            upstream: disk::upstream(self.upstream.settings()),
            head: self.head.clone(),
            memory: self.memory().clone(),
        };
        if let Err(error) = disk::write(file, &saved) {
            tracing::warn!(path = %file.display(), %error, "the fork's cache cannot be written");
        }
    }
}
