//! When an execution that nobody pays for has to end.
//!
//! The clock is read between frames, between host calls, and now and then within a frame; what one
//! precompile does is bounded by its gas. A mined transaction has no deadline: it must come out the same everywhere.

use std::time::{Duration, Instant};

use super::Error;
use crate::{
    errands::{
        self,
        error::{Reason, StateError},
    },
    fork::Stop,
};

pub use crate::errands::error::Aborted;

/// The end of the time that a request has for all its executions, or of the node.
#[derive(Clone, Debug)]
pub struct Deadline {
    start: Instant,
    /// What earlier attempts of the request have used.
    used: Duration,
    timeout: Duration,
    stop: Stop,
}

impl Deadline {
    /// `timeout` from now, less what earlier attempts of the request have used, unless the node ends first.
    pub fn after(timeout: Duration, stop: Stop) -> Self {
        Self {
            start: Instant::now(),
            used: errands::executed(),
            timeout,
            stop,
        }
    }

    /// The same, with `timeout` in all if that is less.
    #[must_use]
    pub fn within(self, timeout: Duration) -> Self {
        Self {
            timeout: self.timeout.min(timeout),
            ..self
        }
    }

    /// Fails once the time is over.
    ///
    /// # Errors
    /// Every [`Aborted`].
    pub fn check(&self) -> Result<(), Aborted> {
        if self.stop.is_stopping() {
            return Err(Aborted::Stopping);
        }
        match self.used.saturating_add(self.start.elapsed()) >= self.timeout {
            true => Err(Aborted::TimedOut(self.timeout)),
            false => Ok(()),
        }
    }
}

/// Why an execution was ended, if its error is that it was.
pub fn aborted(error: &Error) -> Option<Aborted> {
    match error {
        Error::Database(StateError {
            reason: Reason::Aborted(aborted),
            ..
        }) => Some(*aborted),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_and_the_node_end() {
        let stop = Stop::default();
        let ample = Deadline::after(Duration::from_secs(20), stop.clone());
        assert_eq!(ample.check(), Ok(()));
        let over = Aborted::TimedOut(Duration::ZERO);
        assert_eq!(ample.clone().within(Duration::ZERO).check(), Err(over));
        assert_eq!(over.to_string(), "execution aborted (timeout = 0ns)");
        stop.stop();
        assert_eq!(ample.check(), Err(Aborted::Stopping));
    }

    #[test]
    fn the_error_is_known_by_its_type() {
        let error = Error::Database(Aborted::Stopping.into());
        assert_eq!(aborted(&error), Some(Aborted::Stopping));
        assert_eq!(aborted(&Error::Custom(Aborted::Stopping.to_string())), None);
    }
}
