//! When to ask: at most so often, and later after a failure.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// The longest pause between repetitions that nobody asked for.
const PAUSE_MAX: Duration = Duration::from_secs(3);

/// Keeps requests apart. A second's worth may come at once.
#[derive(Debug)]
pub(super) struct Pace {
    /// Time that one request takes up; none for no limit.
    gap: Option<Duration>,
    next: Mutex<Instant>,
}

impl Pace {
    /// A pace of `rate` requests per second.
    pub(super) fn new(rate: Option<u32>) -> Self {
        let gap = rate.map(|rate| Duration::from_secs(1) / rate.max(1));
        Self {
            gap,
            next: Mutex::new(Instant::now()),
        }
    }

    /// Waits until `count` requests may be sent.
    pub(super) async fn wait(&self, count: u32) {
        sleep_until(self.reserve(count)).await;
    }

    fn reserve(&self, count: u32) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let start = *next;
        if let Some(gap) = self.gap {
            let burst = Instant::now()
                .checked_sub(Duration::from_secs(1))
                .unwrap_or(start);
            *next = start.max(burst) + gap.saturating_mul(count);
        }
        start
    }

    /// Sends nothing for a while: the upstream asked for a pause.
    pub(super) fn hold(&self, pause: Duration) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = (*next).max(Instant::now() + pause);
    }
}

/// `first * 2^attempt`, at most [`PAUSE_MAX`] (or `first`), of which up to a half is left to chance
/// so that several clients do not come back together.
pub(super) fn pause(first: Duration, attempt: u32) -> Duration {
    let factor = 2_u32.saturating_pow(attempt);
    let longest = first.saturating_mul(factor).min(PAUSE_MAX.max(first));
    let half = longest / 2;
    half + half.mul_f64(chance())
}

/// A number in `[0, 1)`.
fn chance() -> f64 {
    let random = RandomState::new().build_hasher().finish();
    (random >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit() {
        let first = Duration::from_millis(200);
        for (attempt, most) in [(0, 200), (1, 400), (3, 1_600), (9, 3_000), (99, 3_000)] {
            let most = Duration::from_millis(most);
            for _ in 0..20 {
                let pause = pause(first, attempt);
                assert!((most / 2..=most).contains(&pause), "{attempt}: {pause:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_burst_is_followed_by_a_steady_rate() {
        let pace = Pace::new(Some(100));
        let start = Instant::now();
        // 100 requests of the first second and 20 more.
        for _ in 0..120 {
            pace.wait(1).await;
        }
        let took = start.elapsed();
        assert!(took >= Duration::from_millis(180), "{took:?}");
        assert!(took < Duration::from_secs(5), "{took:?}");
    }

    #[tokio::test]
    async fn a_hold_delays_what_comes() {
        let pace = Pace::new(None);
        let start = Instant::now();
        pace.hold(Duration::from_millis(60));
        pace.wait(1).await;
        assert!(start.elapsed() >= Duration::from_millis(60));
    }
}
