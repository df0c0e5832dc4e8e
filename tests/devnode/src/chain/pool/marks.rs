//! Points that a pool can go back to.

use super::Pool;

/// A point to come back to: its number in the order of arrivals, which no transaction has.
pub type Mark = u64;

impl Pool {
    /// Makes the pool as it is now a point to come back to.
    pub fn mark(&mut self) -> Mark {
        let mark = self.tick();
        self.marks.insert(mark, Vec::new());
        mark
    }

    /// Makes the pool what it was at a mark, which is forgotten with all later ones. What had no answer
    /// then is dropped.
    pub fn rewind(&mut self, mark: Mark) {
        let left = self.marks.split_off(&mark).into_values().flatten();
        let left: Vec<_> = left.collect();
        let bytes = left.iter().map(|pooled| pooled.bytes);
        self.kept = bytes.fold(self.kept, usize::saturating_sub);
        self.drop_where(|pooled| pooled.arrival > mark || pooled.waiter.is_some());
        for pooled in left.into_iter().filter(|pooled| pooled.arrival < mark) {
            self.insert(pooled);
        }
    }

    /// Forgets a mark, but not what the one before it needs.
    pub fn forget(&mut self, mark: Mark) {
        let left = self.marks.remove(&mark).unwrap_or_default();
        let before = self.marks.range_mut(..mark).next_back();
        let mut before = before.map(|(mark, kept)| (*mark, kept));
        for pooled in left {
            match &mut before {
                Some((before, kept)) if pooled.arrival < *before => kept.push(pooled),
                _ => self.kept = self.kept.saturating_sub(pooled.bytes),
            }
        }
    }

    /// {byte} What only marks keep.
    pub fn kept(&self) -> usize {
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::Address;
    use tokio::sync::oneshot;

    use super::{
        super::tests::{MIB, nonces, tx},
        *,
    };

    #[test]
    fn marks_keep_what_left_and_nothing_twice() {
        let mut pool = Pool::default();
        let add = |pool: &mut Pool, nonce| pool.add(tx(nonce, 1, MIB), None, None).unwrap();
        (0..4).for_each(|nonce| add(&mut pool, nonce));
        let early = pool.mark();
        pool.take(&Address::ZERO, 1);
        add(&mut pool, 4);
        let middle = pool.mark();
        pool.take(&Address::ZERO, 4);
        pool.take(&Address::ZERO, 0);
        add(&mut pool, 5);
        let late = pool.mark();
        // What came after the last mark is not kept.
        add(&mut pool, 6);
        pool.take(&Address::ZERO, 6);
        assert_eq!(pool.kept() / MIB, 3);
        pool.forget(late);
        pool.forget(middle);
        // Transaction 4 came after the mark that is left.
        assert_eq!(pool.kept() / MIB, 2);
        pool.rewind(early);
        assert_eq!((nonces(&pool), pool.kept()), (vec![0, 1, 2, 3], 0));
    }

    #[test]
    fn going_back_past_a_mark_forgets_it() {
        let mut pool = Pool::default();
        pool.add(tx(0, 1, 1), None, None).unwrap();
        let early = pool.mark();
        pool.take(&Address::ZERO, 0);
        let late = pool.mark();
        pool.add(tx(1, 1, 1), None, None).unwrap();
        pool.rewind(late);
        assert_eq!(nonces(&pool), [0; 0]);
        pool.rewind(early);
        assert_eq!(nonces(&pool), [0]);
    }

    #[test]
    fn what_has_no_answer_does_not_come_back() {
        let mut pool = Pool::default();
        let (waiter, mut fate) = oneshot::channel();
        pool.add(tx(3, 1, 1), None, Some(waiter)).unwrap();
        let mark = pool.mark();
        assert!(pool.answered().is_empty());
        pool.release();
        assert!(fate.try_recv().unwrap().is_ok());
        assert_eq!(nonces(&pool), [3]);
        pool.rewind(mark);
        assert!(pool.is_empty());
    }
}
