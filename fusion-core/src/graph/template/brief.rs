//! Evaluations that may take a moment only, so that they can be made where others wait.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

/// What stops evaluations that take more than a moment, and remembers that it did.
///
/// It never decides how an evaluation ends: one that was cut short is made again elsewhere, with all that it may take. So
/// it may look at a clock.
pub struct Brief {
    is_over: Box<dyn Fn() -> bool + Send + Sync>,
    was_cut: AtomicBool,
}

impl Brief {
    /// Makes one for several evaluations, which together last until `is_over` tells so.
    pub fn new(is_over: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { is_over: Box::new(is_over), was_cut: AtomicBool::new(false) }
    }

    /// Tells whether something was cut short: what came out of it means nothing.
    pub fn was_cut(&self) -> bool {
        self.was_cut.load(Ordering::Relaxed)
    }

    /// Takes note that something was cut short.
    pub fn cut(&self) {
        self.was_cut.store(true, Ordering::Relaxed);
    }

    /// Tells whether nothing more shall begin; what does not begin is cut short.
    pub(crate) fn is_over(&self) -> bool {
        if self.was_cut() || (self.is_over)() {
            self.cut();
        }
        self.was_cut()
    }
}

impl fmt::Debug for Brief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Brief").field("was_cut", &self.was_cut()).finish_non_exhaustive()
    }
}
