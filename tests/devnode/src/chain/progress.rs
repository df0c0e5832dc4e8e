//! What a request has done for good, when it needs state of a fork's upstream that was not read yet.
//!
//! Such a request is made again ([`errands`](crate::errands)), and must find the chain as it was
//! before: what it did since the last [`Chain::keep`] is undone. One that works in several steps keeps
//! each that has ended, and knows when it is made again where it was.

use super::{Chain, clock::Clock, control::settings::Settings, state::undo::Position};
use crate::errands;

/// Where a chain can go back to, unless it went back further by itself: taking blocks back reads no
/// state.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark(Option<Point>);

#[derive(Clone, Copy, Debug)]
struct Point {
    head: u64,
    position: Position,
    clock: Clock,
    settings: Settings,
}

impl Chain {
    /// Keeps what was done so far, whatever comes.
    pub fn keep(&mut self) {
        errands::commit();
        self.mark();
    }

    /// Begins what can be undone.
    pub fn mark(&mut self) {
        self.mark = Mark(Some(Point {
            head: self.head().header.number,
            position: self.state.position(),
            clock: self.clock,
            settings: self.settings(),
        }));
    }

    /// Undoes what was done since then.
    pub fn undo(&mut self) {
        if let Mark(Some(point)) = self.mark {
            self.history.forget(point.head);
            self.state.revert_to(point.position);
            self.clock = point.clock;
            self.restore(point.settings);
        }
    }
}
