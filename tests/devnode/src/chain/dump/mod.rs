//! The chain as a file: everything that must survive a restart. And what is read of others' files.

mod anvil;
pub mod gzip;

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fs,
    io::{self, Write},
    iter,
    path::{Path, PathBuf},
};

use alloy_consensus::{TxEnvelope, transaction::Recovered};
use alloy_primitives::{Address, B256, Bytes, map::B256HashMap};
use revm::{primitives::KECCAK_EMPTY, state::Bytecode};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use thiserror::Error;

use self::gzip::GzipError;
use super::{
    Chain,
    blocks::{block::Block, history::History},
    clock::Clock,
    control::settings::Settings,
    state::{
        State,
        account::{Account, Basic},
        undo::{Change, Position},
    },
};
use crate::fork::StateError;

const FORMAT: &str = "stylus-devnode.state/2";

/// Why a dump cannot be read or written.
#[derive(Debug, Error)]
pub enum DumpError {
    /// The file cannot be read or written.
    #[error("state file: {0}")]
    Io(#[from] io::Error),
    /// It is not a dump.
    #[error("state dump is not readable: {0}")]
    Json(#[from] serde_json::Error),
    /// It is a dump of something else.
    #[error("state dump has format {0:?}, expected {FORMAT:?}")]
    Format(String),
    /// It is JSON of another kind.
    #[error(
        "state dump is not of stylus-devnode: dumps of other nodes than anvil cannot be loaded"
    )]
    Foreign,
    /// It belongs to a chain with another id.
    #[error("state dump is of chain {have}, this chain is {want}")]
    ChainId {
        /// The dump's chain id.
        have: u64,
        /// Ours.
        want: u64,
    },
    /// It lies over another ground.
    #[error("state dump is of {}, this chain is {}", ground(.have), ground(.want))]
    Fork {
        /// The block that the dump's chain was forked from.
        have: Option<B256>,
        /// Ours.
        want: Option<B256>,
    },
    /// It is packed, and cannot be unpacked.
    #[error("state dump: {0}")]
    Gzip(#[from] GzipError),
    /// It is anvil's, and would be written over with one of ours.
    #[error("state dump is anvil's: load it with anvil_loadState")]
    Anvil,
    /// State could not be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// It is longer than asked for.
    #[error("state and blocks take more than {} MiB", .0 >> 20)]
    TooLarge(usize),
    /// It has no block.
    #[error("state dump has no blocks")]
    NoBlocks,
    /// Blocks are not numbered one by one.
    #[error("state dump has block {have} in the place of block {want}")]
    Number {
        /// The block's number.
        have: u64,
        /// The number of its place.
        want: u64,
    },
    /// A block does not follow the one before it.
    #[error("state dump: the parent of block {0} is not the block before it")]
    Parent(u64),
    /// An account has code that is missing.
    #[error("state dump: an account has code with hash {0}, which is not in the dump")]
    Code(B256),
    /// A block's state cannot be found in the undo log.
    #[error("state dump: block {0} has a wrong position in the undo log")]
    Position(u64),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dump {
    format: String,
    chain_id: u64,
    /// Hash of the block that the chain was forked from.
    #[serde(default)]
    fork: Option<B256>,
    clock: Clock,
    accounts: Vec<Entry>,
    codes: Vec<Bytes>,
    blocks: Vec<Block>,
    undo: Vec<Change>,
    impersonated: Vec<Address>,
    settings: Settings,
    pool: Vec<Recovered<TxEnvelope>>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    address: Address,
    #[serde(flatten)]
    account: Account,
}

impl Chain {
    fn forked_block(&self) -> Option<B256> {
        self.fork().map(|fork| fork.head().hash)
    }

    /// Every code that was deployed here, and on a fork those of the upstream that accounts have.
    fn codes(&self) -> Result<Vec<Bytes>, DumpError> {
        let own: B256HashMap<_> = self
            .state
            .codes()
            .map(|code| (code.hash_slow(), code.original_bytes()))
            .collect();
        let mut codes = own;
        for code in self.state.codes_of_accounts() {
            let code = code.map_err(DumpError::Code)?;
            codes.insert(code.hash_slow(), code.original_bytes());
        }
        Ok(codes.into_values().collect())
    }

    /// The chain as JSON.
    pub fn dump(&self) -> Result<Vec<u8>, DumpError> {
        self.dump_within(usize::MAX)
    }

    /// As [`Self::dump`], of at most `len_max` {byte}: no more than that is ever made.
    ///
    /// # Errors
    /// [`DumpError::TooLarge`]
    pub fn dump_within(&self, len_max: usize) -> Result<Vec<u8>, DumpError> {
        let accounts = self.state.accounts().map(|(address, account)| Entry {
            address: *address,
            account: account.clone(),
        });
        let dump = Dump {
            format: FORMAT.into(),
            chain_id: self.start.1.chain_id,
            fork: self.forked_block(),
            clock: self.clock,
            accounts: accounts.collect(),
            codes: self.codes()?,
            blocks: self.history.blocks().cloned().collect(),
            undo: self.state.log().changes().to_vec(),
            impersonated: self.impersonated.iter().copied().collect(),
            settings: self.settings(),
            pool: self
                .pool
                .answered()
                .into_iter()
                // Conditions were on the time until now, and are not in the dump.
                .filter(|pooled| pooled.conditions.is_none())
                .map(|pooled| Recovered::clone(&pooled.tx))
                .collect(),
        };
        let mut bounded = Bounded {
            bytes: Vec::new(),
            len_max,
        };
        match serde_json::to_writer(&mut bounded, &dump) {
            Err(error) if error.is_io() => Err(DumpError::TooLarge(len_max)),
            result => Ok(result.map(|()| bounded.bytes)?),
        }
    }

    /// As [`Self::load`]; or lays the accounts of anvil's dump over this chain. Either may be packed.
    ///
    /// # Errors
    /// Every [`DumpError`]; with one nothing has changed.
    pub fn load_any(&mut self, bytes: &[u8]) -> Result<(), DumpError> {
        let bytes = match gzip::is_gzip(bytes) {
            true => Cow::Owned(gzip::unpack(bytes, gzip::LEN_MAX)?),
            false => Cow::Borrowed(bytes),
        };
        match self.load(&bytes) {
            Err(DumpError::Anvil) => self.load_anvil(serde_json::from_slice(&bytes)?),
            result => result,
        }
    }

    /// Replaces state, blocks, pool and clock with those of a dump. Snapshots are dropped.
    ///
    /// # Errors
    /// Every [`DumpError`]; with one nothing has changed.
    pub fn load(&mut self, bytes: &[u8]) -> Result<(), DumpError> {
        let dump: Dump = serde_json::from_slice(bytes).map_err(|error| misfit(bytes, error))?;
        if dump.format != FORMAT {
            return Err(DumpError::Format(dump.format));
        }
        let want = self.start.1.chain_id;
        if dump.chain_id != want {
            return Err(DumpError::ChainId {
                have: dump.chain_id,
                want,
            });
        }
        let want = self.forked_block();
        if dump.fork != want {
            let have = dump.fork;
            return Err(DumpError::Fork { have, want });
        }
        let history = history(dump.blocks, dump.undo.len())?;
        let state = restore(self.state.fresh(), dump.codes, dump.accounts, dump.undo);
        if let Some(hash) = state.codes_of_accounts().find_map(Result::err) {
            return Err(DumpError::Code(hash));
        }
        self.state = state;
        // Or every proof until the next block would build the trie.
        self.state.root();
        self.clock = dump.clock;
        self.impersonated = dump.impersonated.into_iter().collect();
        self.restore(dump.settings);
        self.snapshots.clear();
        self.pool.clear();
        for tx in dump.pool {
            // They were in a pool, and so fit in one.
            let _ = self.pool.add(tx, None, None);
        }
        self.history = history;
        Ok(())
    }
}

/// Bytes that become no more than `len_max`.
struct Bounded {
    bytes: Vec<u8>,
    len_max: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len().saturating_add(bytes.len()) > self.len_max {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is wrong with JSON that has not the fields of a dump: its format, if it names none or another.
/// anvil's names none, and its accounts are a map.
fn misfit(bytes: &[u8], error: serde_json::Error) -> DumpError {
    #[derive(Deserialize)]
    struct Head {
        format: Option<String>,
    }
    #[derive(Deserialize)]
    struct Body {
        #[serde(rename = "accounts")]
        _accounts: BTreeMap<Address, IgnoredAny>,
    }
    match serde_json::from_slice::<Head>(bytes) {
        Ok(Head { format: None }) => match serde_json::from_slice::<Body>(bytes) {
            Ok(_) => DumpError::Anvil,
            Err(_) => DumpError::Foreign,
        },
        Ok(Head {
            format: Some(format),
        }) if format != FORMAT => DumpError::Format(format),
        _ => error.into(),
    }
}

/// Refuses a path to which [`write`] cannot write, whose chain would be lost.
///
/// # Errors
/// [`DumpError::Io`]
pub fn check_path(path: &Path) -> Result<(), DumpError> {
    if path.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    }
    let temporary = temporary(path);
    fs::File::create(&temporary)?;
    Ok(fs::remove_file(&temporary)?)
}

/// Where a dump lies until it is whole.
fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    name.into()
}

/// Writes a dump to a file, which is replaced as a whole.
pub fn write(path: &Path, dump: &[u8]) -> Result<(), DumpError> {
    let temporary = temporary(path);
    let mut file = fs::File::create(&temporary)?;
    file.write_all(dump)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    Ok(())
}

fn ground(block: &Option<B256>) -> String {
    match block {
        Some(hash) => format!("a fork of block {hash}"),
        None => "no fork".into(),
    }
}

/// Blocks are looked up by number and their states by position: both must hold for all of them.
fn history(blocks: Vec<Block>, undo_len: Position) -> Result<History, DumpError> {
    let mut blocks = blocks.into_iter();
    let root = blocks.next().ok_or(DumpError::NoBlocks)?;
    check_positions(&root, 0, undo_len)?;
    let mut history = History::new(root);
    for block in blocks {
        let before = history.head();
        let (have, want) = (block.header.number, before.header.number.saturating_add(1));
        if have != want {
            return Err(DumpError::Number { have, want });
        }
        if block.header.parent_hash != before.hash {
            return Err(DumpError::Parent(want));
        }
        check_positions(&block, before.position, undo_len)?;
        history.push(block);
    }
    Ok(history)
}

fn check_positions(block: &Block, least: Position, most: Position) -> Result<(), DumpError> {
    let starts = block.txs.iter().map(|mined| mined.start);
    let positions = iter::once(least)
        .chain(starts)
        .chain([block.position, most]);
    match positions.is_sorted() {
        true => Ok(()),
        false => Err(DumpError::Position(block.header.number)),
    }
}

fn restore(mut state: State, codes: Vec<Bytes>, accounts: Vec<Entry>, undo: Vec<Change>) -> State {
    for code in codes {
        // A delegation that is not one cannot have been stored.
        if let Ok(code) = Bytecode::new_raw_checked(code) {
            state.add_code(code);
        }
    }
    for Entry { address, account } in accounts {
        let basic = account.basic.map(|basic| {
            basic.map(|basic| match basic.code_hash.is_zero() {
                true => Basic {
                    code_hash: KECCAK_EMPTY,
                    ..basic
                },
                false => basic,
            })
        });
        state.put_account(address, Account { basic, ..account });
    }
    state.set_log(undo.into_iter().collect());
    state
}
