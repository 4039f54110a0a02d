//! Systems without inotify: the thread sleeps in short turns.

use std::path::Path;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use rustix::io::Result;

use super::Woken;

/// Wakes a thread as if it were a task.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// What the thread waits on.
#[derive(Debug)]
pub(super) struct Bed;

impl Bed {
    pub(super) fn new(_wal: &Path) -> Result<Self> {
        Ok(Self)
    }

    pub(super) fn waker(&self) -> Waker {
        Waker::from(Arc::new(Unpark(std::thread::current())))
    }

    pub(super) fn is_watching(&self) -> bool {
        false
    }

    pub(super) fn was_written(&self) -> bool {
        false
    }

    /// Sleeps for so long at the most, or until somebody calls.
    pub(super) fn sleep(&self, ms: Option<u64>, _watches: bool) -> Woken {
        match ms {
            Some(ms) => std::thread::park_timeout(Duration::from_millis(ms)),
            None => std::thread::park(),
        }
        Woken::Late
    }
}
