//! The cache on disk: one file for the state of one block of one chain.
//!
//! `<folder>/<chain id>/<block>-<first bytes of its hash>/state.json`. Its first line holds the
//! format and a hash of the rest, so that a file that was cut or changed is not believed.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use alloy_primitives::{B256, hex, keccak256};
use serde::{Deserialize, Serialize};

use super::{head::Head, memory::Memory, settings::Settings};

const FORMAT: &str = "stylus-devnode.fork/1";
const FILE: &str = "state.json";

/// The content of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Saved {
    pub(super) chain_id: u64,
    /// Keccak of the upstream's URL, which may be secret.
    pub(super) upstream: B256,
    pub(super) head: Head,
    pub(super) memory: Memory,
}

/// Where a block's file lies.
pub(super) fn path(folder: &Path, chain_id: u64, head: &Head) -> PathBuf {
    let short = hex::encode(&head.hash[..4]);
    folder
        .join(chain_id.to_string())
        .join(format!("{}-{short}", head.header.number))
        .join(FILE)
}

/// A file that can be believed. One that cannot is as good as none, and is told of.
pub(super) fn read(path: &Path) -> Option<Saved> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "the fork's cache cannot be read");
            return None;
        }
    };
    let saved = parse(&bytes);
    if saved.is_none() {
        tracing::warn!(path = %path.display(), "the fork's cache is damaged; state is read again");
    }
    saved
}

fn parse(bytes: &[u8]) -> Option<Saved> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (first, rest) = bytes.split_at_checked(end)?;
    let rest = rest.get(1..)?;
    if first != mark(rest).as_bytes() {
        return None;
    }
    let saved: Saved = serde_json::from_slice(rest).ok()?;
    saved.memory.is_whole().then_some(saved)
}

fn mark(content: &[u8]) -> String {
    format!("{FORMAT} {}", keccak256(content))
}

/// Writes a file, which is replaced as a whole.
pub(super) fn write(path: &Path, saved: &Saved) -> io::Result<()> {
    let content = serde_json::to_vec(saved)?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Two nodes may write the same file at once.
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let mut file = fs::File::create(&temporary)?;
    writeln!(file, "{}", mark(&content))?;
    file.write_all(&content)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

/// Keccak of the URL in `settings`.
pub(super) fn upstream(settings: &Settings) -> B256 {
    keccak256(settings.url.as_str())
}

/// The newest file of a block of an upstream that does not answer.
pub(super) fn find(settings: &Settings, number: u64) -> Option<Saved> {
    let upstream = upstream(settings);
    let prefix = format!("{number}-");
    let mut found: Vec<(SystemTime, PathBuf)> = Vec::new();
    for chain in folders(settings.cache.as_deref()?) {
        for block in folders(&chain) {
            let name = block.file_name().unwrap_or_default().to_string_lossy();
            let path = block.join(FILE);
            if name.starts_with(&prefix)
                && let Ok(time) = fs::metadata(&path).and_then(|file| file.modified())
            {
                found.push((time, path));
            }
        }
    }
    found.sort();
    let mut saved = found.iter().rev().filter_map(|(_, path)| read(path));
    saved.find(|saved| saved.upstream == upstream && saved.head.header.number == number)
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use alloy_consensus::Header;
    use alloy_primitives::{Address, Bytes, U256};

    use super::*;

    fn saved(url: &str, number: u64, hash: u8) -> Saved {
        let mut memory = Memory::default();
        memory.put_account(
            Address::repeat_byte(7),
            U256::from(5),
            1,
            Bytes::from_static(&[0x60, 0]),
        );
        memory.put_slot(Address::repeat_byte(7), U256::ONE, U256::ZERO);
        memory.hashes.insert(3, B256::repeat_byte(3));
        Saved {
            chain_id: 9,
            upstream: upstream(&Settings::new(url).unwrap()),
            head: Head {
                header: Header {
                    number,
                    ..Header::default()
                },
                hash: B256::repeat_byte(hash),
                l1_number: Some(4),
            },
            memory,
        }
    }

    #[test]
    fn files_survive_and_damage_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let saved = saved("http://localhost:1", 8, 0xab);
        let path = path(folder.path(), 9, &saved.head);
        assert!(path.ends_with("9/8-abababab/state.json"));
        write(&path, &saved).unwrap();
        assert_eq!(read(&path).as_ref(), Some(&saved));

        let good = fs::read(&path).unwrap();
        for index in [0, 30, good.len() / 2, good.len() - 1] {
            let mut bad = good.clone();
            bad[index] ^= 1;
            fs::write(&path, bad).unwrap();
            assert_eq!(read(&path), None, "byte {index}");
        }
        for len in [0, 20, good.len() - 1] {
            fs::write(&path, &good[..len]).unwrap();
            assert_eq!(read(&path), None, "{len} bytes");
        }
    }

    #[test]
    fn a_cache_is_found_by_upstream_and_block_only() {
        let folder = tempfile::tempdir().unwrap();
        for (url, number, hash) in [
            ("http://localhost:1", 8, 1),
            ("http://localhost:2", 8, 2),
            ("http://localhost:1", 9, 3),
        ] {
            let saved = saved(url, number, hash);
            write(&path(folder.path(), 9, &saved.head), &saved).unwrap();
        }
        let mut settings = Settings::new("http://localhost:2").unwrap();
        settings.cache = Some(folder.path().into());
        let found = find(&settings, 8).unwrap();
        assert_eq!(found.head.hash, B256::repeat_byte(2));
        assert_eq!(find(&settings, 9), None);
    }
}
