//! `block.number`, which on Arbitrum is the number of an L1 block.

use super::{block::mixed, query::QueryError};
use crate::{
    chain::{Chain, fork::Fork, state::State},
    fork::head::Head,
};

/// {s} Time between two blocks of L1.
pub const L1_PERIOD_S: u64 = 12;

/// What `block.number` is in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// Zero: there is no L1.
    NoL1,
    /// The number of an L1 block.
    ///
    /// `number + floor((t - time_s) / 12)`
    ///
    /// There is no L1 to ask, but its blocks came every twelve seconds ([`L1_PERIOD_S`]).
    L1 {
        /// The L1 block number of the forked block.
        number: u64,
        /// {s} The time of the forked block.
        time_s: u64,
    },
    /// The block's own, as on a chain that is not Arbitrum's.
    Own,
}

impl Numbering {
    /// That of the blocks after a forked one.
    pub(in crate::chain) fn after(head: &Head, is_arbitrum: bool) -> Self {
        match (is_arbitrum, l1_number(head)) {
            (false, _) => Self::Own,
            (true, 0) => Self::NoL1,
            (true, number) => Self::L1 {
                number,
                time_s: head.header.timestamp,
            },
        }
    }

    /// The block number that contracts see in block `number`, made at a time.
    pub fn of(self, number: u64, timestamp: u64) -> u64 {
        match self {
            Self::NoL1 => 0,
            Self::L1 { number, time_s } => {
                let since_s = timestamp.saturating_sub(time_s);
                number.saturating_add(since_s / L1_PERIOD_S)
            }
            Self::Own => number,
        }
    }

    fn in_older(self, older: &State) -> Option<u64> {
        let head = older.origin()?.head();
        Some(match self {
            Self::Own => head.header.number,
            Self::NoL1 | Self::L1 { .. } => l1_number(head),
        })
    }
}

/// The block number of L1 when a block was made.
pub(in crate::chain) fn l1_number(head: &Head) -> u64 {
    let mixed = || mixed(&head.header.mix_hash, 1);
    head.l1_number.unwrap_or_else(mixed)
}

impl Chain {
    /// What `block.number` is in a block to come.
    pub fn numbering(&self) -> Numbering {
        self.fork().map_or(Numbering::NoL1, Fork::numbering)
    }

    /// What `block.number` is in an existing block.
    pub(in crate::chain) fn number_seen(&self, number: u64) -> Result<u64, QueryError> {
        match (self.block_at(number), self.fork()) {
            (Some(block), _) => Ok(self.numbering().of(number, block.header.timestamp)),
            (None, Some(fork)) if number < self.history.first() => {
                let older = fork.older(number)?;
                fork.numbering().in_older(&older).ok_or(QueryError::NoBlock)
            }
            _ => Err(QueryError::NoBlock),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l1_goes_on_by_a_block_in_twelve_seconds() {
        let l1 = Numbering::L1 {
            number: 100,
            time_s: 1_000,
        };
        for (timestamp, number) in [
            (0, 100),
            (1_000, 100),
            (1_011, 100),
            (1_012, 101),
            (2_200, 200),
        ] {
            assert_eq!(l1.of(7, timestamp), number, "at {timestamp}");
        }
        assert_eq!(Numbering::NoL1.of(7, 1_012), 0);
        assert_eq!(Numbering::Own.of(7, 1_012), 7);
    }
}
