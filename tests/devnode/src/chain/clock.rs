//! The chain's clock: wall time, moved by `evm_*` methods, or a fixed step from block to block.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Tells the time of the next block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// {s} Added to the wall clock.
    pub offset_s: i64,
    /// {s} Exact time of the next block, once.
    next: Option<u64>,
    /// {s} Step from block to block, instead of the wall clock.
    #[serde(default)]
    interval_s: Option<u64>,
    /// {s} Added to the next step.
    #[serde(default)]
    skipped_s: u64,
}

impl Clock {
    /// A clock that reads `timestamp` now.
    pub fn starting_at(timestamp: u64) -> Self {
        let mut clock = Self::default();
        clock.set(timestamp);
        clock
    }

    /// {s} Time of a block built now on a parent of time `parent`: never before it.
    pub fn peek(&self, parent: u64) -> u64 {
        let time = match (self.next, self.interval_s) {
            (Some(next), _) => next,
            (None, Some(step)) => parent.saturating_add(step).saturating_add(self.skipped_s),
            (None, None) => self.now(),
        };
        time.max(parent)
    }

    /// As [`Self::peek`], and uses up an exact time.
    pub fn tick(&mut self, parent: u64) -> u64 {
        let time = self.peek(parent);
        self.next = None;
        self.skipped_s = 0;
        time
    }

    /// {s} The moved wall clock.
    pub fn now(&self) -> u64 {
        wall().saturating_add_signed(self.offset_s)
    }

    /// Keeps the time that a transaction has seen for its block, however long it ran.
    pub fn hold(&mut self, time: u64) {
        self.next = Some(time);
    }

    /// Moves the clock on.
    pub fn increase(&mut self, seconds: u64) {
        self.offset_s = self.offset_s.saturating_add_unsigned(seconds);
        match &mut self.next {
            Some(next) => *next = next.saturating_add(seconds),
            None => self.skipped_s = self.skipped_s.saturating_add(seconds),
        }
    }

    /// Makes every block that much later than its parent, whatever the wall clock says; with none,
    /// the wall clock counts again.
    pub fn set_interval(&mut self, seconds: Option<u64>) {
        self.interval_s = seconds;
        self.skipped_s = 0;
    }

    /// Sets the clock to `timestamp` now.
    pub fn set(&mut self, timestamp: u64) {
        let timestamp = i64::try_from(timestamp).unwrap_or(i64::MAX);
        self.offset_s = timestamp.saturating_sub_unsigned(wall());
        self.next = self.interval_s.map(|_| timestamp.unsigned_abs());
        self.skipped_s = 0;
    }

    /// Gives the next block exactly `timestamp`, from which the clock runs on.
    pub fn set_next(&mut self, timestamp: u64) {
        self.set(timestamp);
        self.next = Some(timestamp);
    }
}

fn wall() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_time_holds_for_one_block_and_moves_the_clock() {
        let mut clock = Clock::default();
        let target = clock.now() + 10_000;
        clock.set_next(target);
        assert_eq!(clock.tick(0), target);
        assert!((target..target + 3).contains(&clock.tick(target)));
    }

    #[test]
    fn with_an_interval_the_wall_clock_does_not_count() {
        let mut clock = Clock::default();
        clock.set_interval(Some(2));
        assert_eq!(clock.tick(1_000), 1_002);
        clock.increase(500);
        assert_eq!(clock.peek(1_002), 1_504);
        assert_eq!(clock.tick(1_002), 1_504);
        assert_eq!(clock.tick(1_504), 1_506);
        clock.set_next(9_000);
        assert_eq!((clock.tick(1_506), clock.tick(9_000)), (9_000, 9_002));
        clock.set_interval(None);
        assert!(clock.peek(9_002) >= 9_002);
    }

    #[test]
    fn a_held_time_is_the_next_blocks_and_moves_no_clock() {
        let mut clock = Clock::starting_at(5_000);
        clock.hold(4_990);
        assert_eq!(clock.tick(0), 4_990);
        assert!((5_000..5_003).contains(&clock.tick(0)));
    }

    #[test]
    fn time_never_runs_backwards() {
        let clock = Clock::starting_at(1_000);
        assert_eq!(clock.peek(5_000), 5_000);
    }
}
