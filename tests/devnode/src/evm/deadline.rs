//! When an execution that nobody pays for has to end.
//!
//! Gas bounds what one frame does between two calls; frames, host calls and repeated executions are
//! where the clock is read. A mined transaction has no deadline: it must come out the same everywhere.

use std::time::{Duration, Instant};

use revm::context_interface::context::ContextError;
use thiserror::Error;

use super::{Error, frames::FrameError};
use crate::errands;

/// An execution took longer than it may.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("execution aborted (timeout = {0:?})")]
pub struct TimedOut(pub Duration);

/// The end of the time that a request has for all its executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    start: Instant,
    /// What earlier attempts of the request have used.
    used: Duration,
    timeout: Duration,
}

impl Deadline {
    /// `timeout` from now, less what earlier attempts of the request have used.
    pub fn after(timeout: Duration) -> Self {
        Self {
            start: Instant::now(),
            used: errands::executed(),
            timeout,
        }
    }

    /// The error once the time is over.
    pub fn error(&self) -> TimedOut {
        TimedOut(self.timeout)
    }

    /// Whether the time is over.
    pub fn is_over(&self) -> bool {
        self.used.saturating_add(self.start.elapsed()) >= self.timeout
    }

    /// Ends an execution whose time is over.
    pub(super) fn check(&self) -> Result<(), FrameError> {
        match self.is_over() {
            // revm takes errors that are not the database's in words only.
            true => Err(ContextError::Custom(self.error().to_string())),
            false => Ok(()),
        }
    }

    /// What an execution's error means, if it ended for want of time.
    pub fn ended(&self, error: &Error) -> Option<TimedOut> {
        let late = self.error();
        matches!(error, Error::Custom(text) if *text == late.to_string()).then_some(late)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_known_by_its_deadline() {
        let over = Deadline::after(Duration::ZERO);
        let Err(ContextError::Custom(text)) = over.check() else {
            panic!("{over:?}");
        };
        assert_eq!(text, "execution aborted (timeout = 0ns)");
        assert_eq!(
            over.ended(&Error::Custom(text.clone())),
            Some(TimedOut(Duration::ZERO))
        );
        let ample = Deadline::after(Duration::from_secs(20));
        assert!(ample.check().is_ok());
        assert_eq!(ample.ended(&Error::Custom(text)), None);
    }
}
