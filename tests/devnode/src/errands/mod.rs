//! Reads, and programs that are hard to compile, put off until nobody has to wait for them.
//!
//! Whoever holds the chain must not wait for the upstream, or for the compiler: everybody else would wait
//! as well. Within [`attend`] what is not in memory therefore fails, and leaves an errand behind. Then the
//! attempt ends and lets go of the chain, the errands are run, and it is made again with what they
//! brought. Whether an attempt counts is seen by the errands alone, however its errors were wrapped.
//!
//! Threads are few, and a thread that waits does nothing else: a request first runs [`briefly`], without
//! waiting, and once more as one of those that may wait if it has to.
//!
//! Elsewhere, as at the start of a node, reads wait.

pub mod error;

use std::{
    any::Any,
    cell::{Cell, RefCell},
    sync::Arc,
    time::{Duration, Instant},
};

use self::error::{Reason, StateError};

/// Most attempts of one request, each of which reads something new.
const ATTEMPTS_MAX: usize = 10_000;

/// Longest time after which a request is attempted once more.
const TIME_MAX: Duration = Duration::from_secs(300);

/// What is not forgotten between attempts.
type Held = Arc<dyn Any + Send + Sync>;

/// Brings something into memory.
type Errand = Box<dyn FnOnce() -> Result<(), StateError>>;

thread_local! {
    /// Those of the attempt that this thread makes; none if its reads wait.
    static DESK: RefCell<Option<Desk>> = const { RefCell::new(None) };
    /// What errands brought that only this request's attempts may still want.
    static HELD: RefCell<Option<Vec<Held>>> = const { RefCell::new(None) };
    static HASTE: Cell<Haste> = const { Cell::new(Haste::None) };
    static WORK: Cell<Work> = const { Cell::new(Work::NONE) };
}

/// Whether this thread may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Haste {
    /// It may.
    None,
    /// It may not, and need not so far.
    Brief,
    /// It may not, and would have to.
    Over,
}

/// How long a request has executed.
#[derive(Clone, Copy, Debug)]
struct Work {
    /// In earlier attempts.
    before: Duration,
    /// When this attempt began to.
    since: Option<Instant>,
}

impl Work {
    const NONE: Self = Self {
        before: Duration::ZERO,
        since: None,
    };

    fn total(self) -> Duration {
        let now = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        self.before.saturating_add(now)
    }
}

/// Runs a method that must not wait: none if it would have to, and has to be run again where it may. It
/// has done nothing for good then; one that has goes on, and waits.
pub fn briefly<R>(method: impl FnOnce() -> R) -> Option<R> {
    HASTE.set(Haste::Brief);
    let place = Reset;
    let result = method();
    let is_over = HASTE.get() == Haste::Over;
    drop(place);
    (!is_over).then_some(result)
}

/// Clears what a thread knows of its request, after a panic too: threads are used again.
struct Reset;

impl Drop for Reset {
    fn drop(&mut self) {
        HASTE.set(Haste::None);
    }
}

/// Whether this thread may wait, now that it has to. If not, the error with which the method ends does
/// not matter.
pub(crate) fn may_wait() -> bool {
    match HASTE.get() {
        Haste::None => true,
        Haste::Brief | Haste::Over => {
            HASTE.set(Haste::Over);
            false
        }
    }
}

/// The request has done something for good, and must not be run again from its beginning.
pub fn commit() {
    if HASTE.get() == Haste::Brief {
        HASTE.set(Haste::None);
    }
}

/// Keeps something as long as this request makes attempts; where none are made nothing is kept.
pub fn hold(thing: Held) {
    HELD.with_borrow_mut(|held| {
        let Some(held) = held else {
            return;
        };
        if !held.iter().any(|other| Arc::ptr_eq(other, &thing)) {
            held.push(thing);
        }
    });
}

/// How long earlier attempts of this request have executed. This one begins to, if it has not yet.
pub fn executed() -> Duration {
    let mut work = WORK.get();
    work.since.get_or_insert_with(Instant::now);
    WORK.set(work);
    work.before
}

#[derive(Default)]
struct Desk {
    /// By the error with which the read was put off.
    errands: Vec<(StateError, Errand)>,
    /// What cannot be read, and why.
    failed: Vec<(StateError, StateError)>,
}

/// Attempts something until it needs nothing that is not in memory. What cannot be read fails in the
/// last attempt as it would without an errand.
///
/// # Errors
/// Those of the last attempt, or [`Reason::Endless`].
pub fn attend<R, E: From<StateError>>(mut attempt: impl FnMut() -> Result<R, E>) -> Result<R, E> {
    let deadline = Instant::now() + TIME_MAX;
    let (mut attempts, mut failed) = (0, Vec::new());
    let _visit = Visit::begin();
    loop {
        attempts += 1;
        let place = Place::take(failed);
        let result = attempt();
        let desk = place.leave();
        WORK.set(Work {
            before: WORK.get().total(),
            since: None,
        });
        failed = desk.failed;
        let Some((first, _)) = desk.errands.first() else {
            return result;
        };
        if attempts == ATTEMPTS_MAX || Instant::now() >= deadline {
            let endless = Reason::Endless;
            return Err(E::from(StateError {
                reason: endless,
                ..first.clone()
            }));
        }
        if !may_wait() {
            return Err(E::from(first.clone()));
        }
        for (put_off, errand) in desk.errands {
            if let Err(error) = errand() {
                failed.push((put_off, error));
            }
        }
    }
}

