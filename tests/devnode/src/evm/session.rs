//! What a transaction knows and changes beside the EVM's own context.

use std::sync::Arc;

use alloy_primitives::{Address, B256, map::AddressHashMap};

use super::deadline::Deadline;
use crate::{
    arbos::{Limits, poster::Poster},
    stylus::{
        ActivationError, ArbosVersion, Compiler, Rules,
        names::Names,
        trace::{HostCalls, Recording},
    },
};

/// Arbitrum's part of the execution context, one per transaction.
#[derive(Clone, Debug)]
pub struct Session {
    /// The ArbOS version whose rules apply.
    pub arbos_version: u64,
    /// L2 number of the block being built.
    pub l2_block: u64,
    /// Whether this is an `eth_call`, whose gas the per-transaction limit does not bind.
    pub is_call: bool,
    /// Whether only what it accesses counts: then nobody receives its fee, since those who would are no
    /// accounts that it accesses.
    pub is_probe: bool,
    /// When its execution has to end; never for a transaction that is mined.
    pub deadline: Option<Deadline>,
    /// What owners set for every transaction.
    pub limits: Limits,
    /// What posting it on L1 takes.
    pub poster: Poster,
    /// Makes native code of programs, and keeps it.
    pub compiler: Compiler,
    /// Memory pages of the programs on the stack.
    pub pages: Pages,
    /// Programs that ran in this block.
    pub recent: Recent,
    /// Open frames by acting account.
    pub frames: OpenFrames,
    /// Why the last program that was refused cannot be activated. The chain itself says nothing.
    pub refusal: Option<ActivationError>,
    /// What programs tell an inspector, if one watches.
    pub witness: Option<Witness>,
}

impl Session {
    /// A session that has done nothing yet.
    pub fn new(
        arbos_version: u64,
        limits: Limits,
        l2_block: u64,
        is_call: bool,
        compiler: Compiler,
    ) -> Self {
        Self {
            arbos_version,
            l2_block,
            is_call,
            is_probe: false,
            deadline: None,
            limits,
            poster: Poster::default(),
            compiler,
            pages: Pages::default(),
            recent: Recent::default(),
            frames: OpenFrames::default(),
            refusal: None,
            witness: None,
        }
    }

    /// The ArbOS version as the Stylus VM names it.
    pub fn arbos(&self) -> ArbosVersion {
        ArbosVersion(self.arbos_version)
    }
}

/// What an inspector learns of programs beside frames and logs; it takes it frame by frame.
#[derive(Clone, Debug, Default)]
pub struct Witness {
    /// Whether programs record their host calls.
    pub recording: Option<Recording>,
    /// The host calls since it last took them, all of one program.
    pub heard: HostCalls,
    /// Why the program that ended last failed, beyond what its result says.
    pub reason: Option<String>,
    /// What functions of programs are called, by where their code lies.
    pub names: Arc<AddressHashMap<Names>>,
}

impl Witness {
    /// Takes what a run recorded.
    pub fn hear(&mut self, recorded: HostCalls) {
        self.heard.calls.extend(recorded.calls);
        self.heard.missing = self.heard.missing.saturating_add(recorded.missing);
    }
}

/// Memory pages in a transaction. Not journaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pages {
    /// {page} Open now.
    pub open: u16,
    /// {page} The most ever open.
    pub ever: u16,
}

impl Pages {
    /// Opens pages.
    pub fn add(&mut self, pages: u16) {
        self.open = self.open.saturating_add(pages);
        self.ever = self.ever.max(self.open);
    }

    /// Whether `pages` more would exceed the limit, where it binds, or what can be counted: all memories
    /// of a transaction have 4 GiB, however many pages are free.
    pub fn would_exceed(&self, pages: u16, rules: &Rules) -> bool {
        let limit = match rules.since(ArbosVersion::STYLUS_V3) {
            true => rules.page_limit,
            false => u16::MAX,
        };
        self.open.checked_add(pages).is_none_or(|open| open > limit)
    }
}

/// The programs that ran last in a block, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    programs: Vec<B256>,
}

impl Recent {
    /// Whether the program ran lately; from now on it has.
    pub fn touch(&mut self, code_hash: B256, rules: &Rules) -> bool {
        // Before ArbOS 60 a bug in Nitro kept the cache empty.
        if !rules.since(ArbosVersion::FRAGMENTS) {
            return false;
        }
        let position = self
            .programs
            .iter()
            .position(|program| *program == code_hash);
        if let Some(position) = position {
            self.programs.remove(position);
        }
        self.programs.push(code_hash);
        if self.programs.len() > usize::from(rules.block_cache_size) {
            self.programs.remove(0);
        }
        position.is_some()
    }
}

/// How many frames each account acts in, and who called the frames on the stack.
#[derive(Clone, Debug, Default)]
pub struct OpenFrames {
    counts: AddressHashMap<u32>,
    callers: Vec<Address>,
}

impl OpenFrames {
    /// A frame begins, in which `acting` acts unless it is borrowed code.
    pub fn enter(&mut self, caller: Address, acting: Option<Address>) {
        self.callers.push(caller);
        if let Some(address) = acting {
            *self.counts.entry(address).or_default() += 1;
        }
    }

    /// A frame ends.
    pub fn leave(&mut self, acting: Option<Address>) {
        self.callers.pop();
        if let Some(count) = acting.and_then(|address| self.counts.get_mut(&address)) {
            *count = count.saturating_sub(1);
        }
    }

    /// Who called the innermost frame.
    pub fn caller(&self) -> Option<Address> {
        self.callers.last().copied()
    }

    /// Whether the account acts in more than one frame.
    pub fn is_reentrant(&self, address: &Address) -> bool {
        self.counts.get(address).is_some_and(|count| *count > 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recent_cache_drops_the_oldest() {
        let rules = Rules {
            block_cache_size: 2,
            ..Rules::default()
        };
        let mut recent = Recent::default();
        let program = B256::repeat_byte;
        assert!(!recent.touch(program(1), &rules));
        assert!(!recent.touch(program(2), &rules));
        assert!(recent.touch(program(1), &rules));
        assert!(!recent.touch(program(3), &rules));
        assert!(!recent.touch(program(2), &rules));
    }

    #[test]
    fn the_recent_cache_never_hit_before_arbos_60() {
        let rules = Rules::new(ArbosVersion(59));
        let mut recent = Recent::default();
        assert!(!recent.touch(B256::ZERO, &rules));
        assert!(!recent.touch(B256::ZERO, &rules));
    }
}
