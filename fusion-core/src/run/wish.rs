//! The wish that something ends.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use crate::contract::{BoxFuture, Stopped};

/// A sign that is set once and seen by all who look or wait.
#[derive(Default)]
pub(super) struct Flag {
    set: AtomicBool,
    changed: Notify,
}

impl Flag {
    pub(super) fn set(&self) {
        self.set.store(true, Ordering::Release);
        self.changed.notify_waiters();
    }

    pub(super) fn is_set(&self) -> bool {
        self.set.load(Ordering::Acquire)
    }

    pub(super) async fn wait(&self) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if self.is_set() {
                return;
            }
            changed.await;
        }
    }
}

/// The wish that a program ends, for [`Env::exec`](crate::contract::Env::exec) to see. Clones are one wish.
///
/// ```
/// use std::sync::Arc;
/// use fusion_core::contract::{Stop, Stopped};
/// use fusion_core::run::Wish;
///
/// let wish = Wish::default();
/// let stop: Stop = Arc::new(wish.clone());
/// assert!(!stop.is_set());
/// wish.give();
/// assert!(stop.is_set());
/// ```
#[derive(Clone, Default)]
pub struct Wish(Arc<Flag>);

impl Wish {
    /// Gives it; it is not taken back.
    pub fn give(&self) {
        self.0.set();
    }
}

impl fmt::Debug for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Wish").field(&self.0.is_set()).finish()
    }
}

impl Stopped for Wish {
    fn is_set(&self) -> bool {
        self.0.is_set()
    }

    fn wait(&self) -> BoxFuture<'static, ()> {
        let flag = self.0.clone();
        Box::pin(async move { flag.wait().await })
    }
}