/// Whether reads are put off here and now.
pub fn puts_off() -> bool {
    DESK.with_borrow(Option::is_some)
}

/// The error of the first read that was put off in this attempt, which will be made again.
pub fn outstanding() -> Option<StateError> {
    DESK.with_borrow(|desk| {
        let (put_off, _) = desk.as_ref()?.errands.first()?;
        Some(put_off.clone())
    })
}

/// Puts a read off, and returns the error with which it ends for now: `put_off`, or why it failed
/// when the errand was run.
pub fn put_off(
    put_off: StateError,
    errand: impl FnOnce() -> Result<(), StateError> + 'static,
) -> StateError {
    DESK.with_borrow_mut(|desk| {
        let Some(desk) = desk else {
            return put_off;
        };
        let failed = desk.failed.iter().find(|(read, _)| *read == put_off);
        if let Some((_, error)) = failed {
            return error.clone();
        }
        if desk.errands.iter().all(|(read, _)| *read != put_off) {
            desk.errands.push((put_off.clone(), Box::new(errand)));
        }
        put_off
    })
}

/// The attempts of one request, after which nothing is held.
struct Visit {
    held: Option<Vec<Held>>,
    work: Work,
}

impl Visit {
    fn begin() -> Self {
        Self {
            held: HELD.replace(Some(Vec::new())),
            work: WORK.replace(Work::NONE),
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        HELD.set(self.held.take());
        WORK.set(self.work);
    }
}

/// A thread's place at its desk, which a panic clears too: threads are used again.
struct Place {
    before: Option<Desk>,
}

impl Place {
    fn take(failed: Vec<(StateError, StateError)>) -> Self {
        let desk = Desk {
            failed,
            ..Desk::default()
        };
        Self {
            before: DESK.replace(Some(desk)),
        }
    }

    fn leave(self) -> Desk {
        DESK.take().unwrap_or_default()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        DESK.set(self.before.take());
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, rc::Rc};

    use super::*;

    fn read(what: &str) -> StateError {
        StateError {
            upstream: "http://localhost".into(),
            what: what.into(),
            reason: Reason::PutOff,
        }
    }

    #[test]
    fn an_attempt_is_repeated_with_what_its_errands_brought() {
        let known = Rc::new(Cell::new(0));
        let mut attempts = 0;
        let result: Result<u32, StateError> = attend(|| {
            attempts += 1;
            assert!(puts_off());
            if known.get() < 3 {
                let known = Rc::clone(&known);
                let error = put_off(read(&format!("{}", known.get())), move || {
                    assert!(!puts_off());
                    known.set(known.get() + 1);
                    Ok(())
                });
                assert_eq!(outstanding().as_ref(), Some(&error));
                // Whoever loses the error does not lose the errand.
                return Ok(0);
            }
            Ok(known.get())
        });
        assert_eq!((result, attempts), (Ok(3), 4));
        assert!(!puts_off());
    }

    #[test]
    fn what_cannot_be_read_fails_in_its_place_and_the_rest_is_read() {
        let broken = StateError {
            reason: Reason::NoBlock,
            ..read("a")
        };
        let (error, known) = (broken.clone(), Rc::new(Cell::new(false)));
        let mut attempts = 0;
        let result: Result<_, StateError> = attend(|| {
            attempts += 1;
            let (error, found) = (error.clone(), Rc::clone(&known));
            let first = put_off(read("a"), move || Err(error));
            let second = known.get();
            if !second {
                put_off(read("b"), move || {
                    found.set(true);
                    Ok(())
                });
            }
            Ok((first, second))
        });
        assert_eq!((result, attempts), (Ok((broken, true)), 2));
    }

    #[test]
    fn what_never_comes_ends() {
        let mut attempts = 0;
        let result: Result<(), StateError> = attend(|| {
            Err(put_off(read(&format!("{attempts}")), || Ok(()))).inspect_err(|_| attempts += 1)
        });
        assert_eq!(result.unwrap_err().reason, Reason::Endless);
        assert_eq!(attempts, ATTEMPTS_MAX);
    }

    #[test]
    fn a_brief_run_ends_before_it_waits_unless_it_has_done_something() {
        let visit = |acts: bool| {
            let mut attempts = 0;
            let result = briefly(|| {
                attend(|| {
                    attempts += 1;
                    if acts {
                        commit();
                    }
                    match attempts {
                        1 => Err(put_off(read("a"), || Ok(()))),
                        _ => Ok(()),
                    }
                })
            });
            (result, attempts, may_wait())
        };
        assert_eq!(visit(false), (None, 1, true));
        assert_eq!(visit(true), (Some(Ok(())), 2, true));
    }

    #[test]
    fn what_is_held_is_held_to_the_last_attempt() {
        let thing = Arc::new(7);
        let weak = Arc::downgrade(&thing);
        let mut thing = Some(thing);
        let result: Result<_, StateError> = attend(|| {
            if let Some(thing) = thing.take() {
                return Err(put_off(read("a"), move || {
                    hold(thing);
                    Ok(())
                }));
            }
            Ok(weak.upgrade().is_some())
        });
        assert_eq!((result, weak.upgrade()), (Ok(true), None));
    }

    #[test]
    fn a_panic_leaves_the_thread_as_it_was() {
        let panic = std::panic::catch_unwind(|| attend::<(), StateError>(|| panic!("as planned")));
        assert!(panic.is_err());
        assert!(!puts_off());
    }
}
