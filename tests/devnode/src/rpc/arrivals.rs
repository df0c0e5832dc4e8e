//! Transactions on their way from the wire to the chain.
//!
//! Requests come in one order and get to the chain in another: on a busy machine, or where one has to
//! wait for a fork's upstream, seconds later. Who misses a transaction can tell what has not come from
//! what has come and is not taken yet.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Numbers the transactions that come in.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrivals(Arc<Mutex<Numbers>>);

#[derive(Debug, Default)]
struct Numbers {
    next: u64,
    on_their_way: BTreeSet<u64>,
}

impl Arrivals {
    /// Notes that a transaction has come in, which is on its way until the result is dropped.
    pub(super) fn enter(&self) -> Arrival {
        let mut numbers = self.numbers();
        let number = numbers.next;
        numbers.next = number.saturating_add(1);
        numbers.on_their_way.insert(number);
        Arrival {
            arrivals: self.clone(),
            number,
        }
    }

    /// The number of whichever comes next.
    pub(super) fn next(&self) -> u64 {
        self.numbers().next
    }

    /// Whether nothing is on its way any more that came before a number.
    pub(super) fn all_taken(&self, before: u64) -> bool {
        let numbers = self.numbers();
        let first = numbers.on_their_way.first();
        first.is_none_or(|first| *first >= before)
    }

    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A transaction on its way.
#[derive(Debug)]
pub(super) struct Arrival {
    arrivals: Arrivals,
    number: u64,
}

impl Drop for Arrival {
    fn drop(&mut self) {
        self.arrivals.numbers().on_their_way.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_before_is_waited_for_and_nothing_else() {
        let arrivals = Arrivals::default();
        assert!(arrivals.all_taken(arrivals.next()));
        let (first, second) = (arrivals.enter(), arrivals.enter());
        let before = arrivals.next();
        let _later = arrivals.enter();
        drop(first);
        assert!(!arrivals.all_taken(before));
        drop(second);
        assert!(arrivals.all_taken(before));
        assert!(!arrivals.all_taken(arrivals.next()));
    }
}
