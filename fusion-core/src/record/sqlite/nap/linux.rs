//! Linux: an eventfd for calls, inotify for the file.

use std::path::Path;
use std::sync::Arc;
use std::task::{Wake, Waker};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fd::OwnedFd;
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::{Result, read, write};

use super::Woken;

/// What others wake the thread with.
#[derive(Debug)]
struct Bell(OwnedFd);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        // It fails when the counter is full: then it rings already.
        let _rung = write(&self.0, &1_u64.to_ne_bytes());
    }
}

/// What the thread waits on.
#[derive(Debug)]
pub(super) struct Bed {
    bell: Arc<Bell>,
    /// Absent where the kernel has no watch left to give.
    watch: Option<OwnedFd>,
}

impl Bed {
    pub(super) fn new(wal: &Path) -> Result<Self> {
        let bell = Arc::new(Bell(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?));
        Ok(Self { bell, watch: watch(wal).ok() })
    }

    pub(super) fn waker(&self) -> Waker {
        Waker::from(self.bell.clone())
    }

    pub(super) fn is_watching(&self) -> bool {
        self.watch.is_some()
    }

    /// Tells whether the file was written since this was asked last.
    pub(super) fn was_written(&self) -> bool {
        let mut events = [0; 1024];
        self.watch.as_ref().is_some_and(|watch| read(watch, &mut events).is_ok())
    }

    /// Sleeps for so long at the most, or until somebody calls; when asked to, also until the file is written.
    pub(super) fn sleep(&self, ms: Option<u64>, watches: bool) -> Woken {
        let until = ms.and_then(|ms| Timespec::try_from(std::time::Duration::from_millis(ms)).ok());
        let second = self.watch.as_ref().filter(|_| watches).unwrap_or(&self.bell.0);
        let mut waits = [&self.bell.0, second].map(|fd| PollFd::new(fd, PollFlags::IN));
        let woken = poll(&mut waits, until.as_ref());
        let [bell, _] = waits;
        match woken {
            Ok(0) => Woken::Late,
            Ok(_) if bell.revents().is_empty() => Woken::Written,
            // After a signal there may be something to do as well.
            Ok(_) | Err(_) => {
                let _count = read(&self.bell.0, &mut [0; 8]);
                Woken::Called
            }
        }
    }
}

fn watch(wal: &Path) -> Result<OwnedFd> {
    let watch = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
    inotify::add_watch(&watch, wal, WatchFlags::MODIFY)?;
    Ok(watch)
}
