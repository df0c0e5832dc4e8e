//! The leaky bucket behind every rate limit.
//!
//! What goes in leaks out at `cap / period_s`; nothing else lowers the level. Over any window `w` the sum of accepted
//! amounts is therefore at most `cap * (1 + w / period_s)`, without the doubling at the boundary that fixed windows have.
//! Levels are fractions (D18 of nav, or of an asset's amount), so that minting cannot make room.

use ruint::aliases::U256;

use crate::{
    Error,
    fixed::{D18, add, mul_div_down, mul_div_up},
};

/// A level, and when it was that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// D18{1}
    pub used: U256,
    /// {s}, chain time at which `used` was right.
    pub at: u64,
}

/// The size of a bucket and how long a full one takes to drain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// D18{1}
    pub cap: U256,
    /// {s}, more than zero.
    pub period_s: u32,
}

/// Level at `now`: `max(0, used - floor(cap * (now - at) / period_s))`.
///
/// - Units:  D18{1}; {s}.
/// - Domain: `period_s > 0`; a clock that went back drains nothing. The level rounds up: looking often never drains more
///   than looking once, and less by < 1e-18 per look.
/// - Errors: [`Error::DivisionByZero`], [`Error::Overflow`].
pub fn level_at(level: Level, now: u64, rate: Rate) -> Result<U256, Error> {
    let elapsed = U256::from(now.saturating_sub(level.at));
    let drained = mul_div_down(rate.cap, elapsed, U256::from(rate.period_s))?;
    Ok(level.used.saturating_sub(drained))
}

/// The bucket after `amount` more at `now`.
///
/// - Units:  D18{1}; {s}.
/// - Domain: as [`level_at`]; `amount` zero is accepted even if a lowered cap left the bucket over-full.
/// - Errors: [`Error::BucketFull`] if the level would exceed `rate.cap`, and those of [`level_at`].
pub fn add_at(level: Level, amount: U256, now: u64, rate: Rate) -> Result<Level, Error> {
    let used = add(level_at(level, now, rate)?, amount)?;
    if used > rate.cap && !amount.is_zero() {
        return Err(Error::BucketFull);
    }
    Ok(Level {
        used,
        at: now.max(level.at),
    })
}

/// Room left at `now`: `max(0, cap - level)`. Domain and errors of [`level_at`].
pub fn left_at(level: Level, now: u64, rate: Rate) -> Result<U256, Error> {
    Ok(rate.cap.saturating_sub(level_at(level, now, rate)?))
}

/// `part` as a fraction of `whole`: `ceil(part * 1e18 / whole)`.
///
/// - Units:  {x}, {x} -> D18{1}.
/// - Domain: `whole > 0`; rounds up; error < 1e-18.
/// - Errors: [`Error::DivisionByZero`], [`Error::Overflow`].
pub fn fraction_up(part: U256, whole: U256) -> Result<U256, Error> {
    mul_div_up(part, D18, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_S: u32 = 86_400;

    #[test]
    fn a_full_bucket_has_no_room_at_midnight_and_drains_in_a_period() {
        let rate = Rate {
            cap: D18,
            period_s: DAY_S,
        };
        let full = add_at(Level::default(), D18, 86_399, rate).unwrap();
        assert_eq!(add_at(full, D18, 86_401, rate), Err(Error::BucketFull));
        assert_eq!(
            left_at(full, 86_399 + 43_200, rate),
            Ok(D18 / U256::from(2))
        );
        assert_eq!(level_at(full, 86_399 + 86_400, rate), Ok(U256::ZERO));
    }

    #[test]
    fn a_lowered_cap_closes_the_bucket_until_it_has_drained() {
        let rate = Rate {
            cap: D18 / U256::from(4),
            period_s: DAY_S,
        };
        let over = Level { used: D18, at: 0 };
        assert_eq!(add_at(over, U256::from(1), 0, rate), Err(Error::BucketFull));
        assert_eq!(add_at(over, U256::ZERO, 0, rate), Ok(over));
        assert_eq!(left_at(over, 3 * 86_400, rate), Ok(U256::ZERO));
        assert_eq!(left_at(over, 4 * 86_400, rate), Ok(rate.cap));
    }

    #[test]
    fn a_period_of_zero_is_refused() {
        let rate = Rate {
            cap: D18,
            period_s: 0,
        };
        assert_eq!(
            level_at(Level::default(), 1, rate),
            Err(Error::DivisionByZero)
        );
    }
}
