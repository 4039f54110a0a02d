//! Ctrl-C and SIGTERM: the first one stops cleanly, the second one at once.

use std::future::pending;

use fusion_core::error::{Code, Error, Result};

/// The exit code of a command that was interrupted.
pub(super) const INTERRUPTED: u8 = 130;

/// Hears signals from the moment that it is made.
#[derive(Debug)]
pub(super) struct Interrupt {
    #[cfg(unix)]
    signals: (tokio::signal::unix::Signal, tokio::signal::unix::Signal),
}

impl Interrupt {
    /// Begins to listen.
    #[cfg(unix)]
    pub(super) fn new() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let pair = || Ok((signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?));
        Ok(Self { signals: pair().map_err(refused)? })
    }

    /// Begins to listen.
    #[cfg(not(unix))]
    pub(super) fn new() -> Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next signal.
    pub(super) async fn heard(&mut self) {
        #[cfg(unix)]
        let came = tokio::select! {
            came = self.signals.0.recv() => came.is_some(),
            came = self.signals.1.recv() => came.is_some(),
        };
        #[cfg(not(unix))]
        let came = tokio::signal::ctrl_c().await.is_ok();
        if !came {
            pending::<()>().await;
        }
    }

    /// Does the last work of a command; a further signal ends the process at once.
    pub(super) async fn while_closing<T>(mut self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            done = work => done,
            () = self.heard() => at_once(),
        }
    }
}

#[expect(clippy::exit, reason = "the second Ctrl-C asks for exactly this; the store recovers")]
fn at_once() -> ! {
    std::process::exit(i32::from(INTERRUPTED))
}

#[cfg(unix)]
fn refused(error: std::io::Error) -> Error {
    Error::new(Code::Internal, "signals cannot be heard").because(error)
}
