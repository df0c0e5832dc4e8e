//! Ctrl-C and SIGTERM: the first asks, the second does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

const INTERRUPTED: u8 = 130;
const TERMINATED: u8 = 143;

/// A watch over both signals.
pub(super) struct Signals {
    token: CancellationToken,
    code: Arc<AtomicU8>,
}

impl Signals {
    /// Begins to watch. The second signal of any kind ends the process at once.
    pub(super) fn install() -> std::io::Result<Self> {
        let (mut interrupt, mut terminate) = (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        );
        let (token, code) = (CancellationToken::new(), Arc::new(AtomicU8::new(0)));
        let (asked, kept) = (token.clone(), Arc::clone(&code));
        tokio::spawn(async move {
            loop {
                let code = tokio::select! {
                    _ = interrupt.recv() => INTERRUPTED,
                    _ = terminate.recv() => TERMINATED,
                };
                if asked.is_cancelled() {
                    std::process::exit(code.into());
                }
                kept.store(code, Ordering::SeqCst);
                asked.cancel();
            }
        });
        Ok(Self { token, code })
    }

    pub(super) async fn received(&self) {
        self.token.cancelled().await;
    }

    pub(super) fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Exit code of the signal that came; zero if none did.
    pub(super) fn code(&self) -> u8 {
        self.code.load(Ordering::SeqCst)
    }
}
