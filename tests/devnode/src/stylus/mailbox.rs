//! Where a running program leaves its requests and finds the replies.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use super::{Reply, Request};

/// Shared by a program and its driver. Holds one message at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct Mailbox(Arc<Mutex<Slot>>);

#[derive(Debug, Default)]
struct Slot {
    request: Option<Request>,
    reply: Option<Reply>,
}

impl Mailbox {
    /// Leaves a request and waits for its reply.
    pub(super) async fn ask(&self, request: Request) -> Reply {
        self.slot().request = Some(request);
        poll_fn(|_| match self.slot().reply.take() {
            Some(reply) => Poll::Ready(reply),
            None => Poll::Pending,
        })
        .await
    }

    /// Leaves the reply to the last request.
    pub(super) fn answer(&self, reply: Reply) {
        self.slot().reply = Some(reply);
    }

    /// Takes the request that waits, if one does.
    pub(super) fn take_request(&self) -> Option<Request> {
        self.slot().request.take()
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
